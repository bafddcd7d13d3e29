package proxy

import (
	"sync"
	"time"
)

// sweepInterval is how often big buffers of idle directions are asked back.
const sweepInterval = time.Second

// sweeper gets back the big buffers of pumps that have come to wait. Its
// goroutine lives only while there are any.
type sweeper struct {
	work *sync.WaitGroup // of the goroutine

	lock    sync.Mutex
	holding map[*pump]uint64 // the turns at the last look
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
			return
		case <-ticker.C:
			s.sweep()
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
