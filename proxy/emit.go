package proxy

import (
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy/rules"
)

// emit records it and sends it, or what is to be sent in its place.
func (g *gate) emit(it *item, now time.Time) {
	switch {
	case it.silence:
		g.hush()
		fallthrough
	case it.drop:
		if !it.kept {
			g.out.keep(g.passage(it.at, frame.Dropped), it.wire)
			g.differs(it)
		}
	case it.edited:
		if !it.kept {
			g.out.keep(g.passage(it.at, frame.Dropped), it.wire)
			g.differs(it)
		}
		g.insert(frame.Edited, it.draft(), now)
	case g.recoder != nil && it.message.Compressed && !it.control:
		g.recode(it)
	default:
		g.out.pass(it.at, it.wire)
	}
	if it.close {
		g.out.closing()
	}
	for range it.copies {
		g.insert(frame.Injected, it.draft(), now)
	}
	for _, a := range it.answers {
		d := frame.Draft{From: g.from.Peer(), Type: a.Type, Payload: a.Payload}
		if wire, err := d.Wire(); err == nil {
			g.out.answer(wire)
		}
	}
	if it.end != nil {
		g.out.end(*it.end)
		g.hush()
	}
}

// insert sends a message of our own.
func (g *gate) insert(o frame.Origin, d frame.Draft, now time.Time) {
	wire, err := d.Wire()
	if err != nil {
		return // a draft without a header of its own is always legal
	}
	g.out.keep(g.passage(now, o), wire)
	g.out.send(wire)
}

// differs takes note that the receiver does not get it as it was sent: what is
// compressed behind it may refer to it.
func (g *gate) differs(it *item) {
	if !it.message.Compressed || it.control || !g.takeover() {
		return
	}
	if g.recoder == nil {
		g.recoder = newRecoder(g.context.WindowBits[g.from])
	}
	g.recoder.differ()
}

// recode sends a message compressed anew.
func (g *gate) recode(it *item) {
	if it.message.Error != "" || it.message.Truncated {
		// Its receiver could not have read it either, or it is larger than what can
		// be put together here: the connection cannot go on rightly.
		g.out.pass(it.at, it.wire)
		g.out.end(rules.Ending{Code: frame.MessageTooBig, Reason: "wsluice cannot compress this message anew"})
		g.hush()
		return
	}
	p := g.passage(it.at, frame.Observed)
	p.Recoded = true
	g.out.keep(p, it.wire)
	g.out.send(g.recoder.wire(it.wire, it.message.Payload))
	if g.recoder.agrees() {
		g.recoder = nil
	}
}

// hush has nothing pass any more. What waits is dropped, and what has come of a
// message.
func (g *gate) hush() {
	g.silent = true
	g.discard()
	if g.parts > 0 {
		g.out.keep(g.passage(g.opened, frame.Dropped), g.message)
		g.message, g.parts = nil, 0
	}
}

// discard drops what waits.
func (g *gate) discard() {
	for _, it := range g.queue {
		if it.held != nil {
			g.out.forget(it.held)
		}
		if !it.kept {
			g.out.keep(g.passage(it.at, frame.Dropped), it.wire)
		}
		if it.close {
			g.out.closing()
		}
	}
	g.queue, g.backlog, g.due = nil, 0, time.Time{}
}
