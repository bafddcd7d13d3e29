package proxy

import "github.com/wsluice/wsluice/frame"

// relay is pass mode: it watches where the frames of one direction begin and end
// while their bytes pass. It is pure state: it touches no socket, no clock and no
// recorder.
//
// The zero value stands before the first frame.
type relay struct {
	scanner frame.Scanner
	gated   uint64 // frames that went through a gate
}

// take looks at the bytes that were read next and returns those to be written
// to the other side, which are the same.
func (r *relay) take(wire []byte) []byte {
	r.scanner.Scan(wire)
	return wire
}

// closing reports whether a close frame has passed.
func (r *relay) closing() bool { return r.scanner.SawClose() }

// frames returns how many whole frames have come so far.
func (r *relay) frames() uint64 { return r.gated + r.scanner.Frames() }

// resume stands before a message again, behind n frames that went through a gate.
func (r *relay) resume(n uint64) {
	r.gated += n
	r.scanner.Reset()
}
