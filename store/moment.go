package store

import (
	"context"
	"time"
)

// At returns the number of the first record of a connection at or behind t, in
// the capture with conn 0, and the number behind the last one when there is
// none.
//
// Times ascend but for the last few milliseconds before a record, since it is
// numbered when it is complete and has the time of its first byte. Where they do
// not, At finds one of several places: the record is at or behind t, and the one
// before it is not. It looks at some 2 log n records.
func (r *Reader) At(ctx context.Context, conn uint64, t time.Time) (number uint64, err error) {
	count, err := r.Count(ctx, conn)
	if err != nil {
		return 0, err
	}
	number = count + 1
	for low, high := uint64(1), number; low < high; {
		middle := low + (high-low)/2
		page, err := r.Page(ctx, conn, middle, 1)
		switch {
		case err != nil:
			return 0, err
		case len(page) == 0:
			high = middle
			continue
		}
		n := page[0].Seq
		if conn == 0 {
			n = page[0].Global
		}
		if page[0].Time.Before(t) {
			low = n + 1
		} else {
			number, high = n, middle
		}
	}
	return number, nil
}
