package store

import (
	"bytes"
	"math"
	"sort"

	bolt "go.etcd.io/bbolt"
)

// last returns the seq of the last frame of a connection.
func (l *local) last(tx *bolt.Tx, conn uint64) (last uint64, err error) {
	if spans := l.tail.spans[conn]; len(spans) > 0 {
		s := spans[len(spans)-1]
		last = s.first + s.count - 1
	} else if s, err := lastSpan(tx, conn); err != nil {
		return 0, err
	} else if s.count > 0 {
		last = s.first + s.count - 1
	}
	err = eachGap(tx, conn, last+1, func(g gap) error {
		last = g.end() - 1
		return nil
	})
	return last, err
}

// lastSpan returns where cidx has the last records of a connection. Its count
// is 0 when there are none.
func lastSpan(tx *bolt.Tx, conn uint64) (span, error) {
	k, v := seekRun(tx.Bucket(bucketCidx).Cursor(), conn, math.MaxUint64)
	run, err := connRun(nil, conn, k, v)
	if err != nil || len(run) == 0 {
		return span{}, err
	}
	return run[len(run)-1], nil
}

// missing returns how many records of a connection are not there any more.
func (l *local) missing(tx *bolt.Tx, conn uint64) (uint64, error) {
	if l.pruned == 0 && tx.Bucket(bucketGaps) == nil {
		return 0, nil
	}
	last, err := l.last(tx, conn)
	if err != nil || last == 0 {
		return 0, err
	}
	spans, err := l.spans(tx, conn, 1, 1, 1)
	if err != nil || len(spans) == 0 {
		return last, err
	}
	n := spans[0].first - 1
	err = eachGap(tx, conn, spans[0].first, func(g gap) error {
		n += g.count
		return nil
	})
	return n, err
}

// spans returns where the records of conn from seq on lie, in order, until they
// are at least want records in more than no spans, or limit spans.
func (l *local) spans(tx *bolt.Tx, conn, seq, want uint64, limit int) ([]span, error) {
	var out []span
	var have uint64
	enough := func(spans []span) bool {
		i := sort.Search(len(spans), func(i int) bool { return spans[i].first+spans[i].count > seq })
		for _, s := range spans[i:] {
			if s.block <= l.pruned {
				continue
			}
			out = append(out, s)
			if have += s.first + s.count - max(seq, s.first); have >= want || len(out) >= limit {
				return true
			}
		}
		return false
	}
	c := tx.Bucket(bucketCidx).Cursor()
	var run []span
	for k, v := seekRun(c, conn, seq); k != nil; k, v = c.Next() {
		var err error
		if run, err = connRun(run[:0], conn, k, v); err != nil {
			return nil, err
		}
		if len(run) == 0 {
			break
		}
		if enough(run) {
			return out, nil
		}
	}
	enough(l.tail.spans[conn])
	return out, nil
}

// seekRun moves c, a cursor over cidx, to the last key of conn up to seq, or if
// there is none to the first key behind it.
func seekRun(c *bolt.Cursor, conn, seq uint64) (k, v []byte) {
	key := pair(conn, seq)
	if k, v = c.Seek(key); bytes.Equal(k, key) {
		return k, v
	}
	if k == nil {
		k, v = c.Last()
	} else {
		k, v = c.Prev()
	}
	switch {
	case k == nil:
		return c.First()
	case !bytes.HasPrefix(k, key[:8]):
		return c.Next()
	}
	return k, v
}

// connRun reads a value of cidx; it returns no spans when it is not conn's.
func connRun(dst []span, conn uint64, k, v []byte) ([]span, error) {
	if k == nil {
		return nil, nil
	}
	a, first, err := numbers("cidx", k)
	if err != nil || a != conn {
		return nil, err
	}
	return parseRun(dst, conn, first, v)
}
