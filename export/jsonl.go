package export

import (
	"io"

	"github.com/wsluice/wsluice/frame"
)

type jsonl struct {
	buffered
	wire bool
}

// NewJSONL returns a Writer of JSON objects, one a line: each connection before
// its messages or frames, in the forms of package frame. A connection's object
// has "state", a message's "size", a frame's "fin". With wire, frames hold their
// wire bytes too.
func NewJSONL(w io.Writer, wire bool) Writer {
	return &jsonl{newBuffered(w), wire}
}

func (j *jsonl) Connection(c *frame.Connection) error {
	return j.write(append(c.AppendJSON(j.line[:0]), '\n'))
}

func (j *jsonl) Message(m *frame.Message) error {
	return j.write(append(m.AppendJSON(j.line[:0]), '\n'))
}

func (j *jsonl) Frame(r *frame.Record) error {
	return j.write(append(r.AppendJSON(j.line[:0], j.wire), '\n'))
}
