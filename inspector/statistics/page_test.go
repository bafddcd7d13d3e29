package statistics_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/statistics"
)

var update = flag.Bool("update", false, "write the golden files anew")

var start = time.Date(2026, 11, 21, 10, 2, 11, 433_018_000, time.UTC)

// talk makes the messages of a connection.
type talk struct {
	statistics.Collector
	seq uint64
	now time.Time
}

func begin() *talk { return &talk{now: start} }

// say adds a message, with what edit changes.
func (t *talk) say(from frame.Side, kind frame.Opcode, size int, edit ...func(*frame.Message)) {
	t.seq++
	m := &frame.Message{Seq: t.seq, Time: t.now, From: from, Type: kind, Size: uint64(size), WireSize: uint64(size) + 6, Frames: 1}
	for _, f := range edit {
		f(m)
	}
	t.Add(m)
}

// control adds a control frame with a payload.
func (t *talk) control(from frame.Side, kind frame.Opcode, payload string) {
	t.say(from, kind, len(payload), func(m *frame.Message) { m.Payload = []byte(payload) })
}

// feed is a busy connection of three minutes, with pings and with a pause in it.
func feed() *talk {
	t := begin()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 9000 {
		t.now = t.now.Add(time.Duration(random.ExpFloat64() * float64(20*time.Millisecond)))
		if i == 5000 {
			t.now = t.now.Add(12400 * time.Millisecond)
		}
		if math.Sin(float64(i)/300) > random.Float64()-0.5 {
			t.say(frame.Server, frame.Text, int(math.Exp(random.NormFloat64()+6)), func(m *frame.Message) {
				m.Compressed, m.WireSize = true, m.Size/4+4
			})
		}
		if i%40 == 0 {
			t.say(frame.Client, frame.Text, 30+random.IntN(60))
		}
		if i%300 == 7 {
			payload := fmt.Sprint(i)
			t.control(frame.Server, frame.Ping, payload)
			t.now = t.now.Add(time.Duration(12+random.ExpFloat64()*8) * time.Millisecond)
			if i != 4507 {
				t.control(frame.Client, frame.Pong, payload)
			}
		}
	}
	t.control(frame.Server, frame.Ping, "last")
	t.say(frame.Server, frame.Close, 2)
	return t
}

// unusual is a connection with everything that should not be there.
func unusual() *talk {
	t := begin()
	for i := range 60 {
		t.now = t.now.Add(500 * time.Millisecond)
		t.say(frame.Client, frame.Binary, i*i*i, func(m *frame.Message) { m.Frames = i%4 + 1 })
		t.say(frame.Side(i%2), frame.Text, i, func(m *frame.Message) {
			m.Origin, m.Violation, m.Incomplete = frame.Origin(i%5), frame.Violation(i%20), frame.Incomplete(i%4)
			if i%7 == 0 {
				m.Error = "flate: corrupt input\x1b[31m"
			}
		})
		t.control(frame.Client, frame.Ping, "")
		t.control(frame.Server, frame.Pong, strings.Repeat("x", i%3))
	}
	t.now = t.now.Add(-10 * time.Second)
	t.say(frame.Server, 11, 1<<40)
	t.say(frame.Server, frame.Opaque, math.MaxInt32)
	t.say(frame.Client, frame.Continuation, 3)
	return t
}

func pages() map[string]*statistics.Report {
	one := begin()
	one.say(frame.Server, frame.Text, 812)

	instant := begin()
	for range 3 {
		instant.say(frame.Client, frame.Binary, 100)
		instant.control(frame.Server, frame.Ping, "a")
		instant.control(frame.Client, frame.Pong, "a")
	}

	back := begin()
	for i := range 200 {
		back.now = back.now.Add(-time.Second)
		back.say(frame.Side(i%2), frame.Text, i)
	}

	year := begin()
	for i := range 365 {
		year.say(frame.Client, frame.Text, 50)
		year.control(frame.Client, frame.Ping, fmt.Sprint(i))
		year.now = year.now.Add(90 * time.Millisecond)
		year.control(frame.Server, frame.Pong, fmt.Sprint(i))
		year.now = year.now.Add(24*time.Hour + time.Duration(i)*time.Second)
	}

	short := begin()
	short.say(frame.Client, frame.Text, 7)
	short.now = short.now.Add(370 * time.Microsecond)
	short.say(frame.Server, frame.Text, 7)
	short.now = short.now.Add(130 * time.Microsecond)
	short.say(frame.Server, frame.Text, 70_000)

	quiet := begin()
	for i := range 40 {
		quiet.now = quiet.now.Add(20 * time.Second)
		quiet.control(frame.Side(i%2), frame.Ping, "")
		quiet.now = quiet.now.Add(time.Duration(10+i) * time.Millisecond)
		quiet.control(frame.Side(1-i%2), frame.Pong, "")
	}

	timeless := begin()
	timeless.now = time.Time{}
	timeless.say(frame.Client, frame.Text, 7)

	return map[string]*statistics.Report{
		"empty": new(statistics.Collector).Report(), "one": one.Report(), "instant": instant.Report(), "backward": back.Report(),
		"year": year.Report(), "short": short.Report(), "timeless": timeless.Report(), "quiet": quiet.Report(), "feed": feed().Report(), "unusual": unusual().Report(),
	}
}

