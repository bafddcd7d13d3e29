package rules

import (
	"time"

	"github.com/wsluice/wsluice/frame"
)

// hush has a direction be silent from now on.
func (c *Conn) hush(side frame.Side) {
	c.told[side].Store(false)
	c.hushed[side].Store(true)
}

// resume goes on where the rule stood on the connection before, and reports
// whether a direction is silent.
func (c *Conn) resume(u *use, e *ending) (silent bool) {
	if !e.silence || u.state.off.Load() {
		return false
	}
	for side := range u.progress.done {
		if u.progress.done[side].Load() {
			c.hush(frame.Side(side))
			silent = true
		}
	}
	return silent
}

// Due returns when rules that wait for a time and not for a message have to be
// asked with Expire; the zero time means never. It may change whenever Apply or
// Expire was called.
func (c *Conn) Due() time.Time {
	var due time.Time
	for _, u := range c.timers {
		if at := c.dueAt(u); !at.IsZero() && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	for side := range c.hushed {
		if c.hushed[side].Load() && !c.told[side].Load() {
			return c.opened
		}
	}
	return due
}

// dueAt returns when the time of a rule has come, the zero time when it does not
// wait for one.
func (c *Conn) dueAt(u *use) time.Time {
	u.progress.mu.Lock()
	defer u.progress.mu.Unlock()
	since := c.opened
	if u.messages != nil {
		since = u.progress.since
	}
	waits := false
	for side := range u.progress.done {
		waits = waits || u.sees(frame.Side(side)) && !u.finished(frame.Side(side))
	}
	if !waits || since.IsZero() || !u.ready() {
		return time.Time{}
	}
	return since.Add(u.action.(*ending).after.span)
}

// Expire returns what rules want that waited for a time up to now: an end of the
// connection, or silence of a direction. It tells each once.
func (c *Conn) Expire(now time.Time) (end *Ending, silence [2]bool) {
	for _, u := range c.timers {
		at := c.dueAt(u)
		if at.IsZero() || at.After(now) || !c.finish(u) {
			continue
		}
		if e := u.action.(*ending); !e.silence && end == nil {
			end = &Ending{e.ending.Reset, e.ending.Code, e.ending.Reason}
		}
	}
	for side := range c.hushed {
		silence[side] = c.hushed[side].Load() && c.told[side].CompareAndSwap(false, true)
	}
	return end, silence
}

// finish has a rule act whose time has come, and reports whether it did.
func (c *Conn) finish(u *use) bool {
	u.progress.mu.Lock()
	defer u.progress.mu.Unlock()
	e := u.action.(*ending)
	acts := false
	for side := range u.progress.done {
		from := frame.Side(side)
		if u.finished(from) || !u.sees(from) || !acts && !u.take() {
			continue
		}
		acts = true
		u.progress.done[side].Store(true)
		if e.silence {
			c.hush(from)
		}
	}
	return acts
}
