package store

import (
	"context"
	"slices"

	"github.com/wsluice/wsluice/frame"
)

// Page returns up to n records of a connection in order, beginning with seq
// from; conn 0 stands for all connections, and from for a global number then.
// Both count from 1. Payloads over 128 KiB are cut to their beginning. The
// payloads must not be changed.
func (r *Reader) Page(ctx context.Context, conn, from uint64, n int) ([]frame.Record, error) {
	if n <= 0 {
		return nil, nil
	}
	var page []frame.Record
	var w walk
	err := r.page(ctx, conn, from, uint64(n), func(b *block) (bool, error) {
		w.start(b)
		for len(page) < n {
			ok, err := w.seek(conn, from)
			if !ok || err != nil {
				return false, err
			}
			if err := r.resolve(ctx, &w.rec); err != nil {
				return false, err
			}
			page = append(page, w.rec.Record)
		}
		return true, nil
	})
	return slices.Clip(page), err
}

// seek reads the next record of conn from the given seq on into w.rec; conn 0
// stands for all and from for a global number then.
func (w *walk) seek(conn, from uint64) (bool, error) {
	for w.n < w.b.count {
		if conn == 0 && w.b.base+uint64(w.n) >= from {
			return w.next()
		}
		next, size, err := w.peek()
		if err != nil {
			return false, err
		}
		if p := next.conn; conn != 0 && w.b.places[p].conn == conn && w.seqs[p] >= from {
			return w.next()
		}
		w.seqs[next.conn]++
		w.advance(size, next)
	}
	return false, nil
}
