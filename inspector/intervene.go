package inspector

import (
	"context"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Interventions are what the inspector can ask of the proxy that records the
// capture. Without one, and for connections that are not under way, they fail with an error
// that says so. Their methods may be called from any goroutine.
type Interventions interface {
	// Send sends a message into a connection and returns when it was written.
	Send(ctx context.Context, conn uint64, d frame.Draft) (Sent, error)
	// Kill ends a connection, by a reset or by close frames to both sides.
	Kill(ctx context.Context, conn uint64, e Ending) error

	// Hold begins to hold messages that match the text of a filter, until the
	// stream is closed, which releases them.
	Hold(ctx context.Context, o HoldOrder) (HoldStream, error)
	// Held returns all messages that are held, by whomever, oldest first.
	Held(ctx context.Context) ([]Held, error)
	// Decide decides about a held message.
	Decide(ctx context.Context, id uint64, v Verdict) error

	// Rules returns the rules in force.
	Rules(ctx context.Context) (RuleBook, error)
	// SetRules puts the rules of a YAML text in force. An error names line and
	// position, and changes nothing.
	SetRules(ctx context.Context, text string) error
	// SwitchRule switches a rule on or off.
	SwitchRule(ctx context.Context, name string, on bool) error
}

// Sent tells that a message was sent.
type Sent struct {
	// Time is that of its first frame in the capture.
	Time   time.Time
	Waited time.Duration
}

// Ending says how a connection is to be ended.
type Ending struct {
	Reset  bool
	Code   frame.CloseCode
	Reason string
}

// HoldOrder says what is to be held.
type HoldOrder struct {
	Filter string        // "" for everything
	Limit  time.Duration // 0 for 30 s
	Drop   bool          // what falls after Limit, instead of sending it on
}

// HoldStream is a hold that lasts until it is closed.
type HoldStream interface {
	// Wait waits until something was held or is held no more.
	Wait(ctx context.Context) error
	Close() error
}

// Held is a message that is held.
type Held struct {
	ID, Queue    uint64
	Message      frame.Message
	Since, Until time.Time
	Drop         bool   // what falls at Until
	Why          string // the filter
}

// Action is what becomes of a held message.
type Action string

// The actions.
const (
	Release Action = "release"
	Drop    Action = "drop"
	Replace Action = "edit" // Payload is sent in its place
)

// Verdict decides about a held message.
type Verdict struct {
	Action  Action
	Payload []byte
	Type    frame.Opcode // Text or Binary; 0 keeps it
}

// RuleBook is the set of rules in force.
type RuleBook struct {
	Source string // the file they are from, or ""
	Text   string // YAML
	Error  string // why a newer text of Source is not in force
	Rules  []Rule
}

// Rule is one of them.
type Rule struct {
	Name, When, From, Does string
	Line                   int
	On                     bool
	Hits, Most             uint64 // Most is 0 without a limit
}
