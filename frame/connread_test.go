package frame_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/wsluice/wsluice/frame"
)

// silence is a connection that has nothing to say and takes everything.
type silence struct{ written bytes.Buffer }

func (s *silence) Read([]byte) (int, error)         { return 0, io.EOF }
func (s *silence) Write(p []byte) (int, error)      { return s.written.Write(p) }
func (s *silence) Close() error                     { return nil }
func (s *silence) LocalAddr() net.Addr              { return nil }
func (s *silence) RemoteAddr() net.Addr             { return nil }
func (s *silence) SetDeadline(time.Time) error      { return nil }
func (s *silence) SetReadDeadline(time.Time) error  { return nil }
func (s *silence) SetWriteDeadline(time.Time) error { return nil }

// messages reads c to its end and returns a line for each message.
func messages(t *testing.T, c *frame.Conn) (lines []string) {
	t.Helper()
	for {
		m, err := c.Next()
		if err != nil {
			return append(lines, err.Error())
		}
		if m.Time.IsZero() || m.From != c.Side().Peer() {
			t.Errorf("message %d from %s at %v", m.Seq, m.From, m.Time)
		}
		lines = append(lines, describe(&m))
	}
}

// pair returns the two ends of a TCP connection.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
	})
	return client, server
}

// However the bytes of a stream are cut into reads, its messages are those that the
// assembler makes of its frames, and it ends the same way.
func TestConnReadsWhatCame(t *testing.T) {
	compressed := newSender(true)
	small := compressed.message([]byte("hello hello hello"))
	for name, stream := range map[string]string{
		"nothing":     "",
		"messages":    string(wire(text, "a")) + string(wire(binary, "")) + string(wire(ping, "p")),
		"fragments":   string(wire(textStart, "a")) + string(wire(ping, "p")) + string(wire(continuation, "b")) + string(wire(last, "c")),
		"unfinished":  string(wire(textStart, "a")) + string(wire(ping, "p")),
		"cut":         string(wire(text, "abcdef")[:5]),
		"cut head":    string(wire(text, strings.Repeat("x", 300))[:3]),
		"masked":      string(wire(masked(text), "abcdefghij")),
		"stray":       string(wire(last, "a")),
		"interrupted": string(wire(textStart, "a")) + string(wire(text, "b")),
		"after close": string(wire(closing, "\x03\xe8bye")) + string(wire(text, "more")),
		"not text":    string(wire(text, "\xff")),
		"impossible":  "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xffrest",
		"compressed":  string(wire(frame.Header{Fin: true, RSV: frame.RSV1, Opcode: frame.Text}, string(small))),
		"corrupt":     string(wire(frame.Header{Fin: true, RSV: frame.RSV1, Opcode: frame.Text}, "\xff\xff\xff")),
		"large":       string(wire(text, strings.Repeat("0123456789", 10_000))),
	} {
		t.Run(name, func(t *testing.T) {
			e := frame.Extensions{Deflate: true, WindowBits: [2]uint8{15, 15}}
			open := func(early io.Reader) *frame.Conn { return frame.NewConn(new(silence), early, frame.Client, e) }

			// The frames put together again are the stream, and the assembler makes the
			// same messages of them.
			a := frame.Assembler{Extensions: e}
			conn := open(strings.NewReader(stream))
			var lines []string
			var again []byte
			for {
				r, err := conn.NextFrame()
				if err != nil {
					break
				}
				again = r.AppendWire(again)
				for _, m := range a.Push(&r) {
					lines = append(lines, describe(&m))
				}
			}
			for _, m := range a.Flush() {
				lines = append(lines, describe(&m))
			}
			if string(again) != stream {
				t.Errorf("frames are %q, not %q", again, stream)
			}
			lines = append(lines, "EOF")
			checkLines(t, messages(t, open(strings.NewReader(stream))), lines)
			if name != "impossible" { // each read of what is no frame is a message
				checkLines(t, messages(t, open(iotest.OneByteReader(strings.NewReader(stream)))), lines)
			}
			checkLines(t, messages(t, open(iotest.DataErrReader(strings.NewReader(stream)))), lines)
		})
	}
}

// Whatever window a peer compresses with, and whether it goes on from message to
// message, its messages are read.
func TestConnReadsAllWindows(t *testing.T) {
	for bits := uint8(8); bits <= 15; bits++ {
		for _, alone := range []bool{false, true} {
			var out bytes.Buffer
			w, err := flate.NewWriterWindow(&out, 1<<bits)
			if err != nil {
				t.Fatal(err)
			}
			e := frame.Extensions{Deflate: true, WindowBits: [2]uint8{15, bits}, NoContextTakeover: [2]bool{false, alone}}
			texts := chatter(uint64(bits), 30)
			var stream []byte
			for _, p := range texts {
				if out.Reset(); alone {
					w.Reset(&out)
				}
				_, _ = w.Write(p)
				_ = w.Flush()
				stream = append(stream, wire(frame.Header{Fin: true, RSV: frame.RSV1, Opcode: frame.Binary}, string(out.Bytes()[:out.Len()-4]))...)
			}
			c := frame.NewConn(new(silence), bytes.NewReader(stream), frame.Client, e)
			for i, p := range texts {
				if m, err := c.Next(); err != nil || !bytes.Equal(m.Payload, p) || m.Error != "" {
					t.Fatalf("%d bits, alone %v, message %d: %d of %d bytes, %s, %v", bits, alone, i, len(m.Payload), len(p), m.Error, err)
				}
			}
		}
	}
}

