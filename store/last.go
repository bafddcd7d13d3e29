package store

import (
	"context"
	"slices"

	"github.com/wsluice/wsluice/frame"
)

// LastMessages returns where q has to start for its last n messages, and how
// many of those found from there on are to be skipped. N may be 0, for what
// comes later.
func (r *Reader) LastMessages(ctx context.Context, q Query, n int) (start uint64, skip int, err error) {
	start = 1
	if q.Filter == nil || n == 0 {
		start, err = r.last(ctx, q.Conn, n, q.counting(), q.counter())
	}
	if err != nil || n == 0 {
		return start, 0, err
	}
	// Messages may end without a last frame, so that only counting them tells.
	q.Start, q.Limit = start, 1
	messages := r.Messages(ctx, q)
	defer messages.Close()
	total := 0
	for messages.Next() {
		total++
	}
	return start, max(0, total-n), messages.Err()
}

// counting returns what holds back blocks that cannot change what counter's
// function says of others.
func (q *Query) counting() *sieve {
	s := (&Query{Side: q.Side, Opcodes: q.Opcodes}).sieve()
	if s == nil {
		return nil
	}
	s.messages = false
	// Any frame but a control frame may be a part of a message of another type.
	const data = 1<<frame.Close - 1
	if s.need.Opcodes&data != 0 {
		s.need.Opcodes |= data
	}
	return s
}

// counter returns a function that reports, of records from the last to the first,
// whether with one more of them there is a message more that q wants, whatever
// its filter says.
func (q *Query) counter() func(*frame.Record) bool {
	// Of a message in several frames the first one tells the type.
	type message struct{ conn, seq uint64 }
	ended := make(map[message]bool)
	return func(f *frame.Record) bool {
		if !q.sent(f.From) {
			return false
		}
		whole := f.Opaque || f.Header.Fin || f.Header.Opcode.Control()
		if q.Opcodes == 0 {
			return whole
		}
		first := message{f.Conn, f.Message}
		switch {
		case f.Opaque || f.Message == f.Seq && whole:
			return q.typed(f.Type())
		case whole:
			ended[first] = true
		case f.Message == f.Seq && ended[first]:
			delete(ended, first)
			return q.typed(f.Type())
		}
		return false
	}
}

// LastFrames is as LastMessages for frames.
func (r *Reader) LastFrames(ctx context.Context, q FrameQuery, n int) (start uint64, skip int, err error) {
	if q.Filter == nil || n == 0 {
		all := Query{Side: q.Side}
		start, err = r.last(ctx, q.Conn, n, all.counting(), func(f *frame.Record) bool { return all.sent(f.From) })
		return start, 0, err
	}
	q.Start, q.Whole = 1, false
	frames := r.Frames(ctx, q)
	defer frames.Close()
	total := 0
	for frames.Next() {
		total++
	}
	return 1, max(0, total-n), frames.Err()
}

// last returns the number of the last record but n-1 that counts, or of the
// first there is. Going back piece by piece it ends as soon as it is found. What
// the sieve holds back does not count.
func (r *Reader) last(ctx context.Context, conn uint64, n int, s *sieve, counts func(*frame.Record) bool) (uint64, error) {
	const least, most = 1 << 10, 32 << 10
	count, err := r.Count(ctx, conn)
	if err != nil || n == 0 {
		return count + 1, err
	}
	var records []frame.Record
	for end, size := count+1, uint64(least); end > 1; size = min(2*size, most) {
		start := max(end, size+1) - size
		records = records[:0]
		cursor := r.scan(ctx, conn, start, end)
		for cursor.sieve = s; cursor.Next(); {
			records = append(records, *cursor.Record())
		}
		cursor.Close()
		if err := cursor.Err(); err != nil {
			return 0, err
		}
		for i := range slices.Backward(records) {
			if !counts(&records[i]) {
				continue
			}
			if n--; n == 0 {
				return cursor.number(&records[i]), nil
			}
		}
		end = start
	}
	return 1, nil
}
