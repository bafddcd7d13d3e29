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
	pings  Pings // without Trips
	trips  histogram
	oldest int // index in waiting
	count  int
	// any is whether a pong came since the last ping.
	any     bool
	waiting [pending]ping
}

// patience is how long a ping may be passed over by answers to pings of the same
// payload before it is given up. Without an end to it one ping that was never
// answered would make all that follow look slow.
const patience = 5 * time.Second

type ping struct {
	nanos int64
	timed bool
	size  uint64
	head  [frame.MaxControl]byte
	n     int // bytes in head
}

// equals reports whether a control frame has the payload of the ping.
func (w *ping) equals(m *frame.Message) bool {
	n := min(len(m.Payload), w.n)
	return w.size == m.Size && bytes.Equal(w.head[:n], m.Payload[:n])
}

// sent takes a ping of the side.
func (p *pinger) sent(m *frame.Message, nanos int64, timed bool) {
	p.pings.Sent++
	for p.any && timed && p.count > 0 {
		w := &p.waiting[p.oldest]
		if !w.timed || nanos-w.nanos < int64(patience) || !w.equals(m) {
			break
		}
		p.forget(1)
	}
	p.any = false
	if p.count == pending {
		p.forget(1)
	}
	w := &p.waiting[(p.oldest+p.count)%pending]
	p.count++
	w.nanos, w.timed, w.size = nanos, timed, m.Size
	w.n = copy(w.head[:], m.Payload)
}

// answered takes a pong of the other side, and returns the ping it answers: the
// oldest of that payload, for an endpoint that answers all its pings does so in
// order. It may also answer the last of several only (RFC 6455 section 5.5.3), so
// those before that one wait no longer.
func (p *pinger) answered(m *frame.Message) (ping *ping, ok bool) {
	for i := range p.count {
		w := &p.waiting[(p.oldest+i)%pending]
		if w.equals(m) {
			p.forget(i)
			p.any = true
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
