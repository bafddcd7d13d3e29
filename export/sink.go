package export

import (
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Sink keeps what an importer reads, as a recorder keeps what a proxy sees. It
// belongs to one goroutine at a time.
type Sink interface {
	// Open begins a connection and returns the tape for its frames. It sets c.ID:
	// numbers in a file are those of another capture. A connection whose State is
	// not frame.Open carries no frames and ends there; its tape is not closed.
	// Nothing of c is kept. An error ends the import.
	Open(c *frame.Connection) (Tape, error)
}

// Tape keeps the frames of one connection.
type Tape interface {
	// Append keeps a run of bytes one side sent, as they were on the wire, in the
	// order of the calls. It copies wire, and waits while there is no room for it.
	// Every frame in wire gets the time at.
	Append(from frame.Side, at time.Time, wire []byte)
	// Close ends the tape after the last Append.
	Close(end frame.End)
}
