package frame_test

import (
	"bytes"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

func checkCutter(t *testing.T, stream []byte, seed uint64) {
	t.Helper()
	m := newModel(stream)
	var (
		c      frame.Cutter
		s      frame.Scanner
		again  []byte // the stream, put together from the pieces
		frames []int
		offset uint64
	)
	for _, p := range parts(stream, seed) {
		s.Scan(p)
		for len(p) > 0 {
			piece, n, ok := c.Next(p)
			if n == 0 && !piece.Last {
				t.Fatalf("took nothing of %x", p)
			}
			p = p[n:]
			if !ok {
				continue
			}
			if piece.Opaque {
				again = append(again, piece.Data...)
				if piece.Header.Length <= frame.MaxLength {
					t.Fatalf("opaque bytes behind a possible length %d", piece.Header.Length)
				}
				continue
			}
			if piece.Offset != offset {
				t.Fatalf("piece at %d, want %d", piece.Offset, offset)
			}
			if offset == 0 {
				again = piece.Header.Append(again)
			}
			again = append(again, piece.Data...)
			offset += uint64(len(piece.Data))
			if piece.Last {
				if offset != piece.Header.Length {
					t.Fatalf("last piece ends at %d of %d", offset, piece.Header.Length)
				}
				frames = append(frames, len(again))
				offset = 0
			}
		}
		head, h, seen, within := c.Rest()
		if within != (h != frame.Header{}) || seen != offset {
			t.Fatalf("rest: %+v seen %d within %v, want %d", h, seen, within, offset)
		}
		if s.AtFrame() != (len(head) == 0 && !within && !s.Broken()) {
			t.Fatalf("scanner at frame: %v, cutter rest: %x within %v", s.AtFrame(), head, within)
		}
	}
	head, h, seen, within := c.Rest()
	if within && seen == 0 {
		again = h.Append(again)
	}
	if again = append(again, head...); !bytes.Equal(again, stream) {
		t.Fatalf("put together again: %x, want %x", again, stream)
	}
	if len(frames) != len(m.frames) {
		t.Fatalf("frames end at %v, want %v", frames, m.frames)
	}
	for i := range frames {
		if frames[i] != m.frames[i] {
			t.Fatalf("frames end at %v, want %v", frames, m.frames)
		}
	}
}

// Pitfalls F1 to F4, F10 to F13: the pieces put together must be the stream,
// byte for byte, whichever way TCP cut the reads, and the recorder must see the
// same frames as the relay.
func TestCutterKeepsEveryByteOverAnyPartition(t *testing.T) {
	for name, stream := range streams {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(70) {
				checkCutter(t, stream, seed)
			}
		})
	}
}

func FuzzCutter(f *testing.F) {
	for _, stream := range streams {
		f.Add(stream, uint64(5))
	}
	f.Fuzz(checkCutter)
}

func BenchmarkCutter(b *testing.B) {
	stream := bytes.Repeat(wire(masked(text), string(make([]byte, 100))), 600)
	b.SetBytes(int64(len(stream)))
	var c frame.Cutter
	for b.Loop() {
		for p := stream; len(p) > 0; {
			_, n, _ := c.Next(p)
			p = p[n:]
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/600, "ns/frame")
}
