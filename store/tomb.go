package store

import (
	"encoding/binary"

	bolt "go.etcd.io/bbolt"
)

// tombs are the connections that were deleted. The zero value holds none.
type tombs struct {
	tx  int // the transaction they were read in
	ids map[uint64]bool
}

// refresh brings t up to what tx sees.
func (t *tombs) refresh(tx *bolt.Tx) error {
	if t.tx == tx.ID() && t.tx != 0 {
		return nil
	}
	t.ids = nil
	bucket := tx.Bucket(bucketTomb)
	if bucket == nil {
		t.tx = tx.ID()
		return nil
	}
	c := bucket.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		id, _, err := parseTomb(k, v)
		if err != nil {
			return err
		}
		if t.ids == nil {
			t.ids = make(map[uint64]bool)
		}
		t.ids[id] = true
	}
	t.tx = tx.ID()
	return nil
}

// parseTomb reads an entry of the tomb bucket: a deleted connection, and the
// last global number one of its records may have.
func parseTomb(k, v []byte) (id, last uint64, err error) {
	if id, err = number("tomb", k); err != nil {
		return 0, 0, err
	}
	last, ok := readNote(k, v)
	if !ok || id == 0 {
		return 0, 0, corrupt("the note that connection %d was deleted is broken", id)
	}
	return id, last, nil
}

// in reports whether a block has records of deleted connections.
func (t *tombs) in(places []place) bool {
	for _, p := range places {
		if t.ids[p.conn] {
			return true
		}
	}
	return false
}

// hide makes the records of deleted connections in p, a stored block with the
// header e, unknown to who reads it.
func (t *tombs) hide(p []byte, e *envelope) {
	sound := sound(p) == nil
	for dir := p[envelopeSize : envelopeSize+e.directory]; len(dir) > 0; {
		id, n := binary.Uvarint(dir)
		if t.ids[id] {
			for i := range n - 1 {
				dir[i] = 0x80
			}
			dir[n-1] = hiddenConn
		}
		for range 3 {
			_, n := binary.Uvarint(dir)
			dir = dir[n:]
		}
	}
	if sound {
		e.put(p)
	}
}
