package edit

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/wsluice/wsluice/inspector/draw"
)

// Max bounds the bytes of a payload that an Editor edits. It keeps a larger one
// and does not change it; a File can.
const Max = 1 << 20

// Editor is somebody editing a payload. It belongs to one goroutine, and answers
// every call in a time that is not felt.
type Editor struct {
	before []byte // what New was given
	large  []byte // the payload, when it is larger than Max
	binary bool
	buf    buffer // of text, or of digits
	at     int    // where in it the cursor stands
	want   int    // the column it came from, going up and down; -1 for its own
	all    bool   // all is selected
	insert bool   // digits are put between others
	note   string // why nothing happened
	judged judgement

	lay   layout
	top   int // the first row shown
	w, h  int // of the last Lines
	place [2]int
}

// New returns an editor of a copy of payload, with the cursor at its beginning.
// With binary it is edited as hexadecimal digits.
func New(payload []byte, binary bool) *Editor {
	e := &Editor{before: slices.Clone(payload), binary: binary, want: -1, w: 80, h: 1}
	e.lay.fit(e.w - 1)
	e.load(payload)
	return e
}

// load edits another payload.
func (e *Editor) load(payload []byte) {
	e.large = nil
	switch {
	case len(payload) > Max:
		e.large = slices.Clone(payload)
		e.buf.load(nil)
	case e.binary:
		e.buf.load(digits(payload))
	default:
		e.buf.load(slices.Clone(payload))
	}
	e.lay.forget(0)
	e.at, e.top, e.all = 0, 0, false
}

// Bytes returns a copy of the payload as it is now. It fails when a byte has only
// one of its two digits.
func (e *Editor) Bytes() ([]byte, error) {
	if e.large != nil {
		return slices.Clone(e.large), nil
	}
	if !e.binary {
		return slices.Clone(e.buf.data), nil
	}
	payload, odd := undigits(e.buf.data)
	if odd >= 0 {
		return nil, fmt.Errorf("the byte at offset %#x has only one digit", odd)
	}
	return payload, nil
}

// Changed reports whether the payload is another than New was given.
func (e *Editor) Changed() bool {
	switch {
	case e.large != nil:
		return !bytes.Equal(e.before, e.large)
	case !e.binary:
		return !bytes.Equal(e.before, e.buf.data)
	case len(e.buf.data) != 2*len(e.before):
		return true
	}
	for i, c := range e.before {
		if e.buf.data[2*i] != c>>4 || e.buf.data[2*i+1] != c&0xF {
			return true
		}
	}
	return false
}

// Version returns a number that is another after each change.
func (e *Editor) Version() int { return e.buf.version }

// Binary reports whether the payload is edited as hexadecimal digits.
func (e *Editor) Binary() bool { return e.binary }

// SetBinary changes how the payload is edited, and forgets what could be undone.
// It fails, and changes nothing, when Bytes does.
func (e *Editor) SetBinary(binary bool) error {
	if binary == e.binary {
		return nil
	}
	payload, err := e.Bytes()
	if err != nil {
		return err
	}
	at := e.at / 2
	if binary {
		at = 2 * e.at
	}
	e.binary = binary
	e.load(payload)
	e.jump(at)
	return nil
}

// Replace puts another payload in place of the whole one, as one change that can
// be undone unless one of them is larger than Max. It keeps a copy.
func (e *Editor) Replace(payload []byte) {
	if e.large != nil || len(payload) > Max {
		e.load(payload)
		return
	}
	data := payload
	if e.binary {
		data = digits(payload)
	}
	// What is the same at both ends is no part of the change.
	old := e.buf.data
	from := 0
	for from < len(old) && from < len(data) && old[from] == data[from] {
		from++
	}
	same := 0
	for same < len(old)-from && same < len(data)-from && old[len(old)-1-same] == data[len(data)-1-same] {
		same++
	}
	if from+same == len(old) && from+same == len(data) {
		return
	}
	at := e.at
	e.put(from, len(old)-same, data[from:len(data)-same], false)
	e.jump(at)
}

// Large reports whether the payload is larger than Max and so cannot be edited
// here.
func (e *Editor) Large() bool { return e.large != nil }

// put changes the buffer and stands behind what was put in. It reports whether
// there was room.
func (e *Editor) put(from, to int, with []byte, join bool) bool {
	most, unit := Max, 1
	if e.binary {
		most, unit = 2*Max, 2
	}
	if len(e.buf.data)-(to-from)+len(with) > most {
		e.note = fmt.Sprintf("no room for %s: at most %s can be edited here", draw.Bytes(float64(len(with)/unit)), draw.Bytes(Max))
		return false
	}
	e.buf.replace(from, to, with, e.at, join)
	e.changed(from, from+len(with))
	return true
}

// changed takes over a change from a place on, and goes to another.
func (e *Editor) changed(from, at int) {
	e.lay.forget(from)
	e.all = false
	e.jump(at)
}

// jump puts the cursor to a place.
func (e *Editor) jump(at int) {
	e.want = -1
	if e.at = min(max(at, 0), len(e.buf.data)); !e.binary {
		e.at = e.lay.snap(e.buf.data, e.at)
	}
}

// Click puts the cursor at a place of the last Lines.
func (e *Editor) Click(x, y int) {
	if e.large != nil {
		return
	}
	e.moved()
	if e.binary {
		e.jump(e.grid().at(e.top+y, x, len(e.buf.data)))
		return
	}
	n := e.top + y
	for n > 0 && !e.lay.has(e.buf.data, n) {
		n = len(e.lay.rows) - 1
	}
	e.jump(e.lay.place(e.buf.data, n, x))
}

// Scroll moves the cursor down by so many rows, up when negative.
func (e *Editor) Scroll(rows int) {
	if e.large == nil {
		e.moved()
		e.vertical(rows)
	}
}

// moved is called before the cursor goes elsewhere.
func (e *Editor) moved() { e.buf.joins, e.all, e.note = false, false, "" }

// Lines returns the h lines to show, none wider than w, such that the cursor is
// among them.
func (e *Editor) Lines(w, h int) []draw.Line {
	e.w, e.h = max(1, w), max(1, h)
	lines := make([]draw.Line, 0, e.h)
	switch {
	case e.large != nil:
		e.place = [2]int{}
		lines = append(lines, draw.Text(draw.Cut("too large to be edited here", e.w), draw.Dim))
	case e.binary:
		lines = e.hexLines(lines)
	default:
		lines = e.textLines(lines)
	}
	for len(lines) < e.h {
		lines = append(lines, nil)
	}
	return lines
}

// Cursor returns where in the last Lines the cursor stands.
func (e *Editor) Cursor() (x, y int) { return e.place[0], e.place[1] }

// scroll makes the cursor's row one of those shown.
func (e *Editor) scroll(row int) {
	e.top = max(min(e.top, row), row-e.h+1)
}
