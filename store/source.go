package store

import (
	"context"
	"io"

	"github.com/wsluice/wsluice/frame"
)

// Source hands out what a capture holds in the form it is stored in. A file is
// one, the control socket of a recorder another; a Reader makes records and
// messages of either. Its methods may be called from any goroutine, and what
// they return belongs to the caller.
type Source interface {
	// Conns returns up to n connections with ids below before, newest first; 0
	// stands for the end.
	Conns(ctx context.Context, before uint64, n int) ([]frame.Connection, error)
	// Conn returns the connection with the given id, or ErrNoConnection.
	Conn(ctx context.Context, id uint64) (frame.Connection, error)
	// Count returns the number of the last frame of a connection, or with 0, of
	// the capture. It returns ErrNoConnection for an unknown connection.
	Count(ctx context.Context, conn uint64) (uint64, error)
	// Blocks sets out to the stored blocks asked for.
	Blocks(ctx context.Context, ask Request, out *Blocks) error
	// Stored returns how much is stored of the payload of a frame that does not
	// fit a block, and whether the rest of it was shed.
	Stored(ctx context.Context, global uint64) (size uint64, shed bool, err error)
	// Part returns the stored part of such a payload at an offset, nil where
	// there is none.
	Part(ctx context.Context, global, offset uint64) ([]byte, error)
	// Wait returns the version of the capture, which every commit changes, as
	// soon as it is another than the given one.
	Wait(ctx context.Context, version uint64) (uint64, error)
	// Events returns up to n events with numbers above after, oldest first.
	Events(ctx context.Context, after uint64, n int) ([]Event, error)
	// Marks returns the marks of messages that are there, by connection and seq.
	Marks(ctx context.Context) ([]Mark, error)
	// Snapshot writes a copy of the capture to w, a consistent one also while it
	// is recorded. It fails when w takes nothing for 30 seconds, but does not
	// return before w does.
	Snapshot(ctx context.Context, w io.Writer) error
	// Close lets go of the capture.
	Close() error
}

// Request says which blocks are wanted: those that hold the records of Conn
// from seq From on, or with Conn 0 those of all connections from the global
// number From on.
type Request struct {
	Conn, From uint64
	// Records and Limit bound the answer: to blocks that hold so many of these
	// records together, and to so many blocks.
	Records uint64
	Limit   int
	// Known, if set, reports whether the caller has the block with the given key
	// and number of records. Such a block may come without its body.
	Known func(key uint64, records uint32) bool
}

// Blocks is an answer to a Request. It can be used again for another.
type Blocks struct {
	// First is the number of the first record the blocks hold of those asked
	// for. It is more than Request.From where records have been pruned.
	First uint64
	// Next is the number behind the last record the blocks hold, Last that of the
	// last record there is.
	Next, Last uint64

	bytes []byte
	ends  []int
}

// Reset empties b.
func (b *Blocks) Reset() { *b = Blocks{bytes: b.bytes[:0], ends: b.ends[:0]} }

// Add appends a copy of a stored block.
func (b *Blocks) Add(block []byte) {
	b.bytes = append(b.bytes, block...)
	b.ends = append(b.ends, len(b.bytes))
}

// Len returns how many blocks there are.
func (b *Blocks) Len() int { return len(b.ends) }

// Block returns the stored form of block i, which is valid until b is reset.
func (b *Blocks) Block(i int) []byte {
	start := 0
	if i > 0 {
		start = b.ends[i-1]
	}
	return b.bytes[start:b.ends[i]:b.ends[i]]
}
