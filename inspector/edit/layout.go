package edit

import "sort"

// layout divides a text into rows of a width. The rows are known from the
// beginning up to where somebody has looked.
type layout struct {
	width int
	rows  []int // where each begins
	next  int   // where the row behind them begins
	done  bool  // there is none
}

// fit sets the width.
func (l *layout) fit(width int) {
	if width = max(1, width); l.width != width {
		*l = layout{width: width, rows: l.rows[:0]}
	}
}

// forget forgets what may be another since the text changed at at.
func (l *layout) forget(at int) {
	// A cell before at can have become another, and with it its row.
	const reach = 32
	n := sort.SearchInts(l.rows, at-reach)
	if n = max(0, n-1); n < len(l.rows) {
		l.next, l.rows, l.done = l.rows[n], l.rows[:n], false
	}
	if len(l.rows) == 0 {
		l.next, l.done = 0, false
	}
}

// grow finds one more row.
func (l *layout) grow(data []byte) {
	l.rows = append(l.rows, l.next)
	at, used := l.next, 0
	for {
		if at == len(data) {
			l.done = true
			return
		}
		c := cellAt(data, at)
		if c.end {
			l.next = at + c.size
			return
		}
		if used += c.width; used > l.width && at > l.next {
			l.next = at
			return
		}
		at += c.size
	}
}

// row returns the number of the row that holds the place at.
func (l *layout) row(data []byte, at int) int {
	for !l.done && (len(l.rows) == 0 || l.next <= at) {
		l.grow(data)
	}
	return sort.SearchInts(l.rows, at+1) - 1
}

// has reports whether there is a row of that number.
func (l *layout) has(data []byte, n int) bool {
	for !l.done && len(l.rows) <= n {
		l.grow(data)
	}
	return n < len(l.rows)
}

// bounds returns where a row begins and where the next one does, or the text ends.
func (l *layout) bounds(data []byte, n int) (start, end int) {
	if l.has(data, n+1) {
		return l.rows[n], l.rows[n+1]
	}
	return l.rows[n], len(data)
}

// column returns how many terminal cells there are before at in its row.
func (l *layout) column(data []byte, at int) (cells int) {
	start, _ := l.bounds(data, l.row(data, at))
	for start < at {
		c := cellAt(data, start)
		cells += c.width
		start += c.size
	}
	return cells
}

// place returns where in a row the cursor stands that is in a column, or as far as
// the row goes.
func (l *layout) place(data []byte, n, column int) int {
	at, end := l.bounds(data, n)
	for at < end {
		c := cellAt(data, at)
		if column -= c.width; c.end || column < 0 || at+c.size == end && end < len(data) {
			break
		}
		at += c.size
	}
	return at
}

// snap returns the beginning of the cell that holds the place at.
func (l *layout) snap(data []byte, at int) int {
	at = min(max(at, 0), len(data))
	start, _ := l.bounds(data, l.row(data, at))
	for start < at {
		c := cellAt(data, start)
		if start+c.size > at {
			break
		}
		start += c.size
	}
	return start
}

// before returns the beginning of the cell before the one at at.
func (l *layout) before(data []byte, at int) int {
	if at == 0 {
		return 0
	}
	return l.snap(data, at-1)
}

// behind returns the end of the cell at at.
func behind(data []byte, at int) int {
	if at == len(data) {
		return at
	}
	return at + cellAt(data, at).size
}
