package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// lookReading is how fast the inspector answers over a large capture at rest.
type lookReading struct {
	connections, frames int
	first, firstMax     time.Duration // from start to the connections drawn: median, highest
	open                time.Duration // from a key to the newest messages of a connection
	all                 time.Duration // to those of all connections, 0 when they were not drawn in time
	keys                []keyReading
	searches            []searchReading
	memory              int64 // anonymous, at the end, in bytes
}

// keyReading is how long keys took until what they ask for was drawn.
type keyReading struct {
	name     string
	p50, p99 time.Duration
}

// searchReading is how long a filter took.
type searchReading struct {
	what           string
	first, counted time.Duration // until the first rows were drawn, and their number
}

// liveReading is what the inspector does while messages come.
type liveReading struct {
	rate     int           // frames drawn a second, without those of keys
	p50, p99 time.Duration // from a key to what it asks for drawn
	each     time.Duration // CPU of a frame drawn, all included
	cpu      float64       // share of a core
	late     time.Duration // of the newest row when it was drawn: median
	lateMost time.Duration // 99th percentile
	memory   int64
	// recorder is the CPU of the recorder, microseconds per message: nobody
	// looking, and with the inspector.
	recorder [2]float64
}

// inspecting measures the inspector on a terminal: at rest over large captures, and
// while messages come at a steady rate.
func (b *bench) inspecting() error {
	for _, connections := range []int{1, 1000} {
		b.say("inspector over %d frames on %d connections", b.capture, connections)
		if err := b.inspectOnce(connections); err != nil {
			return fmt.Errorf("inspector over %d frames on %d connections: %w", b.capture, connections, err)
		}
	}
	return nil
}

func (b *bench) inspectOnce(connections int) error {
	path := filepath.Join(b.dir, "inspected")
	defer os.Remove(path)
	t := newTraffic(frame.Client, 100)
	if err := b.fill(path, b.capture, connections, t); err != nil {
		return err
	}
	reading, err := b.look(path, connections, t)
	if err != nil {
		return err
	}
	b.results.look = append(b.results.look, reading)
	if connections > 1 {
		return nil
	}
	b.say("inspector at %d messages a second", followRate)
	live, err := b.lookLive(path)
	if err == nil {
		b.results.live = append(b.results.live, live)
	}
	return err
}

// look measures the inspector over a capture at rest.
func (b *bench) look(path string, connections int, t *traffic) (reading lookReading, err error) {
	reading = lookReading{connections: connections, frames: b.capture}
	var times []time.Duration
	for range min(20, b.looks) {
		s, took, err := b.startLooking(path)
		if err != nil {
			return reading, err
		}
		times = append(times, took)
		if err := s.close(); err != nil {
			return reading, err
		}
	}
	times = sorted(times)
	reading.first, reading.firstMax = quantile(times, 0.5), times[len(times)-1]
	s, _, err := b.startLooking(path)
	if err != nil {
		return reading, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	last := b.capture / connections
	if reading.open, err = s.press(b.ctx, "\r", "the newest messages", selects(last)); err != nil {
		return reading, err
	}
	if reading.keys, err = b.turn(s, last); err != nil {
		return reading, err
	}
	if reading.searches, err = b.sift(s, last, identifier(t, connections-1)); err != nil {
		return reading, err
	}
	if reading.all, err = s.press(b.ctx, "2", "the newest messages of all", selects(b.capture)); err != nil && !errors.Is(err, errNotShown) {
		return reading, err
	}
	reading.memory, err = anonymous(s.cmd.Process.Pid)
	return reading, err
}

// startLooking returns the inspector on a capture when it has drawn the
// connections, and how long that took from its start.
func (b *bench) startLooking(path string) (*screen, time.Duration, error) {
	s, err := b.openScreen("inspect", path, "--theme", "mono")
	if err != nil {
		return nil, 0, err
	}
	s.want(func(d *display) bool { return strings.Contains(d.selected(), "wss://") })
	took, err := s.await(b.ctx, "connections")
	if err != nil {
		return nil, 0, errors.Join(err, s.close())
	}
	return s, took, nil
}

// selects returns what is true of a frame with a message selected: the one of that
// number.
func selects(number int) func(*display) bool {
	return func(d *display) bool { return selectedNumber(d) == number }
}

// selectedNumber returns the number of the message that is selected, or 0.
func selectedNumber(d *display) int {
	fields := strings.Fields(strings.Trim(d.selected(), "│ "))
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(strings.ReplaceAll(fields[0], ",", ""))
	return n
}

const (
	pageUp   = "\x02" // Ctrl-B
	pageDown = "\x06" // Ctrl-F
)

// turn presses the keys that move through a list of messages up to number last,
// which is selected.
func (b *bench) turn(s *screen, last int) (readings []keyReading, err error) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, k := range []struct {
		name, keys string
		to         func(before int) (keys string, number int) // 0 for any other
	}{
		{name: "page up", keys: pageUp},
		{name: "page down", keys: pageDown},
		{name: "first and last", to: func(before int) (string, int) {
			if before == last {
				return "g", 1
			}
			return "G", last
		}},
		{name: "number", to: func(int) (string, int) {
			n := 1 + random.IntN(last)
			return fmt.Sprintf(":%d", n), n
		}},
	} {
		var times []time.Duration
		for range b.looks {
			s.mu.Lock()
			before := selectedNumber(&s.shown)
			s.mu.Unlock()
			keys, wanted := k.keys, func(d *display) bool { n := selectedNumber(d); return n > 0 && n != before }
			switch {
			case k.keys == pageUp && before <= terminalHeight:
				_, err = s.press(b.ctx, "G", "the last row", selects(last))
				before = last
			case k.keys == pageDown && before > last-terminalHeight:
				_, err = s.press(b.ctx, "g", "the first row", selects(1))
				before = 1
			case k.to != nil:
				var to int
				if keys, to = k.to(before); to == before {
					continue
				}
				wanted = selects(to)
			}
			if err != nil {
				return nil, err
			}
			if strings.HasPrefix(keys, ":") {
				if err := b.write(s, keys); err != nil {
					return nil, err
				}
				keys = "\r"
			}
			took, err := s.press(b.ctx, keys, "the row of "+k.name, wanted)
			if err != nil {
				return nil, err
			}
			times = append(times, took)
		}
		times = sorted(times)
		readings = append(readings, keyReading{k.name, quantile(times, 0.5), quantile(times, 0.99)})
	}
	return readings, nil
}

