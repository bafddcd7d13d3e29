package rows

import (
	"slices"

	"github.com/wsluice/wsluice/frame"
)

// entry is a message of the list. It never changes.
type entry struct {
	Position
	frame.Message
}

// window is a run of the messages a query selects, without a gap. It never
// changes; the next one may share its rows.
type window struct {
	// rows are all that came out from lo up to hi, hi not included, in order.
	rows   []*entry
	lo, hi Position
	// base is the ordinal of the first of rows. Ordinals count rows from where the
	// window began, so that they stay the same while it grows and is trimmed.
	base int64
	// first is set when there is nothing before lo, last when there was nothing
	// behind hi when that was looked at.
	first, last bool
	// stopped is set when it was cancelled. What is there is all there is then.
	stopped bool
	// goal is where it was begun.
	goal goal
}

// opening returns an empty window at a goal.
func opening(to goal) *window { return &window{lo: to.position, hi: to.position, goal: to} }

// end returns the ordinal behind the last row.
func (w *window) end() int64 { return w.base + int64(len(w.rows)) }

// at returns the row with the given ordinal, nil when the window has none.
func (w *window) at(ord int64) *entry {
	if ord < w.base || ord >= w.end() {
		return nil
	}
	return w.rows[ord-w.base]
}

// search returns the ordinal of the first row at or behind p.
func (w *window) search(p Position) (ord int64, found bool) {
	i, found := slices.BinarySearchFunc(w.rows, p, func(e *entry, p Position) int { return e.Compare(p) })
	return w.base + int64(i), found
}

// covers reports whether the window tells which row is the first at or behind p,
// or that there is none.
func (w *window) covers(p Position) bool {
	if !w.first && p.Compare(w.lo) < 0 {
		return false
	}
	ord, _ := w.search(p)
	return ord < w.end() || w.last && p.Compare(w.hi) < 0
}

// find returns the ordinal of the row to select for a goal.
func (w *window) find(to goal) int64 {
	switch to.kind {
	case toFirst:
		return w.base
	case toLast:
		return w.end() - 1
	}
	ord, _ := w.search(to.position)
	for next := ord; to.conn != 0; next++ {
		e := w.at(next)
		if e == nil || e.Number != to.position.Number {
			break
		}
		if e.Conn == to.conn && e.Seq == to.seq {
			return next
		}
	}
	return ord
}

// unread reports whether nothing has been read for the window.
func (w *window) unread() bool { return w.lo == w.hi }

// reach returns the number of the last record the window is known to cover.
func (w *window) reach() uint64 {
	n := uint64(0)
	if len(w.rows) > 0 {
		n = w.rows[len(w.rows)-1].Number
	}
	return max(n, max(w.hi.Number, 1)-1)
}

// behind returns w with the rows that were found from hi up to another position.
func (w *window) behind(rows []*entry, hi Position) *window {
	next := *w
	next.hi, next.last = hi, false
	for _, e := range rows {
		if n := len(next.rows); n == 0 || e.Compare(next.rows[n-1].Position) > 0 {
			next.rows = append(next.rows, e)
			continue
		}
		// It came out late, when its connection ended.
		ord, found := next.search(e.Position)
		if !found && e.Compare(next.lo) >= 0 {
			next.rows = slices.Insert(slices.Clone(next.rows), int(ord-next.base), e)
		}
	}
	return &next
}

// before returns w with the rows that were found from another position up to lo.
func (w *window) before(rows []*entry, lo Position) *window {
	next := *w
	next.lo = lo
	if len(rows) > 0 {
		next.base -= int64(len(rows))
		next.rows = slices.Concat(rows, w.rows)
	}
	return &next
}

// Bounds of a window.
const (
	maxRows = 4096
	// trimmed is how many are left of more than maxRows.
	trimmed = 3072
)

// trim returns w, when it has more than maxRows, without those that are far from
// the one with the given ordinal.
func (w *window) trim(middle int64) *window {
	if len(w.rows) <= maxRows {
		return w
	}
	from := min(max(int(middle-w.base)-trimmed/2, 0), len(w.rows)-trimmed)
	to := from + trimmed
	next := *w
	if from > 0 {
		next.first, next.lo = false, w.rows[from].Position
	}
	if to < len(w.rows) {
		next.last, next.hi = false, w.rows[to].Position
	}
	next.base += int64(from)
	next.rows = slices.Clone(w.rows[from:to])
	return &next
}
