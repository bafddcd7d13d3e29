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
		start, err = r.last(ctx, q.Conn, n, q.counter())
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
		start, err = r.last(ctx, q.Conn, n, func(f *frame.Record) bool { return q.Side == nil || *q.Side == f.From })
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
// first there is. Going back page by page it ends as soon as it is found.
func (r *Reader) last(ctx context.Context, conn uint64, n int, counts func(*frame.Record) bool) (uint64, error) {
	const size = 1000
	end, err := r.Count(ctx, conn)
	if err != nil || n == 0 {
		return end + 1, err
	}
	for end > 0 {
		start := max(end, size) - size + 1
		records, err := r.Page(ctx, conn, start, int(end-start+1))
		if err != nil {
			return 0, err
		}
		for _, record := range slices.Backward(records) {
			number := record.Seq
			if conn == 0 {
				number = record.Global
			}
			if number > end || !counts(&record) {
				continue
			}
			if n--; n == 0 {
				return number, nil
			}
		}
		end = start - 1
	}
	return 1, nil
}
