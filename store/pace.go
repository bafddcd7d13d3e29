package store

import "time"

// The pace of a recorder.
const (
	// stepDelay is between two looks into the queue while there is little
	// traffic. Each look wakes a thread, and on a machine with few cores that
	// doubles the time a message takes through the proxy if it happens often.
	stepDelay = 10 * time.Millisecond
	// commitDelay is from taking the first waiting frame to its commit. With
	// the step before, a frame waits 25 ms at most.
	commitDelay = 15 * time.Millisecond
	countDelay  = time.Second     // between two writes of the counters
	indexDelay  = 5 * time.Second // between two writes of the index
	logDelay    = time.Second     // between two commits of events alone
)

// pacer drives the encoder: it takes runs from the queue and decides when a
// batch is handed to the committer. It belongs to one goroutine.
type pacer struct {
	*Recorder
	*encoder
	timer   *time.Timer
	waiting bool      // the batch holds something not yet handed over
	first   time.Time // when that came
	counted time.Time // the last write of the counters
	indexed time.Time // the last write of the index
	logged  time.Time // the last write of events
	flushes uint64    // calls of Recorder.flush that were answered
	fresh   int       // bytes handed over since the last write of the index
}

// encode takes runs from the queue until it is closed and empty. The capture
// ends at the given position.
func (r *Recorder) encode(at position) {
	defer close(r.batches)
	now := time.Now()
	p := &pacer{
		Recorder: r,
		encoder:  newEncoder(<-r.free, at),
		timer:    time.NewTimer(time.Hour),
		counted:  now,
		indexed:  now,
	}
	defer p.timer.Stop()
	var chunks []*chunk
	for {
		closing := r.closing.Load()
		urgent := r.urgent.Swap(false)
		var total uint64
		chunks, total = r.queue.take(chunks[:0])
		n := len(chunks)
		p.chunks(chunks, total, time.Now())
		if closing && n == 0 {
			p.finish(total)
			return
		}
		p.batch.urgent = p.batch.urgent || urgent || p.flushWanted.Load() != p.flushes
		if p.batch.urgent || p.due() {
			p.offer()
		}
		if !closing {
			p.pause(n)
		}
	}
}

// chunks encodes what was taken, with which the queue has brought total bytes.
func (p *pacer) chunks(chunks []*chunk, total uint64, now time.Time) {
	for i, c := range chunks {
		if !p.waiting {
			p.waiting, p.first = true, now
		}
		p.chunk(c)
		p.queue.recycle(c)
		chunks[i] = nil
		if len(p.batch.arena) >= p.ring.batch() {
			p.hand()
		}
	}
	p.batch.through = total
}

// deadline returns when the batch must be handed over, and whether it must at
// all.
func (p *pacer) deadline() (time.Time, bool) {
	switch {
	case p.waiting:
		return p.first.Add(commitDelay), true
	case p.journal.waiting():
		return p.logged.Add(logDelay), true
	case len(p.dirty) > 0:
		return p.counted.Add(countDelay), true
	case len(p.spans) > 0:
		return p.indexed.Add(indexDelay), true
	}
	return time.Time{}, false
}

func (p *pacer) due() bool {
	at, ok := p.deadline()
	return ok && !time.Now().Before(at)
}

// offer hands the batch over if the committer is ready for it; otherwise the
// committer gives a nudge when it is, and the batch grows meanwhile.
func (p *pacer) offer() {
	if len(p.free) > 0 {
		p.hand()
	}
}

// hand hands the batch over, waiting for the committer.
func (p *pacer) hand() {
	now := time.Now()
	wanted, due := p.flushWanted.Load(), p.ring.due()
	flush := wanted != p.flushes || due > 0 && p.fresh+len(p.batch.arena) >= due
	p.batch.flush, p.flushes = wanted, wanted
	p.seal(flush)
	if p.journal.waiting() {
		p.note(p.journal.take())
		p.logged = now
	}
	if flush || len(p.dirty) > 0 && now.Sub(p.counted) >= countDelay {
		p.count()
		p.counted = now
	}
	if flush || len(p.spans) > 0 && now.Sub(p.indexed) >= indexDelay {
		p.index()
		p.indexed, p.fresh = now, 0
	}
	p.pass()
}

// finish hands over all that is left.
func (p *pacer) finish(total uint64) {
	p.seal(true)
	p.note(p.journal.take())
	p.index()
	p.count()
	p.batch.through = total
	p.pass()
}

// pass gives the batch away and takes a new one.
func (p *pacer) pass() {
	p.batch.last = p.global
	p.fresh += len(p.batch.arena)
	p.batches <- p.batch
	p.batch = <-p.free
	p.waiting = false
}

// pause waits for the next thing to do, after n chunks were taken. More than
// one means that they come faster than in steps.
func (p *pacer) pause(n int) {
	if n > 1 {
		return
	}
	var wait time.Duration
	if n == 1 {
		wait = stepDelay
	}
	if at, ok := p.deadline(); ok {
		if left := time.Until(at); left > 0 && (wait == 0 || left < wait) {
			wait = left
		}
	}
	var expired <-chan time.Time
	if wait > 0 {
		p.timer.Reset(wait)
		expired = p.timer.C
	}
	select {
	case <-expired:
	case <-p.queue.wake:
	}
}
