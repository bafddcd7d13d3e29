package recorded

import (
	"context"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Conversation is a captured connection to be served.
type Conversation struct {
	// Connection says what was asked for and agreed on, and how it ended. One that
	// was refused is served as a refusal.
	Connection frame.Connection
	// Source is where its records are; a refusal needs none.
	Source Source
}

// Source is where the records of a conversation come from. It can be opened any
// number of times, also at once.
type Source interface {
	Open(ctx context.Context) (Records, error)
}

// Records go through the records of a connection.
type Records interface {
	// Next returns the next record, from the connection's first, with its payload
	// whole, and io.EOF after the last. It is valid until the next call.
	Next() (*frame.Record, error)
	Close() error
}

// Tape keeps what passes. Its methods may be called for both sides concurrently,
// and keep hold of nothing they are given.
type Tape interface {
	// Append keeps bytes a client sent, Insert frames that were sent to it.
	Append(from frame.Side, at time.Time, wire []byte)
	Insert(p frame.Passage, wire []byte)
	Close(end frame.End)
}
