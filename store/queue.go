package store

import (
	"sync"

	"github.com/wsluice/wsluice/frame"
)

const (
	chunkSize  = 256 << 10
	chunkRuns  = 8 << 10
	runCost    = 32 // what a run costs in a queue besides its bytes
	spareLimit = 16 // chunks kept for reuse
)

// runKind says what a run stands for.
type runKind uint8

const (
	runBytes  runKind = iota // bytes from the wire
	runSkip                  // n payload bytes that were shed
	runLost                  // n bytes of whole frames that were shed
	runOpened                // the connection begins
	runClosed                // the connection ends
)

// run is one entry of a queue: bytes one side of a connection sent, or an event
// among them.
type run struct {
	tape *Tape
	at   int64  // nanoseconds since 1970
	n    uint64 // length of its bytes, which follow those of the run before
	kind runKind
	from frame.Side
}

// chunk is a piece of a queue.
type chunk struct {
	bytes []byte
	runs  []run
}

// queue carries runs from the tapes to the encoder, in order, bounded in bytes.
// What is taken counts until it is released, so the bound covers everything on
// its way to the disk. All methods may be called from any goroutine.
type queue struct {
	mu     sync.Mutex
	room   sync.Cond
	limit  int
	held   int    // bytes put and not yet released
	total  uint64 // bytes ever put
	filled []*chunk
	spare  []*chunk
	idle   bool // the taker waits for the first run
	shut   bool // nothing more is taken in

	stalls    uint64 // times a put had to wait
	discarded uint64 // bytes refused after shut
	wake      chan struct{}
}

func newQueue(limit int) *queue {
	q := &queue{limit: limit, wake: make(chan struct{}, 1)}
	q.room.L = &q.mu
	return q
}

// put adds a run, with the bytes p for runBytes, and waits while the queue is
// full.
func (q *queue) put(r run, p []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		q.await(q.limit)
		if q.shut {
			q.discarded += uint64(len(p))
			return
		}
		c := q.current()
		part := p[:min(len(p), chunkSize-len(c.bytes), max(q.limit-q.held-runCost, 1))]
		q.add(c, r, part)
		if p = p[len(part):]; len(p) == 0 {
			return
		}
	}
}

// offer adds a run if the queue then holds at most limit bytes, and reports
// whether it did.
func (q *queue) offer(r run, p []byte, limit int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.shut {
		q.discarded += uint64(len(p))
		return true
	}
	if q.held+len(p)+2*runCost > limit {
		return false
	}
	for {
		c := q.current()
		part := p[:min(len(p), chunkSize-len(c.bytes))]
		q.add(c, r, part)
		if p = p[len(part):]; len(p) == 0 {
			return true
		}
	}
}

// await waits until the queue holds less than limit or is shut.
func (q *queue) await(limit int) {
	if q.held+runCost < limit || q.shut {
		return
	}
	q.stalls++
	for q.held+runCost >= limit && !q.shut {
		q.room.Wait()
	}
}

// current returns the chunk to fill, which has room.
func (q *queue) current() *chunk {
	if n := len(q.filled); n > 0 {
		if c := q.filled[n-1]; len(c.bytes) < chunkSize && len(c.runs) < chunkRuns {
			return c
		}
	}
	var c *chunk
	if n := len(q.spare); n > 0 {
		c, q.spare = q.spare[n-1], q.spare[:n-1]
	} else {
		c = &chunk{bytes: make([]byte, 0, chunkSize)}
	}
	q.filled = append(q.filled, c)
	return c
}

func (q *queue) add(c *chunk, r run, p []byte) {
	if r.kind == runBytes {
		r.n = uint64(len(p))
	}
	c.bytes = append(c.bytes, p...)
	c.runs = append(c.runs, r)
	q.held += len(p) + runCost
	q.total += uint64(len(p) + runCost)
	if q.idle {
		q.idle = false
		q.nudge()
	}
}

// nudge wakes the taker.
func (q *queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take moves all chunks into dst, which it returns with the total of bytes put
// so far. When there are none, the next put wakes the taker.
func (q *queue) take(dst []*chunk) ([]*chunk, uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	dst = append(dst, q.filled...)
	clear(q.filled)
	q.filled = q.filled[:0]
	q.idle = len(dst) == 0
	return dst, q.total
}

// recycle gives back the memory of a chunk that was taken.
func (q *queue) recycle(c *chunk) {
	clear(c.runs)
	c.bytes, c.runs = c.bytes[:0], c.runs[:0]
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.spare) < spareLimit {
		q.spare = append(q.spare, c)
	}
}

// release makes room for n bytes.
func (q *queue) release(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held -= n
	q.room.Broadcast()
}

// close refuses all further runs and frees those who wait to put one.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shut = true
	q.room.Broadcast()
	q.nudge()
}
