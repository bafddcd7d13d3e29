package main

import (
	"fmt"
	"sync"
	"time"
)

// idleReading is the memory a relay takes for connections that are open and
// silent.
type idleReading struct {
	design      design
	secure      bool
	connections int
	each        float64 // bytes of anonymous memory per connection
}

// idling measures idle memory: wsluice with every number of connections, the
// others with the smallest. A plain relay holds six descriptors a connection,
// which would not fit for more.
func (b *bench) idling() error {
	for _, secure := range []bool{true, false} {
		for i, n := range b.connections {
			for _, d := range designs {
				if d == direct || i > 0 && d != wsluice {
					continue
				}
				b.say("memory of %d idle connections, %s: %s", n, scheme(secure), d)
				each, err := b.idleOnce(d, secure, n)
				if err != nil {
					return fmt.Errorf("memory of %d idle connections, %s, %s: %w", n, scheme(secure), d, err)
				}
				b.results.idle = append(b.results.idle, idleReading{d, secure, n, each})
			}
		}
	}
	return nil
}

func (b *bench) idleOnce(d design, secure bool, n int) (each float64, err error) {
	j := job{Work: idle, Secure: secure, Size: 100, Connections: n}
	_, _, _, err = b.through(d, j, func(j job, pid int) error {
		before, err := anonymous(pid)
		if err != nil {
			return err
		}
		_, err = runJob(b.ctx, b.self, j, func(outcome) error {
			b.pause(b.settle)
			after, err := anonymous(pid)
			each = float64(after-before) / float64(n)
			return err
		})
		return err
	}, func() int { return 2 * n })
	return each, err
}

func (b *bench) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-b.ctx.Done():
	}
}

// soakReading is what many messages on one connection cost wsluice.
type soakReading struct {
	size, messages int
	rate           float64
	halves         [2]int64 // peak anonymous memory in bytes
	disk           int64    // bytes of the capture
}

// soaking sends many messages through one connection at full speed and watches
// the memory of wsluice.
func (b *bench) soaking() error {
	for _, size := range b.sizes[:len(b.sizes)-1] {
		b.say("memory while %d messages of %d B pass", b.soak, size)
		reading, err := b.soakOnce(size)
		if err != nil {
			return fmt.Errorf("%d messages of %d B: %w", b.soak, size, err)
		}
		b.results.soak = append(b.results.soak, reading)
	}
	return nil
}

func (b *bench) soakOnce(size int) (soakReading, error) {
	reading := soakReading{size: size, messages: b.soak}
	j := job{Work: pushUp, Secure: true, Size: size, Messages: b.soak}
	var result outcome
	_, _, disk, err := b.through(wsluice, j, func(j job, pid int) (err error) {
		samples := sampleMemory(pid)
		result, err = runJob(b.ctx, b.self, j, nil)
		reading.halves = samples.peaks(time.Now().Add(-result.Time), result.Time)
		return err
	}, func() int { return result.Frames })
	reading.rate, reading.disk = result.rate(), disk
	return reading, err
}

// samples is the memory of a process over time.
type samples struct {
	stop    chan struct{}
	stopped sync.WaitGroup
	at      []time.Time
	bytes   []int64
}

// sampleMemory reads a process's memory a hundred times a second until peaks is
// called.
func sampleMemory(pid int) *samples {
	s := &samples{stop: make(chan struct{})}
	s.stopped.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			if n, err := anonymous(pid); err == nil {
				s.at, s.bytes = append(s.at, time.Now()), append(s.bytes, n)
			}
			select {
			case <-tick.C:
			case <-s.stop:
				return
			}
		}
	})
	return s
}

// peaks ends the sampling and returns the peak in each half of the time from
// start on.
func (s *samples) peaks(start time.Time, d time.Duration) (halves [2]int64) {
	close(s.stop)
	s.stopped.Wait()
	middle := start.Add(d / 2)
	for i, at := range s.at {
		half := 0
		if at.After(middle) {
			half = 1
		}
		halves[half] = max(halves[half], s.bytes[i])
	}
	return halves
}
