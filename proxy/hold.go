package proxy

import (
	"errors"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// MaxHeld is how many messages one Queue holds at most. One that comes when it is
// full is not held, but still waits for those held before it in its direction.
const MaxHeld = 1000

// MaxHoldTime bounds Hold.Limit.
const MaxHoldTime = time.Hour

// Hold says which messages are to be held. Control frames are never held; a close
// frame waits its turn behind what is held, as the end of a stream does.
type Hold struct {
	// Filter selects the messages; nil selects all. The messages have no numbers
	// yet: Seq and Global are 0. It sees them as the rules left them.
	Filter *filter.Messages
	// Limit is how long a message is held at most, up to MaxHoldTime; 0 means 30
	// seconds.
	Limit time.Duration
	// Expired is what then becomes of it: Release, the zero Action's meaning, or
	// Drop.
	Expired Action
}

// Action is what becomes of a held message.
type Action string

// The actions.
const (
	Release Action = "release" // it is sent as it came
	Drop    Action = "drop"    // it is not sent
	Edit    Action = "edit"    // something else is sent in its place
)

// Verdict decides about a held message.
type Verdict struct {
	Action Action
	// Payload is what is sent in its place, with Edit, uncompressed and in one
	// frame; Type is Text or Binary, 0 keeps the message's own.
	Payload []byte
	Type    frame.Opcode
}

// Held is a message that is held. Nothing in it may be changed.
type Held struct {
	// ID numbers all held messages of a proxy from 1.
	ID uint64
	// Queue is the ID of the Queue that holds it.
	Queue   uint64
	Message frame.Message
	// Since is when it was held, Until when Expired falls.
	Since, Until time.Time
	Expired      Action
	// Why is the text of the filter, "" when there is none.
	Why string
}

// Fate tells what became of a held message.
type Fate struct {
	ID     uint64
	Action Action
	// Cause is "verdict", "expired", "queue closed" or "connection ended".
	Cause string
}

// HoldEvent is a message that is held, or what became of one: exactly one is not
// nil.
type HoldEvent struct {
	Held *Held
	Fate *Fate
}

// ErrNotHeld: no message with such an ID is held any more.
var ErrNotHeld = errors.New("message is not held")
