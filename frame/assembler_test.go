package frame_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// tape makes records as a recorder would: numbered, checked, in order.
type tape struct {
	records  []*frame.Record
	checkers [2]frame.Checker
	open     [2]uint64 // Seq of the first frame of an unfinished message
}

func newTape(e frame.Extensions) *tape {
	return &tape{checkers: [2]frame.Checker{{From: frame.Client, RSV: e.RSV()}, {From: frame.Server, RSV: e.RSV()}}}
}

func (t *tape) add(from frame.Side, h frame.Header, payload string) *frame.Record {
	seq := uint64(len(t.records) + 1)
	if from == frame.Client {
		h = masked(h)
	}
	h.Length = uint64(len(payload))
	r := &frame.Record{
		Conn: 3, Seq: seq, Global: 100 + seq, Message: seq, From: from, Header: h,
		Time:    time.Date(2026, 11, 21, 3, 4, 5, int(seq)*1000, time.UTC),
		Payload: []byte(payload), Stored: h.Length,
		Violation: t.checkers[from].Check(&h, []byte(payload)),
	}
	if !h.Opcode.Control() {
		if h.Opcode == frame.Continuation && t.open[from] > 0 {
			r.Message = t.open[from]
		}
		t.open[from] = r.Message
		if h.Fin {
			t.open[from] = 0
		}
	}
	t.records = append(t.records, r)
	return r
}

// assemble pushes records and returns a line for each message, those that only
// Flush gave with "flush" in front.
func assemble(a *frame.Assembler, records []*frame.Record) (lines []string) {
	for _, r := range records {
		for _, m := range a.Push(r) {
			lines = append(lines, describe(&m))
		}
	}
	for _, m := range a.Flush() {
		lines = append(lines, "flush "+describe(&m))
	}
	return lines
}

func describe(m *frame.Message) string {
	s := fmt.Sprintf("%d %s %s %q size=%d frames=%d", m.Seq, m.From, m.Type, m.Payload, m.Size, m.Frames)
	if m.Compressed {
		s += " compressed"
	}
	if m.Code != 0 || m.Reason != "" {
		s += fmt.Sprintf(" code=%d reason=%q", m.Code, m.Reason)
	}
	if m.Origin != frame.Observed {
		s += " " + m.Origin.String()
	}
	if m.Incomplete != frame.Whole {
		s += " " + m.Incomplete.String()
	}
	if m.Violation != frame.Legal {
		s += " !" + m.Violation.Name()
	}
	if m.Error != "" {
		s += " error=" + m.Error
	}
	if m.Truncated {
		s += " truncated"
	}
	return s
}

