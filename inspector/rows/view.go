package rows

import "slices"

// spot is the place of a row: the ordinal of its message in the window, and
// which of its rows it is, 0 for the message itself. Ordinals outside of the
// window stand for rows that have not been read.
type spot struct {
	ord int64
	sub int
}

func (a spot) less(b spot) bool { return a.ord < b.ord || a.ord == b.ord && a.sub < b.sub }

// beyond is how far the selection may be from what has been read, in rows.
const beyond = 1000

// maxHeight is how many rows are shown at most, ahead how many are read beyond
// those.
const (
	maxHeight = 1000
	ahead     = 512
)

// walk returns the spot so many rows behind s, or before it when n is negative.
func (l *List) walk(s spot, n int) spot {
	ord, t := s.ord, int64(s.sub+n)
	open := l.folds.shown
	if t >= 0 {
		for _, f := range open {
			gap := f.ord - ord
			if gap < 0 {
				continue
			}
			if t <= gap {
				break
			}
			if t -= gap; t <= int64(f.rows()) {
				return spot{f.ord, int(t)}
			}
			ord, t = f.ord+1, t-int64(f.rows())-1
		}
		return spot{ord: ord + t}
	}
	for t = -t; ; {
		i, _ := slices.BinarySearchFunc(open, ord, func(f *fold, ord int64) int { return int(f.ord - ord) })
		if open = open[:i]; i == 0 {
			return spot{ord: ord - t}
		}
		f := open[i-1]
		gap := ord - f.ord - 1
		if t <= gap {
			return spot{ord: ord - t}
		}
		if t -= gap; t <= int64(f.rows()) {
			return spot{f.ord, f.rows() - int(t) + 1}
		}
		ord, t = f.ord, t-int64(f.rows())-1
	}
}

// distance returns how many rows b is behind a.
func (l *List) distance(a, b spot) int64 {
	if b.less(a) {
		return -l.distance(b, a)
	}
	rows := b.ord - a.ord + int64(b.sub-a.sub)
	for _, f := range l.folds.shown {
		if f.ord >= a.ord && f.ord < b.ord {
			rows += int64(f.rows())
		}
	}
	return rows
}

// empty reports whether it is known that there are no rows.
func (l *List) empty() bool {
	w := l.win
	return len(w.rows) == 0 && (w.stopped || w.first && w.last)
}

// ends returns the first and the last spot there are or may be.
func (l *List) ends() (first, last spot) {
	w := l.win
	first, last = spot{ord: w.base}, spot{ord: max(w.end()-1, w.base)}
	last.sub = l.folds.rows(last.ord)
	if !w.first && !w.stopped {
		first.ord -= beyond
	}
	if !w.last && !w.stopped {
		last = spot{ord: last.ord + beyond}
	}
	return first, last
}

// settle brings the selection to where there may be a row, and the view to the
// selection.
func (l *List) settle() {
	l.folds.place(l.win)
	first, last := l.ends()
	if l.following && l.jump == nil {
		l.sel = spot{ord: max(l.win.end()-1, l.win.base)}
		l.top = l.walk(last, 1-l.height)
		if !l.win.last {
			l.top = l.walk(l.sel, 1-l.height)
		}
	}
	l.sel = clamp(l.sel, first, last)
	for _, s := range []*spot{&l.sel, &l.top} {
		s.sub = min(s.sub, l.folds.rows(s.ord))
	}
	if l.sel.less(l.top) {
		l.top = l.sel
	}
	if l.distance(l.top, l.sel) >= int64(l.height) {
		l.top = l.walk(l.sel, 1-l.height)
	}
	if low := l.walk(last, 1-l.height); low.less(l.top) {
		l.top = low
	}
	if l.top.less(first) {
		l.top = first
	}
}

func clamp(s, first, last spot) spot {
	switch {
	case s.less(first):
		return first
	case last.less(s):
		return last
	}
	return s
}

// adopt shows the window that was read.
func (l *List) adopt(w *window) {
	old := l.win
	selected, top := old.at(l.sel.ord), old.at(l.top.ord)
	if l.jump != nil {
		line, offset := l.line(w.goal), l.jump.offset
		l.win, l.jump = w, nil
		l.folds.place(w)
		s := spot{ord: min(w.find(w.goal), max(w.end()-1, w.base))}
		l.top, l.sel = l.walk(s, -line), l.walk(s, offset)
		return
	}
	l.win = w
	// Ordinals stay as long as rows only come and go at the ends.
	if selected != nil && w.at(l.sel.ord) != selected {
		if ord, found := w.search(selected.Position); found {
			l.sel.ord = ord
		}
	}
	if top != nil && w.at(l.top.ord) != top {
		if ord, found := w.search(top.Position); found {
			l.top.ord = ord
		}
	}
	l.folds.place(w)
}

// place returns the position of the selection, as near as it is known.
func (l *List) place() Position {
	w := l.win
	if len(w.rows) > 0 {
		l.placed = w.at(min(max(l.sel.ord, w.base), w.end()-1)).Position
	}
	return l.placed
}

// Rows returns the rows that are shown, from the top. They are valid until a
// method of the list is called that moves it, and no longer than to the next
// call of Rows.
func (l *List) Rows() []Row {
	l.rows = l.rows[:0]
	if l.empty() {
		return l.rows
	}
	_, last := l.ends()
	for s := l.top; len(l.rows) < l.height && !last.less(s); s = l.walk(s, 1) {
		l.rows = append(l.rows, l.row(s))
	}
	return l.rows
}

// row returns the row at s.
func (l *List) row(s spot) Row {
	e := l.win.at(s.ord)
	if e == nil {
		return Row{}
	}
	r := Row{Kind: Message, Position: e.Position, Message: &e.Message}
	if before := l.win.at(s.ord - 1); before != nil {
		r.Before = &before.Message
	}
	f := l.folds.at(s.ord)
	if r.Unfolded = f != nil; s.sub == 0 {
		return r
	}
	r.Kind, r.Frame, r.Rest = f.row(s.sub - 1)
	return r
}

// screen returns the ordinals the rows shown lie between, the last one not
// included.
func (l *List) screen() (low, high int64) {
	if l.jump != nil {
		low, high = int64(min(l.jump.offset, 0)), int64(max(l.jump.offset, 0))
		switch l.jump.to.kind {
		case toFirst:
			return low, high + int64(l.height)
		case toLast:
			return low - int64(l.height), high
		}
		return low - int64(l.height), high + int64(l.height)
	}
	return l.top.ord, l.walk(l.top, l.height).ord + 1
}
