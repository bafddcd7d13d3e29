package edit

import (
	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/inspector/draw"
)

// Max bounds the bytes of a payload that an Editor edits. It keeps a larger one
// and does not change it; a File can.
const Max = 1 << 20

// Editor is somebody editing a payload. It belongs to one goroutine, and answers
// every call in a time that is not felt.
type Editor struct {
	before []byte
	binary bool
}

// New returns an editor of a copy of payload, with the cursor at its beginning.
// With binary it is edited as hexadecimal digits.
func New(payload []byte, binary bool) *Editor {
	return &Editor{before: payload, binary: binary}
}

// Bytes returns a copy of the payload as it is now. It fails when a byte has only
// one of its two digits.
func (e *Editor) Bytes() ([]byte, error) { return e.before, nil }

// Changed reports whether the payload is another than New was given.
func (e *Editor) Changed() bool { return false }

// Binary reports whether the payload is edited as hexadecimal digits.
func (e *Editor) Binary() bool { return e.binary }

// SetBinary changes how the payload is edited, and forgets what could be undone.
// It fails, and changes nothing, when Bytes does.
func (e *Editor) SetBinary(binary bool) error { return nil }

// Replace puts another payload in place of the whole one, as one change that can
// be undone unless one of them is larger than Max. It keeps a copy.
func (e *Editor) Replace(payload []byte) {}

// Large reports whether the payload is larger than Max and so cannot be edited
// here.
func (e *Editor) Large() bool { return len(e.before) > Max }

// Key does what a key press means, and reports whether it means anything here.
// Those for control are ctrl-z and ctrl-y (undo and redo), ctrl-a (all, for the next
// key to delete or to type over), ctrl-u and ctrl-k (delete the line before and
// behind the cursor). Esc and the function keys mean nothing here.
func (e *Editor) Key(ev *tcell.EventKey) bool { return false }

// Paste inserts a text as one change. Its line ends become those of the payload.
// Where bytes are edited it must be hexadecimal digits; Status tells when it is
// not, or does not fit in.
func (e *Editor) Paste(text string) {}

// Click puts the cursor at a place of the last Lines.
func (e *Editor) Click(x, y int) {}

// Scroll moves the cursor down by so many rows, up when negative.
func (e *Editor) Scroll(rows int) {}

// Lines returns the h lines to show, none wider than w, such that the cursor is
// among them.
func (e *Editor) Lines(w, h int) []draw.Line { return make([]draw.Line, h) }

// Cursor returns where in the last Lines the cursor stands.
func (e *Editor) Cursor() (x, y int) { return 0, 0 }

// Status says how many bytes there are, and whether they are JSON and UTF-8.
func (e *Editor) Status() draw.Line { return nil }
