package store

import (
	"bytes"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// seekBlock moves c, a cursor over blocks, to the block that holds the record
// numbered global, or the first one behind it.
func seekBlock(c *bolt.Cursor, global uint64) (k, v []byte, err error) {
	key := u64(global)
	if k, v = c.Seek(key); bytes.Equal(k, key) {
		return k, v, nil
	}
	if k == nil {
		k, v = c.Last()
	} else {
		k, v = c.Prev()
	}
	if k == nil { // the first block lies behind global
		k, v = c.First()
		return k, v, nil
	}
	e, err := parseEnvelope(v)
	if err != nil {
		return nil, nil, err
	}
	if e.last < global {
		k, v = c.Next()
	}
	return k, v, nil
}

// lastGlobal returns the number of the last record there was, 0 for none.
func lastGlobal(tx *bolt.Tx) (uint64, error) {
	k, v := tx.Bucket(bucketBlocks).Cursor().Last()
	if k == nil {
		return metaOptional(tx, keyPruned)
	}
	e, err := parseEnvelope(v)
	return e.last, err
}

// eachBlock calls fn with every block that holds records from the given global
// number on.
func eachBlock(tx *bolt.Tx, from uint64, fn func(key uint64, value []byte) error) error {
	c := tx.Bucket(bucketBlocks).Cursor()
	k, v, err := seekBlock(c, from)
	for ; k != nil && err == nil; k, v = c.Next() {
		var key uint64
		if key, err = number("blocks", k); err == nil {
			err = fn(key, v)
		}
	}
	return err
}

// blockPlaces returns the directory of a stored block without inflating it.
func blockPlaces(dst []place, key uint64, value []byte) ([]place, envelope, error) {
	e, err := parseEnvelope(value)
	if err != nil {
		return nil, e, inBlock(key, err)
	}
	if e.base != key || e.count == 0 {
		return nil, e, corrupt("block %d: header claims %d records from %d", key, e.count, e.base)
	}
	places, err := parseDirectory(dst, &e, value[envelopeSize:envelopeSize+e.directory])
	if err == nil && slices.ContainsFunc(places, func(p place) bool { return p.conn == hiddenConn }) {
		err = corrupt("block %d: directory lists connection 0", key)
	}
	return places, e, err
}

// abandoned returns the connections that were open when their recorder ended,
// as ended, with counters that include the frames after the last count.
func abandoned(tx *bolt.Tx) (map[uint64]*storedConnection, error) {
	pruned, err := metaOptional(tx, keyPruned)
	if err != nil {
		return nil, err
	}
	counts := make(map[uint64]*counters)
	conns := make(map[uint64]*storedConnection)
	records := tx.Bucket(bucketConns)
	c := tx.Bucket(bucketCstat).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		id, err := number("cstat", k)
		if err != nil {
			return nil, err
		}
		conn := &storedConnection{Connection: frame.Connection{ID: id}}
		if err := conn.merge(records.Get(k)); err != nil {
			return nil, err
		}
		if err := conn.merge(v); err != nil {
			return nil, err
		}
		n := conn.counters()
		for side, global := range n.long {
			if global > pruned {
				size, _, err := storedSize(tx, global)
				if err != nil {
					return nil, err
				}
				n.bytes[side] += size
			}
		}
		n.long = [2]uint64{}
		conns[id], counts[id] = conn, &n
	}
	if len(conns) == 0 {
		return nil, nil
	}
	if err := countTail(tx, counts); err != nil {
		return nil, err
	}
	for id, conn := range conns {
		conn.setCounters(counts[id])
		end := conn.abandon()
		conn.State, conn.End, conn.EndedBy, conn.How, conn.Error = frame.Closed, end.Time, end.EndedBy, end.How, end.Error
	}
	return conns, nil
}

