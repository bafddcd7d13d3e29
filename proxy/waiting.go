package proxy

import (
	"slices"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// reorderTime is how long a message that is to let later ones pass waits for
// them.
const reorderTime = time.Second

// add puts it behind what waits. It lets go of buffers that will be used again.
func (g *gate) add(it *item) {
	it.wire = slices.Clone(it.wire)
	if it.held != nil {
		it.message = it.held.Message
	} else {
		it.message.Payload = slices.Clone(it.message.Payload)
	}
	g.backlog += it.size()
	g.queue = append(g.queue, it)
}

// run sends what is ready, and sets due.
func (g *gate) run(now time.Time) {
	g.decide(now)
	for len(g.queue) > 0 {
		it := g.queue[0]
		if it.behind > 0 && g.letPass(now) {
			continue
		}
		if !g.ready(it, now) {
			break
		}
		g.queue[0] = nil
		g.queue = g.queue[1:]
		g.backlog -= it.size()
		g.emit(it, now)
	}
	if len(g.queue) == 0 {
		g.queue = nil
	}
	g.schedule()
}

// decide takes over what was decided about messages that are held.
func (g *gate) decide(now time.Time) {
	for _, it := range g.queue {
		if it.held == nil {
			continue
		}
		if v, decided := g.out.verdict(it.held, now); decided {
			g.backlog -= it.size()
			it.decide(v)
			g.backlog += it.size()
		}
	}
}

// letPass lets the item behind the first one pass it, if one may and has come.
// What was received first is recorded first, so that the context of compression
// stays what it was.
func (g *gate) letPass(now time.Time) bool {
	it := g.queue[0]
	if it.late.IsZero() {
		it.late = now.Add(reorderTime)
	}
	if len(g.queue) == 1 || g.queue[1].close || !now.Before(it.late) {
		return false
	}
	// Who lets others pass is not to be passed by those in turn, or nothing changes.
	g.queue[1].behind = 0
	it.behind--
	if !it.kept {
		it.kept = true
		g.out.keep(g.passage(it.at, frame.Dropped), it.wire)
		g.differs(it)
		if !it.edited {
			g.backlog -= it.size()
			it.edited, it.replacement = true, it.message.Payload
			g.backlog += it.size()
		}
	}
	g.queue[0], g.queue[1] = g.queue[1], it
	return true
}

// ready reports whether it can be sent.
func (g *gate) ready(it *item, now time.Time) bool {
	switch {
	case it.held != nil:
		return false
	case it.behind > 0 && !g.ending && !(len(g.queue) > 1 && g.queue[1].close) && (it.late.IsZero() || now.Before(it.late)):
		return false
	case now.Before(it.until):
		return false
	}
	if rate := g.rate(); rate > 0 && !it.control && !it.drop {
		if it.paced.IsZero() {
			it.paced = later(g.free, now).Add(time.Duration(len(it.wire)) * time.Second / time.Duration(rate))
			g.free = it.paced
		}
		return !now.Before(it.paced)
	}
	return true
}

func (g *gate) rate() int {
	if g.rules == nil {
		return 0
	}
	return g.rules.Rate(g.from)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// schedule sets due by what waits.
func (g *gate) schedule() {
	g.due = time.Time{}
	for i, it := range g.queue {
		var at time.Time
		switch {
		case it.held != nil:
			at = it.held.Until
		case i > 0:
			continue
		case it.behind > 0 && !it.late.IsZero():
			at = it.late
		default:
			at = later(it.until, it.paced)
		}
		if g.due.IsZero() || at.Before(g.due) {
			g.due = at
		}
	}
}