// write types what is not complete before enter, which is left to the caller.
func (b *bench) write(s *screen, text string) error {
	_, err := s.press(b.ctx, text, "what was typed", func(d *display) bool {
		return strings.Contains(d.line(terminalHeight-2), text[1:])
	})
	return err
}

// sift filters the messages listed, so many, by words that an eighth of them have,
// few have, the first among them, and none has.
func (b *bench) sift(s *screen, listed int, rare string) (readings []searchReading, err error) {
	for _, search := range []struct {
		what, words string
		least       int // matches
	}{
		{"words in an eighth of the messages", "ETH-USD", listed / 12},
		{"rare words, in the first message too", rare, 1},
		{"words in none", filters[0], 0},
	} {
		r := searchReading{what: search.what}
		shown := "filter: " + search.words
		all := func(d *display) bool {
			n, ok := counted(d)
			return ok && n >= search.least && strings.Contains(title(d), shown)
		}
		if err := b.write(s, "/"+search.words); err != nil {
			return nil, err
		}
		if search.least == 0 {
			r.first, err = s.press(b.ctx, "\r", "no match", func(d *display) bool {
				return all(d) && strings.Contains(d.line(3), "no message matches")
			})
			r.counted = r.first
		} else {
			if r.first, err = s.press(b.ctx, "\r", "the first matches", func(d *display) bool {
				return strings.Contains(title(d), shown) && strings.Contains(d.selected(), search.words)
			}); err == nil {
				s.want(all)
				// It may have been in the frame before.
				if _, err = s.tty.WriteString("\x0c"); err == nil {
					r.counted, err = s.await(b.ctx, "the number of matches")
				}
			}
		}
		if err != nil {
			return nil, err
		}
		readings = append(readings, r)
		if _, err := s.press(b.ctx, "\x1b", "all messages", func(d *display) bool {
			return !strings.Contains(title(d), "filter") && selectedNumber(d) > 0
		}); err != nil {
			return nil, err
		}
	}
	return readings, nil
}

// identifier returns what few messages have, the one with an index among them.
func identifier(t *traffic, index int) string {
	wire := t.writes[index/t.perWrite%len(t.writes)][index%t.perWrite*t.wire:]
	h, n := frame.Parse(wire)
	text := append([]byte(nil), wire[n:n+int(h.Length)]...)
	frame.Mask(text, h.Mask, 0)
	return regexp.MustCompile(`"id":(\d+)`).FindStringSubmatch(string(text))[1]
}

// title returns the line above the list.
func title(d *display) string { return d.line(1) }

var matches = regexp.MustCompile(`messages (?:[\d,]+ / )?([\d,]+)  `)

// counted returns the number of matches in the title once it is final.
func counted(d *display) (n int, ok bool) {
	found := matches.FindStringSubmatch(title(d))
	if found == nil || strings.Contains(title(d), "searching") {
		return 0, false
	}
	n, err := strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
	return n, err == nil
}
