package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/wsluice/wsluice/frame"
)

const (
	// maxMessage bounds the payload of a message that is compared or changed.
	maxMessage = 64 << 20
	// maxPings is how many pings of the server may be unanswered.
	maxPings = 16
)

// walker makes moves of records. A frame of the client is a move when its whole
// message is known, so it reads ahead.
type walker struct {
	script    *Script
	records   Records
	assembler frame.Assembler
	queue     []*move
	size      int     // of the payloads in queue
	open      []*move // those of queue whose message is not complete
	// long are messages that were too long to be waited for, by their Seq.
	long  map[uint64]*frame.Message
	pings [][]byte
	ended bool
}

func (s *Script) walk(ctx context.Context) (*walker, error) {
	records, err := s.source.Open(ctx)
	if err != nil {
		return nil, err
	}
	return &walker{
		script: s, records: records, long: make(map[uint64]*frame.Message),
		assembler: frame.Assembler{Extensions: frame.ParseExtensions(s.conn.Extensions), Limit: maxMessage, Done: ctx.Done()},
	}, nil
}

func (w *walker) Close() error { return w.records.Close() }

func (w *walker) next() (*move, error) {
	for {
		if len(w.queue) > 0 {
			m := w.queue[0]
			if m.message == nil && (w.ended || w.size > maxMessage) {
				w.giveUp(m)
			}
			if m.message != nil {
				w.queue = w.queue[1:]
				w.size -= len(m.frame.Payload)
				return m, nil
			}
		} else if w.ended {
			return nil, io.EOF
		}
		if err := w.read(); err != nil {
			return nil, err
		}
	}
}

// read takes the next record.
func (w *walker) read() error {
	r, err := w.records.Next()
	if errors.Is(err, io.EOF) {
		w.ended = true
		for _, m := range w.assembler.Flush() {
			w.completed(&m, nil)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the conversation: %w", err)
	}
	done := w.assembler.Push(r)
	if r.From == frame.Client && w.script.plays(r.Origin) {
		w.add(r)
	}
	for i := range done {
		w.completed(&done[i], r)
	}
	return nil
}

// plays reports whether what the client's side sent with origin o is played.
func (s *Script) plays(o frame.Origin) bool {
	if s.asSent {
		return o.Own()
	}
	return o != frame.Dropped
}

// add adds a frame of the client.
func (w *walker) add(r *frame.Record) {
	m := &move{at: r.Time.Sub(w.script.conn.Start), frame: *r, message: w.long[r.Message]}
	m.frame.Payload = bytes.Clone(r.Payload)
	w.queue = append(w.queue, m)
	w.size += len(m.frame.Payload)
	if m.message != nil {
		m.last = r.Header.Fin
		return
	}
	w.open = append(w.open, m)
}

// completed takes a message that has come with a record; nil is the end.
func (w *walker) completed(message *frame.Message, with *frame.Record) {
	if message.From == frame.Server {
		w.answered(message, with)
		return
	}
	m := *message
	owned := false
	var mine []*move
	rest := w.open[:0]
	for _, open := range w.open {
		if open.frame.Seq != m.Seq && open.frame.Message != m.Seq {
			rest = append(rest, open)
			continue
		}
		mine = append(mine, open)
	}
	w.open = rest
	if len(mine) == 1 && !m.Compressed && bytes.Equal(mine[0].frame.Payload, m.Payload) {
		m.Payload, owned = mine[0].frame.Payload, true
	}
	if !owned {
		m.Payload = bytes.Clone(m.Payload)
	}
	w.own(mine, &m)
}

// own gives moves their message, of which they are all.
func (w *walker) own(mine []*move, m *frame.Message) {
	whole := 0
	for _, of := range mine {
		of.start = whole
		whole += len(of.frame.Payload)
		of.end = whole
	}
	for i, of := range mine {
		of.message, of.whole = m, whole
		of.first, of.last = i == 0, i == len(mine)-1
		of.answer = m.Type == frame.Pong && w.pinged(m.Payload)
	}
}

// giveUp has m played without knowing its message.
func (w *walker) giveUp(m *move) {
	h := &m.frame.Header
	message := &frame.Message{
		Seq: m.frame.Message, Time: m.frame.Time, From: frame.Client, Type: m.frame.Type(), Origin: m.frame.Origin,
		Size: m.frame.Stored, Frames: 1, Truncated: true, Violation: m.frame.Violation, Incomplete: m.frame.Incomplete,
		Compressed: w.assembler.Extensions.Deflate && h.RSV&frame.RSV1 != 0 && h.Opcode.Data(),
	}
	var mine []*move
	rest := w.open[:0]
	for _, open := range w.open {
		if open == m || open.frame.Message == message.Seq {
			mine = append(mine, open)
		} else {
			rest = append(rest, open)
		}
	}
	w.open = rest
	w.own(mine, message)
	if end := mine[len(mine)-1]; !w.ended && !end.frame.Header.Fin && !end.frame.Opaque {
		end.last = false
		w.long[message.Seq] = message
	}
}

// answered adds a message of the server that its client may have waited for.
func (w *walker) answered(message *frame.Message, with *frame.Record) {
	// What the user made of it, or put in, is not what the server sends.
	if !message.Origin.Own() {
		return
	}
	switch message.Type {
	case frame.Ping:
		w.pings = append(w.pings, bytes.Clone(message.Payload))
		w.pings = w.pings[max(0, len(w.pings)-maxPings):]
		return
	case frame.Pong:
		return
	}
	m := *message
	m.Payload = bytes.Clone(m.Payload)
	at := m.Time
	if with != nil && with.From == frame.Server {
		at = with.Time
	}
	w.queue = append(w.queue, &move{at: at.Sub(w.script.conn.Start), message: &m, first: true, last: true})
}

// pinged reports whether a pong answers a ping (RFC 6455 section 5.5.3).
func (w *walker) pinged(payload []byte) bool {
	for i, p := range w.pings {
		if bytes.Equal(p, payload) {
			w.pings = append([][]byte(nil), w.pings[i+1:]...)
			return true
		}
	}
	return false
}
