package frame_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// A peer that negotiated a small window holds no more than that: a reference
// further back is garbage or an error there. Decoded with a window of exactly
// that size, all 8 to 15 bits; 8 matters since zlib cannot make it and others
// got it wrong.
func TestDeflaterHonoursWindow(t *testing.T) {
	for bits := uint8(8); bits <= 15; bits++ {
		for _, takeover := range []bool{false, true} {
			d, err := frame.NewDeflater(takeover, bits)
			if err != nil {
				t.Fatal(err)
			}
			window := windowed{size: 1 << bits}
			wire, plain := 0, 0
			for i, want := range chatter(uint64(bits), 40) {
				payload := d.Append(nil, want)
				wire, plain = wire+len(payload), plain+len(want)
				if !takeover {
					window.out = nil
				}
				at := len(window.out)
				if err := window.inflate(append(payload, 0, 0, 0xFF, 0xFF)); err != nil {
					t.Fatalf("%d bits, takeover %v, message %d: %v", bits, takeover, i, err)
				}
				if !bytes.Equal(window.out[at:], want) {
					t.Fatalf("%d bits, takeover %v, message %d differs", bits, takeover, i)
				}
			}
			if wire >= plain/2 {
				t.Errorf("%d bits, takeover %v: %d bytes became %d", bits, takeover, plain, wire)
			}
			if window.furthest < window.size/2 {
				t.Errorf("%d bits, takeover %v: no reference further than %d, the test proves nothing", bits, takeover, window.furthest)
			}
		}
	}
}

// The empty message is the one whose compressed form is all tail.
func TestDeflaterAndInflaterAgree(t *testing.T) {
	for _, takeover := range []bool{false, true} {
		d, _ := frame.NewDeflater(takeover, 15)
		f := frame.Inflater{Takeover: takeover}
		for i, want := range append(chatter(9, 50), nil, []byte("a"), nil) {
			got, _, err := f.Append(nil, d.Append(nil, want), 1<<20)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("takeover %v, message %d: %d of %d bytes, %v", takeover, i, len(got), len(want), err)
			}
		}
	}
	for _, bits := range []uint8{0, 7, 16} {
		if _, err := frame.NewDeflater(true, bits); err == nil {
			t.Errorf("a window of %d bits was accepted", bits)
		}
	}
}

// windowed is a plain decoder of RFC 1951 that refuses references further back
// than its window.
type windowed struct {
	size, furthest int
	out            []byte
	in             []byte
	bit            int
}

var errEnd = errors.New("end of input")

func (w *windowed) inflate(p []byte) (err error) {
	defer func() {
		if r := recover(); r != nil && r != errEnd {
			err = fmt.Errorf("%v", r)
		}
	}()
	w.in, w.bit = p, 0
	for w.bit < 8*len(p) {
		w.bits(1)
		switch w.bits(2) {
		case 0:
			w.bit = (w.bit + 7) &^ 7
			n := w.bits(16)
			w.bits(16)
			for range n {
				w.out = append(w.out, byte(w.bits(8)))
			}
		case 1:
			w.block(fixedCodes())
		case 2:
			w.block(w.dynamicCodes())
		default:
			panic("reserved block type")
		}
	}
	return nil
}

func (w *windowed) bits(n int) (v int) {
	for i := range n {
		if w.bit >= 8*len(w.in) {
			panic(errEnd)
		}
		v |= int(w.in[w.bit/8]>>(w.bit%8)&1) << i
		w.bit++
	}
	return v
}

// codes maps a code, with a 1 before its bits, to its symbol.
type codes map[int]int

func newCodes(lengths []int) codes {
	c, code := codes{}, 0
	for n := 1; n < 16; n++ {
		for symbol, length := range lengths {
			if length == n {
				c[1<<n|code] = symbol
				code++
			}
		}
		code <<= 1
	}
	return c
}

func (w *windowed) symbol(c codes) int {
	code := 1
	for range 15 {
		code = code<<1 | w.bits(1)
		if s, ok := c[code]; ok {
			return s
		}
	}
	panic("no such code")
}

func fixedCodes() (literals, distances codes) {
	var lengths [288]int
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	return newCodes(lengths[:]), newCodes(bytesOf(5, 30))
}

func bytesOf(v, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func (w *windowed) dynamicCodes() (literals, distances codes) {
	nlit, ndist, nlen := w.bits(5)+257, w.bits(5)+1, w.bits(4)+4
	var meta [19]int
	for i := range nlen {
		meta[[]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[i]] = w.bits(3)
	}
	c := newCodes(meta[:])
	var lengths []int
	for len(lengths) < nlit+ndist {
		switch s := w.symbol(c); s {
		case 16:
			lengths = append(lengths, bytesOf(lengths[len(lengths)-1], 3+w.bits(2))...)
		case 17:
			lengths = append(lengths, make([]int, 3+w.bits(3))...)
		case 18:
			lengths = append(lengths, make([]int, 11+w.bits(7))...)
		default:
			lengths = append(lengths, s)
		}
	}
	return newCodes(lengths[:nlit]), newCodes(lengths[nlit:])
}

func (w *windowed) block(literals, distances codes) {
	for {
		s := w.symbol(literals)
		switch {
		case s < 256:
			w.out = append(w.out, byte(s))
			continue
		case s == 256:
			return
		}
		length := w.length(s - 257)
		distance := w.distance(w.symbol(distances))
		w.furthest = max(w.furthest, distance)
		if distance > w.size || distance > len(w.out) {
			panic(fmt.Sprintf("reference %d back, the window has %d", distance, min(w.size, len(w.out))))
		}
		for range length {
			w.out = append(w.out, w.out[len(w.out)-distance])
		}
	}
}

func (w *windowed) length(s int) int {
	switch {
	case s < 8:
		return s + 3
	case s == 28:
		return 258
	}
	extra := s/4 - 1
	return (4+s%4)<<extra + 3 + w.bits(extra)
}

func (w *windowed) distance(s int) int {
	if s < 4 {
		return s + 1
	}
	extra := s/2 - 1
	return (2+s%2)<<extra + 1 + w.bits(extra)
}
