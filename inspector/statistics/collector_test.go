package statistics_test

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
	"unsafe"

	"go.uber.org/goleak"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/statistics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// exactly is a report computed the simple way: from all messages at once. It holds
// the exact quantiles.
func exactly(all []frame.Message) *statistics.Report {
	r := &statistics.Report{}
	var before *frame.Message
	for i := range all {
		m := &all[i]
		if r.First.IsZero() || m.Time.Before(r.First) {
			r.First = m.Time
		}
		if m.Time.After(r.Last) {
			r.Last = m.Time
		}
		if before != nil && m.Seq < before.Seq {
			continue
		}
		if before != nil {
			pause := m.Time.Sub(before.Time)
			if pause > 0 {
				r.Gaps = append(r.Gaps, statistics.Gap{After: before.Seq, Start: before.Time, Length: pause})
			}
			if pause <= -100*time.Millisecond {
				r.Backward, r.MostBackward = r.Backward+1, max(r.MostBackward, -pause)
			}
		}
		before = m
	}
	slices.SortStableFunc(r.Gaps, func(a, b statistics.Gap) int { return int(b.Length - a.Length) })
	r.Gaps = r.Gaps[:min(len(r.Gaps), statistics.MaxGaps)]
	for side := range r.Flows {
		var sizes []uint64
		breaches := map[frame.Violation]*statistics.Breach{}
		f := &r.Flows[side]
		tally := func(t *statistics.Tally, m *frame.Message) {
			*t = statistics.Tally{Messages: t.Messages + 1, Payload: t.Payload + m.Size, Wire: t.Wire + m.WireSize}
		}
		for i := range all {
			m := &all[i]
			if int(m.From) != side {
				continue
			}
			tally(&f.Total, m)
			tally(&f.Types[m.Type], m)
			if m.Type < frame.Close || m.Type == frame.Opaque {
				sizes = append(sizes, m.Size)
				f.Octaves[bits.Len64(m.Size)]++
			}
			if m.Error != "" {
				f.Unreadable++
			} else if m.Compressed {
				tally(&f.Compressed, m)
			}
			f.Frames += uint64(m.Frames)
			f.MostFrames = max(f.MostFrames, uint64(m.Frames))
			if m.Frames > 1 {
				f.Fragmented++
			}
			f.Origins[m.Origin]++
			f.Incomplete[m.Incomplete]++
			if m.Violation != frame.Legal {
				if breaches[m.Violation] == nil {
					breaches[m.Violation] = &statistics.Breach{Violation: m.Violation, First: m.Seq}
				}
				breaches[m.Violation].Messages++
			}
		}
		for v := range frame.Violation(255) {
			if breaches[v] != nil {
				f.Violations = append(f.Violations, *breaches[v])
			}
		}
		slices.Sort(sizes)
		at := func(q float64) uint64 { return sizes[int(math.Ceil(q*float64(len(sizes))))-1] }
		if n := len(sizes); n > 0 {
			f.Sizes = statistics.Spread[uint64]{Count: uint64(n), Min: sizes[0], Median: at(0.5), P90: at(0.9), P99: at(0.99), Max: sizes[n-1]}
		}
	}
	return r
}

// near reports whether a quantile is as near to the exact one as the package says:
// half a bucket, whose width is a 64th of the value.
func near(got, want uint64) bool {
	return math.Abs(float64(got)-float64(want)) <= float64(want)/128
}

// checkSpread fails when a spread is not that of the exact one within its bounds, and
// makes it the exact one.
func checkSpread(t *testing.T, got *statistics.Spread[uint64], want statistics.Spread[uint64]) {
	t.Helper()
	if got.Count != want.Count || got.Min != want.Min || got.Max != want.Max ||
		!near(got.Median, want.Median) || !near(got.P90, want.P90) || !near(got.P99, want.P99) {
		t.Errorf("the spread is %+v, want within 1/128 of %+v", *got, want)
	}
	*got = want
}

