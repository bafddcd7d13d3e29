package store

import (
	"context"
	"math"
	"sync/atomic"

	"github.com/wsluice/wsluice/frame"
)

// scanStep is how many blocks a cursor reads at a time.
const scanStep = 16

// Cursor goes through records in order. It belongs to one goroutine at a time,
// and has one of its own that inflates the next blocks meanwhile.
type Cursor struct {
	ctx    context.Context
	cancel context.CancelFunc
	r      *Reader
	conn   uint64
	first  uint64
	next   uint64 // seq, or global number when conn is 0
	end    uint64 // number behind the last one wanted, 0 for no end
	last   uint64 // the last number there was
	// come is how many numbers of how many the cursor has gone past, for
	// Progress.
	come, whole atomic.Uint64
	sieve       *sieve
	// pass, if set, is asked about blocks that the sieve holds back. Those for
	// which it reports false are gone through all the same.
	pass   func(*block) bool
	pruned uint64
	begun  bool

	now   stride // gone through
	ahead stride // read meanwhile, its result in ready
	ready chan error
	busy  bool // ready is awaited
	at    int  // the block of now that w is in
	w     walk
	held  bool // w stands on a record that is behind the end

	err    error
	closed bool
}

// stride is a few blocks read together.
type stride struct {
	stored Blocks
	blocks []*block
	used   int
}

// Scan returns a cursor over the records of a connection from seq on, or with
// conn 0 over all from that global number on, until the last one there is when
// it gets there. Close it after use.
func (r *Reader) Scan(ctx context.Context, conn, from uint64) *Cursor {
	return r.scan(ctx, conn, from, 0)
}

// scan is Scan as far as the number end, which is not included; 0 is no end.
func (r *Reader) scan(ctx context.Context, conn, from, end uint64) *Cursor {
	from = max(from, 1)
	c := &Cursor{r: r, conn: conn, first: from, next: from, end: end, ready: make(chan error, 1)}
	c.ctx, c.cancel = context.WithCancel(ctx)
	return c
}

// Next moves to the next record. It returns false behind the last and after an
// error. Behind the last it may be called again, when there may be more.
func (c *Cursor) Next() bool {
	for c.err == nil && !c.closed && (c.end == 0 || c.next < c.end) {
		if c.at == c.now.used {
			if !c.advance() {
				return false
			}
			continue
		}
		if c.sieve == nil || c.w.n > 0 || !c.sieve.holds(c.w.b) || !c.skip() {
			if c.err != nil {
				return false
			}
			var ok bool
			if ok, c.err = c.record(); ok || c.err != nil || c.held {
				return ok
			}
		}
		c.tell()
		if c.err = c.ctx.Err(); c.err != nil {
			return false
		}
		if c.at++; c.at < c.now.used {
			c.w.start(c.now.blocks[c.at])
		}
	}
	return false
}

// record moves to the next record in the current block, unless that is behind
// the end: then it holds it.
func (c *Cursor) record() (ok bool, err error) {
	if c.held {
		c.held = false
	} else if ok, err = c.w.seek(c.conn, c.next); !ok {
		return false, err
	}
	n := c.number(&c.w.rec.Record)
	if c.end > 0 && n >= c.end {
		c.next, c.held = n, true
		return false, nil
	}
	if c.next = n + 1; n%256 == 0 || n >= c.last {
		c.tell()
	}
	if c.w.rec.chunked {
		err = c.r.resolve(c.ctx, &c.w.rec)
	}
	return err == nil, err
}

// tell makes known how far the cursor has come.
func (c *Cursor) tell() {
	c.whole.Store(max(c.last, c.first-1) - (c.first - 1))
	c.come.Store(c.next - c.first)
}

