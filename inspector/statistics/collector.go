package statistics

import (
	"math"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Collector takes the messages of one connection, any number of them, in memory
// that does not grow. The zero value stands before the first message; it belongs to
// one goroutine at a time, and must not be copied.
type Collector struct {
	flows    [2]flow
	timeline timeline
	clock    clock
}

// flow is what one side sent.
type flow struct {
	types      [frame.Opaque + 1]Tally
	sizes      histogram
	compressed Tally
	fragmented uint64
	mostFrames uint64
	frames     uint64
	origins    [frame.Replayed + 1]uint64
	incomplete [frame.Unfinished + 1]uint64
	unreadable uint64
	violations [math.MaxUint8 + 1]Breach // by Violation
	pings      pinger
}

// Add takes the next message, in the order in which an Assembler completes them. It
// keeps nothing of m and allocates nothing. Of payloads it looks only at those of
// pings and pongs; of those it needs the first 125 bytes, others may be absent.
// A message without a Time counts, but is in nothing that is over time.
func (c *Collector) Add(m *frame.Message) {
	from := m.From & 1
	c.flows[from].add(m)
	nanos, timed := sinceEpoch(m.Time)
	if timed {
		c.clock.tick(m.Seq, nanos)
		s := c.timeline.at(nanos)
		s.messages[from]++
		s.wire[from] += m.WireSize
	}
	switch {
	case m.Type == frame.Ping && m.Origin != frame.Dropped && m.Incomplete == frame.Whole:
		c.flows[from].pings.sent(m, nanos, timed)
	case m.Type == frame.Pong && m.Origin != frame.Injected && m.Incomplete == frame.Whole:
		side := from.Peer()
		ping, ok := c.flows[side].pings.answered(m)
		if ok && timed && ping.timed && nanos >= ping.nanos {
			trip := nanos - ping.nanos
			c.flows[side].pings.trips.add(uint64(trip))
			s := c.timeline.at(ping.nanos)
			s.slowest[side] = max(s.slowest[side], time.Duration(trip)+1)
		}
	}
}

func (f *flow) add(m *frame.Message) {
	kind := min(m.Type, frame.Opaque)
	f.types[kind].add(m)
	if !kind.Control() {
		f.sizes.add(m.Size)
	}
	if m.Compressed && m.Error == "" {
		f.compressed.add(m)
	}
	frames := uint64(max(m.Frames, 0))
	f.frames += frames
	f.mostFrames = max(f.mostFrames, frames)
	if frames > 1 {
		f.fragmented++
	}
	if int(m.Origin) < len(f.origins) {
		f.origins[m.Origin]++
	}
	if int(m.Incomplete) < len(f.incomplete) {
		f.incomplete[m.Incomplete]++
	}
	if m.Error != "" {
		f.unreadable++
	}
	if m.Violation != frame.Legal {
		b := &f.violations[m.Violation]
		if b.Messages == 0 {
			b.Violation, b.First = m.Violation, m.Seq
		}
		b.Messages++
	}
}

func (t *Tally) add(m *frame.Message) {
	t.Messages++
	t.Payload += m.Size
	t.Wire += m.WireSize
}

// sinceEpoch returns t in nanoseconds since 1970, or the nearest that can be said;
// ok is false for the zero time.
func sinceEpoch(t time.Time) (nanos int64, ok bool) {
	const last = math.MaxInt64 / int64(time.Second)
	switch seconds := t.Unix(); {
	case seconds < 0:
		return 0, !t.IsZero()
	case seconds >= last:
		return last * int64(time.Second), true
	}
	return t.UnixNano(), true
}

// Report returns what is known by now. It takes less than a millisecond and some
// 50 KiB.
func (c *Collector) Report() *Report {
	r := &Report{}
	c.clock.report(r)
	for side := range c.flows {
		r.Flows[side] = c.flows[side].report()
	}
	r.series = c.timeline.series(c.clock.first, c.clock.last)
	return r
}

func (f *flow) report() Flow {
	r := Flow{
		Types: f.types, Sizes: spreadOf[uint64](&f.sizes), Octaves: f.sizes.octaves(), Compressed: f.compressed,
		Fragmented: f.fragmented, MostFrames: f.mostFrames, Frames: f.frames,
		Origins: f.origins, Incomplete: f.incomplete, Unreadable: f.unreadable, Pings: f.pings.report(),
	}
	for _, t := range f.types {
		r.Total.Messages += t.Messages
		r.Total.Payload += t.Payload
		r.Total.Wire += t.Wire
	}
	for _, b := range f.violations {
		if b.Messages > 0 {
			r.Violations = append(r.Violations, b)
		}
	}
	return r
}