// TestAgainstExact would catch anything counted twice, or not, or for the wrong side,
// and a quantile that is further from the exact one than is promised.
func TestAgainstExact(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			now := start
			all := make([]frame.Message, 1+random.IntN(3000))
			var c statistics.Collector
			for i := range all {
				now = now.Add(time.Duration(random.ExpFloat64() * math.Pow(10, float64(seed%8)+3)))
				if seed%3 == 0 && random.IntN(500) == 0 {
					now = now.Add(-time.Duration(random.IntN(int(time.Minute))))
				}
				m := frame.Message{
					Seq: uint64(i + 1), Time: now, From: frame.Side(random.IntN(2)), Frames: 1,
					// No pongs: the pairing has tests of its own.
					Type: []frame.Opcode{0, 1, 1, 1, 2, 2, 3, 8, 9, 11, frame.Opaque}[random.IntN(11)],
					Size: random.Uint64() >> (8 + random.IntN(56)),
				}
				m.WireSize = m.Size/2 + 6
				m.Compressed = random.IntN(3) == 0
				if random.IntN(10) == 0 {
					m.Frames, m.Origin, m.Incomplete = random.IntN(9), frame.Origin(random.IntN(5)), frame.Incomplete(random.IntN(4))
					m.Violation = frame.Violation(random.IntN(17))
				}
				if random.IntN(20) == 0 {
					m.Error = "no"
				}
				if i > 10 && random.IntN(30) == 0 {
					// It began long ago.
					m.Seq, m.Time = all[i-10].Seq, all[i-10].Time
				}
				all[i] = m
				c.Add(&m)
				if i == len(all)/2 {
					c.Report()
				}
			}
			got, want := c.Report(), exactly(all)
			for side := range got.Flows {
				checkSpread(t, &got.Flows[side].Sizes, want.Flows[side].Sizes)
				got.Flows[side].Pings, want.Flows[side].Pings = statistics.Pings{}, statistics.Pings{}
				if !reflect.DeepEqual(got.Flows[side], want.Flows[side]) {
					t.Errorf("the flow is\n%+v\nwant\n%+v", got.Flows[side], want.Flows[side])
				}
			}
			if got.First != want.First || got.Last != want.Last || got.Backward != want.Backward || got.MostBackward != want.MostBackward {
				t.Errorf("%v to %v, %d steps back by %v; want %v to %v, %d by %v", got.First, got.Last, got.Backward, got.MostBackward,
					want.First, want.Last, want.Backward, want.MostBackward)
			}
			if !slices.Equal(got.Gaps, want.Gaps) {
				t.Errorf("the gaps are\n%v\nwant\n%v", got.Gaps, want.Gaps)
			}
		})
	}
}

// TestOddMessages would catch a value outside its range that takes the collector down.
func TestOddMessages(t *testing.T) {
	var c statistics.Collector
	for _, when := range []time.Time{{}, time.Unix(-1<<60, 0), time.Unix(1<<60, 0), time.Unix(-5, 0), start} {
		c.Add(&frame.Message{
			Time: when, Seq: math.MaxUint64, From: 255, Type: 255, Origin: 255, Incomplete: 255, Violation: 255,
			Frames: -7, Size: math.MaxUint64, WireSize: math.MaxUint64,
		})
		checkLines(t, c.Report(), 80, 24, false)
	}
	if got := c.Report().Flows[frame.Server].Types[frame.Opaque].Messages; got != 5 {
		t.Errorf("%d messages counted, want 5", got)
	}
}

// TestMemory would catch a collector that grows, or that makes garbage.
func TestMemory(t *testing.T) {
	if size := unsafe.Sizeof(statistics.Collector{}); size > 256<<10 {
		t.Errorf("a collector takes %d bytes", size)
	}
	var c statistics.Collector
	m := frame.Message{Time: start, Type: frame.Ping, Payload: []byte("12345678"), Size: 8, WireSize: 10, Frames: 1}
	if n := testing.AllocsPerRun(20_000, func() {
		m.Seq++
		m.From = frame.Side(m.Seq & 1)
		m.Type = []frame.Opcode{frame.Text, frame.Ping, frame.Pong}[m.Seq%3]
		m.Time = m.Time.Add(time.Duration(m.Seq) * time.Microsecond)
		c.Add(&m)
	}); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	all := make([]frame.Message, 1<<12)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range all {
		all[i] = frame.Message{
			Seq: uint64(i + 1), Time: start.Add(time.Duration(i) * 20 * time.Microsecond), From: frame.Side(random.IntN(2)),
			Type: frame.Text, Size: uint64(random.IntN(1 << random.IntN(20))), Frames: 1,
		}
		all[i].WireSize = all[i].Size + 6
		if i%100 < 2 {
			all[i].Type, all[i].Payload, all[i].From = frame.Ping+frame.Opcode(i&1), []byte("keep"), frame.Side(i&1)
		}
	}
	var c statistics.Collector
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m := &all[i%len(all)]
		m.Seq += uint64(len(all))
		m.Time = m.Time.Add(time.Duration(len(all)) * 20 * time.Microsecond)
		c.Add(m)
	}
}

func BenchmarkReport(b *testing.B) {
	talk := feed()
	b.ReportAllocs()
	for b.Loop() {
		talk.Report()
	}
}

func BenchmarkLines(b *testing.B) {
	r := feed().Report()
	b.ReportAllocs()
	for b.Loop() {
		r.Lines(200, 60, false, nil)
	}
}
