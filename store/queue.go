package store

import (
	"sync"

	"github.com/wsluice/wsluice/frame"
)

const (
	chunkSize  = 256 << 10
	chunkRuns  = 8 << 10
	runCost    = 32 // what a run costs in a queue besides its bytes
	spareLimit = 4  // chunks kept for reuse while nothing comes
)

// runKind says what a run stands for.
type runKind uint8

const (
	runBytes    runKind = iota // bytes from the wire
	runSkip                    // n payload bytes that were shed
	runLost                    // n bytes of whole frames that were shed
	runInserted                // what was inserted ends
	runProbe                   // a probe is answered
	runOpened                  // the connection begins
	runClosed                  // the connection ends
)

// run is one entry of a queue: bytes one side of a connection sent, or an event
// among them.
type run struct {
	tape *Tape
	at   int64  // nanoseconds since 1970
	n    uint64 // length of its bytes, which follow those of the run before
	kind runKind
	from frame.Side

	// The fields below are those of bytes that were inserted.
	inserted bool
	recoded  bool
	origin   frame.Origin
	open     uint32 // which of the frames, from 1, leaves its message unfinished; 0 for none
}

// chunk is a piece of a queue. Its bytes are not the garbage collector's, which
// would otherwise allow itself as much again before it runs.
type chunk struct {
	bytes []byte
	runs  []run
}

// queue carries runs from the tapes to the encoder, in order, bounded in bytes.
// What is taken counts until it is released, so the bound covers everything on
// its way to the disk. All methods may be called from any goroutine.
//
// A sender that is faster than the disk fills any queue, and gains nothing from
// a long one. So put waits at usual already, unless the disk hangs: then limit
// applies, which gives it time to come back.
type queue struct {
	mu     sync.Mutex
	room   sync.Cond
	limit  int
	usual  int
	hang   bool   // a commit takes long
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
	q := &queue{limit: limit, usual: limit / 2, wake: make(chan struct{}, 1)}
	q.room.L = &q.mu
	return q
}

// put adds a run, with the bytes p for runBytes, and waits while the queue is
// full.
func (q *queue) put(r run, p []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		q.await()
		if q.shut {
			q.discarded += uint64(len(p))
			return
		}
		c := q.current()
		part := p[:min(len(p), chunkSize-len(c.bytes), max(q.bound()-q.held-runCost, 1))]
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

// bound is at how many bytes put waits.
func (q *queue) bound() int {
	if q.hang {
		return q.limit
	}
	return q.usual
}

// await waits until the queue has room or is shut.
func (q *queue) await() {
	if q.held+runCost < q.bound() || q.shut {
		return
	}
	q.stalls++
	for q.held+runCost >= q.bound() && !q.shut {
		q.room.Wait()
	}
}

// setHang tells whether a commit takes long.
func (q *queue) setHang(hang bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hang = hang
	q.room.Broadcast()
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
		c = &chunk{bytes: mapMemory(chunkSize)[:0]}
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
	if q.idle {
		q.trim(spareLimit)
	}
	return dst, q.total
}

// recycle gives back the memory of a chunk that was taken.
func (q *queue) recycle(c *chunk) {
	clear(c.runs)
	c.bytes, c.runs = c.bytes[:0], c.runs[:0]
	q.mu.Lock()
	defer q.mu.Unlock()
	q.spare = append(q.spare, c)
}

// trim returns the memory of spare chunks beyond n to the system.
func (q *queue) trim(n int) {
	for len(q.spare) > n {
		last := len(q.spare) - 1
		unmapMemory(q.spare[last].bytes[:chunkSize])
		q.spare[last] = nil
		q.spare = q.spare[:last]
	}
}

// free returns all memory, when nothing is put or taken any more.
func (q *queue) free() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.trim(0)
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
