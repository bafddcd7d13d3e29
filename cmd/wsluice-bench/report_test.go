package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// Catches ratios taken across rounds instead of within them.
func TestPaired(t *testing.T) {
	s := paired([]float64{10, 200, 30}, []float64{20, 100, 30})
	if s != (summary{median: 1, low: 0.5, high: 2}) {
		t.Errorf("%+v", s)
	}
	if s := paired(nil, []float64{1}); s != (summary{}) {
		t.Errorf("%+v", s)
	}
	if s := summarize([]float64{4, 1, 3, 2}); s.median != 2.5 {
		t.Errorf("%+v", s)
	}
}

func TestQuantile(t *testing.T) {
	values := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for q, want := range map[float64]int{0: 1, 0.5: 6, 0.99: 10, 1: 10} {
		if got := quantile(values, q); got != want {
			t.Errorf("quantile %v = %d, want %d", q, got, want)
		}
	}
	if got := quantile([]int(nil), 0.5); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
}

// Catches a number that is missed and reported as held, and the reverse.
func TestTargets(t *testing.T) {
	r := results{extent: extent{rounds: 3, sizes: []int{100}, connections: []int{1000}}}
	for _, w := range []work{pushUp, pushDown, pushEcho} {
		for d, rate := range map[design]int{bare: 1000, recording: 500, wsluice: 499} {
			for range r.rounds {
				r.add(d, job{Work: w, Secure: true, Size: 100}, outcome{Messages: rate, Time: time.Second}, time.Second, 0)
			}
		}
	}
	for d, each := range map[design]time.Duration{bare: 100, wsluice: 129} {
		r.add(d, job{Work: roundTrip, Secure: true, Size: 100}, outcome{P50: each * time.Microsecond, Time: time.Second}, 0, 0)
	}
	r.armed = map[armedCell][]reading{}
	for _, w := range []work{pushUp, pushDown} {
		for size, cpu := range map[int]float64{100: 1.1, 1 << 10: 1.2} {
			r.armed[armedCell{never, w, size}] = []reading{{cpu: 1}}
			r.armed[armedCell{before, w, size}] = []reading{{cpu: cpu}}
		}
	}
	r.idle = []idleReading{{wsluice, true, 1000, 64 << 10}, {wsluice, false, 1000, 41 << 10}}
	r.soak = []soakReading{{size: 100, messages: 1e6, halves: [2]int64{100 << 20, 120 << 20}, disk: 100e6}}
	r.captured, r.plain = []float64{86}, []float64{100}
	r.read = []readReading{
		{connections: 1, frames: 1e7, open: time.Millisecond, p99: 6 * time.Millisecond, filters: slices.Repeat([]time.Duration{time.Second}, len(filters))},
		{connections: 1000, frames: 1e7, open: time.Second, p99: 6 * time.Millisecond, filters: slices.Repeat([]time.Duration{3 * time.Second}, len(filters))},
	}
	r.follow = []followReading{{followers: 0, messages: 9}, {followers: 1, messages: 9, got: 9}, {followers: 10, messages: 9, got: 8}}
	text := r.markdown()
	for line, held := range map[string]bool{
		"100 B, throughput against the recording relay":     false,
		"100 B, throughput against the bare relay":          false,
		"median round trip":                                 true,
		"100 B, CPU per message after a hold":               true,
		"1 KiB, CPU per message after a hold":               false,
		"idle wss connection":                               true,
		"idle ws connection":                                false,
		"peak anonymous memory":                             false, // it grows
		"bytes of the capture per 100 B":                    true,
		"ingest of 100 B frames":                            true,
		"page of 100 rows in 10 M frames, 1 connection,":    false,
		"page of 100 rows in 10 M frames, 1000 connections": true,
		"first screen, 10 M frames, 1 connection ":          true,
		"first screen, 10 M frames, 1000 connections":       false,
		"search for words, 10 M frames, 1 connection ":      true,
		"search for words, 10 M frames, 1000":               false,
		"1 follower at":                                     true,
		"10 followers at":                                   false,
	} {
		want := "| **no** |"
		if held {
			want = "| yes |"
		}
		found := false
		for row := range strings.Lines(text) {
			if strings.Contains(row, line) {
				found = strings.HasSuffix(strings.TrimSpace(row), want)
				break
			}
		}
		if !found {
			t.Errorf("%q: want %q in\n%s", line, want, text)
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
