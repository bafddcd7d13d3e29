package statistics

import (
	"time"
)

// backward is how far the clock must go back to be told: messages of the two sides
// that come at the same time may change places.
const backward = 100 * time.Millisecond

// clock follows the times of messages, in nanoseconds since 1970.
type clock struct {
	ticking     bool
	first, last int64
	// seq and nanos are of the message that began last.
	seq   uint64
	nanos int64

	gaps  [MaxGaps]gap // longest first
	steps uint64
	most  int64
}

type gap struct {
	length, start int64
	after         uint64
}

// tick takes the time of the next message.
func (c *clock) tick(seq uint64, nanos int64) {
	if !c.ticking {
		*c = clock{ticking: true, first: nanos, last: nanos, seq: seq, nanos: nanos}
		return
	}
	c.first, c.last = min(c.first, nanos), max(c.last, nanos)
	if seq < c.seq {
		// It began before others that are complete already.
		return
	}
	pause := nanos - c.nanos
	if pause > c.gaps[MaxGaps-1].length {
		c.insert(gap{pause, c.nanos, c.seq})
	}
	if -pause >= int64(backward) {
		c.steps, c.most = c.steps+1, max(c.most, -pause)
	}
	c.seq, c.nanos = seq, nanos
}

// insert puts a gap among the longest.
func (c *clock) insert(g gap) {
	i := MaxGaps - 1
	for ; i > 0 && c.gaps[i-1].length < g.length; i-- {
		c.gaps[i] = c.gaps[i-1]
	}
	c.gaps[i] = g
}

func (c *clock) report(r *Report) {
	if !c.ticking {
		return
	}
	r.First, r.Last = time.Unix(0, c.first).UTC(), time.Unix(0, c.last).UTC()
	r.Backward, r.MostBackward = c.steps, time.Duration(c.most)
	for _, g := range c.gaps {
		if g.length > 0 {
			r.Gaps = append(r.Gaps, Gap{After: g.after, Start: time.Unix(0, g.start).UTC(), Length: time.Duration(g.length)})
		}
	}
}
