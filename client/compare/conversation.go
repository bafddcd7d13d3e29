package compare

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/wsluice/wsluice/frame"
)

// MaxMessages is how many messages a conversation has at most.
const MaxMessages = 4 << 20

// Conversation is where the messages of one connection come from.
type Conversation struct {
	// Next returns the next message, in order, and io.EOF after the last. A message
	// is valid until the next call.
	Next func() (*frame.Message, error)
	// Load returns a message again. It is called about in the order of the messages
	// for all that are compared again, and in any order by Result.Difference. The
	// message is valid until the next call.
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

// Result is in what two conversations differ.
type Result struct {
	// Pairs are in the order of the left, as far as both sides allow.
	Pairs []Pair
	// Count holds how many pairs there are of each Outcome.
	Count [len(outcomes)]int
	// Substitutions are in the order in which they were first seen. Detected are
	// paths whose values differed in every pair and look like ids or times. Both
	// are empty without Rules.Detect.
	Substitutions []Substitution
	Detected      []string

	left, right Conversation
	comparison  comparison
	learned     learned
}

// Same reports whether the conversations are the same: all messages are, or moved
// within the window.
func (r *Result) Same() bool {
	return r.Count[Differs]+r.Count[OnlyLeft]+r.Count[OnlyRight] == 0
}

// Difference loads the messages of a pair and returns in what they differ besides
// substitutions and detected paths; of a message that is on one side only there
// is nothing to tell. It aliases the payloads. It is for one goroutine at a time.
func (r *Result) Difference(p Pair) (Difference, error) {
	if p.Left == 0 || p.Right == 0 {
		return Difference{}, nil
	}
	return r.compare(p)
}

func (r *Result) compare(p Pair) (Difference, error) {
	a, err := r.left.Load(p.Left)
	if err != nil {
		return Difference{}, err
	}
	b, err := r.right.Load(p.Right)
	if err != nil {
		return Difference{}, err
	}
	d, _ := r.comparison.differ(a, b)
	return d, nil
}

// entry is what is held of a message.
type entry struct {
	key, shape Key
	seq        uint64
	sketch     sketch
	kind       frame.Opcode
}

// lane is what one side said.
type lane []entry

// Conversations aligns two conversations. Each is read once; messages in one place
// that do not say the same are loaded again and compared. It holds about 150 bytes
// for a message. Progress, when not nil, is told how many messages were read or
// loaded since it was called before. An error is that of a conversation or of ctx,
// or says that there are more than MaxMessages.
func (r *Rules) Conversations(ctx context.Context, left, right Conversation, progress func(int)) (*Result, error) {
	if progress == nil {
		progress = func(int) {}
	}
	a, err := r.read(ctx, left, progress)
	if err != nil {
		return nil, err
	}
	b, err := r.read(ctx, right, progress)
	if err != nil {
		return nil, err
	}
	var sides [2][]match
	for side := range sides {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := pairer{left: a[side], right: b[side], window: r.Window}
		sides[side] = p.pair()
	}
	out := &Result{left: left, right: right, comparison: comparison{rules: r}}
	places := interleave(a, b, sides)
	for i := range places {
		out.Pairs = append(out.Pairs, places[i].Pair)
	}
	l := learner{result: out, places: places, lanes: [2][2]lane{a, b}}
	if err := l.settle(ctx, progress); err != nil {
		return nil, err
	}
	for _, p := range out.Pairs {
		out.Count[p.Outcome]++
	}
	return out, nil
}

// read reads a conversation.
func (r *Rules) read(ctx context.Context, from Conversation, progress func(int)) (lanes [2]lane, err error) {
	var d document
	told := 0
	for n := 0; ; n++ {
		if n-told == 256 {
			if err := ctx.Err(); err != nil {
				return lanes, err
			}
			progress(n - told)
			told = n
		}
		m, err := from.Next()
		if errors.Is(err, io.EOF) {
			progress(n - told)
			return lanes, nil
		}
		if err != nil {
			return lanes, err
		}
		if n == MaxMessages {
			return lanes, fmt.Errorf("a conversation has more than %d messages: too many to compare", MaxMessages)
		}
		lanes[m.From&1] = append(lanes[m.From&1], r.entry(&d, m))
	}
}

// entry makes what is held of m, with the memory of d.
func (r *Rules) entry(d *document, m *frame.Message) entry {
	isJSON := d.parse(m)
	e := entry{seq: m.Seq, kind: m.Type}
	e.shape = r.shapeKey(d, isJSON, m)
	e.key = r.contentKey(d, isJSON, Exactly, m)
	e.sketch = d.sketch(isJSON, m)
	return e
}
