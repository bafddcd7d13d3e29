package rows

import "github.com/wsluice/wsluice/frame"

// Kind is what a row stands for.
type Kind uint8

// The kinds of rows. A row is Pending as long as what it stands for has not been
// read. Frame is a frame of the unfolded message above it, and Rest stands for
// those of its frames that are not shown.
const (
	Pending Kind = iota
	Message
	Frame
	Rest
)

// Row is one row of a list. What it points to never changes, and must not be
// changed.
type Row struct {
	Kind Kind
	// Position is the place of the message the row belongs to. It is zero in a
	// Pending row that belongs to none.
	Position Position
	// Message is that message with at most 512 bytes of its payload, nil in such
	// a row.
	Message *frame.Message
	// Before is the message of the row before that one, nil where that is not
	// known or there is none.
	Before *frame.Message
	// Frame is set in the row of a frame. It has at most 512 bytes of its
	// payload.
	Frame *frame.Record
	// Rest is how many frames a Rest row stands for.
	Rest int
	// Unfolded is whether the frames of the message are shown below it.
	Unfolded bool
}

// preview is how many bytes of a payload are kept.
const preview = 512
