package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/wsluice/wsluice/frame"
)

const (
	// poolBytes is how many different payload bytes a sender repeats; far more
	// than any compressor looks back.
	poolBytes = 4 << 20
	// writeBytes is how much a pipelining sender writes at once, about.
	writeBytes = 64 << 10
)

// traffic is a supply of frames of one size as they go on the wire.
type traffic struct {
	writes [][]byte // each of perWrite whole frames
	// perWrite is the frames in a write, wire the bytes of a frame.
	perWrite, wire int
}

// newTraffic makes frames with text of the given size in bytes as side sends
// them: the client masks each with a random key.
func newTraffic(side frame.Side, size int) *traffic {
	random := rand.New(rand.NewPCG(uint64(size), uint64(side)))
	h := frame.Header{Fin: true, Opcode: frame.Text, Masked: side == frame.Client, Length: uint64(size)}
	t := &traffic{wire: wireSize(side, size)}
	t.perWrite = max(1, writeBytes/t.wire)
	text := texts{random: random, time: 1_780_000_000_000}
	for range max(1, poolBytes/(t.perWrite*size)) {
		write := make([]byte, 0, t.perWrite*t.wire)
		for range t.perWrite {
			if h.Masked {
				binary.LittleEndian.PutUint32(h.Mask[:], random.Uint32())
			}
			write = h.Append(write)
			at := len(write)
			write = text.append(write, size)
			frame.Mask(write[at:], h.Mask, 0)
		}
		t.writes = append(t.writes, write)
	}
	return t
}

// wireSize returns the bytes on the wire of a message of size bytes from side.
func wireSize(side frame.Side, size int) int {
	return frame.Header{Masked: side == frame.Client, Length: uint64(size)}.Size() + size
}

// texts makes JSON-like text: ticks of a market feed, whose names repeat and
// whose numbers do not: some twenty of a hundred bytes are random digits.
type texts struct {
	random *rand.Rand
	time   uint64 // milliseconds since 1970
}

var symbols = [...]string{"BTC-USD", "ETH-USD", "SOL-EUR", "XRP-USD", "ADA-EUR", "DOT-USD", "LTC-EUR", "UNI-USD"}

// maxTick bounds one tick with the comma before it, in bytes.
const maxTick = 100

// append appends size bytes of text, at least maxTick: ticks and some padding.
func (t *texts) append(dst []byte, size int) []byte {
	end := len(dst) + size
	for comma := ""; end-len(dst) >= maxTick; comma = "," {
		t.time += t.random.Uint64N(40)
		side := "buy"
		if t.random.IntN(2) == 0 {
			side = "sell"
		}
		dst = fmt.Appendf(dst, `%s{"ev":"T","id":%d,"sym":"%s","side":"%s","px":%.2f,"qty":%.3f,"t":%d}`, comma,
			1_000_000_000+t.random.Uint64N(9_000_000_000), symbols[t.random.IntN(len(symbols))], side, 10+t.random.Float64()*60000, t.random.Float64()*3, t.time)
	}
	for len(dst) < end {
		dst = append(dst, ' ')
	}
	return dst
}
