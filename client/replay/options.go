package replay

import (
	"context"
	"fmt"
	"time"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// Pace is when a message of the client is sent.
type Pace uint8

// The paces. With each of them a close frame waits as with Reactive.
const (
	// Reactive waits, before each message of the client, for the messages of the
	// server that the capture shows before it, for Options.Timeout at most.
	Reactive Pace = iota
	// Recorded keeps the times of the capture, divided by Options.Speed. With
	// Options.Detect a message that has an id in it waits for the one it is from.
	Recorded
	// Fastest waits for nothing.
	Fastest
	// Stepwise is as Reactive, and waits then for Options.Step.
	Stepwise
)

var paces = [...]string{"reactive", "recorded", "fastest", "step"}

// String returns "reactive", "recorded", "fastest" or "step".
func (p Pace) String() string { return paces[p] }

// MarshalText writes p as String does.
func (p Pace) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// defaultTimeout is what Options.Timeout of 0 stands for.
const defaultTimeout = 10 * time.Second

// Options say how a script is played. They are not changed, and may be used for any
// number of copies at once; so may the functions in them.
type Options struct {
	// Dial connects to the server.
	Dial func(context.Context) (*frame.Conn, *frame.Connection, error)
	// Record, when not nil, begins the record of a copy.
	Record func(*frame.Connection) (Tape, error)
	// Pace is when the client's messages are sent, Speed by what factor faster than
	// they were recorded; 0 means 1.
	Pace  Pace
	Speed float64
	// Step is received from before each message of the client, with the pace
	// Stepwise; closing it ends the waiting.
	Step <-chan struct{}
	// Timeout is how long a message of the server is waited for behind its time, and
	// how long the server may take nothing; 0 means 10 seconds.
	Timeout time.Duration
	// Late is by how much an answer may take longer than it was recorded to take
	// before it is Late; 0 means that none is.
	Late time.Duration
	// Rules say what does not count when messages are compared. Rules.Window is
	// among how many messages the server may have changed the order.
	Rules compare.Rules
	// Values are taken from the server's messages and put into the client's.
	Values []Value
	// Detect has values found by themselves that the server gives and the client
	// uses again.
	Detect bool
	// Replace are changed in the client's messages.
	Replace []Replacement
	// Assert are filters of which each has to match a message of the server,
	// Refute such as none may match.
	Assert, Refute []*filter.Messages
	// Tell, when not nil, is told what happens, in order and by one goroutine at a
	// time for each copy. It keeps nothing of an Event.
	Tell func(Event)
}

// check finds what makes no sense.
func (o *Options) check() error {
	switch {
	case o.Dial == nil:
		return fmt.Errorf("replay: there is no way to dial")
	case o.Pace == Stepwise && o.Step == nil:
		return fmt.Errorf("replay: nothing says when to step")
	case o.Speed < 0:
		return fmt.Errorf("replay: speed %v is less than 0", o.Speed)
	case o.Timeout < 0 || o.Late < 0:
		return fmt.Errorf("replay: a time is less than 0")
	}
	return nil
}

func (o *Options) timeout() time.Duration {
	if o.Timeout == 0 {
		return defaultTimeout
	}
	return o.Timeout
}

func (o *Options) speed() float64 {
	if o.Speed == 0 {
		return 1
	}
	return o.Speed
}

// Tape keeps what passes. Its methods may be called for both sides concurrently.
type Tape interface {
	// Append keeps bytes the server sent, Insert frames that were sent to it.
	Append(from frame.Side, at time.Time, wire []byte)
	Insert(p frame.Passage, wire []byte)
	Close(end frame.End)
}

// Source is a captured conversation. It can be opened any number of times, also at
// once.
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
