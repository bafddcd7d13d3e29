package rows

import (
	"cmp"
	"context"
)

// Walks only go forward. What comes before a place is read from some way before
// it, and from further away when that was not enough; what was read is not read
// again.

const (
	// minBack is how many rows are kept of those found on the way, though fewer
	// are wanted: to begin a walk costs as much as to read some thousand records.
	minBack = 64
	// maxStride bounds how many records are gone back at a time, nearby how many
	// when a walk from each match to the next would do as well.
	maxStride = 1 << 18
	nearby    = 1 << 13
)

// backward reads n rows before the window, or some of them.
func (r *reader) backward(n int) error {
	rows, lo, err := r.back(r.win.lo, Position{Number: 1}, n, max(n, minBack))
	if err != nil {
		return err
	}
	r.win = r.win.before(rows, lo).trim(r.middle())
	r.win.first = r.win.first || r.win.lo.Number <= 1
	return nil
}

// back reads some way before a position, but not before floor, meaning to find n
// rows. It returns the last ones it found, less than twice keep, and from where
// on these are all there are.
func (r *reader) back(from, floor Position, n, keep int) (rows []*entry, lo Position, err error) {
	if mark, most, ok := r.marks().before(from, keep); ok {
		if mark == (Position{}) {
			return nil, floor, nil
		}
		if mark.Compare(floor) < 0 {
			mark = floor
		}
		rows, lo, err = r.stretch(mark, from, most, keep)
		if err != nil || len(rows) > 0 || mark == floor {
			return rows, lo, err
		}
		// The match is gone.
	}
	if r.stride == 0 {
		r.stride = uint64(max(keep, 2*n))
		if r.d.query.chooses() {
			r.stride *= 8
		}
	}
	start := floor
	if from.Number > floor.Number+r.stride {
		start = Position{Number: from.Number - r.stride}
	}
	rows, lo, err = r.stretch(start, from, 0, keep)
	if len(rows) < n {
		r.stride = min(4*r.stride, maxStride)
	}
	return rows, lo, err
}

// stretch reads what is between two positions, of which it knows that there are
// no more than most if that is not 0, and keeps the last rows of it.
func (r *reader) stretch(start, end Position, most, keep int) (rows []*entry, lo Position, err error) {
	r.looked += end.Number - start.Number
	m, cancel := r.walk(start.Number)
	// From where nothing was read yet the walk may go on.
	onward := most == 0 && end.Part == 0 && r.win.unread()
	defer func() {
		if onward && err == nil {
			r.keep(m, cancel, end)
			return
		}
		cancel()
		m.Close()
	}()
	bound := end.Number
	if end.Part > 0 {
		bound++
	}
	m.Until(bound)
	alive := context.AfterFunc(r.d.ctx, cancel)
	lo = start
	for found := 0; (most == 0 || found < most) && m.Next(); {
		p := place(m)
		if p.Compare(end) >= 0 {
			break
		}
		if p.Compare(start) < 0 {
			continue
		}
		if found++; len(rows) == 2*keep {
			rows = append(rows[:0], rows[keep:]...)
			lo = rows[0].Position
		}
		rows = append(rows, entryOf(m))
	}
	if !alive() || m.Err() != nil {
		return nil, start, cmp.Or(m.Err(), r.d.ctx.Err())
	}
	return rows, lo, nil
}
