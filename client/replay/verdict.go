package replay

import (
	"time"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

// Outcome is what became of a message the server sent, or was to send.
type Outcome uint8

// The outcomes.
const (
	Same       Outcome = iota
	Differs            // in its place came one that says something else
	Missing            // it did not come
	Unexpected         // it has no place in the capture
	Late               // it says the same, but came too late
)

var outcomes = [...]string{"same", "differs", "missing", "unexpected", "late"}

// String returns "same", "differs", "missing", "unexpected" or "late".
func (o Outcome) String() string { return outcomes[o] }

// MarshalText writes o as String does.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Result is a message of the server that was judged.
type Result struct {
	Outcome Outcome
	// Recorded is the captured message, nil when it is Unexpected; Got the one that
	// came, nil when it is Missing. Seq counts frames of their own connections.
	Recorded, Got *frame.Message
	// Difference is in what they differ.
	Difference compare.Difference
	// Delay is how long after the client's message before it the message came, Then
	// how long it took when it was recorded. Answer is whether it is the first
	// one behind that in the capture.
	Delay, Then time.Duration
	Answer      bool
}

// Use is a value that went into the client's messages in place of the recorded one.
type Use struct {
	// Name is that of a Value, empty when it was detected.
	Name string
	// Recorded and Got are the value, then and now.
	Recorded, Got string
	// Found is the number of the recorded message of the server it is in, Seq that
	// of the client in which it was used first.
	Found, Seq uint64
}

// Event is something that happened. Exactly one of its fields is set.
type Event struct {
	// Connected are the facts of the new connection.
	Connected *frame.Connection
	// Next is a message of the client that waits for Options.Step.
	Next *frame.Message
	// Sent is a message of the client, as it was recorded, when its last frame was
	// sent; Skipped one that could not be sent.
	Sent    *frame.Message
	Skipped *Skip
	Result  *Result
	Used    *Use
}

// Skip is a message of the client that was not sent.
type Skip struct {
	Message *frame.Message
	Why     string
}

// Verdict is how a replay went.
type Verdict struct {
	// Outcomes counts the messages of the server by Outcome.
	Outcomes [5]uint64
	// Sent and Skipped count messages of the client.
	Sent, Skipped uint64
	// Asserts and Refutes say for each filter how many messages it matched.
	Asserts, Refutes []uint64
	// Duration is the time from the handshake to the end.
	Duration time.Duration
	// Broken is how the connection broke off before the conversation was over,
	// empty when it did not.
	Broken string
	// Connection are the facts of the new connection; its ID is the recorded one.
	Connection frame.Connection
}

// Passed reports whether the server did all that was expected of it.
func (v *Verdict) Passed() bool {
	for i, n := range v.Outcomes {
		if n > 0 && Outcome(i) != Same {
			return false
		}
	}
	for _, n := range v.Asserts {
		if n == 0 {
			return false
		}
	}
	for _, n := range v.Refutes {
		if n > 0 {
			return false
		}
	}
	return v.Skipped == 0 && v.Broken == ""
}
