package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// ErrOpen: a connection cannot be deleted while it is open.
var ErrOpen = errors.New("connection is still open")

// Delete removes connections from the capture at path, all of them or, when one
// is unknown (ErrNoConnection), none. Nobody sees them or their frames any more,
// and their ids are never given again; but where the bytes of their frames lie
// among those of others, they stay in the file until Compact erases them. When
// ctx ends, the connections are gone, but not all of the room they took is free:
// the next Delete, Prune or Compact goes on. Other errors are as those of Prune.
func Delete(ctx context.Context, path string, conns ...uint64) (Pruned, error) {
	k, err := openKept(path)
	if err != nil {
		return Pruned{}, err
	}
	done, err := bury(ctx, k, conns)
	return done, k.finish("delete from", err)
}

// bury removes connections from k.
func bury(ctx context.Context, k keeper, conns []uint64) (done Pruned, err error) {
	err = k.update(ctx, func(tx *bolt.Tx) error {
		done, err = entomb(tx, conns)
		return err
	})
	if err != nil {
		return Pruned{}, err
	}
	for more := true; more; {
		var step Pruned
		err := k.update(ctx, func(tx *bolt.Tx) (err error) {
			step, more, err = cleanTombs(tx)
			return err
		})
		if err != nil {
			return done, err
		}
		done.add(step)
	}
	return done, nil
}

// entomb removes the records of connections, after which nobody sees their
// frames, and notes them down.
func entomb(tx *bolt.Tx, conns []uint64) (done Pruned, err error) {
	last, err := lastGlobal(tx)
	if err != nil {
		return done, err
	}
	conns = slices.Compact(slices.Sorted(slices.Values(conns)))
	for _, id := range conns {
		switch key := u64(id); {
		case !has(tx.Bucket(bucketConns), key):
			return done, fmt.Errorf("%w: %d", ErrNoConnection, id)
		case has(tx.Bucket(bucketCstat), key):
			return done, fmt.Errorf("%w: %d", ErrOpen, id)
		}
	}
	for _, id := range conns {
		done.Connections++
		done.Bytes += int64(len(tx.Bucket(bucketConns).Get(u64(id))))
		if err := forget(tx, id); err != nil {
			return done, err
		}
		s, err := lastSpan(tx, id)
		if err == nil && s.count > 0 {
			err = putTomb(tx, id, last)
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// putTomb notes that a connection was deleted when the last global number was
// the one given.
func putTomb(tx *bolt.Tx, id, last uint64) error {
	if err := require(tx, featureTomb); err != nil {
		return err
	}
	tomb, err := tx.CreateBucketIfNotExists(bucketTomb)
	if err != nil {
		return err
	}
	key := u64(id)
	return tomb.Put(key, note(key, last))
}

// cleanTombs removes what the index and long payloads still hold of deleted
// connections, but looks at not much more than trimSize bytes. It reports
// whether there is more.
func cleanTombs(tx *bolt.Tx) (done Pruned, more bool, err error) {
	bucket := tx.Bucket(bucketTomb)
	if bucket == nil {
		return done, false, nil
	}
	pruned, err := metaOptional(tx, keyPruned)
	if err != nil {
		return done, false, err
	}
	d := digger{tx: tx, pruned: pruned}
	c := bucket.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		id, _, err := parseTomb(k, v)
		if err != nil {
			return done, false, err
		}
		for {
			found, err := d.run(id)
			if err != nil {
				return done, false, err
			}
			if d.cost >= trimSize {
				return d.done, true, nil
			}
			if !found {
				break
			}
		}
	}
	return d.done, false, nil
}

// digger removes what is left of deleted connections.
type digger struct {
	tx     *bolt.Tx
	pruned uint64
	done   Pruned
	cost   int64 // bytes looked at or removed
	b      block
	spans  []span
}

// run removes the first value of the index of a deleted connection, and the long
// payloads it leads to, or a part of both when that is much. It reports whether
// there was one.
func (d *digger) run(id uint64) (found bool, err error) {
	index := d.tx.Bucket(bucketCidx)
	k, v := index.Cursor().Seek(pair(id, 0))
	if d.spans, err = connRun(d.spans[:0], id, k, v); err != nil || len(d.spans) == 0 {
		return false, err
	}
	d.cost += int64(len(v)) + 1
	if err := index.Delete(bytes.Clone(k)); err != nil {
		return false, err
	}
	for i := range d.spans {
		s := &d.spans[i]
		if s.block <= d.pruned {
			continue
		}
		whole, err := d.payloads(s)
		if err != nil {
			return false, err
		}
		if !whole {
			return true, index.Put(pair(id, s.first), appendRun(nil, d.spans[i:]))
		}
		d.done.Frames += s.count
	}
	return true, nil
}

// payloads removes the long payloads of a connection in one block. It reports
// false when it has removed enough for now.
func (d *digger) payloads(s *span) (whole bool, err error) {
	if d.cost >= trimSize {
		return false, nil
	}
	key := u64(s.block)
	v := d.tx.Bucket(bucketBlocks).Get(key)
	e, err := storedBlock(key, v)
	if err != nil {
		return false, err
	}
	k, _ := d.tx.Bucket(bucketChunks).Cursor().Seek(pair(e.base, 0))
	if k == nil {
		return true, nil
	}
	if owner, _, err := numbers("chunks", k); err != nil || owner > e.last {
		return true, err
	}
	d.cost += int64(len(v))
	if err := d.b.parse(v); err != nil {
		return false, err
	}
	var w walk
	w.start(&d.b)
	for {
		ok, err := w.next()
		if !ok || err != nil {
			return true, err
		}
		if w.rec.Conn == s.conn && w.rec.chunked {
			if whole, err := d.payload(w.rec.Global); !whole || err != nil {
				return whole, err
			}
		}
	}
}

// payload removes one long payload, or the beginning of it.
func (d *digger) payload(global uint64) (whole bool, err error) {
	var keys [][]byte
	chunks, prefix := d.tx.Bucket(bucketChunks), u64(global)
	c := chunks.Cursor()
	k, v := c.Seek(prefix)
	for ; bytes.HasPrefix(k, prefix) && d.cost < trimSize; k, v = c.Next() {
		keys = append(keys, bytes.Clone(k))
		d.cost += int64(len(v))
		d.done.Bytes += int64(len(v))
	}
	return !bytes.HasPrefix(k, prefix), remove(chunks, keys)
}
