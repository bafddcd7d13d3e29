package control

import (
	"context"
	"fmt"
	"slices"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

func noFrame(conn, seq uint64) error {
	return fmt.Errorf("%w: %d of connection %d", store.ErrNoFrame, seq, conn)
}

// lastMessages returns where to start for the last n messages of q, and how many
// to skip from there.
func lastMessages(ctx context.Context, r *store.Reader, q store.Query, n int) (start uint64, skip int, err error) {
	start = 1
	if q.Filter == nil {
		start, err = last(ctx, r, q.Conn, n, func(f *frame.Record) bool {
			whole := f.Opaque || f.Header.Fin || f.Header.Opcode.Control()
			return whole && (q.Side == nil || *q.Side == f.From)
		})
	}
	if err != nil {
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

// lastFrames returns where to start for the last n frames of q, and how many to
// skip from there.
func lastFrames(ctx context.Context, r *store.Reader, q store.FrameQuery, n int) (start uint64, skip int, err error) {
	if q.Filter == nil {
		start, err = last(ctx, r, q.Conn, n, func(f *frame.Record) bool { return q.Side == nil || *q.Side == f.From })
		return start, 0, err
	}
	q.Whole = false
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
func last(ctx context.Context, r *store.Reader, conn uint64, n int, counts func(*frame.Record) bool) (uint64, error) {
	const size = 1000
	end, err := r.Count(ctx, conn)
	if err != nil {
		return 0, err
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

// lastEvents returns the number before the last n events above after.
func lastEvents(ctx context.Context, r *store.Reader, after uint64, n int) (uint64, error) {
	const page = 1000
	var numbers []uint64
	for {
		events, err := r.Events(ctx, after, page)
		if err != nil {
			return 0, err
		}
		for i := range events {
			numbers = append(numbers, events[i].Number)
		}
		if len(events) < page {
			break
		}
		after = events[len(events)-1].Number
	}
	if len(numbers) == 0 {
		return after, nil
	}
	return numbers[max(0, len(numbers)-n)] - 1, nil
}
