package main

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// lookLive measures the inspector following a capture that grows, and what the
// recorder pays for it.
func (b *bench) lookLive(path string) (reading liveReading, err error) {
	j := job{Work: pushUp, Secure: true, Size: 100, Rate: followRate, Time: b.follow, Folder: b.dir}
	held := b.capture
	for i, watched := range []bool{false, true} {
		p, err := b.start(wsluice, true, path)
		if err != nil {
			return reading, err
		}
		j.Proxy = p.address
		var result outcome
		if watched {
			result, err = b.watch(path, j, held, &reading)
		} else {
			result, err = runJob(b.ctx, b.self, j, nil)
		}
		used, _, stopped := p.stop()
		if err = errors.Join(err, stopped); err != nil {
			return reading, err
		}
		held += result.Frames
		reading.recorder[i] = micro(used) / float64(max(1, result.Messages))
	}
	return reading, b.complete(path, held)
}

// watch does a job with an inspector that follows the messages of all connections
// and gets a key ten times a second. The capture held so many frames before.
func (b *bench) watch(path string, j job, held int, reading *liveReading) (result outcome, err error) {
	s, _, err := b.startLooking(path)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if _, err := s.press(b.ctx, "2", "the newest messages", func(d *display) bool {
		return selectedNumber(d) >= held && strings.Contains(title(d), "FOLLOW")
	}); err != nil {
		return result, err
	}
	var late, taken []time.Duration
	s.mu.Lock()
	s.each = func(d *display, at time.Time) {
		if age, ok := selectedAge(d, at); ok {
			late = append(late, age)
		}
	}
	s.mu.Unlock()
	frames, used, began := s.count(), cpuTime(s.cmd.Process.Pid), time.Now()
	done := make(chan struct{})
	var typing sync.WaitGroup
	var typed error
	typing.Go(func() { taken, typed = b.scrollSideways(s, done) })
	result, err = runJob(b.ctx, b.self, j, nil)
	used = cpuTime(s.cmd.Process.Pid) - used
	frames = s.count() - frames
	took := time.Since(began)
	close(done)
	typing.Wait()
	s.mu.Lock()
	s.each = nil
	s.mu.Unlock()
	if err = errors.Join(err, typed); err != nil {
		return result, err
	}
	if _, err := s.press(b.ctx, "G", "the last message", func(d *display) bool { return selectedNumber(d) == held+result.Frames }); err != nil {
		return result, err
	}
	late, taken = sorted(late), sorted(taken)
	reading.rate = int(math.Round(float64(frames-len(taken)) / took.Seconds()))
	reading.p50, reading.p99 = quantile(taken, 0.5), quantile(taken, 0.99)
	reading.each = used / time.Duration(max(1, frames))
	reading.cpu = used.Seconds() / took.Seconds()
	reading.late, reading.lateMost = quantile(late, 0.5), quantile(late, 0.99)
	reading.memory, err = anonymous(s.cmd.Process.Pid)
	return result, err
}

// scrollSideways presses keys that change every row until done, and returns how
// long they took.
func (b *bench) scrollSideways(s *screen, done <-chan struct{}) (times []time.Duration, err error) {
	tick := time.NewTicker(time.Second / 10)
	defer tick.Stop()
	for key := "l"; ; {
		select {
		case <-done:
			return times, nil
		case <-tick.C:
		}
		aside := key == "l"
		took, err := s.press(b.ctx, key, "the rows moved", func(d *display) bool {
			row := d.selected()
			return row != "" && strings.Contains(row, `{"ev"`) != aside
		})
		if err != nil {
			return nil, err
		}
		times = append(times, took)
		key = map[string]string{"l": "h", "h": "l"}[key]
	}
}

var clock = regexp.MustCompile(`(\d\d):(\d\d):(\d\d)\.(\d\d\d)`)

// selectedAge returns how long before at the selected message had passed. Rows show
// the time of day in UTC.
func selectedAge(d *display, at time.Time) (time.Duration, bool) {
	found := clock.FindStringSubmatch(d.selected())
	if found == nil {
		return 0, false
	}
	var parts [4]time.Duration
	for i := range parts {
		n, _ := strconv.Atoi(found[i+1])
		parts[i] = time.Duration(n)
	}
	passed := parts[0]*time.Hour + parts[1]*time.Minute + parts[2]*time.Second + parts[3]*time.Millisecond
	const day = 24 * time.Hour
	return (at.UTC().Sub(at.UTC().Truncate(day)) - passed + day) % day, true
}
