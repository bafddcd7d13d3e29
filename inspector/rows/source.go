package rows

import (
	"cmp"
	"context"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// Source is the capture that is listed. Its methods are called from several
// goroutines at once, and return soon after their context has ended.
type Source interface {
	// Messages returns a cursor over the messages asked for. It belongs to the
	// caller, who closes it.
	Messages(ctx context.Context, q Query) Messages
	// Count returns the number of the last record of a connection, or with 0, of
	// the capture.
	Count(ctx context.Context, conn uint64) (uint64, error)
	// Page returns up to n records of a connection in order, beginning with the
	// first that has this number or a higher one. Numbers count from 1: they are
	// the seq of a record, or with conn 0 its global number.
	Page(ctx context.Context, conn, from uint64, n int) ([]frame.Record, error)
	// Wait returns the version of the capture as soon as it is another than the
	// given one. No version is 0.
	Wait(ctx context.Context, version uint64) (uint64, error)
}

// Messages goes through messages in the order they ended. It belongs to one
// goroutine at a time.
type Messages interface {
	// Until lets the walk go up to the record with this number and no further:
	// Next returns false in front of it as it does at the end, and goes on when
	// it is called after Until was called with a higher number. With 0 there is
	// no such bound.
	Until(number uint64)
	// Next moves to the next message. It returns false behind the last and after
	// an error. Behind the last it may be called again, when there may be more.
	Next() bool
	// Message returns the message Next moved to. It and its payload are valid
	// until the next call of Next, and stay so when the walk is closed.
	Message() *frame.Message
	// Position returns where that message came out: the number of the record that
	// completed it, and which of several that came out with the same record it
	// is, from 0. Positions ascend along a walk.
	Position() (number uint64, part int)
	// Progress returns how far the walk has come, from 0 to 1.
	Progress() float64
	// Pruned returns how many records the walk found gone on its way.
	Pruned() uint64
	// Err returns the error that ended the walk, if any.
	Err() error
	// Close ends the walk.
	Close() error
}

// Query says which messages are listed. The zero value stands for all of a
// capture.
type Query struct {
	// Conn is the connection, 0 for all in the order their messages ended.
	Conn uint64
	// Start is the number of the first record to look at: seq, or global with
	// Conn 0. Messages that end at or behind it are wanted. A List sets it.
	Start uint64
	// Side, if set, is who must have sent the message. Opcodes has a bit set for
	// each opcode that is wanted, 0 stands for all. Filter, if set, is what the
	// message must match.
	Side    *frame.Side
	Opcodes uint16
	Filter  *filter.Messages
	// Limit is how many bytes of a payload are wanted. A List sets it.
	Limit int
}

// chooses reports whether there may be messages that are not wanted.
func (q *Query) chooses() bool { return q.Side != nil || q.Opcodes != 0 || q.Filter != nil }

// Position is the place of a message among those of a connection, or of a
// capture: that of Messages.Position. It stays the same whatever else is
// listed.
type Position struct {
	Number uint64
	Part   int
}

// Compare returns -1 when p comes before q, 1 when it comes behind it, and 0
// when they are the same.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Number, q.Number), cmp.Compare(p.Part, q.Part))
}

// behind returns the position right behind p.
func (p Position) behind() Position { return Position{p.Number, p.Part + 1} }
