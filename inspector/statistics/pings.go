package statistics

import (
	"bytes"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// pending is how many pings of a side may wait for their pong.
const pending = 32

// pinger pairs the pings of one side with the pongs of the other.
type pinger struct {
	pings   Pings // without Trips
	trips   histogram
	oldest  int // index in waiting
	count   int
	waiting [pending]ping
}

type ping struct {
	nanos int64
	timed bool
	size  uint64
	head  [frame.MaxControl]byte
}

// sent takes a ping of the side.
func (p *pinger) sent(m *frame.Message, nanos int64, timed bool) {
	p.pings.Sent++
	if p.count == pending {
		p.forget(1)
	}
	w := &p.waiting[(p.oldest+p.count)%pending]
	p.count++
	w.nanos, w.timed, w.size = nanos, timed, m.Size
	copy(w.head[:], m.Payload)
}

// answered takes a pong of the other side, and returns the ping it answers: the
// oldest of that payload, for an endpoint that answers all its pings does so in
// order. It may also answer the last of several only (RFC 6455 section 5.5.3), so
// those before that one wait no longer.
func (p *pinger) answered(m *frame.Message) (ping *ping, ok bool) {
	head := m.Payload[:min(len(m.Payload), frame.MaxControl)]
	for i := range p.count {
		w := &p.waiting[(p.oldest+i)%pending]
		if w.size == m.Size && bytes.Equal(w.head[:min(uint64(len(head)), w.size)], head) {
			p.forget(i)
			p.pings.Answered++
			p.oldest, p.count = (p.oldest+1)%pending, p.count-1
			return w, true
		}
	}
	p.pings.Unasked++
	return nil, false
}

// forget gives up the n oldest pings.
func (p *pinger) forget(n int) {
	p.oldest, p.count = (p.oldest+n)%pending, p.count-n
	p.pings.Unanswered += uint64(n)
}

// report returns what is known of the pings.
func (p *pinger) report() Pings {
	pings := p.pings
	pings.Trips = spreadOf[time.Duration](&p.trips)
	return pings
}
