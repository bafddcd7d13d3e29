package rows

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
)

// reader is the state of the goroutine that reads rows.
type reader struct {
	list *List
	d    demand
	win  *window
	// total is the number of the last record, limit that of the last that counts.
	total, limit uint64
	ticks        uint64 // as of total
	// fresh is set when the end was not asked since the capture changed.
	fresh bool
	// cursor goes on at a position, among what the walk with that number selects,
	// until it is cancelled.
	cursor Messages
	at     Position
	of     uint64
	cancel context.CancelFunc
	// stride is how many records to go back next.
	stride uint64
	looked uint64 // records searched for what is missing
	shown  bool   // something of it was published
	// missing is set when rows that are shown have not been searched for yet.
	missing bool
}

// read keeps the window as the demand wants it.
func (l *List) read(ctx context.Context) {
	r := &reader{list: l}
	defer r.close()
	l.serve(ctx, &l.reader, r.work)
}

func (r *reader) close() {
	if r.cursor != nil {
		r.cancel()
		r.cursor.Close()
		r.cursor = nil
	}
}

// work reads until all that is wanted is there.
func (r *reader) work() {
	for {
		d := r.list.wanted()
		if d.gen != r.d.gen {
			r.begin(&d)
		}
		r.d = d
		if d.stopped {
			err := r.look(r.list.root)
			r.stop(err)
			return
		}
		more, err := r.step()
		switch {
		case d.ctx.Err() != nil:
			return // for something else the bell has rung
		case err != nil:
			r.close()
			err = fmt.Errorf("list messages: %w", err)
		}
		r.publish(err)
		if !more || err != nil {
			return
		}
	}
}

// begin begins a new window, or goes on from one.
func (r *reader) begin(d *demand) {
	if d.seed == nil || r.of != d.walk || r.at != d.seed.hi {
		r.close()
	}
	*r = reader{
		list: r.list, ticks: d.ticks - 1, missing: true,
		cursor: r.cursor, at: r.at, of: r.of, cancel: r.cancel,
	}
	if d.seed != nil {
		seed := *d.seed
		seed.stopped = false
		r.win, r.shown = &seed, true
	}
}

// step reads a piece of what is wanted, and reports whether it had to.
func (r *reader) step() (more bool, err error) {
	if err := r.look(r.d.ctx); err != nil {
		return false, err
	}
	if r.win == nil {
		r.publish(nil) // how much there is
		if r.win, err = r.open(); err != nil {
			return false, err
		}
	}
	if r.d.follow {
		return r.chase()
	}
	for _, margin := range []int64{0, min(2*int64(r.d.page), ahead)} {
		low, high := r.d.low-margin, r.d.high+margin
		after, before := high-r.win.end(), r.win.base-low
		if margin == 0 {
			missing := after > 0 && !r.ended() || before > 0 && !r.win.first
			found := r.missing && !missing
			if r.missing = missing; found {
				r.publish(nil)
				r.looked = 0
			}
		}
		switch {
		case before > 0 && r.win.unread() && !r.win.first && !r.d.query.chooses():
			// The walk goes on forward from there.
			return true, r.backward(int(before))
		case after > 0 && (!r.ended() || r.fresh):
			return true, r.forward(int(after))
		case before > 0 && !r.win.first:
			return true, r.backward(int(before))
		}
	}
	if m := r.marks(); m.farFrom(r.win) {
		return true, r.backward(minBack)
	}
	if r.win.last && !r.ended() {
		grown := *r.win
		grown.last = false
		r.win = &grown
		r.publish(nil)
	}
	return false, nil
}

// look asks for the last record there is, if the capture has changed.
func (r *reader) look(ctx context.Context) error {
	if r.ticks == r.d.ticks {
		return nil
	}
	last, err := r.list.source.Count(ctx, r.d.query.Conn)
	if err != nil {
		return err
	}
	if r.total, r.limit = last, last; r.d.horizon != nil {
		r.limit = min(last, *r.d.horizon)
	}
	r.ticks, r.fresh = r.d.ticks, true
	return nil
}

// ended reports whether the window reaches to the end of what there is.
func (r *reader) ended() bool { return r.win.hi.Number > r.limit }

// place returns the position of the message the walk is at.
func place(m Messages) Position {
	number, part := m.Position()
	return Position{number, part}
}

// entryOf returns the message the walk is at, to keep.
func entryOf(m Messages) *entry {
	e := &entry{Position: place(m), Message: *m.Message()}
	e.Cut(preview)
	e.Payload = bytes.Clone(e.Payload)
	return e
}

// walk begins a walk at a record. It is to be cancelled and closed.
func (r *reader) walk(start uint64) (Messages, context.CancelFunc) {
	ctx, cancel := context.WithCancel(r.list.root)
	q := r.d.query
	q.Start, q.Limit = max(start, 1), preview
	return r.list.source.Messages(ctx, q), cancel
}

// keep goes on with a walk from a position.
func (r *reader) keep(m Messages, cancel context.CancelFunc, at Position) {
	r.close()
	r.cursor, r.cancel, r.at, r.of = m, cancel, at, r.d.walk
}

// forward reads up to n rows behind the window.
func (r *reader) forward(n int) error {
	w := r.win
	r.fresh = false
	if hi := r.marks().behind(w.hi); hi.Number > w.hi.Number+few && hi.Number <= r.limit+1 {
		skipped := *w
		skipped.hi = hi
		w, n = &skipped, 1
	}
	if r.cursor == nil || r.at != w.hi {
		start := w.hi.Number
		if w.hi.Part == 0 && start > 0 {
			start-- // for what came out late with that record
		}
		m, cancel := r.walk(start)
		r.keep(m, cancel, w.hi)
	}
	alive := context.AfterFunc(r.d.ctx, r.cancel)
	bound := min(r.limit+1, w.hi.Number+leg)
	r.cursor.Until(bound)
	var rows []*entry
	for len(rows) < n && r.cursor.Next() {
		if place(r.cursor).Compare(w.lo) >= 0 {
			rows = append(rows, entryOf(r.cursor))
		}
	}
	if !alive() || r.cursor.Err() != nil {
		return cmp.Or(r.cursor.Err(), r.d.ctx.Err())
	}
	to := Position{Number: bound}
	if len(rows) == n {
		to = rows[n-1].behind()
	}
	if to.Compare(w.hi) < 0 {
		to = w.hi
	}
	r.looked += to.Number - w.hi.Number
	r.win = w.behind(rows, to).trim(r.middle())
	r.win.last = r.ended()
	if r.at = r.win.hi; r.at != to {
		r.close()
	}
	return nil
}

// middle returns the ordinal a window is kept around.
func (r *reader) middle() int64 {
	if r.d.follow {
		return r.win.end()
	}
	return r.d.low + (r.d.high-r.d.low)/2
}

// marks returns those of the query, nil when there are none.
func (r *reader) marks() *marks {
	r.list.mu.Lock()
	defer r.list.mu.Unlock()
	if r.list.demand.gen != r.d.gen {
		return nil
	}
	return r.list.news.count.marks
}