func checkLines(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("messages:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// A message put together from the wrong frames, or one that vanishes because the
// peer broke the rules, is what sends a person debugging the wrong end.
func TestAssembler(t *testing.T) {
	const c, s = frame.Client, frame.Server
	for _, test := range []struct {
		name  string
		write func(*tape)
		want  []string
	}{
		{"F1 fragments, both directions at once", func(t *tape) {
			t.add(c, textStart, "a")
			t.add(s, frame.Header{Opcode: frame.Binary}, "1")
			t.add(c, continuation, "b")
			t.add(s, last, "2")
			t.add(c, last, "c")
		}, []string{
			`2 server binary "12" size=2 frames=2`,
			`1 client text "abc" size=3 frames=3`,
		}},
		{"F2 P1 ping between fragments comes at once", func(t *tape) {
			t.add(s, textStart, "a")
			t.add(s, ping, "p")
			t.add(c, pong, "p")
			t.add(s, last, "b")
		}, []string{
			`2 server ping "p" size=1 frames=1`,
			`3 client pong "p" size=1 frames=1`,
			`1 server text "ab" size=2 frames=2`,
		}},
		{"P3 unsolicited pongs", func(t *tape) {
			t.add(c, pong, "")
			t.add(c, pong, "\x00\x01")
		}, []string{
			`1 client pong "" size=0 frames=1`,
			`2 client pong "\x00\x01" size=2 frames=1`,
		}},
		{"F3 empty parts", func(t *tape) {
			t.add(s, text, "")
			t.add(s, textStart, "")
			t.add(s, last, "x")
			t.add(s, textStart, "y")
			t.add(s, last, "")
		}, []string{
			`1 server text "" size=0 frames=1`,
			`2 server text "x" size=1 frames=2`,
			`4 server text "y" size=1 frames=2`,
		}},
		{"F4 interrupted message", func(t *tape) {
			t.add(s, textStart, "lost?")
			t.add(s, textStart, "n")
			t.add(s, last, "ew")
			t.add(s, last, "stray")
		}, []string{
			`1 server text "lost?" size=5 frames=1 unfinished`,
			`2 server text "new" size=3 frames=2 !message interrupted by another`,
			`4 server continuation "stray" size=5 frames=1 !continuation without a message`,
		}},
		{"F4 interrupted by a whole message", func(t *tape) {
			t.add(s, textStart, "old")
			t.add(s, text, "new")
			t.add(s, textStart, "next")
		}, []string{
			`1 server text "old" size=3 frames=1 unfinished`,
			`2 server text "new" size=3 frames=1 !message interrupted by another`,
			`flush 3 server text "next" size=4 frames=1 unfinished`,
		}},
		{"F4 stray continuations belong together", func(t *tape) {
			t.add(s, continuation, "a")
			t.add(s, last, "b")
			t.add(s, text, "c")
		}, []string{
			`1 server continuation "ab" size=2 frames=2 !continuation without a message`,
			`3 server text "c" size=1 frames=1`,
		}},
		{"F7 invalid UTF-8, also across fragments", func(t *tape) {
			t.add(s, text, "a\xff")
			t.add(s, textStart, "\xc3")
			t.add(s, last, "\xa9")
			t.add(s, textStart, "\xc3")
			t.add(s, last, "\xc3")
			t.add(s, text, "\xed\xa0\x80")
			t.add(s, textStart, "\xc3")
		}, []string{
			`1 server text "a\xff" size=2 frames=1 !text not UTF-8`,
			`2 server text "é" size=2 frames=2`,
			`4 server text "\xc3\xc3" size=2 frames=2 !text not UTF-8`,
			`6 server text "\xed\xa0\x80" size=3 frames=1 !text not UTF-8`,
			`flush 7 server text "\xc3" size=1 frames=1 unfinished`,
		}},
		{"F8 direction is the socket's", func(t *tape) {
			r := t.add(s, text, "x")
			r.Header.Masked, r.Violation = true, frame.MaskedServer
		}, []string{`1 server text "x" size=1 frames=1 !masked server frame`}},
		{"F10 reserved opcodes", func(t *tape) {
			t.add(s, frame.Header{Opcode: 3}, "a")
			t.add(s, frame.Header{Fin: true, Opcode: 0xB}, "c")
			t.add(s, last, "b")
		}, []string{
			`2 server reserved-11 "c" size=1 frames=1 !reserved opcode`,
			`1 server reserved-3 "ab" size=2 frames=2 !reserved opcode`,
		}},
		{"F11 fragmented control", func(t *tape) {
			t.add(s, frame.Header{Opcode: frame.Ping}, "a")
			t.add(s, last, "b")
		}, []string{
			`1 server ping "a" size=1 frames=1 !fragmented control frame`,
			`2 server continuation "b" size=1 frames=1 !continuation without a message`,
		}},
		{"F13 opaque bytes", func(t *tape) {
			t.add(s, textStart, "a")
			for _, p := range []string{"\x82\xff", "rest"} {
				r := t.add(s, frame.Header{}, p)
				r.Opaque, r.Header, r.Violation = true, frame.Header{}, frame.Legal
			}
			t.records[1].Violation = frame.ImpossibleLength
		}, []string{
			`1 server text "a" size=1 frames=1 unfinished`,
			`2 server opaque "\x82\xff" size=2 frames=1 !impossible length`,
			`3 server opaque "rest" size=4 frames=1`,
		}},
		{"X1 X2 X4 close", func(t *tape) {
			t.add(s, closing, "")
			t.add(c, closing, closePayload(1005, "why"))
			t.add(s, closing, "\x03")
			t.add(c, closing, closePayload(0, "\xff"))
		}, []string{
			`1 server close "" size=0 frames=1`,
			`2 client close "\x03\xedwhy" size=5 frames=1 code=1005 reason="why" !illegal close code`,
			`3 server close "\x03" size=1 frames=1 !close payload of one byte`,
			`4 client close "\x00\x00\xff" size=3 frames=1 code=0 reason="\xff" !illegal close code`,
		}},
		{"X8 data after close", func(t *tape) {
			t.add(s, closing, "")
			t.add(s, text, "late")
		}, []string{
			`1 server close "" size=0 frames=1`,
			`2 server text "late" size=4 frames=1 !data frame after close`,
		}},
		{"cut by the end of the stream", func(t *tape) {
			r := t.add(c, text, "half")
			r.Header.Length, r.Incomplete = 100, frame.Cut
			t.add(s, textStart, "whole")
			r = t.add(s, continuation, "ha")
			r.Header.Length, r.Incomplete = 100, frame.Cut
		}, []string{
			`1 client text "half" size=4 frames=1 cut`,
			`2 server text "wholeha" size=7 frames=2 cut`,
		}},
		{"B2 shed payload leaves no hole", func(t *tape) {
			t.add(s, textStart, "a")
			r := t.add(s, continuation, "bcd")
			r.Payload, r.Stored, r.Incomplete = nil, 0, frame.Shed
			t.add(s, last, "e")
		}, []string{`1 server text "a" size=5 frames=3 shed`}},
		{"origins", func(t *tape) {
			t.add(s, text, "a").Origin = frame.Dropped
			t.add(s, text, "b").Origin = frame.Injected
		}, []string{
			`1 server text "a" size=1 frames=1 dropped`,
			`2 server text "b" size=1 frames=1 injected`,
		}},
		{"unfinished at the end, in order", func(t *tape) {
			t.add(s, textStart, "s")
			t.add(c, textStart, "c")
		}, []string{
			`flush 1 server text "s" size=1 frames=1 unfinished`,
			`flush 2 client text "c" size=1 frames=1 unfinished`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tape := newTape(frame.Extensions{})
			test.write(tape)
			checkLines(t, assemble(new(frame.Assembler), tape.records), test.want)
		})
	}
}

// The identity of a message and its size on the wire are those of its frames:
// wire sizes that miss the headers make the counters disagree with the socket.
func TestAssemblerIdentity(t *testing.T) {
	tape := newTape(frame.Extensions{})
	tape.add(frame.Client, text, "x")
	tape.add(frame.Client, textStart, "abc")
	tape.add(frame.Client, last, "d")
	var a frame.Assembler
	a.Push(tape.records[0])
	a.Push(tape.records[1])
	got := a.Push(tape.records[2])
	if len(got) != 1 {
		t.Fatal(got)
	}
	m, first := got[0], tape.records[1]
	if m.Conn != 3 || m.Seq != 2 || m.Global != 102 || !m.Time.Equal(first.Time) || m.WireSize != 2*6+4 {
		t.Errorf("%+v", m)
	}
}

// Pitfalls C1 and C2: messages come out inflated in both directions, compressed
// ones in fragments and uncompressed ones in between included.
func TestAssemblerInflates(t *testing.T) {
	for _, value := range []string{
		"permessage-deflate",
		"permessage-deflate; client_no_context_takeover",
		"permessage-deflate; server_no_context_takeover",
		"permessage-deflate; client_no_context_takeover; server_no_context_takeover; client_max_window_bits=9; server_max_window_bits=8",
	} {
		e := frame.ParseExtensions(value)
		tape := newTape(e)
		senders := [2]*sender{newSender(!e.NoContextTakeover[0]), newSender(!e.NoContextTakeover[1])}
		var want []string
		for i, plain := range chatter(5, 40) {
			from := frame.Side(i % 2)
			seq := len(tape.records) + 1
			if i%5 == 0 {
				tape.add(from, text, "plain")
				want = append(want, fmt.Sprintf(`%d %s text "plain" size=5 frames=1`, seq, from))
				continue
			}
			h := text
			h.RSV = frame.RSV1
			p := string(senders[from].message(plain))
			frames := 1
			if i%3 == 0 {
				frames, h.Fin = 2, false
				tape.add(from, h, p[:len(p)/2])
				h, p = last, p[len(p)/2:]
			}
			tape.add(from, h, p)
			want = append(want, fmt.Sprintf(`%d %s text %q size=%d frames=%d compressed`, seq, from, plain, len(plain), frames))
		}
		if got := assemble(&frame.Assembler{Extensions: e}, tape.records); !slices.Equal(got, want) {
			t.Errorf("%s: messages differ", value)
		}
	}
}

var (
	deflated      = frame.Header{Fin: true, Opcode: frame.Text, RSV: frame.RSV1}
	deflatedStart = frame.Header{Opcode: frame.Text, RSV: frame.RSV1}
)

// Pitfalls C4 and F7: what cannot be inflated stays readable as it passed and
// says why; later messages are lost only where they build on it.
func TestAssemblerBrokenCompression(t *testing.T) {
	const hello, again, bad = "\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf2\x00\x11\x00\x00", "\x07\xff"
	for _, test := range []struct {
		name, extensions string
		write            func(*tape)
		want             []string
	}{
		{"corrupt, no takeover", "permessage-deflate; server_no_context_takeover", func(t *tape) {
			t.add(frame.Server, deflated, bad)
			t.add(frame.Server, deflated, hello)
		}, []string{
			`1 server text "\a\xff" size=2 frames=1 compressed error=inflate: flate: corrupt input before offset 1`,
			`2 server text "Hello" size=5 frames=1 compressed`,
		}},
		{"corrupt, takeover", "permessage-deflate", func(t *tape) {
			t.add(frame.Server, deflated, hello)
			t.add(frame.Server, deflated, bad)
			t.add(frame.Server, deflated, again)
			t.add(frame.Server, text, "plain")
		}, []string{
			`1 server text "Hello" size=5 frames=1 compressed`,
			`2 server text "\a\xff" size=2 frames=1 compressed error=inflate: flate: corrupt input before offset 1`,
			`3 server text "\xf2\x00\x11\x00\x00" size=5 frames=1 compressed error=inflate: lost the context: flate: corrupt input before offset 1`,
			`4 server text "plain" size=5 frames=1`,
		}},
		{"shed, takeover", "permessage-deflate", func(t *tape) {
			r := t.add(frame.Server, deflated, hello)
			r.Payload, r.Stored, r.Incomplete = nil, 0, frame.Shed
			t.add(frame.Server, deflated, again)
		}, []string{
			`1 server text "" size=7 frames=1 compressed shed`,
			`2 server text "\xf2\x00\x11\x00\x00" size=5 frames=1 compressed error=inflate: lost the context: a message it builds on was not seen whole`,
		}},
		{"cut shows its beginning", "permessage-deflate", func(t *tape) {
			r := t.add(frame.Server, deflated, hello[:5])
			r.Header.Length, r.Incomplete = 7, frame.Cut
		}, []string{`1 server text "Hell" size=4 frames=1 compressed cut`}},
		{"interrupted by another compressed one", "permessage-deflate; server_no_context_takeover", func(t *tape) {
			t.add(frame.Server, deflatedStart, hello[:5])
			t.add(frame.Server, deflated, string(newSender(false).message([]byte("World"))))
		}, []string{
			`1 server text "Hell" size=4 frames=1 compressed unfinished`,
			`2 server text "World" size=5 frames=1 compressed !message interrupted by another`,
		}},
		{"inflated text is not UTF-8", "permessage-deflate", func(t *tape) {
			t.add(frame.Server, deflated, "\x00\x01\x00\xfe\xff\xff\x00")
		}, []string{`1 server text "\xff" size=1 frames=1 compressed !text not UTF-8`}},
		{"RSV1 that was not negotiated", "", func(t *tape) {
			t.add(frame.Server, deflated, hello)
		}, []string{`1 server text "\xf2H\xcd\xc9\xc9\a\x00" size=7 frames=1 !reserved bit set`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := frame.ParseExtensions(test.extensions)
			tape := newTape(e)
			test.write(tape)
			checkLines(t, assemble(&frame.Assembler{Extensions: e}, tape.records), test.want)
		})
	}
}

// A capture whose beginning was pruned must not be inflated with the wrong
// context: silently wrong text is worse than none.
func TestAssemblerGap(t *testing.T) {
	e := frame.ParseExtensions("permessage-deflate; client_no_context_takeover")
	tape := newTape(e)
	s := newSender(true)
	tape.add(frame.Server, deflated, string(s.message([]byte("first message"))))
	tape.add(frame.Server, deflated, string(s.message([]byte("first message again"))))
	tape.add(frame.Client, deflated, string(newSender(false).message([]byte("alone"))))
	tape.add(frame.Client, textStart, "be")
	tape.add(frame.Client, continuation, "gin")
	tape.add(frame.Client, last, "end")
	records := slices.Delete(tape.records, 4, 5)[1:]
	got := assemble(&frame.Assembler{Extensions: e}, records)
	if len(got) != 4 || !strings.Contains(got[0], "error=inflate: lost the context") {
		t.Fatalf("%q", got)
	}
	checkLines(t, got[1:], []string{
		`3 client text "alone" size=5 frames=1 compressed`,
		`4 client text "be" size=2 frames=1 unfinished`,
		`6 client continuation "end" size=3 frames=1 unfinished`,
	})
}

// Pitfalls F5 and F14: a payload over the limit is cut, says so and is never
// read; one the reader gave only the beginning of is read whole.
func TestAssemblerLimitAndLoad(t *testing.T) {
	tape := newTape(frame.Extensions{})
	preview := func(r *frame.Record, n int) { r.Payload = r.Payload[:n] }
	preview(tape.add(frame.Server, text, "0123456789"), 4)
	preview(tape.add(frame.Server, text, "0123456789+"), 4)
	tape.add(frame.Server, text, "0123456789+")
	tape.add(frame.Server, textStart, "012345")
	preview(tape.add(frame.Server, continuation, "6789+"), 4)
	tape.add(frame.Server, last, "end")
	tape.add(frame.Server, text, "012345678é")
	tape.add(frame.Server, text, "012345678\xff\xff")
	preview(tape.add(frame.Server, text, "unreadable"), 4)

	payloads := map[uint64]string{1: "0123456789", 9: ""}
	a := frame.Assembler{Limit: 10, Load: func(r *frame.Record) ([]byte, error) {
		p, ok := payloads[r.Seq]
		if !ok {
			t.Errorf("payload of frame %d was read", r.Seq)
		}
		if p == "" {
			return nil, errors.New("block is damaged")
		}
		return []byte(p), nil
	}}
	checkLines(t, assemble(&a, tape.records), []string{
		`1 server text "0123456789" size=10 frames=1`,
		`2 server text "0123" size=11 frames=1 truncated`,
		`3 server text "0123456789" size=11 frames=1 truncated`,
		`4 server text "0123456789" size=14 frames=3 truncated`,
		`7 server text "012345678" size=11 frames=1 truncated`,
		`8 server text "012345678\xff" size=11 frames=1 !text not UTF-8 truncated`,
		`9 server text "unre" size=10 frames=1 error=read payload of frame 9: block is damaged truncated`,
	})
}

// Pitfalls F14 and S8: a message of ten thousand fragments is one message, whole.
func TestAssemblerManyFragments(t *testing.T) {
	tape := newTape(frame.Extensions{})
	tape.add(frame.Client, textStart, "0")
	for range 9_998 {
		tape.add(frame.Client, continuation, "0123456789")
	}
	tape.add(frame.Client, last, "9")
	var got []frame.Message
	var a frame.Assembler
	for _, r := range tape.records {
		got = append(got, a.Push(r)...)
	}
	if len(got) != 1 || got[0].Frames != 10_000 || got[0].Size != 99_982 || len(got[0].Payload) != 99_982 {
		t.Errorf("%d messages", len(got))
	}
}

// A limit for a list must not cost the messages after a large compressed one.
func TestAssemblerLimitKeepsContext(t *testing.T) {
	e := frame.ParseExtensions("permessage-deflate")
	tape, s := newTape(e), newSender(true)
	large := bytes.Repeat([]byte("once upon a time "), 10_000)
	tape.add(frame.Server, deflated, string(s.message(large)))
	tape.add(frame.Server, deflated, string(s.message(large[:34])))
	checkLines(t, assemble(&frame.Assembler{Extensions: e, Limit: 16}, tape.records), []string{
		`1 server text "once upon a time" size=170000 frames=1 compressed truncated`,
		`2 server text "once upon a time" size=34 frames=1 compressed truncated`,
	})
}

// Header.Length is the peer's word: a lie must not make the assembler reserve
// memory for it.
func TestAssemblerDoesNotTrustLength(t *testing.T) {
	tape := newTape(frame.Extensions{})
	for range 100 {
		r := tape.add(frame.Server, textStart, "x")
		r.Header.Length, r.Incomplete = frame.MaxLength, frame.Cut
	}
	// A reservation of that size would panic.
	if got := assemble(new(frame.Assembler), tape.records); len(got) != 100 {
		t.Errorf("%d messages", len(got))
	}
}

// Any sequence of frames: every payload byte comes out again in some message,
// and nothing panics. Input is a script of two bytes header and one byte length
// per frame.
func FuzzAssembler(f *testing.F) {
	f.Add([]byte("\x01\x00\x03abc\x00\x00\x01d\x89\x00\x00\x80\x00\x01e"), "", 100)
	f.Add([]byte("\xc1\x00\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x00\x05\xf2\x00\x11\x00\x00"), "permessage-deflate", 100)
	f.Add([]byte("\x01\x00\x01a\x81\x20\x01b\x01\x30\x01c\x80\x80\x01d\x80\x00\x01e"), "permessage-deflate", 100)
	f.Add([]byte("\x01\x02\x03abc\x01\x01\x03abc\x88\x04\x01\x03"), "x-unknown", 2)
	f.Fuzz(func(t *testing.T, script []byte, extensions string, limit int) {
		e := frame.ParseExtensions(extensions)
		tape := newTape(e)
		total := 0
		for len(script) >= 3 {
			b0, flags := script[0], script[1]
			n := min(int(script[2]), len(script)-3)
			r := tape.add(frame.Side(flags&1), frame.Header{Fin: b0&0x80 != 0, RSV: b0 >> 4 & 7, Opcode: frame.Opcode(b0 & 0xF)}, string(script[3:3+n]))
			switch {
			case flags&2 != 0:
				r.Opaque, r.Header = true, frame.Header{}
			case flags&4 != 0:
				r.Incomplete, r.Header.Length = frame.Cut, r.Header.Length+1<<40
			case flags&8 != 0:
				r.Incomplete, r.Payload, r.Stored = frame.Shed, nil, 0
			}
			r.Origin = frame.Origin(flags >> 5 % 5)
			if flags&16 != 0 && r.Incomplete == frame.Whole {
				r.Incomplete = frame.Unfinished
			}
			total += int(r.Stored)
			script = script[3+n:]
		}
		limit = limit&0xFFFF + 1
		a := frame.Assembler{Extensions: e, Limit: limit}
		frames, kept := 0, 0
		check := func(messages []frame.Message) {
			for _, m := range messages {
				if len(m.Payload) > limit || uint64(len(m.Payload)) > m.Size && !m.Compressed {
					t.Fatalf("%+v", m)
				}
				frames += m.Frames
				kept += len(m.Payload)
				if m.Compressed || m.Truncated || m.Incomplete == frame.Shed {
					kept = -1 << 30
				}
				var again frame.Message
				if err := again.UnmarshalJSON(m.AppendJSON(nil)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, r := range tape.records {
			check(a.Push(r))
		}
		check(a.Flush())
		if frames != len(tape.records) {
			t.Fatalf("%d of %d frames came out", frames, len(tape.records))
		}
		if kept >= 0 && kept != total {
			t.Fatalf("%d of %d payload bytes came out", kept, total)
		}
	})
}

func BenchmarkAssembler(b *testing.B) {
	tape := newTape(frame.Extensions{})
	r := tape.add(frame.Server, text, strings.Repeat("x", 100))
	var a frame.Assembler
	var line []byte
	for b.Loop() {
		for _, m := range a.Push(r) {
			line = m.AppendJSON(line[:0])
		}
	}
	b.SetBytes(int64(len(line)))
}
