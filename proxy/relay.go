package proxy

import "github.com/wsluice/wsluice/frame"

// relay decides what becomes of the bytes of one direction. It is pure state: it
// touches no socket, no clock and no recorder.
//
// The zero value stands before the first frame and passes everything.
type relay struct {
	scanner frame.Scanner
}

// take looks at the bytes that were read next and returns those to be written
// to the other side, which in pass mode are the same.
func (r *relay) take(wire []byte) []byte {
	r.scanner.Scan(wire)
	return wire
}

// closing reports whether a close frame has passed.
func (r *relay) closing() bool { return r.scanner.SawClose() }
