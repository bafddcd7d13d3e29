package proxy

import (
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Recorder keeps what the proxy sees. Its methods may be called from any
// goroutine.
type Recorder interface {
	// Open records a connection and returns the tape for its bytes. It sets
	// c.ID. A connection that will carry no frames (refused, failed, bypassed)
	// is opened and closed at once, with its State set beforehand.
	Open(c *frame.Connection) (Tape, error)
}

// Tape keeps the bytes of one connection.
type Tape interface {
	// Append keeps a run of bytes one side sent, in the order of the calls. It
	// copies wire, and waits while the recorder's queue is full, which is what
	// slows the sender down. Its two sides may be called concurrently.
	Append(from frame.Side, at time.Time, wire []byte)
	// Close ends the tape after the last Append of both sides.
	Close(end frame.End)
}
