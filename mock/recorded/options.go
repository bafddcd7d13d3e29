package recorded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

// Pace is when a message of the server is sent.
type Pace uint8

// The paces.
const (
	// Reactive waits until the client has said what it said before, and then as
	// long as the server did, divided by Options.Speed. What the client says next
	// ends the waiting.
	Reactive Pace = iota
	// Fastest waits until the client has said what it said before, and no longer.
	Fastest
	// Recorded keeps the times of the capture since the connection began, divided
	// by Options.Speed, whatever the client says.
	Recorded
)

var paces = [...]string{"reactive", "fastest", "recorded"}

// String returns "reactive", "fastest" or "recorded".
func (p Pace) String() string { return paces[p] }

// UnmarshalText accepts the names of String.
func (p *Pace) UnmarshalText(text []byte) error {
	for i, name := range paces {
		if name == string(text) {
			*p = Pace(i)
			return nil
		}
	}
	return fmt.Errorf("pace %q is not reactive, fastest or recorded", text)
}

// Pick is which of several conversations of one path a client is given.
type Pick uint8

// The picks.
const (
	// InTurn goes through them, and begins again behind the last.
	InTurn Pick = iota
	// AtRandom takes any.
	AtRandom
	// ByFirst begins as InTurn, and goes on with the first in which the client said
	// what it says first now.
	ByFirst
)

var picks = [...]string{"turn", "random", "first"}

// String returns "turn", "random" or "first".
func (p Pick) String() string { return picks[p] }

// UnmarshalText accepts the names of String.
func (p *Pick) UnmarshalText(text []byte) error {
	for i, name := range picks {
		if name == string(text) {
			*p = Pick(i)
			return nil
		}
	}
	return fmt.Errorf("pick %q is not turn, random or first", text)
}

// Else is what is done when a client says what it did not say in the capture.
type Else uint8

// What can be done.
const (
	Ignore Else = iota
	// Hangup sends a close frame with Options.Code and ends the connection.
	Hangup
	// Nearest takes the message for the next one of the capture that is of the same
	// shape or, when there is none, of the same type.
	Nearest
	// Pass sends it on to the server Options.Dial connects to, and what that says
	// from then on to the client.
	Pass
)

// Options say what is served and how. They are not changed, and the functions in
// them may be called by several goroutines at once.
type Options struct {
	Conversations []Conversation
	Pace          Pace
	// Speed is by what factor faster than recorded; 0 means 1.
	Speed float64
	Pick  Pick
	// AnyQuery has connections matched by their path alone, not by its query.
	AnyQuery bool
	// Match is how closely a message has to match the one of the capture; one that
	// matches more closely comes first. Rules say what does not count.
	Match compare.Match
	Rules compare.Rules
	Else  Else
	// Code is what Hangup sends; 0 means 1008, policy violation.
	Code frame.CloseCode
	// Dial connects to the server that Pass needs, for a client that asked for the
	// given path with its query and was given a subprotocol, which may be empty.
	Dial func(ctx context.Context, path, subprotocol string) (*frame.Conn, error)
	// Record, when not nil, begins the record of a connection, whose Source is the
	// ID of the conversation. It may change both numbers.
	Record func(*frame.Connection) (Tape, error)
	// Patience is how long a client may take nothing, and how long its answer to a
	// close frame is waited for; 0 means 30 seconds.
	Patience time.Duration
	// Tell, when not nil, is told what happens, in order for each connection. It
	// keeps nothing of an Event.
	Tell func(Event)
}

func (o *Options) check() error {
	switch {
	case len(o.Conversations) == 0:
		return errors.New("serve: there is no conversation")
	case o.Speed < 0:
		return fmt.Errorf("serve: speed %v is less than 0", o.Speed)
	case o.Patience < 0:
		return fmt.Errorf("serve: patience %v is less than 0", o.Patience)
	case o.Else == Pass && o.Dial == nil:
		return errors.New("serve: there is no server to pass on to")
	}
	return nil
}

func (o *Options) speed() float64 {
	if o.Speed == 0 {
		return 1
	}
	return o.Speed
}

func (o *Options) patience() time.Duration {
	if o.Patience == 0 {
		return 30 * time.Second
	}
	return o.Patience
}

func (o *Options) code() frame.CloseCode {
	if o.Code == 0 {
		return frame.PolicyViolation
	}
	return o.Code
}
