package rules

import (
	"bytes"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// MaxResult is how many bytes what a rule makes of a message may have, and what
// it sends in answer to one.
const MaxResult = 64 << 20

// Why a rule did not act.
const (
	notWhole   = "the message could not be read whole"
	tooLarge   = "the result would be larger than 64 MiB"
	tooLong    = "the message is too long for the regular expression"
	tooSlow    = "the regular expression took too long"
	tooMany    = "there are more than 100000 matches"
	notJSON    = "the message is no JSON"
	tooFar     = "the message is too long for what is sought in it"
	noSuchJSON = "the message has nothing at a path that the answer takes from it"
)

// verb is an action on messages.
type verb interface {
	action
	// act does what is to be done with the message of w, if there is anything to
	// do.
	act(w *walk)
}

// walk is the way of one message past the rules.
type walk struct {
	conn *Conn
	use  *use // the rule it is at
	now  time.Time
	m    frame.Message // as those before have left it
	out  Outcome
	over bool
}

// take counts a hit of the rule; without one it must not act.
func (w *walk) take() bool {
	if !w.use.take() {
		return false
	}
	w.out.Acted = append(w.out.Acted, w.use.name)
	return true
}

// stop ends the walk of a message that is not passed on.
func (w *walk) stop(o Outcome) {
	o.Acted, o.Answers = w.out.Acted, w.out.Answers
	w.out, w.over = o, true
}

// whole reports whether the message can be edited: of one that is cut short,
// what is missing would be lost.
func (w *walk) whole() bool {
	if w.m.Error == "" && !w.m.Truncated && w.m.Incomplete == frame.Whole {
		return true
	}
	w.use.failed(notWhole)
	return false
}

// put has p sent in place of the message. A change that changes nothing is none.
func (w *walk) put(p []byte) {
	switch {
	case len(p) > MaxResult:
		w.use.failed(tooLarge)
	case bytes.Equal(p, w.m.Payload), !w.take():
	default:
		w.out.Edited, w.out.Payload = true, p
		w.m.Payload, w.m.Size = p, uint64(len(p))
	}
}

// roll returns a number below n, at random.
func (w *walk) roll(n int64) int64 { return w.conn.dice[w.m.From].roll(n) }
