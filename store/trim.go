package store

import (
	"bytes"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

const (
	// trimSize bounds what one transaction removes, in bytes.
	trimSize = 8 << 20
	// trimConns bounds the connections one transaction looks at besides those
	// whose frames it removes.
	trimConns = 512
)

// trimmer removes the oldest part of a capture, a bounded amount in each
// transaction.
type trimmer struct {
	// before is the time up to which everything goes, in nanoseconds since 1970;
	// 0 for none.
	before int64
	// swept is the last connection that was looked at.
	swept uint64
}

// trimming is the work of a trimmer in one transaction.
type trimming struct {
	trimmer
	tx     *bolt.Tx
	pruned uint64 // the last global number that is gone
	safe   uint64 // the last one that may go
	need   int64  // bytes to remove whatever their age
	done   Pruned
	// idle is set when nothing is left that may be removed now.
	idle bool

	places []place
	met    map[uint64]bool // connections of the blocks that were removed
	recent map[uint64]bool // connections with records that are not in cidx
}

// trim removes what is older than t.before, and the oldest until need bytes are
// freed, but not much more than trimSize bytes together, and no record that is
// not both indexed and counted. What it returns is valid once the transaction
// is committed.
func (t trimmer) trim(tx *bolt.Tx, need int64) (*trimming, error) {
	w := &trimming{trimmer: t, tx: tx, need: need, met: make(map[uint64]bool)}
	indexed, err := metaNumber(tx, keyIndexed)
	if err != nil {
		return nil, err
	}
	counted, err := metaNumber(tx, keyCounted)
	if err != nil {
		return nil, err
	}
	if w.pruned, err = metaOptional(tx, keyPruned); err != nil {
		return nil, err
	}
	w.safe = min(indexed, counted)
	for _, step := range []func() error{w.parts, w.sweep, w.blocks, w.parts, w.connections, w.buried} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// short reports whether more bytes are to be freed whatever their age.
func (w *trimming) short() bool { return w.done.Bytes < w.need }

// blocks removes the oldest blocks.
func (w *trimming) blocks() error {
	var keys []uint64
	var long int64 // bytes of payloads that go with the blocks
	edge := w.pruned
	c := w.tx.Bucket(bucketBlocks).Cursor()
	k, v := c.First()
	for ; k != nil && w.done.Bytes+long < trimSize; k, v = c.Next() {
		key, err := number("blocks", k)
		if err != nil {
			return err
		}
		var e envelope
		if w.places, e, err = blockPlaces(w.places[:0], key, v); err != nil {
			return err
		}
		if e.last > w.safe || w.done.Bytes+long >= w.need && (w.before == 0 || e.maxTime >= w.before) {
			break
		}
		for _, p := range w.places {
			w.met[p.conn] = true
		}
		if err := w.long(&e, &long); err != nil {
			return err
		}
		keys, edge = append(keys, key), e.last
		w.done.Frames += uint64(e.count)
		w.done.Bytes += int64(len(k) + len(v))
	}
	if len(keys) == 0 {
		w.idle = w.idle && w.done.Bytes < trimSize
		return nil
	}
	w.idle = false
	for _, key := range keys {
		if err := w.tx.Bucket(bucketBlocks).Delete(u64(key)); err != nil {
			return err
		}
	}
	w.pruned = edge
	if err := require(w.tx, featurePruned); err != nil {
		return err
	}
	return w.tx.Bucket(bucketMeta).Put(keyPruned, u64(edge))
}

// long adds to n the bytes of the long payloads of a block, as far as they
// matter.
func (w *trimming) long(e *envelope, n *int64) error {
	c := w.tx.Bucket(bucketChunks).Cursor()
	for k, v := c.Seek(pair(e.base, 0)); k != nil && *n < trimSize; k, v = c.Next() {
		global, _, err := numbers("chunks", k)
		if err != nil || global > e.last {
			return err
		}
		*n += int64(len(k) + len(v))
	}
	return nil
}

// parts removes the payloads of records that are gone. A payload may be longer
// than what one transaction removes, so some of it can stay for a while.
func (w *trimming) parts() error {
	var keys [][2]uint64
	chunks := w.tx.Bucket(bucketChunks)
	c := chunks.Cursor()
	for k, v := c.First(); k != nil && w.done.Bytes < trimSize; k, v = c.Next() {
		global, offset, err := numbers("chunks", k)
		if err != nil {
			return err
		}
		if global > w.pruned {
			break
		}
		keys = append(keys, [2]uint64{global, offset})
		w.done.Bytes += int64(len(k) + len(v))
	}
	for _, key := range keys {
		if err := chunks.Delete(pair(key[0], key[1])); err != nil {
			return err
		}
	}
	return nil
}

// sweep looks for connections that never had frames, or have none any more, and
// have ended long enough ago. It goes on where the one before stopped.
func (w *trimming) sweep() error {
	edge := w.before
	if w.short() {
		oldest, err := oldestTime(w.tx)
		if err != nil {
			return err
		}
		edge = max(edge, oldest)
	}
	var gone []uint64
	c := w.tx.Bucket(bucketConns).Cursor()
	k, v := c.Seek(u64(w.swept + 1))
	for n := 0; k != nil && n < trimConns; n++ {
		id, err := number("conns", k)
		if err != nil {
			return err
		}
		w.swept = id
		state, end, err := connectionEnd(id, v)
		if err != nil {
			return err
		}
		if ended := !has(w.tx.Bucket(bucketCstat), k); ended && state != frame.Open {
			frames, ever, err := w.frames(id)
			if err != nil {
				return err
			}
			if ever && !frames || !ever && end < edge {
				gone = append(gone, id)
				w.done.Bytes += int64(len(v))
				if end >= w.before && !w.short() {
					break
				}
			}
		}
		k, v = c.Next()
	}
	if w.idle = k == nil; w.idle {
		w.swept = 0
	}
	for _, id := range gone {
		if err := w.forget(id); err != nil {
			return err
		}
	}
	return nil
}

// connections removes those of the removed blocks that have ended and have no
// frames left, and what of the index of the others leads nowhere.
func (w *trimming) connections() error {
	for id := range w.met {
		if has(w.tx.Bucket(bucketConns), u64(id)) && !has(w.tx.Bucket(bucketCstat), u64(id)) {
			frames, _, err := w.frames(id)
			if err != nil {
				return err
			}
			if !frames {
				if err := w.forget(id); err != nil {
					return err
				}
				continue
			}
		}
		if err := w.index(id); err != nil {
			return err
		}
		if err := w.marks(id); err != nil {
			return err
		}
	}
	return nil
}

// frames reports whether a connection that has ended has frames, and whether it
// ever had.
func (w *trimming) frames(id uint64) (now, ever bool, err error) {
	if w.recent == nil {
		if err := w.readRecent(); err != nil {
			return false, false, err
		}
	}
	if w.recent[id] {
		return true, true, nil
	}
	s, err := lastSpan(w.tx, id)
	if err != nil || s.count > 0 {
		return s.block > w.pruned, true, err
	}
	err = eachGap(w.tx, id, 1, func(gap) error {
		ever = true
		return nil
	})
	return false, ever, err
}

// readRecent finds the connections that have records behind what is indexed.
func (w *trimming) readRecent() error {
	w.recent = make(map[uint64]bool)
	indexed, err := metaNumber(w.tx, keyIndexed)
	if err != nil {
		return err
	}
	return eachBlock(w.tx, indexed+1, func(key uint64, v []byte) (err error) {
		w.places, _, err = blockPlaces(w.places[:0], key, v)
		for _, p := range w.places {
			w.recent[p.conn] = true
		}
		return err
	})
}

// index removes the values of cidx of a connection that lead to no block any
// more. The last one stays: it knows how far the connection has come.
func (w *trimming) index(id uint64) error {
	index := w.tx.Bucket(bucketCidx)
	c := index.Cursor()
	var run []span
	var stale [][]byte
	prefix := u64(id)
	k, v := c.Seek(pair(id, 0))
	for bytes.HasPrefix(k, prefix) {
		var err error
		if run, err = connRun(run[:0], id, k, v); err != nil {
			return err
		}
		if len(run) > 0 && run[len(run)-1].block > w.pruned {
			break
		}
		old := bytes.Clone(k)
		if k, v = c.Next(); bytes.HasPrefix(k, prefix) {
			stale = append(stale, old)
		}
	}
	return remove(index, stale)
}

// marks removes the marks of messages of a connection that are gone.
func (w *trimming) marks(id uint64) error {
	bucket := w.tx.Bucket(bucketMarks)
	if bucket == nil {
		return nil
	}
	first, err := w.first(id)
	if err != nil {
		return err
	}
	var gone [][]byte
	c, prefix := bucket.Cursor(), u64(id)
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		if _, seq, err := numbers("marks", k); err != nil || seq >= first {
			break
		}
		gone = append(gone, bytes.Clone(k))
	}
	return remove(bucket, gone)
}

// first returns the seq of the first frame of a connection that is not known to
// be gone.
func (w *trimming) first(id uint64) (first uint64, err error) {
	var run []span
	c := w.tx.Bucket(bucketCidx).Cursor()
	for k, v := c.Seek(pair(id, 0)); k != nil; k, v = c.Next() {
		if run, err = connRun(run[:0], id, k, v); err != nil || len(run) == 0 {
			break
		}
		for _, s := range run {
			if s.block > w.pruned {
				return s.first, nil
			}
			first = s.first + s.count
		}
	}
	return first, err
}

// forget removes all that is known of a connection without frames.
func (w *trimming) forget(id uint64) error {
	if err := forget(w.tx, id); err != nil {
		return err
	}
	w.done.Connections++
	return removePrefix(w.tx.Bucket(bucketCidx), id)
}

// buried removes the notes of deleted connections whose frames are all gone.
func (w *trimming) buried() error {
	bucket := w.tx.Bucket(bucketTomb)
	if bucket == nil {
		return nil
	}
	var gone []uint64
	c := bucket.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		id, last, err := parseTomb(k, v)
		if err != nil {
			return err
		}
		if last <= w.pruned {
			gone = append(gone, id)
		}
	}
	for _, id := range gone {
		if err := removePrefix(w.tx.Bucket(bucketCidx), id); err != nil {
			return err
		}
		if err := bucket.Delete(u64(id)); err != nil {
			return err
		}
	}
	return nil
}