// What was read with the handshake comes first, then what the connection brings,
// also within a frame.
func TestConnReadsEarlyBytesFirst(t *testing.T) {
	near, far := pair(t)
	stream := wire(text, "hello")
	c := frame.NewConn(near, bytes.NewReader(stream[:3]), frame.Client, frame.Extensions{})
	if _, err := far.Write(stream[3:]); err != nil {
		t.Fatal(err)
	}
	if m, err := c.Next(); err != nil || string(m.Payload) != "hello" {
		t.Errorf("%q, %v", m.Payload, err)
	}
}

// A payload over the limit is cut, said to be, and what follows it is not affected.
func TestConnLimit(t *testing.T) {
	compressed := newSender(true)
	deflated := frame.Header{Fin: true, RSV: frame.RSV1, Opcode: frame.Text}
	stream := string(wire(text, strings.Repeat("a", 50_000))) +
		string(wire(textStart, strings.Repeat("b", 60))) + string(wire(last, strings.Repeat("b", 60))) +
		string(wire(deflated, string(compressed.message(bytes.Repeat([]byte("c"), 1<<20))))) +
		string(wire(deflated, string(compressed.message([]byte("cccccc"))))) + string(wire(text, "end"))
	for _, chunk := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.HalfReader} {
		c := frame.NewConn(new(silence), chunk(strings.NewReader(stream)), frame.Client, frame.Extensions{Deflate: true, WindowBits: [2]uint8{15, 15}})
		c.Limit = 100
		for _, want := range []struct {
			size uint64
			kept int
		}{{50_000, 100}, {120, 100}, {1 << 20, 100}, {6, 6}, {3, 3}} {
			m, err := c.Next()
			if err != nil || m.Size != want.size || len(m.Payload) != want.kept || m.Truncated != (want.size > 100) || m.Error != "" {
				t.Errorf("%d bytes of %d, truncated %v, error %q, %v; want %d of %d", len(m.Payload), m.Size, m.Truncated, m.Error, err, want.kept, want.size)
			}
		}
	}
}

// Nor is more than the limit held of a frame, however it comes.
func TestConnLimitOfFrames(t *testing.T) {
	for _, size := range []int{101, 1_000, 100_000} {
		c := frame.NewConn(new(silence), bytes.NewReader(wire(masked(text), strings.Repeat("a", size))), frame.Server, frame.Extensions{})
		c.Limit = 100
		r, err := c.NextFrame()
		if err != nil || string(r.Payload) != strings.Repeat("a", 100) || r.Stored != uint64(size) || r.Incomplete != frame.Whole {
			t.Errorf("%d bytes of %d, %v", len(r.Payload), r.Stored, err)
		}
	}
}

// finale is a connection whose last bytes come with its end.
type finale struct {
	silence
	last string
}

func (f *finale) Read(p []byte) (int, error) {
	n := copy(p, f.last)
	f.last = f.last[n:]
	return n, io.EOF
}

func TestConnReadsWhatComesWithTheEnd(t *testing.T) {
	c := frame.NewConn(&finale{last: string(wire(text, "bye"))}, nil, frame.Client, frame.Extensions{})
	if m, err := c.Next(); err != nil || string(m.Payload) != "bye" {
		t.Errorf("%q, %v", m.Payload, err)
	}
	if _, err := c.Next(); err != io.EOF {
		t.Errorf("%v", err)
	}
}

// A length that a peer announces costs no memory.
func TestConnTakesNoMemoryForPromises(t *testing.T) {
	stream := "\x82\x7f\x00\x00\x7f\xff\xff\xff\xff\xffabc"
	if n := testing.AllocsPerRun(10, func() {
		c := frame.NewConn(new(silence), strings.NewReader(stream), frame.Client, frame.Extensions{})
		m, err := c.Next()
		if err != nil || string(m.Payload) != "abc" || m.Incomplete != frame.Cut {
			t.Fatalf("%q, %v", m.Payload, err)
		}
		if cap(m.Payload) > 1<<10 {
			t.Fatalf("%d bytes for 3", cap(m.Payload))
		}
	}); n > 30 {
		t.Errorf("%v allocations", n)
	}
}

