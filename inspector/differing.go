package inspector

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// Comparisons is what the inspector asks for to compare connections.
type Comparisons interface {
	// Diff compares two connections as conversations, and tells how far it has come
	// as a part of 1.
	Diff(ctx context.Context, left, right uint64, o DiffOrder, tell func(part float64)) (Comparison, error)
}

// DiffOrder says which differences do not count.
type DiffOrder struct {
	Ignore []string // JSON paths
}

// Comparison is what came out of comparing two connections. Its methods may be called
// from any goroutine.
type Comparison interface {
	// Summary says it in one line, and whether the two are the same.
	Summary() (text string, same bool)
	// Facts are what differs in the handshakes and in the ends.
	Facts() []DiffFact
	// Pairs is how many pairs of messages there are, Pair one of them.
	Pairs() int
	Pair(n int) DiffPair
	// Changes returns in what the messages of a pair differ, and how many changes
	// there are besides.
	Changes(ctx context.Context, n int) (changes []DiffChange, more int, err error)
	// Notes say which values stood for others.
	Notes() []string
	// WriteJSON writes all of it as a JSON object a line.
	WriteJSON(ctx context.Context, w io.Writer) error
}

// DiffFact is a thing of two handshakes or two ends that differs.
type DiffFact struct {
	End               bool // of the ends
	Name, Left, Right string
}

// DiffOutcome is what became of a message between left and right.
type DiffOutcome string

// The outcomes.
const (
	DiffSame    DiffOutcome = "same"
	DiffDiffers DiffOutcome = "differs"
	DiffLeft    DiffOutcome = "left"
	DiffRight   DiffOutcome = "right"
	DiffMoved   DiffOutcome = "moved"
)

// DiffPair is a message on the left and the one in its place on the right.
type DiffPair struct {
	Outcome     DiffOutcome
	From        frame.Side
	Left, Right uint64 // their numbers, 0 when there is none
}

// DiffChange is one place in which two messages differ. A side is nil when there is
// nothing.
type DiffChange struct {
	Path        string
	JSON        bool // Path is one of a JSON value
	Left, Right *string
}

// compare remembers a connection, or compares it with the one that was remembered.
func (r *root) compare(conn uint64) {
	switch key := r.i.o.Keys.Key(keys.Compare); {
	case conn == 0:
	case r.compared == 0:
		r.compared = conn
		r.tell(draw.Accent, fmt.Sprintf("%s on another connection compares it with #%d", key, conn))
	case r.compared == conn:
		r.compared = 0
		r.tell(draw.Plain, fmt.Sprintf("#%d is not compared", conn))
	default:
		left := r.compared
		r.compared = 0
		r.push(newDiff(r, left, conn))
	}
}

// diffCommand compares two connections by their numbers.
func (r *root) diffCommand(argument string) string {
	words := strings.Fields(argument)
	if len(words) != 2 {
		return "diff takes the numbers of two connections"
	}
	var conns [2]uint64
	for i, word := range words {
		n, err := strconv.ParseUint(strings.TrimPrefix(word, "#"), 10, 64)
		if err != nil || n == 0 {
			return strconv.Quote(word) + " is no number of a connection"
		}
		conns[i] = n
	}
	r.push(newDiff(r, conns[0], conns[1]))
	return ""
}
