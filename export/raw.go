package export

import (
	"errors"
	"fmt"
	"io"

	"github.com/wsluice/wsluice/frame"
)

// raw writes bytes without any form around them, so a gap cannot be marked where
// it is: it is counted and told at the end.
type raw struct {
	buffered
	gaps int
}

func (r *raw) Connection(*frame.Connection) error { return nil }
func (r *raw) Message(*frame.Message) error       { return nil }
func (r *raw) Frame(*frame.Record) error          { return nil }

// Close writes what is buffered and fails when there were gaps.
func (r *raw) Close() error {
	err := r.buffered.Close()
	if r.gaps > 0 {
		err = errors.Join(err, fmt.Errorf("%d payloads are missing or not whole", r.gaps))
	}
	return err
}

type payloads struct{ raw }

// NewRaw returns a Writer of the payloads of text and binary messages, inflated,
// back to back with nothing between. It takes only messages. Of one that is not
// whole it writes what is there, of one that could not be inflated nothing, and
// Close tells how many they were.
func NewRaw(w io.Writer) Writer { return &payloads{raw{buffered: newBuffered(w)}} }

func (p *payloads) Message(m *frame.Message) error {
	if !m.Type.Data() {
		return nil
	}
	if m.Error != "" || m.Truncated || m.Incomplete != frame.Whole {
		p.gaps++
	}
	if m.Error != "" && m.Compressed {
		return nil
	}
	_, err := p.out.Write(m.Payload)
	return err
}

type wire struct{ raw }

// NewWire returns a Writer of the bytes of frames exactly as they passed. It
// takes only frames, with their whole payload. Of one whose payload the capture
// does not hold it writes what is there, and Close tells how many they were.
func NewWire(w io.Writer) Writer { return &wire{raw{buffered: newBuffered(w)}} }

func (w *wire) Frame(r *frame.Record) error {
	if uint64(len(r.Payload)) < r.Stored || r.Incomplete == frame.Shed {
		w.gaps++
	}
	return w.write(r.AppendWire(w.line[:0]))
}
