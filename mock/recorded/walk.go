package recorded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/wsluice/wsluice/frame"
)

// take is a message as it was in a conversation.
type take struct {
	message frame.Message // without its payload, when it is kept
	// payload is what is sent: that of the message, or its frames as they were on
	// the wire. Ends are where the parts of several frames end in it.
	payload []byte
	ends    []int
	rsv     uint8 // of the first frame
	wire    []byte
	long    bool // wire is not all of it
}

// raw reports whether the frames are sent as they were, and not made anew.
func (t *take) raw() bool {
	m := &t.message
	return !m.Compressed && (m.Violation != frame.Legal || m.Incomplete != frame.Whole || !m.Type.Data() || t.rsv != 0)
}

// lost returns why the message cannot be sent.
func (t *take) lost() string {
	m := &t.message
	switch {
	case m.Incomplete == frame.Shed:
		return "its payload was not kept"
	case t.long || m.Truncated:
		return fmt.Sprintf("more than %d MiB would have to be held for it", maxMessage>>20)
	case m.Error != "":
		return m.Error
	case m.Compressed && m.Incomplete != frame.Whole:
		return "a part of it is missing, so that it cannot be compressed anew"
	}
	return ""
}

// kept returns a copy that holds what is sent.
func (t *take) kept() take {
	k := *t
	k.message.Payload, k.wire = nil, nil
	if k.payload = t.message.Payload; t.raw() {
		k.payload, k.ends = t.wire, nil
	}
	k.payload = bytes.Clone(k.payload)
	return k
}

// walker takes the messages of a conversation, in order.
type walker struct {
	records   Records
	assembler frame.Assembler
	open      map[uint64]*take // of the server, by the Seq of the first frame
	size      int              // of what is in open, in bytes
	ready     []take
	ended     bool
}

func walk(ctx context.Context, c *Conversation) (*walker, error) {
	if c.Source == nil {
		return nil, fmt.Errorf("conversation %d has no source", c.Connection.ID)
	}
	records, err := c.Source.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("read conversation %d: %w", c.Connection.ID, err)
	}
	return &walker{
		records: records, open: make(map[uint64]*take),
		assembler: frame.Assembler{
			Extensions: frame.ParseExtensions(c.Connection.Extensions), Limit: maxMessage, Done: ctx.Done(),
		},
	}, nil
}

func (w *walker) Close() error { return w.records.Close() }

// next returns the next message, which is valid until the next call, and io.EOF
// behind the last.
func (w *walker) next() (*take, error) {
	for len(w.ready) == 0 {
		if w.ended {
			return nil, io.EOF
		}
		if err := w.read(); err != nil {
			return nil, err
		}
	}
	t := &w.ready[0]
	w.ready = w.ready[1:]
	return t, nil
}

// find returns the message of the server that begins with the frame seq, and io.EOF
// when it is not ahead.
func (w *walker) find(seq uint64) (*take, error) {
	for {
		t, err := w.next()
		if err != nil || t.message.Seq == seq && t.message.From == frame.Server {
			return t, err
		}
	}
}

func (w *walker) read() error {
	r, err := w.records.Next()
	var done []frame.Message
	switch {
	case errors.Is(err, io.EOF):
		w.ended = true
		done = w.assembler.Flush()
	case err != nil:
		return fmt.Errorf("read the conversation: %w", err)
	default:
		if r.From == frame.Server && r.Origin != frame.Dropped {
			w.collect(r)
		}
		done = w.assembler.Push(r)
	}
	w.ready = w.ready[:0]
	for i := range done {
		t := take{message: done[i]}
		if t.message.From == frame.Server {
			if o := w.open[t.message.Seq]; o != nil {
				delete(w.open, t.message.Seq)
				w.size -= len(o.wire)
				t.wire, t.ends, t.rsv, t.long = o.wire, o.ends, o.rsv, o.long
			} else {
				t.long = true
			}
		}
		w.ready = append(w.ready, t)
	}
	return nil
}

// collect keeps a frame of the server until its message is complete. Messages that
// never are must not add up.
func (w *walker) collect(r *frame.Record) {
	if w.size > 4*maxMessage {
		clear(w.open)
		w.size = 0
	}
	t := w.open[r.Message]
	if t == nil {
		t = &take{rsv: r.Header.RSV}
		w.open[r.Message] = t
	}
	if len(t.wire)+len(r.Payload) > maxMessage+frame.MaxHeaderSize || len(t.ends) == frame.MaxFragments {
		t.long = true
		return
	}
	end := len(r.Payload)
	if len(t.ends) > 0 {
		end += t.ends[len(t.ends)-1]
	}
	t.ends = append(t.ends, end)
	before := len(t.wire)
	t.wire = r.AppendWire(t.wire)
	w.size += len(t.wire) - before
}
