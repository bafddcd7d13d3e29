package compare

import (
	"context"

	"github.com/wsluice/wsluice/frame"
)

// MaxMessages is how many messages a conversation has at most.
const MaxMessages = 4 << 20

// Conversation is where the messages of one connection come from.
type Conversation struct {
	// Next returns the next message, in order, and io.EOF after the last. A message
	// is valid until the next call.
	Next func() (*frame.Message, error)
	// Load returns a message again. It is called in the order of the messages for
	// all that are compared again, and in any order by Result.Difference.
	// The message is valid until the next call.
	Load func(seq uint64) (*frame.Message, error)
}

// Outcome is what became of a message between the left and the right.
type Outcome uint8

// The outcomes.
const (
	Same      Outcome = iota
	Differs           // a message in its place says something else
	OnlyLeft          // there is nothing in its place on the right
	OnlyRight         // there is nothing in its place on the left
	Moved             // it says the same, at another place of its side within the window
)

var outcomes = [...]string{"same", "differs", "left", "right", "moved"}

// String returns "same", "differs", "left", "right" or "moved".
func (o Outcome) String() string { return outcomes[o] }

// MarshalText writes o as String does.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Pair is a message on the left and the one in its place on the right.
type Pair struct {
	Outcome Outcome
	From    frame.Side
	// Left and Right are the numbers of the messages in their connections (Seq); 0
	// when there is none.
	Left, Right uint64
}

// Substitution is a value of the left that stands for one of the right wherever
// it is compared, such as the id of a session. It is no difference.
type Substitution struct {
	// Left and Right are as they are written in JSON.
	Left, Right string
	// Path is where it was first, Count how often.
	Path  string
	Count int
}

// Result is in what two conversations differ.
type Result struct {
	// Pairs are in the order of the left, as far as both sides allow.
	Pairs []Pair
	// Count holds how many pairs there are of each Outcome.
	Count [5]int
	// Substitutions are in the order in which they were first seen. Detected are
	// paths whose values differed in every pair and look like ids or times. Both
	// are empty without Rules.Detect.
	Substitutions []Substitution
	Detected      []string
}

// Same reports whether the conversations are the same: all messages are, or moved
// within the window.
func (r *Result) Same() bool {
	return r.Count[Differs]+r.Count[OnlyLeft]+r.Count[OnlyRight] == 0
}

// Difference loads the messages of a pair and returns in what they differ besides
// substitutions and detected paths. It aliases the payloads.
func (r *Result) Difference(p Pair) (Difference, error) {
	return Difference{}, nil
}

// Conversations aligns two conversations. Each is read once; messages whose keys
// differ are loaded again and compared. It holds about 100 bytes for a
// message. Progress, when not nil, is told how many messages were read or compared
// since it was called before. An error is that of a conversation or of ctx, or
// says that there are more than MaxMessages.
func (r *Rules) Conversations(ctx context.Context, left, right Conversation, progress func(int)) (*Result, error) {
	return nil, ctx.Err()
}
