package rules

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/wsluice/wsluice/frame"
)

// ending ends a connection, by close frames or a reset, or has a direction go
// silent.
type ending struct {
	silence bool
	ending  Ending
	after   after
}

// after is what must have passed before. The zero after is at once.
type after struct {
	messages uint64
	span     time.Duration
}

const (
	maxSpan   = 30 * 24 * time.Hour
	maxReason = frame.MaxControl - 2
)

func readClose(r *reader, n *yaml.Node) action {
	e := new(ending)
	if n.Kind == yaml.ScalarNode {
		if n.Value == "true" {
			return e
		}
		e.ending.Code = r.closeCode(n)
		return e
	}
	o := r.object(n, "close", "code", "reason", "after")
	if code := o.fields["code"]; code != nil {
		e.ending.Code = r.closeCode(code)
	}
	if reason := o.fields["reason"]; reason != nil {
		e.ending.Reason = r.text(reason, "reason")
		switch {
		case len(e.ending.Reason) > maxReason:
			r.failAt(reason, "the reason has %d bytes, more than %d (RFC 6455 section 5.5)", len(e.ending.Reason), maxReason)
		case !utf8.ValidString(e.ending.Reason):
			r.failAt(reason, "the reason is no text")
		case e.ending.Code == 0:
			r.failAt(reason, "a close frame has no reason without a code (RFC 6455 section 5.5.1)").suggest("add code: 1000")
		}
	}
	e.after = r.after(o)
	return e
}

// closeCode reads a code that a close frame may carry.
func (r *reader) closeCode(n *yaml.Node) frame.CloseCode {
	code := r.whole(n, "code", 1000, 4999)
	switch c := frame.CloseCode(code); c {
	case frame.NoStatusReceived, frame.AbnormalClosure, frame.TLSFailure:
		r.failAt(n, "no close frame may carry %d (RFC 6455 section 7.4.1)", code)
	}
	return frame.CloseCode(code)
}

func readReset(r *reader, n *yaml.Node) action {
	return &ending{ending: Ending{Reset: true}, after: r.onlyAfter(n, "reset")}
}

func readSilence(r *reader, n *yaml.Node) action {
	return &ending{silence: true, after: r.onlyAfter(n, "silence")}
}

// onlyAfter reads true, or what must have passed before.
func (r *reader) onlyAfter(n *yaml.Node, what string) after {
	if n.Kind == yaml.ScalarNode {
		r.must(n, what)
		return after{}
	}
	return r.after(r.object(n, what, "after"))
}

func (r *reader) after(o object) (a after) {
	n := o.fields["after"]
	if n == nil {
		return a
	}
	o = r.object(n, "after", "messages", "time")
	if count := o.fields["messages"]; count != nil {
		a.messages = uint64(r.whole(count, "messages", 1, 1<<31-1))
	}
	if span := o.fields["time"]; span != nil {
		a.span = r.duration(span, "time", maxSpan)
	}
	if r.fault == nil && a == (after{}) {
		r.failAt(n, "after has neither messages nor time")
	}
	return a
}

func (*ending) of() subject { return messages }

func (e *ending) does() string {
	var b strings.Builder
	switch {
	case e.silence:
		b.WriteString("has the direction go silent")
	case e.ending.Reset:
		b.WriteString("resets the connection")
	case e.ending.Code == 0:
		b.WriteString("closes the connection without a code")
	default:
		fmt.Fprintf(&b, "closes the connection with %d", e.ending.Code)
		if e.ending.Reason != "" {
			fmt.Fprintf(&b, " %q", e.ending.Reason)
		}
	}
	switch a := e.after; {
	case a.messages == 1:
		b.WriteString(" after 1 message")
	case a.messages > 1:
		fmt.Fprintf(&b, " after %d messages", a.messages)
	}
	if e.after.span > 0 {
		if e.after.messages > 0 {
			b.WriteString(" or")
		}
		fmt.Fprintf(&b, " after %v", e.after.span)
	}
	return b.String()
}

// looks reports whether it has to see messages.
func (e *ending) looks(r *rule) bool {
	return e.after.messages > 0 || e.after.span == 0 || r.messages != nil
}

func (e *ending) act(w *walk) {
	p, side := w.use.progress, w.m.From
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done[side].Load() {
		return
	}
	p.seen[side]++
	if p.since.IsZero() {
		p.since = w.now
	}
	switch {
	case e.after == (after{}), e.after.messages > 0 && p.seen[side] >= e.after.messages:
	default:
		return
	}
	if !w.take() {
		return
	}
	p.done[side].Store(true)
	if !e.silence {
		p.done[side.Peer()].Store(true)
		w.out.End, w.over = &Ending{e.ending.Reset, e.ending.Code, e.ending.Reason}, true
		return
	}
	w.conn.hush(side)
	if e.after == (after{}) {
		w.conn.told[side].Store(true)
		w.stop(Outcome{Silence: true})
	}
}