// A read deadline loses nothing, wherever in a frame or message it strikes.
func TestConnReadDeadline(t *testing.T) {
	near, far := pair(t)
	c := frame.NewConn(near, nil, frame.Client, frame.Extensions{})
	stream := string(wire(textStart, strings.Repeat("x", 200))) + string(wire(last, "yz"))
	var first time.Time
	for i := range len(stream) {
		_ = c.SetReadDeadline(time.Unix(1, 0))
		if _, err := c.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("before byte %d: %v", i, err)
		}
		_ = c.SetReadDeadline(time.Time{})
		if _, err := far.Write([]byte{stream[i]}); err != nil {
			t.Fatal(err)
		}
		if i < len(stream)-1 {
			// The next call must not find all of it.
			if at := waitForByte(t, c); first.IsZero() {
				first = at
			}
		}
	}
	m, err := c.Next()
	if err != nil || string(m.Payload) != strings.Repeat("x", 200)+"yz" || m.Frames != 2 {
		t.Errorf("%q, %v", m.Payload, err)
	}
	if !m.Time.Equal(first) {
		t.Errorf("the message is of %v, its first byte of %v", m.Time, first)
	}
}

// waitForByte reads what has come, which is no whole message, and returns when it
// came.
func waitForByte(t *testing.T, c *frame.Conn) (came time.Time) {
	t.Helper()
	c.OnWire = func(_ frame.Side, at time.Time, _ []byte) {
		_ = c.SetReadDeadline(time.Unix(1, 0))
		came = at
	}
	if m, err := c.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("message %q, %v", m.Payload, err)
	}
	c.OnWire = nil
	return came
}

// A reader that returns nothing for ever is an error, not a loop.
func TestConnReaderWithoutProgress(t *testing.T) {
	c := frame.NewConn(new(silence), emptyReader{}, frame.Client, frame.Extensions{})
	if _, err := c.Next(); err != io.ErrNoProgress {
		t.Errorf("%v", err)
	}
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

func BenchmarkConnNext(b *testing.B) {
	for _, size := range []int{100, 1 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w := wire(masked(text), strings.Repeat("x", size))
			stream := bytes.Repeat(w, 1<<20/len(w)+1)
			b.SetBytes(int64(len(w)))
			b.ReportAllocs()
			for n := 0; n < b.N; {
				c := frame.NewConn(new(silence), bytes.NewReader(stream), frame.Server, frame.Extensions{})
				for ; n < b.N; n++ {
					if _, err := c.Next(); err != nil {
						break
					}
				}
			}
		})
	}
}

// FuzzConn: no bytes a peer sends are lost, exceed a bound, or make it panic.
func FuzzConn(f *testing.F) {
	for _, stream := range streams {
		f.Add(stream, uint8(0))
		f.Add(stream, uint8(7))
	}
	f.Fuzz(func(t *testing.T, stream []byte, kind uint8) {
		e := frame.Extensions{Deflate: kind&1 != 0, WindowBits: [2]uint8{15, 15}, NoContextTakeover: [2]bool{kind&2 != 0, kind&2 != 0}}
		as := frame.Side(kind >> 2 & 1)
		frames := frame.NewConn(new(silence), bytes.NewReader(stream), as, e)
		var again []byte
		for seq := uint64(1); ; seq++ {
			r, err := frames.NextFrame()
			if err != nil {
				if err != io.EOF {
					t.Fatalf("ended with %v", err)
				}
				break
			}
			if r.Seq != seq || r.Message > seq || r.Stored != uint64(len(r.Payload)) {
				t.Fatalf("frame %d is numbered %d of message %d with %d of %d bytes", seq, r.Seq, r.Message, len(r.Payload), r.Stored)
			}
			again = r.AppendWire(again)
		}
		if !bytes.Equal(again, stream) {
			t.Fatalf("frames make %q of %q", again, stream)
		}
		out := new(silence)
		c := frame.NewConn(out, iotest.HalfReader(bytes.NewReader(stream)), as, e)
		c.Limit, c.AutoClose, c.AutoPong = 64, true, true
		for {
			m, err := c.Next()
			if err != nil {
				break
			}
			if len(m.Payload) > 64 && m.Error == "" && !m.Compressed {
				t.Fatalf("a payload of %d bytes is over the limit of 64", len(m.Payload))
			}
		}
		if _, err := c.Next(); err == nil {
			t.Fatal("goes on behind the end")
		}
		_ = c.Hangup()
		checkAnswers(t, out.written.Bytes(), as)
	})
}

// checkAnswers fails unless wire is nothing but legal pongs and one close frame at
// most.
func checkAnswers(t *testing.T, wire []byte, from frame.Side) {
	t.Helper()
	c := frame.NewConn(new(silence), bytes.NewReader(wire), from.Peer(), frame.Extensions{})
	closes := 0
	for {
		r, err := c.NextFrame()
		if err != nil {
			return
		}
		if r.Type() == frame.Close {
			closes++
		}
		if r.Violation != frame.Legal || r.Incomplete != frame.Whole || closes > 1 || r.Type() != frame.Pong && r.Type() != frame.Close {
			t.Fatalf("answered %s, %s, close frames %d", fmt.Sprint(r.Type()), r.Violation, closes)
		}
	}
}
