package export

import (
	"bufio"
	"io"

	"github.com/wsluice/wsluice/frame"
)

// Writer writes one export. It is given each connection before that connection's
// messages or frames, and those in the order they passed; connections may
// interleave. A format ignores what it has no form for, so that a caller may
// give it only what it wants written. Nothing that was given is kept after a
// call returns. A Writer belongs to one goroutine at a time.
type Writer interface {
	Connection(c *frame.Connection) error
	Message(m *frame.Message) error
	Frame(r *frame.Record) error
	// Flush writes out what is buffered.
	Flush() error
	// Close completes the export; it does not close what is written to. It
	// fails when bytes that belong to the export were not there.
	Close() error
}

// buffered is the part all formats share: a line or a run of bytes is made in
// line, then written.
type buffered struct {
	out  *bufio.Writer
	line []byte
}

func newBuffered(w io.Writer) buffered {
	return buffered{out: bufio.NewWriterSize(w, 64<<10)}
}

// maxLine is the largest buffer kept between two calls.
const maxLine = 1 << 20

// write writes line, which was made in b.line[:0].
func (b *buffered) write(line []byte) error {
	b.line = line
	if cap(line) > maxLine {
		b.line = nil
	}
	_, err := b.out.Write(line)
	return err
}

// Flush writes what is buffered.
func (b *buffered) Flush() error { return b.out.Flush() }

// Close is as Flush.
func (b *buffered) Close() error { return b.out.Flush() }
