package store

import (
	"context"
	"math"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// scanStep is how many blocks a cursor reads in one transaction.
const scanStep = 16

// Cursor goes through records in order. It belongs to one goroutine at a time,
// and has one of its own that inflates the next blocks meanwhile.
type Cursor struct {
	ctx   context.Context
	r     *Reader
	conn  uint64
	first uint64
	next  uint64 // seq, or global number when conn is 0
	now   stride // gone through
	ahead stride // read meanwhile, its result in ready
	ready chan error
	busy  bool // ready is awaited
	at    int  // the block of now that w is in
	w     walk
	err   error
	done  bool
}

// stride is a few blocks read in one transaction.
type stride struct {
	from   uint64 // the first number wanted
	next   uint64 // the number behind it
	last   uint64 // the last number there was
	blocks []*block
	used   int
}

// Scan returns a cursor over the records of a connection from seq on, or with
// conn 0 over all from that global number on, until the last one there is when
// it gets there. Close it after use.
func (r *Reader) Scan(ctx context.Context, conn, from uint64) *Cursor {
	from = max(from, 1)
	return &Cursor{ctx: ctx, r: r, conn: conn, first: from, next: from, ready: make(chan error, 1)}
}

// Next moves to the next record. It returns false behind the last and after an
// error.
func (c *Cursor) Next() bool {
	for c.err == nil && !c.done {
		if c.at == c.now.used {
			c.advance()
			continue
		}
		var ok bool
		if ok, c.err = c.record(); ok {
			return true
		}
		if c.at++; c.at < c.now.used {
			c.w.start(c.now.blocks[c.at])
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

// advance goes on to the stride that was read ahead, and has the one behind it
// read.
func (c *Cursor) advance() {
	if c.err = c.ctx.Err(); c.err != nil {
		return
	}
	fresh := c.busy
	if c.busy {
		c.err, c.busy = <-c.ready, false
		c.now, c.ahead = c.ahead, c.now
		// What was not there when it was read ahead may be by now.
		fresh = c.now.used > 0
	}
	if c.err == nil && !fresh {
		c.now.from = c.next
		c.err = c.read(&c.now)
	}
	c.at = 0
	if c.err != nil || c.now.used == 0 {
		c.done = true
		return
	}
	c.w.start(c.now.blocks[0])
	if c.now.next <= c.now.last {
		c.ahead.from, c.busy = c.now.next, true
		go func() { c.ready <- c.read(&c.ahead) }()
	}
}

// read reads the blocks of s from s.from on.
func (c *Cursor) read(s *stride) error {
	s.used, s.next = 0, s.from
	return c.r.view(func(tx *bolt.Tx) (err error) {
		if c.conn == 0 {
			return s.all(tx)
		}
		if s.last, err = c.r.last(tx, c.conn); err != nil || s.from > s.last {
			return err
		}
		spans, err := c.r.spans(tx, c.conn, s.from, math.MaxUint64, scanStep)
		if err != nil {
			return err
		}
		bucket := tx.Bucket(bucketBlocks)
		for _, p := range spans {
			v := bucket.Get(u64(p.block))
			if v == nil {
				return corrupt("index of connection %d names block %d, which is missing", c.conn, p.block)
			}
			if err := s.load(p.block, v); err != nil {
				return err
			}
			if s.next >= p.first+p.count {
				return corrupt("index of connection %d is out of order at frame %d", c.conn, p.first)
			}
			s.next = p.first + p.count
		}
		return nil
	})
}

// all reads the blocks of all connections.
func (s *stride) all(tx *bolt.Tx) (err error) {
	if s.last, err = lastGlobal(tx); err != nil || s.from > s.last {
		return err
	}
	c := tx.Bucket(bucketBlocks).Cursor()
	k, v, err := seekBlock(c, s.from)
	for ; k != nil && err == nil && s.used < scanStep; k, v = c.Next() {
		var key uint64
		if key, err = number("blocks", k); err != nil {
			break
		}
		if err = s.load(key, v); err != nil {
			break
		}
		last := s.blocks[s.used-1].last
		if last < s.next {
			return corrupt("block %d is out of order", key)
		}
		s.next = last + 1
	}
	return err
}

// load inflates one block behind those of this stride.
func (s *stride) load(key uint64, v []byte) error {
	if s.used == len(s.blocks) {
		s.blocks = append(s.blocks, new(block))
	}
	if err := s.blocks[s.used].parse(key, v); err != nil {
		return err
	}
	s.used++
	return nil
}

// Record returns the record Next moved to. It and its payload are valid until
// the next call of Next. Payloads over 128 KiB are cut to their beginning.
func (c *Cursor) Record() *frame.Record { return &c.w.rec.Record }

// Progress returns how far the cursor has come, from 0 to 1.
func (c *Cursor) Progress() float64 {
	switch {
	case c.done || c.now.used > 0 && c.next > c.now.last:
		return 1
	case c.now.used == 0:
		return 0
	}
	return float64(c.next-c.first) / float64(c.now.last-c.first+1)
}

// Err returns the error that ended the scan, if any.
func (c *Cursor) Err() error { return c.err }

// Close ends the scan.
func (c *Cursor) Close() error {
	if c.busy {
		<-c.ready
		c.busy = false
	}
	c.done, c.now, c.at = true, stride{}, 0
	return nil
}
