package rows

import "github.com/wsluice/wsluice/frame"

// open returns a new window with nothing in it, at the goal.
func (r *reader) open() (w *window, err error) {
	to := r.d.goal
	switch to.kind {
	case toFirst:
		to.position = Position{Number: 1}
	case toLast:
		to.position = Position{Number: r.limit + 1}
	case toTime:
		to.position.Number, err = r.since(to)
	case toRecord:
		err = r.message(&to)
	}
	if to.position.Number > r.limit {
		to.position = Position{Number: r.limit + 1}
	}
	if to.position.Number == 0 {
		to.position = Position{Number: 1}
	}
	w = opening(to)
	w.first, w.last = to.position == Position{Number: 1}, to.kind == toLast
	return w, err
}

// number returns the number of a record among those listed.
func (r *reader) number(of *frame.Record) uint64 {
	if r.d.query.Conn == 0 {
		return of.Global
	}
	return of.Seq
}

// since returns the number of the first record at or behind a time.
func (r *reader) since(to goal) (uint64, error) {
	low, high := uint64(1), r.limit+1
	for low < high {
		middle := low + (high-low)/2
		page, err := r.list.source.Page(r.d.ctx, r.d.query.Conn, middle, 1)
		if err != nil {
			return 0, err
		}
		if len(page) == 0 || !page[0].Time.Before(to.time) {
			high = middle
			continue
		}
		low = max(middle, r.number(&page[0])) + 1
	}
	return min(low, r.limit+1), nil
}

// message finds the message that the record with the number of the goal belongs
// to. One that does not end soon is not found, but what ends behind that record.
func (r *reader) message(to *goal) error {
	const page, most = 64, 4096
	to.position = Position{Number: to.number}
	var side frame.Side
	var own bool
	for from := to.number; from < to.number+most; {
		records, err := r.list.source.Page(r.d.ctx, r.d.query.Conn, from, page)
		if err != nil || len(records) == 0 {
			return err
		}
		if first := &records[0]; from == to.number {
			to.conn, to.seq, side, own = first.Conn, first.Message, first.From, first.Origin.Own()
		}
		for i := range records {
			last := &records[i]
			if last.Conn == to.conn && last.From == side && last.Origin.Own() == own && ends(last, to.seq) {
				to.position.Number = r.number(last)
				return nil
			}
		}
		from = r.number(&records[len(records)-1]) + 1
	}
	to.conn = 0
	return nil
}

// ends reports whether a message comes out with the record r, which its side sent
// itself as it did that message, or neither: because it is the last of its frames, or the first of another message.
func ends(r *frame.Record, message uint64) bool {
	control := !r.Opaque && r.Header.Opcode.Control()
	if r.Message == message {
		return r.Opaque || control || r.Header.Fin || r.Incomplete == frame.Cut || r.Incomplete == frame.Unfinished
	}
	return r.Message > message && !control
}
