package rows

import (
	"context"
	"time"
)

// goal is a place to go to. As found by the reader it has a position in any
// case.
type goal struct {
	kind     goalKind
	position Position
	number   uint64
	time     time.Time
	// conn and seq are the message wanted among those that come out with the same
	// record; conn is 0 when there is no such wish.
	conn, seq uint64
}

type goalKind uint8

const (
	toFirst goalKind = iota
	toLast
	toSelected // the message that is selected, at the line it is shown at
	toPosition
	toRecord
	toTime
)

// jump is the way to a window that is not there yet.
type jump struct {
	to goal
	// offset is how many rows the selection was moved meanwhile.
	offset int
}

// Move moves the selection by so many rows, up when n is negative and 1,000 at
// most, and the view as far as needed to show it. Rows that were not read yet are
// shown as Pending; while the list is on its way to another place, the move is
// made from there.
func (l *List) Move(n int) {
	n = min(max(n, -beyond), beyond)
	switch {
	case n < 0:
		l.Unfollow()
	case n > 0 && l.following:
		return
	}
	if l.jump != nil {
		l.jump.offset = min(max(l.jump.offset+n, -beyond), beyond)
		return
	}
	l.sel = l.walk(l.sel, n)
	l.settle()
	l.post()
}

// Page is as Move by so many screens, and moves the view as far as the selection.
func (l *List) Page(n int) {
	rows := min(max(min(max(n, -beyond), beyond)*max(1, l.height-1), -beyond), beyond)
	if n < 0 {
		l.Unfollow()
	}
	if l.jump == nil && !l.following {
		l.top = l.walk(l.top, rows)
	}
	l.Move(rows)
}

// First goes to the first row.
func (l *List) First() {
	l.following = false
	if l.there() && l.win.first {
		l.sel = spot{ord: l.win.base}
		l.hold()
		return
	}
	l.restart(&jump{to: goal{kind: toFirst}})
}

// Last goes to the last row and follows.
func (l *List) Last() {
	l.following = true
	if l.there() && l.win.last {
		l.hold()
		return
	}
	l.restart(&jump{to: goal{kind: toLast}})
}

// To goes to the message to which the record of this number belongs, a seq or
// with all connections a global number. When it is not listed, that is the next
// one behind it, or the last one before it.
func (l *List) To(number uint64) { l.seek(goal{kind: toRecord, number: number}) }

// ToPosition goes to the message at p, or to the next one behind it, or the last
// one before it.
func (l *List) ToPosition(p Position) { l.seek(goal{kind: toPosition, position: p}) }

// ToTime goes to the first message that ended with a frame read at or behind t,
// or to the last one there is.
func (l *List) ToTime(t time.Time) { l.seek(goal{kind: toTime, time: t}) }

func (l *List) seek(to goal) {
	l.following = false
	if to.kind == toPosition && l.there() && l.win.covers(to.position) {
		s := spot{ord: l.win.find(to)}
		l.top = l.walk(s, -l.line(to))
		l.sel = s
		l.hold()
		return
	}
	l.restart(&jump{to: to})
}

// line returns the line at which the row of a goal is to be shown: that at which
// it is shown already, if it is, otherwise one in the middle.
func (l *List) line(to goal) int {
	s := l.sel
	if to.kind != toSelected {
		ord, found := l.win.search(to.position)
		if s = (spot{ord: ord}); !found {
			return l.height / 2
		}
	}
	line := l.distance(l.top, s)
	switch {
	case line >= 0 && line < int64(l.height):
		return int(line)
	case to.kind == toSelected:
		return 0
	}
	return l.height / 2
}

// Selected returns the selected row, and false when there is none or it has not
// been read yet.
func (l *List) Selected() (Row, bool) {
	r := l.row(l.sel)
	return r, r.Kind != Pending
}

// Cursor returns the index of the selected row among Rows, -1 when there is
// none.
func (l *List) Cursor() int {
	if l.empty() {
		return -1
	}
	return int(l.distance(l.top, l.sel))
}

// Select selects the row with that index among Rows.
func (l *List) Select(index int) {
	if index >= 0 && index < len(l.Rows()) {
		l.Move(index - l.Cursor())
	}
}

// there reports whether the window shown is the one that is wanted, and goes on
// being read.
func (l *List) there() bool { return l.jump == nil && !l.win.stopped }

// hold goes on from the window shown, or to the one under way, by another rule
// for what comes.
func (l *List) hold() {
	l.restart(l.jump)
	l.settle()
	l.post()
}

// restart begins a new window, or with no jump a new life of the one shown.
func (l *List) restart(j *jump) {
	l.gen, l.jump = l.gen+1, j
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancelGen != nil {
		l.cancelGen()
	}
	var ctx context.Context
	ctx, l.cancelGen = context.WithCancel(l.root)
	d := &l.demand
	d.gen, d.ctx, d.seed, d.follow = l.gen, ctx, l.win, l.following
	d.stopped = j == nil && l.win.stopped
	if j != nil {
		d.seed, d.goal = nil, j.to
	}
	d.horizon = l.pause.horizon
	d.low, d.high = l.screen()
	d.page = l.height
	l.news.win, l.news.scan = nil, Scan{}
	l.reader.ring()
	l.counter.ring()
}

// recount begins a count of what the query selects. The list must be locked.
func (l *List) recount(d *demand) {
	d.walk++
	d.query, d.uncounted, d.asked = l.query, false, false
	d.walkCtx, l.cancelWalk = context.WithCancel(l.root)
	l.news.count = tallied{}
}

// post tells the reader which rows are wanted.
func (l *List) post() {
	low, high := l.screen()
	l.mu.Lock()
	defer l.mu.Unlock()
	if d := &l.demand; d.low != low || d.high != high || d.page != l.height {
		d.low, d.high, d.page = low, high, l.height
		l.reader.ring()
	}
}
