package main

import "time"

// results is all that was measured.
type results struct {
	extent
	cells    map[cell][]reading
	armed    map[armedCell][]reading
	idle     []idleReading
	soak     []soakReading
	captured []float64 // frames per second, by round
	plain    []float64
	read     []readReading
	follow   []followReading
	look     []lookReading
	live     []liveReading
	disk     float64 // bytes per second
	checked  int     // frames counted in captures
	took     time.Duration
}

// cell is one measurement that each round repeats.
type cell struct {
	design design
	work   work
	secure bool
	size   int
}

// reading is what one round found for a cell.
type reading struct {
	rate     float64 // messages per second
	p50, p99 float64 // round trips, microseconds
	cpu      float64 // of the relay, microseconds per message
	drain    time.Duration
}

func (r *results) add(d design, j job, o outcome, cpu, drain time.Duration) {
	if r.cells == nil {
		r.cells = make(map[cell][]reading)
	}
	at := cell{d, j.Work, j.Secure, j.Size}
	r.cells[at] = append(r.cells[at], reading{
		rate:  o.rate(),
		p50:   micro(o.P50),
		p99:   micro(o.P99),
		cpu:   micro(cpu) / float64(max(1, o.Messages)),
		drain: drain,
	})
}

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// figure is one of the values in a reading.
type figure func(reading) float64

func rate(r reading) float64 { return r.rate }
func p50(r reading) float64  { return r.p50 }
func p99(r reading) float64  { return r.p99 }
func cpu(r reading) float64  { return r.cpu }

// values returns a figure of a cell, by round.
func (r *results) values(d design, w work, secure bool, size int, f figure) []float64 {
	var values []float64
	for _, reading := range r.cells[cell{d, w, secure, size}] {
		values = append(values, f(reading))
	}
	return values
}

// against returns a figure of wsluice divided by that of another design, paired
// by round.
func (r *results) against(other design, w work, secure bool, size int, f figure) summary {
	return paired(r.values(wsluice, w, secure, size, f), r.values(other, w, secure, size, f))
}
