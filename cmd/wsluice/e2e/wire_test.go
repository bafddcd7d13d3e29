//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// oddities are frames no library sends, legal ones first; the last one of a side
// makes all that follows opaque. The violation is how the capture's name for it
// begins.
type oddity struct {
	what, wire, violation string
}

var clientOddities = []oddity{
	{"a text", masked(0x81, 5, "", "hello"), ""},
	{"empty first fragment", masked(0x01, 0, "", ""), ""},
	{"ping in between", masked(0x89, 1, "", "p"), ""},
	{"second fragment, half a character", masked(0x00, 2, "", "a\xe4"), ""},
	{"empty last fragment after the other half", masked(0x00, 2, "", "\xb8\x96"), ""},
	{"empty last fragment", masked(0x80, 0, "", ""), ""},
	{"unsolicited pong", masked(0x8a, 4, "", "pong"), ""},
	{"text that is not UTF-8", masked(0x81, 3, "", "a\xff\xfe"), ""}, // a matter of messages
	{"length in two bytes that fits in none", masked(0x82, 126, "\x00\x03", "abc"), "length not in its shortest form"},
	{"length in eight bytes that fits in none", masked(0x82, 127, "\x00\x00\x00\x00\x00\x00\x00\x03", "abc"), "length not in its shortest form"},
	{"no mask", plain(0x81, "bare"), "unmasked client frame"},
	{"RSV2", masked(0xa1, 1, "", "x"), "reserved bit set"},
	{"RSV1 without compression", masked(0xc1, 1, "", "x"), "reserved bit set"},
	{"reserved opcode 3", masked(0x83, 1, "", "x"), "reserved opcode"},
	{"reserved opcode 15", masked(0x8f, 1, "", "x"), "reserved opcode"},
	{"ping in fragments", masked(0x09, 1, "", "x"), "fragmented control frame"},
	{"ping of 126 bytes", masked(0x89, 126, "\x00\x7e", strings.Repeat("p", 126)), "control frame over 125 bytes"},
	{"continuation of nothing", masked(0x80, 1, "", "x"), "continuation without a message"},
	{"a message begins", masked(0x01, 1, "", "x"), ""},
	{"another begins within it", masked(0x81, 1, "", "y"), "message interrupted by another"},
	{"length with the top bit", masked(0x82, 127, "\xff\x00\x00\x00\x00\x00\x00\x01", "and what follows is no frame"), "impossible length"},
}

var serverOddities = []oddity{
	{"a text", plain(0x81, "hello"), ""},
	{"a mask", masked(0x81, 5, "", "hello"), "masked server frame"},
	{"close of one byte", plain(0x88, "\x03"), "close payload of one byte"},
	{"close with 0", plain(0x88, "\x00\x00"), "illegal close code"},
	{"close with 999", plain(0x88, "\x03\xe7"), "illegal close code"},
	{"close with 1005", plain(0x88, "\x03\xed"), "illegal close code"},
	{"close with 1006", plain(0x88, "\x03\xee"), "illegal close code"},
	{"close with 1015", plain(0x88, "\x03\xf7"), "illegal close code"},
	{"close with 5000", plain(0x88, "\x13\x88"), "illegal close code"},
	{"close with a reason that is not UTF-8", plain(0x88, "\x03\xe8bad \xff"), "close reason not UTF-8"},
	{"data after close", plain(0x82, "\x00\x01"), "data frame after close"},
}

