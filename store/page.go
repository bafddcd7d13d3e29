package store

import (
	"context"
	"slices"

	bolt "go.etcd.io/bbolt"

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
	err := r.view(func(tx *bolt.Tx) error {
		var w walk
		add := func(b *block) (bool, error) {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			w.start(b)
			for len(page) < n {
				ok, err := w.seek(conn, from)
				if !ok || err != nil {
					return false, err
				}
				if err := resolve(tx, &w.rec); err != nil {
					return false, err
				}
				page = append(page, w.rec.Record)
			}
			return true, nil
		}
		return r.blocks(tx, conn, from, uint64(n), add)
	})
	return slices.Clip(page), err
}

// blocks calls fn with the blocks that hold the records of conn from the given
// one on, in order, until fn returns true or they held at least want of them.
func (r *Reader) blocks(tx *bolt.Tx, conn, from, want uint64, fn func(*block) (bool, error)) error {
	if conn == 0 {
		c := tx.Bucket(bucketBlocks).Cursor()
		k, v, err := seekBlock(c, from)
		for ; k != nil && err == nil; k, v = c.Next() {
			var key uint64
			if key, err = number("blocks", k); err != nil {
				break
			}
			var b *block
			if b, err = r.cache.get(key, v); err != nil {
				break
			}
			var done bool
			if done, err = fn(b); done {
				break
			}
		}
		return err
	}
	spans, err := r.spans(tx, conn, from, want, int(min(want, 1<<20)))
	if err != nil {
		return err
	}
	bucket := tx.Bucket(bucketBlocks)
	for _, s := range spans {
		v := bucket.Get(u64(s.block))
		if v == nil {
			return corrupt("index of connection %d names block %d, which is missing", conn, s.block)
		}
		b, err := r.cache.get(s.block, v)
		if err != nil {
			return err
		}
		if done, err := fn(b); done || err != nil {
			return err
		}
	}
	return nil
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

// resolve sets what a record whose payload is in chunks leaves open.
func resolve(tx *bolt.Tx, d *decoded) error {
	if !d.chunked {
		return nil
	}
	size, flags, err := storedSize(tx, d.Global)
	if err != nil {
		return err
	}
	d.Stored = size
	switch {
	case flags&flagShed != 0:
		d.Incomplete = frame.Shed
	case size < d.Header.Length:
		d.Incomplete = frame.Cut
	}
	return nil
}
