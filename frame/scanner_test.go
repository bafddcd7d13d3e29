package frame_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// wire returns a frame's bytes; h.Length is set from the payload.
func wire(h frame.Header, payload string) []byte {
	h.Length = uint64(len(payload))
	p := h.Append(nil)
	at := len(p)
	p = append(p, payload...)
	if h.Masked {
		frame.Mask(p[at:], h.Mask, 0)
	}
	return p
}

func masked(h frame.Header) frame.Header {
	h.Masked, h.Mask = true, [4]byte{0x12, 0x34, 0x56, 0x78}
	return h
}

var (
	text         = frame.Header{Fin: true, Opcode: frame.Text}
	binary       = frame.Header{Fin: true, Opcode: frame.Binary}
	ping         = frame.Header{Fin: true, Opcode: frame.Ping}
	pong         = frame.Header{Fin: true, Opcode: frame.Pong}
	closing      = frame.Header{Fin: true, Opcode: frame.Close}
	textStart    = frame.Header{Opcode: frame.Text}
	continuation = frame.Header{Opcode: frame.Continuation}
	last         = frame.Header{Fin: true, Opcode: frame.Continuation}
)

// streams are the shapes of traffic the boundary tests and fuzz seeds use.
var streams = map[string][]byte{
	"empty":               {},
	"one text":            wire(text, "hello"),
	"masked":              wire(masked(text), "hello"),
	"F1 fragments":        bytes.Join([][]byte{wire(textStart, "a"), wire(continuation, "bc"), wire(last, "d")}, nil),
	"F2 ping in between":  bytes.Join([][]byte{wire(textStart, "a"), wire(ping, "p"), wire(last, "d"), wire(ping, "")}, nil),
	"F3 empty parts":      bytes.Join([][]byte{wire(textStart, ""), wire(last, ""), wire(text, ""), wire(textStart, "x"), wire(last, "")}, nil),
	"F4 interrupted":      bytes.Join([][]byte{wire(textStart, "a"), wire(text, "b"), wire(last, "c")}, nil),
	"F10 reserved":        bytes.Join([][]byte{wire(frame.Header{Fin: true, Opcode: 3}, "r"), wire(frame.Header{Fin: true, Opcode: 0xB, RSV: 7}, "c")}, nil),
	"F11 control":         bytes.Join([][]byte{wire(frame.Header{Opcode: frame.Ping}, "frag"), wire(ping, string(make([]byte, 300)))}, nil),
	"F12 many frames":     bytes.Repeat(wire(masked(text), "0123456789"), 50),
	"F13 non-minimal":     []byte("\x82\x7e\x00\x01a\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x01b"),
	"F13 impossible":      append(wire(text, "ok"), "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04what follows"...),
	"F13 just possible":   []byte("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffwhat follows"),
	"F13 just impossible": []byte("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00what follows"),
	"F13 lie then EOF":    []byte("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xffshort"),
	"end within a header": append(wire(text, "ok"), 0x82, 0x7f, 0),
	"64 KiB":              wire(masked(binary), string(make([]byte, 1<<16))),
}

// model finds frames and message boundaries the slow and obvious way: it sees
// the whole stream at once.
type model struct {
	boundaries []int // offsets just behind each message
	frames     []int // offsets just behind each frame
	broken     int   // offset behind the impossible header, 0 for none
}

func newModel(stream []byte) model {
	var m model
	open := false
	for i := 0; i < len(stream); {
		h, n := frame.Parse(stream[i:])
		if n == 0 {
			break
		}
		i += n
		if h.Length > frame.MaxLength {
			m.broken = i
			break
		}
		if uint64(len(stream)-i) < h.Length {
			break
		}
		i += int(h.Length)
		m.frames = append(m.frames, i)
		if h.Opcode < 8 {
			open = !h.Fin
		}
		if !open {
			m.boundaries = append(m.boundaries, i)
		}
	}
	return m
}

// whole returns how many frames end at or before the offset at.
func (m *model) whole(at int) (n uint64) {
	for _, f := range m.frames {
		if f <= at {
			n++
		}
	}
	return n
}

// lastWithin returns the last of the ascending offsets in (from, to], or -1.
func lastWithin(offsets []int, from, to int) int {
	found := -1
	for _, o := range offsets {
		if o > from && o <= to {
			found = o
		}
	}
	return found
}

// parts cuts a stream at the sizes that seed gives.
func parts(stream []byte, seed uint64) [][]byte {
	rng := rand.New(rand.NewPCG(seed, seed))
	var out [][]byte
	for len(stream) > 0 {
		n := 1
		if seed > 0 {
			n = min(1+rng.IntN(int(seed%64)+1), len(stream))
		}
		out = append(out, stream[:n])
		stream = stream[n:]
	}
	return out
}