// skip goes past the current block. It reports false when that has to be gone
// through all the same, and reads it then.
func (c *Cursor) skip() bool {
	b := c.w.b
	if c.pass != nil && !c.pass(b) {
		if b.unread {
			if c.err = b.parse(c.now.stored.Block(c.at)); c.err == nil {
				b.unread = false
				c.w.start(b)
			}
		}
		return false
	}
	if c.next = b.last + 1; c.conn != 0 {
		for _, p := range b.places {
			if p.conn == c.conn {
				c.next = p.first + p.count
			}
		}
	}
	return true
}

// number returns the number of r in the scan.
func (c *Cursor) number(r *frame.Record) uint64 {
	if c.conn == 0 {
		return r.Global
	}
	return r.Seq
}

// advance goes on to the stride that was read ahead, and has the one behind it
// read. It reports whether there is one.
func (c *Cursor) advance() bool {
	if c.err = c.ctx.Err(); c.err != nil {
		return false
	}
	if c.now.used > 0 {
		// Records of deleted connections may have come last, and a damaged index
		// may have promised more.
		if c.next = max(c.next, c.now.stored.Next); c.end > 0 && c.next >= c.end {
			return false
		}
	}
	fresh := c.busy
	if c.busy {
		c.err, c.busy = <-c.ready, false
		c.now, c.ahead = c.ahead, c.now
		// What was not there when it was read ahead may be by now.
		fresh = c.now.used > 0
	}
	if c.err == nil && !fresh {
		c.err = c.read(&c.now, c.next, c.end)
	}
	c.at = 0
	if c.err != nil || c.now.used == 0 {
		c.now.used = 0
		return false
	}
	s := &c.now.stored
	if c.begun {
		c.pruned += s.First - c.next
	}
	c.begun, c.last = true, s.Last
	c.next = max(c.next, s.First)
	c.w.start(c.now.blocks[0])
	c.tell()
	if from, end := s.Next, c.end; from <= s.Last && (end == 0 || from < end) {
		c.busy = true
		go func() { c.ready <- c.read(&c.ahead, from, end) }()
	}
	return true
}

// read reads the blocks from the given number on into s, but no more than it
// takes to come to the end.
func (c *Cursor) read(s *stride, from, end uint64) error {
	s.used = 0
	ask := Request{Conn: c.conn, From: from, Records: math.MaxUint64, Limit: scanStep}
	if end > 0 {
		ask.Records = end - from
	}
	if err := c.r.source.Blocks(c.ctx, ask, &s.stored); err != nil {
		return err
	}
	for i := range s.stored.Len() {
		if s.used == len(s.blocks) {
			s.blocks = append(s.blocks, new(block))
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if err := c.open(s.blocks[s.used], s.stored.Block(i)); err != nil {
			return err
		}
		s.used++
	}
	return nil
}

// open reads the stored block p into b, without its records when the sieve
// holds it back by what its header says.
func (c *Cursor) open(b *block, p []byte) error {
	if b.unread = false; c.sieve == nil {
		return b.parse(p)
	}
	if err := b.header(p); err != nil {
		return err
	}
	if b.unread = c.sieve.closed(b); b.unread {
		return nil
	}
	return b.parse(p)
}

// Record returns the record Next moved to. It and its payload are valid until
// the next call of Next. Payloads over 128 KiB are cut to their beginning.
func (c *Cursor) Record() *frame.Record { return &c.w.rec.Record }

// Pruned returns how many records the cursor found gone on its way because they
// had been pruned before it got there. Those that were gone before it began
// are not counted.
func (c *Cursor) Pruned() uint64 { return c.pruned }

// Progress returns how far the cursor has come, from 0 to 1. It may be called
// from any goroutine.
func (c *Cursor) Progress() float64 {
	whole := c.whole.Load()
	if whole == 0 {
		return 0
	}
	return min(1, float64(c.come.Load())/float64(whole))
}

// Err returns the error that ended the scan, if any.
func (c *Cursor) Err() error { return c.err }

// Close ends the scan, and what is being read ahead.
func (c *Cursor) Close() error {
	c.cancel()
	if c.busy {
		<-c.ready
		c.busy = false
	}
	c.closed, c.now, c.at = true, stride{}, 0
	return nil
}
