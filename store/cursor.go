package store

import (
	"context"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// scanStep is how many blocks a cursor reads in one transaction.
const scanStep = 16

// Cursor goes through records in order. It belongs to one goroutine at a time.
type Cursor struct {
	ctx    context.Context
	r      *Reader
	conn   uint64
	next   uint64 // seq, or global number when conn is 0
	first  uint64
	last   uint64 // the last number there is, as of the latest step
	blocks []*block
	used   int // of blocks in this step
	at     int // the block w is in
	w      walk
	err    error
	done   bool
}

// Scan returns a cursor over the records of a connection from seq on, or with
// conn 0 over all from that global number on, until the last one there is when
// it gets there. Close it after use.
func (r *Reader) Scan(ctx context.Context, conn, from uint64) *Cursor {
	from = max(from, 1)
	return &Cursor{ctx: ctx, r: r, conn: conn, next: from, first: from}
}

// Next moves to the next record. It returns false behind the last and after an
// error.
func (c *Cursor) Next() bool {
	for c.err == nil && !c.done {
		if c.at < c.used {
			var ok bool
			if ok, c.err = c.record(); ok {
				return true
			}
			if c.at++; c.at < c.used {
				c.w.start(c.blocks[c.at])
			}
			continue
		}
		if c.err = c.ctx.Err(); c.err != nil {
			break
		}
		c.used, c.at = 0, 0
		c.err = c.r.view(c.step)
		if c.used == 0 {
			c.done = true
		} else {
			c.w.start(c.blocks[0])
		}
	}
	return false
}

// record moves to the next record in the current block.
func (c *Cursor) record() (ok bool, err error) {
	if ok, err = c.w.seek(c.conn, c.next); !ok {
		return false, err
	}
	if c.next = c.w.rec.Seq + 1; c.conn == 0 {
		c.next = c.w.rec.Global + 1
	}
	if c.w.rec.chunked {
		err = c.r.view(func(tx *bolt.Tx) error { return resolve(tx, &c.w.rec) })
	}
	return err == nil, err
}

// step inflates the next few blocks into the cursor's own memory.
func (c *Cursor) step(tx *bolt.Tx) (err error) {
	if c.conn == 0 {
		if c.last, err = lastGlobal(tx); err != nil || c.next > c.last {
			return err
		}
		cur := tx.Bucket(bucketBlocks).Cursor()
		k, v, err := seekBlock(cur, c.next)
		for ; k != nil && err == nil && c.used < scanStep; k, v = cur.Next() {
			var key uint64
			if key, err = number("blocks", k); err == nil {
				err = c.load(key, v)
			}
		}
		return err
	}
	if c.last, err = c.r.last(tx, c.conn); err != nil || c.next > c.last {
		return err
	}
	spans, err := c.r.spans(tx, c.conn, c.next, ^uint64(0), scanStep)
	if err != nil {
		return err
	}
	bucket := tx.Bucket(bucketBlocks)
	for _, s := range spans {
		v := bucket.Get(u64(s.block))
		if v == nil {
			return corrupt("index of connection %d names block %d, which is missing", c.conn, s.block)
		}
		if err := c.load(s.block, v); err != nil {
			return err
		}
	}
	return nil
}

// load inflates one block behind those of this step.
func (c *Cursor) load(key uint64, v []byte) error {
	if c.used == len(c.blocks) {
		c.blocks = append(c.blocks, new(block))
	}
	if err := c.blocks[c.used].parse(key, v); err != nil {
		return err
	}
	c.used++
	return nil
}

// Record returns the record Next moved to. It and its payload are valid until
// the next call of Next. Payloads over 128 KiB are cut to their beginning.
func (c *Cursor) Record() *frame.Record { return &c.w.rec.Record }

// Progress returns how far the cursor has come, from 0 to 1.
func (c *Cursor) Progress() float64 {
	switch {
	case c.used == 0 && !c.done:
		return 0
	case c.next > c.last:
		return 1
	}
	return float64(c.next-c.first) / float64(c.last-c.first+1)
}

// Err returns the error that ended the scan, if any.
func (c *Cursor) Err() error { return c.err }

// Close ends the scan.
func (c *Cursor) Close() error {
	c.done, c.blocks, c.used = true, nil, 0
	return nil
}
