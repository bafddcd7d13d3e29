//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// noCode is how libraries tell of a close frame without a code (RFC 6455
// section 7.1.5).
const noCode = 1005

// talk is one conversation that has taken place, as both ends and the taps on
// the way tell it. The taps are nil where the bytes were encrypted.
type talk struct {
	name           string
	client, server []event
	front, back    *tapes // between client and proxy, and between proxy and server
}

// compare holds the capture of s against the two ends.
func (c *talk) compare(t *testing.T, s *sluice) {
	t.Helper()
	conn := s.conn(t, c.name)
	c.compareConnection(t, conn)
	c.compareHandshake(t, conn)
	c.compareConversation(t, s, conn)
	c.compareWire(t, conn, s.frames(t, conn.Conn))
}

// compareConversation checks the messages of both sides.
func (c *talk) compareConversation(t *testing.T, s *sluice, conn connection) {
	t.Helper()
	messages := s.messages(t, conn.Conn)
	c.compareMessages(t, messages, "client", c.client, c.server)
	c.compareMessages(t, messages, "server", c.server, c.client)
	for _, m := range messages {
		if m.Origin != "observed" || m.Violation != "" || m.Error != "" {
			t.Errorf("message %d: origin %q, violation %q, error %q; want observed and nothing wrong", m.Seq, m.Origin, m.Violation, m.Error)
		}
	}
}

// compareConnection checks what the capture knows of the connection.
func (c *talk) compareConnection(t *testing.T, conn connection) {
	t.Helper()
	opened, accepted := only(t, c.client, "open"), only(t, c.server, "open")
	if conn.State != "closed" || conn.Status != 101 || conn.How != "close" || conn.Error != "" {
		t.Errorf("connection: state %q, status %d, how %q, error %q; want closed, 101, close, none", conn.State, conn.Status, conn.How, conn.Error)
	}
	if conn.Subprotocol != opened.Subprotocol || conn.Subprotocol != accepted.Subprotocol {
		t.Errorf("subprotocol: capture %q, client %q, server %q", conn.Subprotocol, opened.Subprotocol, accepted.Subprotocol)
	}
}

// compareHandshake checks the header fields of the handshake, which may change
// their order and the case of their names, and nothing else.
func (c *talk) compareHandshake(t *testing.T, conn connection) {
	t.Helper()
	for place, tap := range map[string]*tapes{"before the proxy": c.front, "behind the proxy": c.back} {
		if tap == nil {
			continue
		}
		seen := tap.of(t, c.name)
		same(t, "request fields, capture and "+place, lower(conn.Request), fields(seen.request))
		same(t, "response fields, capture and "+place, lower(conn.Response), fields(seen.response))
	}
}

// fields lists the header fields of a head, sorted, with names in lower case.
func fields(head string) []string {
	_, rest, _ := strings.Cut(head, "\r\n")
	var all [][2]string
	for line := range strings.SplitSeq(rest, "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue // the empty line at the end
		}
		all = append(all, [2]string{name, strings.TrimSpace(value)})
	}
	return lower(all)
}

func lower(fields [][2]string) []string {
	var all []string
	for _, f := range fields {
		all = append(all, strings.ToLower(f[0])+": "+f[1])
	}
	slices.Sort(all)
	return all
}

// compareMessages checks the messages of one side, sender, whose events are
// said; heard are those of its peer.
func (c *talk) compareMessages(t *testing.T, messages []message, from string, said, heard []event) {
	t.Helper()
	for _, types := range [][]string{{"text", "binary"}, {"ping"}, {"pong"}} {
		var captured []string
		for _, m := range messages {
			if m.From == from && slices.Contains(types, m.Type) {
				if m.Size != len(m.payload()) {
					t.Errorf("message %d: size %d, payload of %d", m.Seq, m.Size, len(m.payload()))
				}
				captured = append(captured, fmt.Sprint(m.Type, " ", m.Size, " ", digest(m.payload())))
			}
		}
		what := fmt.Sprintf("%v messages from the %s", types, from)
		if types[0] != "pong" { // libraries answer pings without a word
			same(t, what+": capture and sender", captured, told(said, "sent", types))
		}
		if types[0] == "text" || seesControl(heard) {
			same(t, what+": capture and receiver", captured, told(heard, "received", types))
		}
	}
	for _, m := range messages {
		if m.From == from && m.Type == "close" {
			closed := only(t, heard, "closed")
			if cmp.Or(m.Code, noCode) != closed.Code || closed.Reason != m.Reason {
				t.Errorf("close from the %s: capture %d %q, receiver %d %q", from, m.Code, m.Reason, closed.Code, closed.Reason)
			}
			return
		}
	}
	t.Errorf("no close frame from the %s in the capture", from)
}

// compareWire checks the frames: what they are made of, what the connection
// counts, and what the taps saw.
func (c *talk) compareWire(t *testing.T, conn connection, frames []wireFrame) {
	t.Helper()
	for i, f := range frames {
		if f.Seq != i+1 {
			t.Errorf("frame %d has seq %d", i+1, f.Seq)
		}
		header, size := frame.Parse(f.Wire)
		payload := bytes.Clone(f.Wire[size:])
		if header.Masked {
			frame.Mask(payload, header.Mask, 0)
		}
		if header.Masked != (f.From == "client") || header.Length != uint64(len(payload)) || !bytes.Equal(payload, f.Payload) {
			t.Errorf("frame %d from the %s: header %+v and payload do not fit its %d wire bytes", f.Seq, f.From, header, len(f.Wire))
		}
	}
	for _, from := range []string{"client", "server"} {
		wire := wireOf(frames, from)
		if conn.Bytes.of(from) != len(wire) {
			t.Errorf("bytes from the %s: conns says %d, the frames have %d", from, conn.Bytes.of(from), len(wire))
		}
		for place, tap := range map[string]*tapes{"before the proxy": c.front, "behind the proxy": c.back} {
			if tap == nil {
				continue
			}
			sameBytes(t, fmt.Sprintf("wire bytes from the %s, capture and %s", from, place), wire, tap.of(t, c.name).from(from))
		}
	}
}

// only returns the event of a name of which there is one in a conversation.
func only(t testing.TB, events []event, name string) event {
	t.Helper()
	at := slices.IndexFunc(events, func(e event) bool { return e.Event == name })
	if at < 0 {
		t.Fatalf("no event %q in %+v", name, events)
	}
	return events[at]
}

// told lists the messages of some types that a peer says it sent or received.
func told(events []event, what string, types []string) []string {
	var all []string
	for _, e := range events {
		if e.Event == what && slices.Contains(types, e.Type) {
			all = append(all, fmt.Sprint(e.Type, " ", e.Size, " ", e.SHA256))
		}
	}
	return all
}

// seesControl reports whether a peer's library shows it pings and pongs.
func seesControl(events []event) bool {
	return slices.ContainsFunc(events, func(e event) bool { return e.Type == "ping" || e.Type == "pong" })
}

func same(t testing.TB, what string, captured, told []string) {
	t.Helper()
	if slices.Equal(captured, told) {
		return
	}
	for i := range max(len(captured), len(told)) {
		if i >= len(captured) || i >= len(told) || captured[i] != told[i] {
			t.Errorf("%s differ from item %d of %d on:\n %v\n %v", what, i+1, max(len(captured), len(told)),
				captured[min(i, len(captured)):], told[min(i, len(told)):])
			return
		}
	}
}

func sameBytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	t.Errorf("%s: %d and %d bytes differ at %d: %x and %x", what, len(got), len(want), at,
		got[at:min(at+16, len(got))], want[at:min(at+16, len(want))])
}
