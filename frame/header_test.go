package frame_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// A length form off by one at its edge would cut every later frame wrongly.
func TestHeaderLengthEdges(t *testing.T) {
	for _, test := range []struct {
		length   uint64
		extended int
	}{
		{0, 0}, {1, 0}, {124, 0}, {125, 0}, {126, 2}, {127, 2}, {65534, 2}, {65535, 2},
		{65536, 8}, {65537, 8}, {1<<31 - 1, 8}, {1 << 31, 8}, {1<<32 - 1, 8}, {1 << 32, 8},
		{frame.MaxLength, 8}, {frame.MaxLength + 1, 8}, {math.MaxUint64, 8},
	} {
		for _, masked := range []bool{false, true} {
			h := frame.Header{Fin: true, Opcode: frame.Binary, Length: test.length, Masked: masked}
			wire := h.Append(nil)
			size := 2 + test.extended
			if masked {
				size += 4
			}
			if len(wire) != size || h.Size() != size {
				t.Errorf("length %d masked %v: %d bytes, Size %d, want %d", test.length, masked, len(wire), h.Size(), size)
			}
			got, n := frame.Parse(wire)
			if n != size || got.Length != test.length || got.Masked != masked || !got.Minimal() {
				t.Errorf("length %d masked %v: parsed as %+v in %d bytes", test.length, masked, got, n)
			}
		}
	}
}

// A bit that Parse drops or Append invents would make an exported or replayed
// frame differ from the one that passed.
func TestHeaderRandomRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		h := frame.Header{
			Fin:    rng.IntN(2) == 0,
			RSV:    uint8(rng.IntN(8)),
			Opcode: frame.Opcode(rng.IntN(16)),
			Masked: rng.IntN(2) == 0,
			Length: rng.Uint64() >> rng.IntN(64),
		}
		if h.Masked {
			h.Mask = [4]byte{byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())}
		}
		switch {
		case h.Length > math.MaxUint16:
			h.Extended = 8
		case h.Length > 125:
			h.Extended = []uint8{2, 8}[rng.IntN(2)]
		default:
			h.Extended = []uint8{0, 2, 8}[rng.IntN(3)]
		}
		wire := h.Append(nil)
		got, n := frame.Parse(append(wire, "next"...))
		if n != len(wire) || got != h {
			t.Fatalf("%+v became %+v, %d of %d bytes", h, got, n, len(wire))
		}
	}
}

// Pitfall F13: a non-minimal length must be written back as it came, since a
// shorter form would shift every byte behind it.
func TestHeaderKeepsNonMinimalLength(t *testing.T) {
	for _, wire := range []string{
		"\x82\x7e\x00\x03",
		"\x82\x7e\x00\x00",
		"\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x03",
		"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff",
		"\x82\xfe\x00\x7d\x01\x02\x03\x04",
	} {
		h, n := frame.Parse([]byte(wire))
		if n != len(wire) || h.Minimal() {
			t.Errorf("%x: %d bytes, minimal %v", wire, n, h.Minimal())
		}
		if got := h.Append(nil); string(got) != wire {
			t.Errorf("%x was written back as %x", wire, got)
		}
	}
}

// Any bytes are a header, and a header that is not complete asks for more
// instead of guessing: the codec must be exact on whatever a peer sends.
func FuzzHeader(f *testing.F) {
	f.Add([]byte("\x81\x05hello"))
	f.Add([]byte("\x82\x7e\x00\x03abc"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04"))
	f.Add([]byte("\x88\x82\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, p []byte) {
		h, n := frame.Parse(p)
		if n == 0 {
			if len(p) >= frame.MaxHeaderSize {
				t.Fatalf("%x is no header", p)
			}
			return
		}
		if got := h.Append(nil); !bytes.Equal(got, p[:n]) || h.Size() != n {
			t.Fatalf("%x was written back as %x, Size %d", p[:n], got, h.Size())
		}
		for i := range n {
			if _, n := frame.Parse(p[:i]); n != 0 {
				t.Fatalf("%x is complete with %d bytes only", p[:n], i)
			}
		}
	})
}
