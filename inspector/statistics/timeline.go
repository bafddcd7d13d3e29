package statistics

import (
	"slices"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// slots is how many intervals a timeline has at most; once it is full, between half
// of them and all are in use.
const slots = 1024

// finest is the base-2 logarithm of the shortest interval in nanoseconds.
const finest = 10

// timeline sums up over time in intervals of equal width, which doubles whenever
// there would be too many of them.
type timeline struct {
	// width is the base-2 logarithm of an interval in nanoseconds. The first of the
	// used ones begins base widths after 1970.
	width uint8
	base  int64
	used  int
	slots [slots]slot
}

// slot is what happened in one interval, by Side.
type slot struct {
	messages, wire [2]uint64
	// slowest is the longest round trip of a ping that was sent in the interval, plus
	// one nanosecond; 0 without one.
	slowest [2]time.Duration
}

func (s *slot) merge(o *slot) {
	for side := range s.messages {
		s.messages[side] += o.messages[side]
		s.wire[side] += o.wire[side]
		s.slowest[side] = max(s.slowest[side], o.slowest[side])
	}
}

// at returns the slot of a time in nanoseconds since 1970.
func (t *timeline) at(nanos int64) *slot {
	if t.used == 0 {
		t.width, t.base, t.used = finest, nanos>>finest, 1
	}
	i := nanos>>t.width - t.base
	if i < 0 || i >= int64(t.used) {
		i = t.extend(nanos)
	}
	return &t.slots[i]
}

// extend makes room for a time outside the slots in use, and returns the index of
// its slot.
func (t *timeline) extend(nanos int64) int64 {
	for {
		i := nanos>>t.width - t.base
		switch {
		case i >= 0 && i < slots:
			t.used = max(t.used, int(i)+1)
			return i
		case i < 0 && -i <= int64(slots-t.used):
			copy(t.slots[-i:], t.slots[:t.used])
			clear(t.slots[:-i])
			t.base, t.used = t.base+i, t.used-int(i)
			return 0
		}
		t.widen()
	}
}

// widen doubles the width of the slots.
func (t *timeline) widen() {
	base := t.base >> 1
	for i := range t.used {
		s := t.slots[i]
		t.slots[i] = slot{}
		t.slots[(t.base+int64(i))>>1-base].merge(&s)
	}
	t.used = int((t.base+int64(t.used)-1)>>1-base) + 1
	t.base = base
	t.width++
}

// series is the part of a timeline that is in use, between two times in nanoseconds
// since 1970.
type series struct {
	first, last int64
	start       int64 // of the first slot
	width       int64 // of a slot
	slots       []slot
}

func (t *timeline) series(first, last int64) series {
	return series{
		first: first, last: last, start: t.base << t.width, width: 1 << t.width,
		slots: slices.Clone(t.slots[:t.used]),
	}
}

// step returns how long a column lasts when the time is divided into so many.
func (s *series) step(columns int) time.Duration {
	return time.Duration(float64(s.last-s.first) / float64(columns))
}

// rates divides the time into columns, and returns what of one side came a second in
// each of them. A slot that lies in several columns is divided among them.
func (s *series) rates(columns int, what func(*slot) uint64) []float64 {
	rates := make([]float64, columns)
	second := float64(s.last-s.first) / float64(columns) / float64(time.Second)
	for i := range s.slots {
		n := float64(what(&s.slots[i]))
		if n == 0 {
			continue
		}
		from, to := s.place(i, columns)
		if to-from < 1e-9 {
			rates[min(int(from), columns-1)] += n / second
			continue
		}
		for c := int(from); c < columns && float64(c) < to; c++ {
			share := (min(to, float64(c+1)) - max(from, float64(c))) / (to - from)
			rates[c] += n * share / second
		}
	}
	return rates
}

// slowest divides the time into columns, and returns the longest round trip in
// seconds of the pings that side sent in each of them, 0 without one.
func (s *series) slowest(columns int, side frame.Side) []float64 {
	trips := make([]float64, columns)
	for i := range s.slots {
		if d := s.slots[i].slowest[side]; d > 0 {
			from, to := s.place(i, columns)
			c := min(int((from+to)/2), columns-1)
			trips[c] = max(trips[c], d.Seconds())
		}
	}
	return trips
}

// place returns where among the columns a slot begins and ends, as far as it lies
// between the first and the last time.
func (s *series) place(i, columns int) (from, to float64) {
	start := s.start + int64(i)*s.width
	column := float64(columns) / float64(s.last-s.first)
	from = float64(max(start, s.first)-s.first) * column
	// The end is counted from the start, for there may be no such number.
	to = float64(min(s.width, s.last-start)+start-s.first) * column
	return from, max(from, to)
}
