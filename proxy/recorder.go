package proxy

import (
	"context"
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
	// Insert keeps whole frames that passed otherwise than as they came, or did not
	// pass: as p says. They come between frames of what Append is given for that
	// side and are looked at by themselves: what makes no whole frame is kept as
	// such and changes nothing about the bytes behind it. As Append, it copies wire
	// and may wait.
	Insert(p frame.Passage, wire []byte)
	// Inflater returns an inflater of its own that stands behind the first n frames
	// that side sent itself, those recorded as Observed or Dropped, all of which
	// have been given to the tape. It may take long: a connection with context
	// takeover can only be inflated from its beginning. The error says why it
	// cannot be had, for example because frames were not kept.
	Inflater(ctx context.Context, from frame.Side, n uint64) (*frame.Inflater, error)
	// Close ends the tape after the last Append of both sides.
	Close(end frame.End)
}
