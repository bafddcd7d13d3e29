package store

import (
	"bytes"

	bolt "go.etcd.io/bbolt"
)

// gap is a run of records of a connection that are missing in the middle of a
// capture.
type gap struct{ first, count uint64 }

// end returns the seq behind g.
func (g gap) end() uint64 { return g.first + g.count }

// parseGap reads an entry of the gaps bucket.
func parseGap(k, v []byte) (conn uint64, g gap, err error) {
	conn, g.first, err = numbers("gaps", k)
	if err != nil {
		return 0, g, err
	}
	n, ok := readNote(k, v)
	if g.count = n; !ok || n == 0 || g.first == 0 || g.end() < g.first {
		return 0, g, corrupt("connection %d: the gap at frame %d is broken", conn, g.first)
	}
	return conn, g, nil
}

// eachGap calls fn with the gaps of a connection from seq on, in order.
func eachGap(tx *bolt.Tx, conn, from uint64, fn func(gap) error) error {
	gaps := tx.Bucket(bucketGaps)
	if gaps == nil {
		return nil
	}
	c := gaps.Cursor()
	for k, v := c.Seek(pair(conn, from)); bytes.HasPrefix(k, u64(conn)); k, v = c.Next() {
		_, g, err := parseGap(k, v)
		if err == nil {
			err = fn(g)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// gapsBucket makes the gaps bucket if there is none, and returns it.
func gapsBucket(tx *bolt.Tx) (*bolt.Bucket, error) {
	if gaps := tx.Bucket(bucketGaps); gaps != nil {
		return gaps, nil
	}
	if err := require(tx, featureGaps); err != nil {
		return nil, err
	}
	return tx.CreateBucket(bucketGaps)
}

// order checks that no record is missing before d on its connection.
func (v *verifier) order(tx *bolt.Tx, d *decoded) {
	s, met := v.seqs[d.Conn]
	want := s.last + 1
	switch {
	case d.Seq == want:
	case !met && v.r.pruned > 0:
	case v.noted(tx, d.Conn, want) == d.Seq:
		v.known++
	default:
		v.report.problem("connection %d: frame %d follows frame %d", d.Conn, d.Seq, s.last)
	}
	if !met {
		s.first = d.Seq
	}
	s.last = d.Seq
	v.seqs[d.Conn] = s
}

// noted returns the seq behind the gap that is noted to begin at seq, or 0.
func (v *verifier) noted(tx *bolt.Tx, conn, seq uint64) uint64 {
	gaps := tx.Bucket(bucketGaps)
	if gaps == nil {
		return 0
	}
	key := pair(conn, seq)
	_, g, err := parseGap(key, gaps.Get(key))
	if err != nil {
		return 0
	}
	return g.end()
}

// gaps checks that all gaps that are noted are there.
func (v *verifier) gaps() error {
	inside := uint64(0)
	for from, more := pair(0, 0), true; more; {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		err := v.r.view(func(tx *bolt.Tx) error {
			bucket := tx.Bucket(bucketGaps)
			if bucket == nil {
				more = false
				return nil
			}
			c, n := bucket.Cursor(), 0
			for k, value := c.Seek(from); ; k, value = c.Next() {
				if more = k != nil; !more {
					return nil
				}
				if n++; n > 1024 {
					from = bytes.Clone(k)
					return nil
				}
				conn, g, err := parseGap(k, value)
				if err != nil {
					return err
				}
				v.report.Missing += g.count
				s, met := v.seqs[conn]
				switch {
				case met && g.first == s.last+1:
				case !met && (g.first == 1 || v.r.pruned > 0):
				case g.first < s.first && v.r.pruned > 0:
				case g.first < s.last:
					inside++
				default:
					v.report.problem("connection %d: a gap at frame %d is noted behind the last one", conn, g.first)
				}
			}
		})
		if err != nil {
			return err
		}
	}
	if inside > v.known {
		v.report.problem("%d gaps are noted where no frame is missing", inside-v.known)
	}
	return nil
}
