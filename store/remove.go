package store

import (
	"bytes"
	"math"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/wsluice/wsluice/frame"
)

// forget removes the record of a connection, and sees to it that its id is
// never given again.
func forget(tx *bolt.Tx, id uint64) error {
	issued, err := metaOptional(tx, keyIssued)
	if err != nil {
		return err
	}
	if id > issued {
		if err := tx.Bucket(bucketMeta).Put(keyIssued, u64(id)); err != nil {
			return err
		}
	}
	for _, name := range [][]byte{bucketGaps, bucketMarks} {
		if bucket := tx.Bucket(name); bucket != nil {
			if err := removePrefix(bucket, id); err != nil {
				return err
			}
		}
	}
	return tx.Bucket(bucketConns).Delete(u64(id))
}

// removePrefix removes the keys that begin with the given number.
func removePrefix(bucket *bolt.Bucket, id uint64) error {
	var keys [][]byte
	prefix := u64(id)
	c := bucket.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	return remove(bucket, keys)
}

func remove(bucket *bolt.Bucket, keys [][]byte) error {
	for _, k := range keys {
		if err := bucket.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// has reports whether a bucket has the given key, of which the value may be
// empty.
func has(bucket *bolt.Bucket, key []byte) bool {
	k, _ := bucket.Cursor().Seek(key)
	return bytes.Equal(k, key)
}

// oldestTime returns the time of the oldest record, or the end of time when
// there is none.
func oldestTime(tx *bolt.Tx) (int64, error) {
	k, v := tx.Bucket(bucketBlocks).Cursor().First()
	if k == nil {
		return math.MaxInt64, nil
	}
	e, err := parseEnvelope(v)
	return e.minTime, err
}

// connectionEnd reads of a stored connection its state and when it ended, in
// nanoseconds since 1970.
func connectionEnd(id uint64, p []byte) (state frame.State, end int64, err error) {
	for len(p) > 0 {
		num, typ, n := protowire.ConsumeTag(p)
		if n >= 0 {
			p = p[n:]
			n = protowire.ConsumeFieldValue(num, typ, p)
		}
		switch {
		case n < 0:
			return "", 0, corrupt("connection %d: %w", id, protowire.ParseError(n))
		case num == connState && typ == protowire.BytesType:
			s, _ := protowire.ConsumeBytes(p)
			state = frame.State(s)
		case (num == connEnd || num == connStart && end == 0) && typ == protowire.VarintType:
			v, _ := protowire.ConsumeVarint(p)
			end = protowire.DecodeZigZag(v)
		}
		p = p[n:]
	}
	return state, end, nil
}
