package main

import (
	"fmt"
	"strings"
	"time"
)

// target is a number wsluice has to hold.
type target struct {
	what, hold, measured string
	held                 bool
}

// targets writes the table of the numbers to hold.
func (r *report) targets() {
	var all []target
	for _, size := range r.sizes {
		all = append(all, r.throughputTarget(size, recording, 1.0), r.throughputTarget(size, bare, 0.5))
	}
	all = append(all, r.roundTripTarget())
	all = append(all, r.armedTargets()...)
	all = append(all, r.idleTargets()...)
	all = append(all, r.soakTargets()...)
	all = append(all, r.captureTargets()...)
	all = append(all, r.inspectorTargets()...)
	r.line("## Numbers to hold\n")
	rows := [][]string{{"what", "hold", "measured", "held"}}
	for _, t := range all {
		held := "yes"
		if !t.held {
			held = "**no**"
		}
		rows = append(rows, []string{t.what, t.hold, t.measured, held})
	}
	r.table(rows)
}

// throughputTarget is held when it is in each direction.
func (r *report) throughputTarget(size int, other design, hold float64) target {
	t := target{
		what: fmt.Sprintf("pipelined wss, %s, throughput against the %s", bytesize(size), other),
		hold: fmt.Sprintf("≥ %.1f", hold),
		held: true,
	}
	var measured []string
	for _, w := range []work{pushUp, pushDown, pushEcho} {
		ratio := r.against(other, w, true, size, rate)
		measured = append(measured, fmt.Sprintf("%s %.2f", w, ratio.median))
		t.held = t.held && ratio.median >= hold
	}
	t.measured = strings.Join(measured, ", ")
	if size >= 64<<10 {
		t.measured += fmt.Sprintf("; the disk takes %.0f MB/s", r.disk/1e6)
	}
	return t
}

func (r *report) roundTripTarget() target {
	ratio := r.against(bare, roundTrip, true, 100, p50)
	return target{"median round trip, 100 B wss, against the bare relay", "≤ 1.3", spread(ratio), ratio.median <= 1.3}
}

// armedTargets are about what was held before: it must not cost what passes now
// anything. The CPU tells, which neighbours disturb less than throughput.
func (r *report) armedTargets() (all []target) {
	for _, size := range []int{100, 1 << 10} {
		t := target{what: fmt.Sprintf("pipelined wss, %s, CPU per message after a hold against before any", bytesize(size)), hold: "≤ 1.15", held: true}
		var measured []string
		for _, w := range []work{pushUp, pushDown} {
			at := armedCell{before, w, size}
			spent := r.readyFor(at, cpu)
			measured = append(measured, fmt.Sprintf("%s %.2f (throughput %.2f)", w, spent.median, r.readyFor(at, rate).median))
			t.held = t.held && spent.median <= 1.15
		}
		t.measured = strings.Join(measured, ", ")
		all = append(all, t)
	}
	return all
}

func (r *report) idleTargets() (all []target) {
	for _, goal := range []struct {
		secure bool
		kib    float64
	}{{false, 40}, {true, 64}} {
		for _, n := range r.connections {
			each, ok := r.idleMemory(wsluice, goal.secure, n)
			all = append(all, target{
				what:     fmt.Sprintf("memory per idle %s connection, %d of them", scheme(goal.secure), n),
				hold:     fmt.Sprintf("≤ %.0f KiB", goal.kib),
				measured: fmt.Sprintf("%.1f KiB", each/1024),
				held:     ok && each <= goal.kib*1024,
			})
		}
	}
	return all
}

// growth is what the second half of a soak may need more than the first without
// being called growth: the noise of a garbage collected heap.
const growth = 1.15

func (r *report) soakTargets() (all []target) {
	for _, s := range r.soak {
		all = append(all, target{
			what:     fmt.Sprintf("peak anonymous memory, %s messages of %s at full speed", count(float64(s.messages)), bytesize(s.size)),
			hold:     "≤ 160 MiB, no growth",
			measured: fmt.Sprintf("%s MiB, then %s MiB", mebibytes(s.halves[0]), mebibytes(s.halves[1])),
			held:     max(s.halves[0], s.halves[1]) <= 160<<20 && float64(s.halves[1]) <= growth*float64(s.halves[0]),
		})
		if s.size == 100 {
			each := float64(s.disk) / float64(s.messages)
			all = append(all, target{"bytes of the capture per 100 B message", "≤ 100", short(each), each <= 100})
		}
	}
	return all
}

func (r *report) captureTargets() []target {
	ratio := paired(r.captured, r.plain)
	all := []target{{"ingest of 100 B frames against a plain file of s2 blocks", "≥ 0.85", spread(ratio), ratio.median >= 0.85}}
	for _, c := range r.read {
		page := 5 * time.Millisecond
		where := fmt.Sprintf("%s frames, %s", count(float64(c.frames)), plural(c.connections, "connection"))
		if c.connections > 1 {
			page = 30 * time.Millisecond
		}
		all = append(all,
			target{"page of 100 rows in " + where + ", 99th percentile", fmt.Sprintf("< %s ms", milli(page)), milli(c.p99) + " ms", c.p99 < page},
			target{"open to the first screen, " + where, "< 100 ms", milli(c.open) + " ms", c.open < 100*time.Millisecond},
			target{"search for words, " + where, "< 2 s", fmt.Sprintf("%.2f s", c.filters[0].Seconds()), c.filters[0] < 2*time.Second})
	}
	for _, f := range r.follow {
		if f.followers > 0 {
			all = append(all, target{
				fmt.Sprintf("%s at %s messages a second", plural(f.followers, "follower"), count(followRate)), "nothing missed",
				fmt.Sprintf("%d of %d", f.got, f.messages), f.got == f.messages,
			})
		}
	}
	return all
}

func (r *report) inspectorTargets() (all []target) {
	for _, l := range r.look {
		all = append(all, target{
			"inspector's first screen, " + l.where(), "< 100 ms", milli(l.first) + " ms", l.first < 100*time.Millisecond,
		})
	}
	for _, l := range r.live {
		all = append(all, target{
			fmt.Sprintf("one drawn screen %dx%d at %s rows while %s frames a second arrive", terminalWidth, terminalHeight, count(float64(r.capture)), count(followRate)),
			"< 15 ms, ≤ 30 a second",
			fmt.Sprintf("%s ms (%s ms of CPU), %d a second", milli(l.p50), milli(l.each), l.rate), l.p50 < 15*time.Millisecond && l.rate <= 30,
		})
	}
	return all
}