// TestOddities would catch a proxy that corrects, drops, answers or ends what
// breaks the RFC, and a capture that does not hold or name it. (Pitfalls F1 to
// F4, F7, F8, F10 to F13, P3, X4.)
func TestOddities(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	for i, w := range ways {
		client, server := w.open(t, s, to(w), fmt.Sprint("/", i))
		for _, o := range clientOddities {
			client.send(t, o.wire)
			server.expect(t, o.wire)
		}
		for _, o := range serverOddities {
			server.send(t, o.wire)
			client.expect(t, o.wire)
		}
		client.endSending(t)
		server.endSending(t)
		for _, end := range []*raw{client, server} {
			if got, err := end.rest(t); got != "" || err != nil {
				t.Errorf("%s: after the last frame came %q, %v; want the end", w.name, got, err)
			}
		}
	}
	s.stop(t)
	for i, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			conn := s.conn(t, fmt.Sprint(i)).Conn
			frames := s.frames(t, conn)
			compareOddities(t, frames, "client", clientOddities)
			compareOddities(t, frames, "server", serverOddities)
			for _, m := range s.messages(t, conn) {
				if m.Type == "text" && bytes.Contains(m.payload(), []byte("\xff\xfe")) {
					if !strings.HasPrefix(m.Violation, "text not UTF-8") {
						t.Errorf("text that is not UTF-8: violation %q", m.Violation)
					}
					return
				}
			}
			t.Error("no message holds the text that is not UTF-8")
		})
	}
}

func compareOddities(t *testing.T, frames []wireFrame, from string, sent []oddity) {
	t.Helper()
	var all []byte
	for _, o := range sent {
		all = append(all, o.wire...)
	}
	sameBytes(t, "wire bytes from the "+from+", capture and peer", wireOf(frames, from), all)
	i := 0
	for _, f := range frames {
		if f.From != from {
			continue
		}
		if i == len(sent) {
			if !f.Opaque {
				t.Errorf("frame %d from the %s is one too many: %+v", f.Seq, from, f)
			}
			continue
		}
		if (f.Violation == "") != (sent[i].violation == "") || !strings.HasPrefix(f.Violation, sent[i].violation) {
			t.Errorf("%s from the %s: violation %q, want %q", sent[i].what, from, f.Violation, sent[i].violation)
		}
		i++
	}
}

// TestSplitReads would catch a proxy or a recorder that relies on frames coming
// in whole. (Pitfall F12.)
func TestSplitReads(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	frames := masked(0x01, 3, "", "abc") + masked(0x89, 0, "", "") + masked(0x80, 126, "\x01\x00", strings.Repeat("z", 256))
	for i, w := range ways {
		client, server := w.open(t, s, to(w), fmt.Sprint("/", i))
		for at := range len(frames) { // each byte on its own, then all at once
			client.send(t, frames[at:at+1])
			server.expect(t, frames[at:at+1])
		}
		client.send(t, strings.Repeat(frames, 500))
		server.expect(t, strings.Repeat(frames, 500))
		client.Close()
	}
	s.stop(t)
	for i, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			got := s.frames(t, s.conn(t, fmt.Sprint(i)).Conn)
			sameBytes(t, "wire bytes, capture and peer", wireOf(got, "client"), []byte(strings.Repeat(frames, 501)))
			if len(got) != 3*501 {
				t.Errorf("%d frames in the capture, want %d", len(got), 3*501)
			}
		})
	}
}

// TestEarlyData would catch frames lost around the handshake: glued to the
// request, sent while the server still thinks, or glued to its answer. (Pitfalls
// H1, H2, H3.)
func TestEarlyData(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	glued, early, answer := masked(0x81, 5, "", "glued"), masked(0x81, 5, "", "early"), plain(0x81, "answer")
	for i, w := range ways {
		client := w.dial(t, s, to(w))
		client.send(t, w.request(to(w), fmt.Sprint("/", i), upgrade...)+glued)
		server := to(w).accept(t)
		client.send(t, early)
		server.send(t, switching+answer)
		client.readHead(t)
		client.expect(t, answer)
		server.expect(t, glued+early)
		client.Close()
	}
	s.stop(t)
	for i, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			frames := s.frames(t, s.conn(t, fmt.Sprint(i)).Conn)
			sameBytes(t, "wire bytes from the client", wireOf(frames, "client"), []byte(glued+early))
			sameBytes(t, "wire bytes from the server", wireOf(frames, "server"), []byte(answer))
		})
	}
}
