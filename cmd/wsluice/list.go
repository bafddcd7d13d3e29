package main

import (
	"bufio"
	"context"
	"encoding/hex"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// longestPreview bounds the payload shown of one message in a list, in bytes.
const longestPreview = 4 << 10

// list prints a line each for frames or messages.
type list struct {
	out  *bufio.Writer
	line export.Line
	buf  []byte
}

// list runs a list command: show prints to the list what the arguments ask for.
// Lines of all connections have their number.
func (p *program) list(ctx context.Context, args []string, show func(*store.Reader, uint64, *list) error) error {
	conn, err := connection(args)
	if err != nil {
		return err
	}
	r, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if conn != 0 {
		if _, err := r.Conn(ctx, conn); err != nil {
			return err
		}
	}
	l := &list{
		out:  bufio.NewWriterSize(p.stdout, 64<<10),
		line: export.Line{Conn: conn == 0, Colour: colour(p.stdout), Width: terminalWidth(p.stdout)},
	}
	err = show(r, conn, l)
	if flushing := l.out.Flush(); err == nil {
		err = flushing
	}
	return err
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
