package proxy

import (
	"runtime/debug"
	"sync"
	"time"
)

// sweepInterval is how often big buffers of idle directions are asked back.
const sweepInterval = time.Second

// trimAt is how many big buffers must have become garbage for it to be worth
// returning them to the system at once. Go by itself collects a process that is
// idle every two minutes.
const trimAt = 256

// sweeper gets back the big buffers of pumps that have come to wait. Its
// goroutine lives only while there are any.
type sweeper struct {
	work *sync.WaitGroup // of the goroutine

	lock    sync.Mutex
	holding map[*pump]uint64 // the turns at the last look
	most    int              // the most that were holding since the last trim
	awake   chan struct{}    // closed to end the goroutine; nil when there is none
}

// add takes note that p holds a big buffer.
func (s *sweeper) add(p *pump) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.holding == nil {
		s.holding = make(map[*pump]uint64)
	}
	s.holding[p] = p.turns.Load()
	s.most = max(s.most, len(s.holding))
	if s.awake == nil {
		awake := make(chan struct{})
		s.awake = awake
		s.work.Go(func() { s.run(awake) })
	}
}

// remove takes note that p holds none any more.
func (s *sweeper) remove(p *pump) {
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.holding, p)
	if len(s.holding) == 0 && s.awake != nil {
		close(s.awake)
		s.awake = nil
	}
}

func (s *sweeper) run(awake <-chan struct{}) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-awake:
			s.trim()
			return
		case <-ticker.C:
			s.sweep()
			s.trim()
		}
	}
}

// sweep wakes the pumps that have not moved since the last sweep.
func (s *sweeper) sweep() {
	s.lock.Lock()
	defer s.lock.Unlock()
	for p, since := range s.holding {
		idle, turns := p.idle(since)
		s.holding[p] = turns
		if idle {
			// A time in the past ends a waiting read at once. On a closed
			// connection it fails, and the pump has ended anyway.
			_ = p.conn.SetReadDeadline(time.Unix(1, 0))
		}
	}
}

// trim returns memory to the system after many pumps have come to rest.
func (s *sweeper) trim() {
	s.lock.Lock()
	due := s.most-len(s.holding) >= trimAt
	if due {
		s.most = len(s.holding)
	}
	s.lock.Unlock()
	if due {
		debug.FreeOSMemory()
	}
}