// abandon returns the end of a connection nobody saw the end of.
func (c *storedConnection) abandon() frame.End {
	end := frame.End{
		Time:    c.Start,
		EndedBy: frame.ByProxy,
		How:     frame.ByError,
		Error:   "the recording stopped before the connection ended",
	}
	if c.seen != 0 {
		end.Time = instant(c.seen)
	}
	return end
}

// countTail adds the frames behind meta counted to the counters of their
// connections.
func countTail(tx *bolt.Tx, counts map[uint64]*counters) error {
	counted, err := metaNumber(tx, keyCounted)
	if err != nil {
		return err
	}
	var b block
	var w walk
	return eachBlock(tx, counted+1, func(key uint64, value []byte) error {
		if err := b.parse(value); err != nil {
			return err
		}
		w.start(&b)
		for {
			ok, err := w.next()
			if !ok || err != nil {
				return err
			}
			n := counts[w.rec.Conn]
			if w.rec.Global <= counted || n == nil {
				continue
			}
			n.add(&w.rec.Record, w.rec.time, w.rec.chunked)
			if w.rec.chunked {
				size, _, err := storedSize(tx, w.rec.Global)
				if err != nil {
					return err
				}
				n.bytes[w.rec.From] += size
			}
		}
	})
}

// position is where a capture ends: the last of each kind of number given.
type position struct{ global, conn, event uint64 }

// recoverCapture makes a capture ready to be carried on: connections left open
// are ended and the index is brought up to the last block. It returns where the
// capture ends.
func recoverCapture(tx *bolt.Tx) (at position, err error) {
	if at.global, err = lastGlobal(tx); err != nil {
		return at, err
	}
	if at.event, err = lastEvent(tx); err != nil {
		return at, err
	}
	if k, _ := tx.Bucket(bucketConns).Cursor().Last(); k != nil {
		if at.conn, err = number("conns", k); err != nil {
			return at, err
		}
	}
	issued, err := metaOptional(tx, keyIssued)
	if err != nil {
		return at, err
	}
	at.conn = max(at.conn, issued)
	var b batch
	conns, err := abandoned(tx)
	if err != nil {
		return at, err
	}
	for id, c := range conns {
		end, n := c.abandon(), c.counters()
		b.arena = appendCounters(appendEnd(b.arena, frame.Closed, &end), &n)
		b.add(closeConn, id, 0)
	}
	indexed, err := metaNumber(tx, keyIndexed)
	if err != nil {
		return at, err
	}
	e := encoder{batch: &b, indexed: at.global}
	var places []place
	err = eachBlock(tx, indexed+1, func(key uint64, value []byte) error {
		var err error
		if places, _, err = blockPlaces(places[:0], key, value); err != nil {
			return err
		}
		for _, p := range places {
			e.spans = append(e.spans, span{conn: p.conn, first: p.first, count: p.count, block: key})
		}
		return nil
	})
	if err != nil {
		return at, err
	}
	e.index()
	b.last, b.counted = at.global, true
	return at, b.apply(tx)
}

// tail is the part of the index that is not in cidx yet.
type tail struct {
	indexed uint64 // meta indexed when it was read
	last    uint64 // key of the last block in it
	spans   map[uint64][]span
	places  []place
}

// refresh brings t up to what tx sees.
func (t *tail) refresh(tx *bolt.Tx) error {
	indexed, err := metaNumber(tx, keyIndexed)
	if err != nil {
		return err
	}
	if t.spans == nil || indexed != t.indexed {
		*t = tail{indexed: indexed, spans: make(map[uint64][]span)}
	}
	// The last block known may have grown since.
	return eachBlock(tx, max(t.last, indexed+1), func(key uint64, value []byte) error {
		if t.places, _, err = blockPlaces(t.places[:0], key, value); err != nil {
			return err
		}
		for _, p := range t.places {
			spans := t.spans[p.conn]
			if n := len(spans); n > 0 && spans[n-1].block == key {
				spans = spans[:n-1]
			}
			t.spans[p.conn] = append(spans, span{conn: p.conn, first: p.first, count: p.count, block: key})
		}
		t.last = key
		return nil
	})
}