func checkScanner(t *testing.T, stream []byte, seed uint64) {
	t.Helper()
	m := newModel(stream)
	var s frame.Scanner
	at := 0
	for _, p := range parts(stream, seed) {
		got := s.Scan(p)
		want := lastWithin(m.boundaries, at, at+len(p))
		if got >= 0 {
			got += at
		}
		if got != want {
			t.Fatalf("boundary in [%d,%d): %d, want %d", at, at+len(p), got, want)
		}
		at += len(p)
		if got, want := s.AtFrame(), lastWithin(m.frames, at-1, at) == at; got != want {
			t.Fatalf("AtFrame at %d: %v", at, got)
		}
		if got, want := s.AtMessage(), lastWithin(m.boundaries, at-1, at) == at; got != want {
			t.Fatalf("AtMessage at %d: %v", at, got)
		}
		if got, want := s.Broken(), m.broken > 0 && at >= m.broken; got != want {
			t.Fatalf("Broken at %d: %v", at, got)
		}
		if got, want := s.Frames(), m.whole(at); got != want {
			t.Fatalf("%d frames at %d, want %d", got, at, want)
		}
	}
	checkStep(t, stream, seed, m)
}

// checkStep goes through stream by frames: in each part Step must stop behind
// every frame that ends there, and nowhere else.
func checkStep(t *testing.T, stream []byte, seed uint64, m model) {
	t.Helper()
	var s frame.Scanner
	at := 0
	for _, p := range parts(stream, seed) {
		for end := at + len(p); at < end; {
			want := end
			for _, f := range m.frames {
				if f > at {
					want = min(f, end)
					break
				}
			}
			if n := s.Step(stream[at:end]); at+n != want {
				t.Fatalf("Step at %d of %d took %d, want %d", at, end, n, want-at)
			}
			at = want
			if s.Frames() != m.whole(at) || s.AtFrame() != (lastWithin(m.frames, at-1, at) == at) {
				t.Fatalf("at %d: %d frames, AtFrame %v", at, s.Frames(), s.AtFrame())
			}
			if s.AtMessage() != (lastWithin(m.boundaries, at-1, at) == at) || s.Broken() != (m.broken > 0 && at >= m.broken) {
				t.Fatalf("at %d: AtMessage %v, Broken %v", at, s.AtMessage(), s.Broken())
			}
		}
	}
}

// Pitfalls F1 to F4, F10 to F13: a boundary found at the wrong byte would put an
// injected message into the middle of another, whichever way TCP cuts the reads.
func TestScannerFindsBoundariesOverAnyPartition(t *testing.T) {
	for name, stream := range streams {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(70) {
				checkScanner(t, stream, seed)
			}
		})
	}
}

// Catches a close frame overlooked because its header came in two reads, and
// payload bytes that look like one taken for a close.
func TestScannerSawClose(t *testing.T) {
	for _, c := range []struct {
		name string
		runs []string
		want bool
	}{
		{"nothing", nil, false},
		{"text that contains a close frame", []string{"\x81\x02\x88\x00"}, false},
		{"close", []string{"\x81\x01a\x88\x00"}, true},
		{"close cut in its header", []string{"\x88", "\x02\x03\xe8"}, true},
		{"close between fragments", []string{"\x01\x01a\x88\x00\x80\x01b"}, true},
		{"close and more", []string{"\x88\x00", "\x81\x01a"}, true},
	} {
		var s frame.Scanner
		for _, r := range c.runs {
			s.Scan([]byte(r))
		}
		if got := s.SawClose(); got != c.want {
			t.Errorf("%s: SawClose() = %v, want %v", c.name, got, c.want)
		}
	}
}

// Reset must forget where in a frame it was, and nothing else: a count that began
// anew would have an inflater be asked for at the wrong place.
func TestScannerReset(t *testing.T) {
	whole := wire(text, "a")
	for _, start := range []string{"", "\x01\x01a", "\x88", "\x81\x7e\x01", "\x81\x05abc", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x88\x00"} {
		var s frame.Scanner
		s.Scan([]byte(start))
		frames, closed := s.Frames(), s.SawClose()
		s.Reset()
		if s.Broken() || !s.AtMessage() || s.Frames() != frames || s.SawClose() != closed {
			t.Errorf("%q: %+v", start, s)
		}
		if n := s.Step(append(whole, 0x81)); n != len(whole) || !s.AtMessage() || s.Frames() != frames+1 {
			t.Errorf("%q: the next frame took %d bytes, %d frames", start, n, s.Frames())
		}
	}
}

// The scanner runs for every byte that passes; an allocation there would show
// at once in the relay.
func TestScannerAndCutterDoNotAllocate(t *testing.T) {
	stream := streams["F12 many frames"]
	var s frame.Scanner
	var c frame.Cutter
	var check frame.Checker
	if n := testing.AllocsPerRun(100, func() {
		s.Scan(stream)
		for p := stream; len(p) > 0; {
			piece, n, _ := c.Next(p)
			check.Check(&piece.Header, nil)
			p = p[n:]
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzScanner(f *testing.F) {
	for _, stream := range streams {
		f.Add(stream, uint64(5))
	}
	f.Fuzz(checkScanner)
}

func BenchmarkScanner(b *testing.B) {
	stream := bytes.Repeat(wire(masked(text), string(make([]byte, 100))), 600)
	b.SetBytes(int64(len(stream)))
	var s frame.Scanner
	for b.Loop() {
		s.Scan(stream)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/600, "ns/frame")
}
