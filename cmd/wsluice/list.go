package main

import (
	"bufio"
	"encoding/hex"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

// longestPreview bounds the payload shown of one message in a list, in bytes.
const longestPreview = 4 << 10

// list prints a line each for frames or messages.
type list struct {
	out  *bufio.Writer
	line export.Line
	buf  []byte
}

// newList returns a list on stdout; withConn puts the connection's number into
// each line.
func (p *program) newList(withConn bool) *list {
	return &list{
		out:  bufio.NewWriterSize(p.stdout, 64<<10),
		line: export.Line{Conn: withConn, Colour: colour(p.stdout), Width: terminalWidth(p.stdout)},
	}
}

// buffer returns the list's buffer for one line, empty.
func (l *list) buffer() []byte { return l.buf[:0] }

// json prints line, which is made in buffer.
func (l *list) json(line []byte) error {
	l.buf = append(line, '\n')
	_, err := l.out.Write(l.buf)
	return err
}

func (l *list) frame(r *frame.Record) error {
	l.buf = l.line.AppendFrame(l.buffer(), r)
	_, err := l.out.Write(l.buf)
	return err
}

func (l *list) message(m *frame.Message) error {
	l.buf = l.line.AppendMessage(l.buffer(), m)
	_, err := l.out.Write(l.buf)
	return err
}

// wire prints a frame's line and below it its bytes as on the wire.
func (l *list) wire(r *frame.Record) error {
	if err := l.frame(r); err != nil {
		return err
	}
	dumper := hex.Dumper(l.out)
	l.buf = r.AppendWire(l.buffer())
	if _, err := dumper.Write(l.buf); err != nil {
		return err
	}
	return dumper.Close()
}

// end prints what is buffered; err is why the list ends.
func (l *list) end(err error) error {
	if flushing := l.out.Flush(); err == nil {
		err = flushing
	}
	return err
}
