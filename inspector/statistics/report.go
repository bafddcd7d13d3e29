package statistics

import (
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Report is what a Collector knew at one moment. It shares nothing with the
// Collector, so that another goroutine may have it.
type Report struct {
	// First and Last are the earliest and the latest time of a message; zero when
	// there was none.
	First, Last time.Time
	// Flows are what each Side sent.
	Flows [2]Flow
	// Gaps are the longest pauses between the beginnings of messages of either side,
	// the longest first, at most MaxGaps.
	Gaps []Gap
	// Backward is how often the clock went back by 100 ms or more from one message
	// to the next, and MostBackward the furthest it went.
	Backward     uint64
	MostBackward time.Duration

	series series
}

// Flow is what one side sent.
type Flow struct {
	// Total is of all messages, control frames and opaque bytes included. Types is
	// the same by Opcode.
	Total Tally
	Types [frame.Opaque + 1]Tally
	// Sizes are the payload sizes in bytes of all messages but control frames.
	Sizes Spread[uint64]
	// Octaves counts the same messages by the bits their size takes: the first are
	// the empty ones, the one at i has sizes from 2^(i-1) to 2^i-1 bytes.
	Octaves [65]uint64
	// Compressed is of the messages that were compressed and could be inflated.
	Compressed Tally
	// Fragmented is how many messages came in several frames, MostFrames the most
	// frames of a message, Frames how many frames there were in all.
	Fragmented, MostFrames, Frames uint64
	// Origins and Incomplete count messages by Origin and by Incomplete.
	Origins    [frame.Replayed + 1]uint64
	Incomplete [frame.Unfinished + 1]uint64
	// Unreadable is how many messages could not be inflated or read.
	Unreadable uint64
	// Violations are the rules that were broken, by their number.
	Violations []Breach
	// Pings are those this side sent.
	Pings Pings
}

// Tally is what some messages amount to.
type Tally struct {
	Messages uint64
	Payload  uint64 // bytes, inflated
	Wire     uint64 // bytes, headers included
}

// Breach is a rule that messages broke.
type Breach struct {
	Violation frame.Violation
	Messages  uint64
	// First is the Seq of the first of them.
	First uint64
}

// Pings are the pings of one side. One that a user dropped is none of them.
type Pings struct {
	Sent uint64
	// Answered is how many were followed by a pong of the same payload from the
	// other side (RFC 6455 section 5.5.3). Of several pings with the same payload a
	// pong answers the oldest.
	Answered uint64
	// Unanswered is how many are taken to stay without an answer: a later one has
	// one, or many were sent since. Those that are neither still wait.
	Unanswered uint64
	// Trips are the times from ping to pong as wsluice saw them, thus between it and
	// the side that answered. They are fewer than Answered when the clock went back.
	Trips Spread[time.Duration]
	// Unasked is how many pongs of the other side answered no ping.
	Unasked uint64
}

// Waiting returns how many pings may still be answered.
func (p *Pings) Waiting() uint64 { return p.Sent - p.Answered - p.Unanswered }

// MaxGaps is how many gaps a Report has at most.
const MaxGaps = 5

// Gap is a pause between two messages.
type Gap struct {
	// After is the Seq of the message before the pause, Start its Time.
	After  uint64
	Start  time.Time
	Length time.Duration
}