// drawn is the page as text.
func drawn(r *statistics.Report, width, height int, ascii bool) string {
	var b strings.Builder
	for _, l := range r.Lines(width, height, ascii, time.FixedZone("CET", 3600)) {
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	return b.String()
}

// TestGolden would catch anything that looks otherwise than it did: run with
// -update and look at what changed.
func TestGolden(t *testing.T) {
	for name, r := range pages() {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, size := range [...]struct {
				width, height int
				ascii         bool
			}{{200, 60, false}, {100, 30, false}, {80, 24, false}, {40, 20, false}, {80, 24, true}} {
				fmt.Fprintf(&b, "== %dx%d\n%s\n", size.width, size.height, drawn(r, size.width, size.height, size.ascii))
			}
			path := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("the page is otherwise than %s:\n%s", path, difference(string(want), b.String()))
			}
		})
	}
}

// difference shows the first lines that are not the same.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d is\n%s\nwant\n%s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// checkLines fails when a line is wider than asked or holds what cannot be printed.
func checkLines(t *testing.T, r *statistics.Report, width, height int, ascii bool) {
	t.Helper()
	for i, l := range r.Lines(width, height, ascii, nil) {
		if l.Width() > max(width, 0) {
			t.Errorf("at width %d line %d is %q of %d cells", width, i, l, l.Width())
		}
		for _, c := range l.String() {
			if !unicode.IsGraphic(c) || ascii && c > '~' {
				t.Errorf("at width %d line %d is %q with %q", width, i, l, c)
			}
		}
	}
}

// TestEveryWidth would catch a line that is too wide for some widths only.
func TestEveryWidth(t *testing.T) {
	for name, r := range pages() {
		t.Run(name, func(t *testing.T) {
			for width := -1; width < 240; width += 1 + width/80*7 {
				checkLines(t, r, width, width/3, width%2 == 0)
			}
			checkLines(t, r, math.MaxInt, math.MaxInt, false)
		})
	}
}

// TestLinesAreTheCallers would catch lines that change when the report is drawn once
// more, or when the collector goes on.
func TestLinesAreTheCallers(t *testing.T) {
	talk := feed()
	r := talk.Report()
	before := drawn(r, 100, 30, false)
	lines := r.Lines(100, 30, false, nil)
	for _, l := range lines {
		for i := range l {
			l[i] = draw.Span{Text: "scribbled"}
		}
	}
	for range 5000 {
		talk.now = talk.now.Add(time.Hour)
		talk.control(frame.Client, frame.Ping, "more")
	}
	if after := drawn(r, 100, 30, false); after != before {
		t.Errorf("the page is not what it was:\n%s", difference(before, after))
	}
}

// FuzzLines would catch a message that makes a page panic, too wide, or not fit to
// be printed.
func FuzzLines(f *testing.F) {
	f.Add([]byte("\x01\x20\x01\x10\x02\x30\x09\x00\x0a\x00"), 80, 24, false)
	f.Fuzz(func(t *testing.T, script []byte, width, height int, ascii bool) {
		width, height = width%300, height%200
		talk := begin()
		for ; len(script) >= 3; script = script[3:] {
			kind, size, step := script[0], script[1], script[2]
			// Steps of any size, some of them backward.
			pass := time.Duration(1) << (step & 63)
			if step&0x40 != 0 {
				pass = -pass / 2
			}
			talk.now = talk.now.Add(pass)
			talk.say(frame.Side(kind>>7), frame.Opcode(kind&31), 0, func(m *frame.Message) {
				m.Size = uint64(size) << (size & 63)
				m.WireSize = m.Size + m.Size/8
				m.Frames, m.Compressed = int(step>>6), kind&32 != 0
				m.Payload = []byte{size}
				if kind&64 != 0 {
					m.Origin, m.Incomplete, m.Violation, m.Error = frame.Origin(size), frame.Incomplete(step), frame.Violation(step), string(script)
				}
			})
		}
		checkLines(t, talk.Report(), width, height, ascii)
	})
}
