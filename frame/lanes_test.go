package frame_test

import (
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// What wsluice sends in a side's name must not be taken for a part of what the side
// sent, nor the other way round, however either is cut.
func TestAssemblerKeepsLanesApart(t *testing.T) {
	const c, s = frame.Client, frame.Server
	e := frame.ParseExtensions("permessage-deflate")
	begun := deflated
	begun.Fin = false
	for _, test := range []struct {
		name  string
		write func(t *tape)
		want  []string
	}{
		{"whole within another", func(t *tape) {
			t.add(c, textStart, "a")
			t.sent(c, frame.Injected, text, "mine")
			t.add(c, last, "b")
		}, []string{
			`2 client text "mine" size=4 frames=1 injected`,
			`1 client text "ab" size=2 frames=2`,
		}},
		{"each within the other", func(t *tape) {
			t.add(c, textStart, "a")
			t.sent(c, frame.Injected, textStart, "mi")
			t.add(c, continuation, "b")
			t.sent(c, frame.Injected, last, "ne")
			t.add(c, last, "c")
		}, []string{
			`2 client text "mine" size=4 frames=2 injected`,
			`1 client text "abc" size=3 frames=3`,
		}},
		{"without an end", func(t *tape) {
			t.add(c, textStart, "a")
			t.sent(c, frame.Injected, textStart, "mine").Incomplete = frame.Unfinished
			t.sent(c, frame.Injected, last, "nobody's")
			t.add(c, last, "b")
			t.sent(s, frame.Injected, textStart, "left")
			t.add(s, textStart, "over")
		}, []string{
			`2 client text "mine" size=4 frames=1 injected unfinished`,
			`3 client continuation "nobody's" size=8 frames=1 injected unfinished`,
			`1 client text "ab" size=2 frames=2`,
			`flush 5 server text "left" size=4 frames=1 injected unfinished`,
			`flush 6 server text "over" size=4 frames=1 unfinished`,
		}},
		{"contexts", func(t *tape) {
			own := newSender(true)
			t.add(c, deflated, string(own.message([]byte("context, context"))))
			t.sent(c, frame.Edited, text, "context")
			t.sent(c, frame.Dropped, deflated, string(own.message([]byte("context, dropped"))))
			t.sent(c, frame.Injected, deflated, "looks compressed")
			p := string(own.message([]byte("context, dropped, went on")))
			t.add(c, begun, p[:3])
			t.sent(c, frame.Injected, ping, "?")
			t.add(c, last, p[3:]).Recoded = true
		}, []string{
			`1 client text "context, context" size=16 frames=1 compressed`,
			`2 client text "context" size=7 frames=1 edited`,
			`3 client text "context, dropped" size=16 frames=1 compressed dropped`,
			`4 client text "looks compressed" size=16 frames=1 injected`,
			`6 client ping "?" size=1 frames=1 injected`,
			`5 client text "context, dropped, went on" size=25 frames=2 compressed`,
		}},
		{"dropped in between", func(t *tape) {
			t.add(s, textStart, "a")
			t.sent(s, frame.Dropped, text, "b")
			t.sent(s, frame.Dropped, textStart, "c")
			t.sent(s, frame.Dropped, last, "d")
		}, []string{
			`1 server text "a" size=1 frames=1 unfinished`,
			`2 server text "b" size=1 frames=1 dropped`,
			`3 server text "cd" size=2 frames=2 dropped`,
		}},
		{"opaque", func(t *tape) {
			t.add(s, textStart, "a")
			t.sent(s, frame.Injected, textStart, "mine")
			r := t.sent(s, frame.Injected, frame.Header{}, "\x81")
			r.Opaque, r.Header = true, frame.Header{}
			t.add(s, last, "b")
		}, []string{
			`2 server text "mine" size=4 frames=1 injected unfinished`,
			`3 server opaque "\x81" size=1 frames=1 injected`,
			`1 server text "ab" size=2 frames=2`,
		}},
		{"whole frames were shed", func(t *tape) {
			own := newSender(true)
			t.add(c, deflated, string(own.message([]byte("context"))))
			r := t.add(c, frame.Header{}, "")
			r.Opaque, r.Header, r.Incomplete, r.Violation = true, frame.Header{Length: 9}, frame.Shed, frame.Legal
			t.add(c, deflated, string(own.message([]byte("context"))))
		}, []string{
			`1 client text "context" size=7 frames=1 compressed`,
			`2 client opaque "" size=0 frames=1 shed`,
			`3 client text "\x82R\x00\x00" size=4 frames=1 compressed error=inflate: lost the context: a message it builds on was not seen whole`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tape := newTape(e)
			test.write(tape)
			for _, r := range tape.records {
				r.Violation = frame.Legal
			}
			checkLines(t, assemble(&frame.Assembler{Extensions: e}, tape.records), test.want)
		})
	}
}

// sent adds a frame of another origin.
func (t *tape) sent(from frame.Side, o frame.Origin, h frame.Header, payload string) *frame.Record {
	r := t.add(from, h, payload)
	r.Origin = o
	return r
}

// A message is recoded when its first frame is, and it must show.
func TestAssemblerCarriesRecoded(t *testing.T) {
	tape := newTape(frame.Extensions{})
	tape.add(frame.Server, textStart, "a").Recoded = true
	tape.add(frame.Server, last, "b").Recoded = true
	tape.add(frame.Server, text, "c")
	var got []bool
	var a frame.Assembler
	for _, r := range tape.records {
		for _, m := range a.Push(r) {
			got = append(got, m.Recoded)
		}
	}
	if len(got) != 2 || !got[0] || got[1] {
		t.Errorf("recoded: %v", got)
	}
}

// A frame of ours must be judged by what it is, not by what it happens to come
// between, and must change nothing about how others are judged.
func TestCheckerAlone(t *testing.T) {
	c := frame.Checker{From: frame.Server, RSV: frame.RSV1}
	c.Check(&textStart, nil)
	alone := c.Alone()
	for _, step := range []struct {
		h    frame.Header
		want frame.Violation
	}{{text, 0}, {last, frame.StrayContinuation}, {masked(text), frame.MaskedServer}, {textStart, 0}, {closing, 0}, {text, frame.DataAfterClose}} {
		if v := alone.Check(&step.h, nil); v != step.want {
			t.Errorf("%+v alone: %s, want %s", step.h, v, step.want)
		}
	}
	if v := c.Check(&last, nil); v != frame.Legal {
		t.Errorf("the end of its own message: %s", v)
	}
	c.Check(&closing, nil)
	if alone = c.Alone(); alone.Check(&text, nil) != frame.DataAfterClose {
		t.Error("alone behind a close frame it is legal")
	}
}
