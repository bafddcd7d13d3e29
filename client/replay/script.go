package replay

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/wsluice/wsluice/frame"
)

const (
	// maxHeld bounds a conversation that is held in memory, in bytes.
	maxHeld = 64 << 20
	// moveCost is what a move costs besides its payload.
	moveCost = 512
)

// Script is a captured conversation that can be played. It never changes; any
// number of goroutines may play it at once.
type Script struct {
	conn   frame.Connection
	source Source
	asSent bool
	moves  []*move // all of them, unless streamed
	stream bool
}

// move is what one side does next: a frame of the client, or a whole message of
// the server. It is not changed once it is known.
type move struct {
	at      time.Duration // since the connection began
	message *frame.Message
	// The fields below are the client's.
	frame      frame.Record
	start, end int // which part of what all frames of the message carry it is
	whole      int // how much that is
	first      bool
	last       bool
	answer     bool // to a ping
}

// NewScript returns the script of the connection c, whose records are in source.
// A conversation of up to 64 MiB is read at once, a longer one while it is played.
// With asSent it is what the client sent itself, otherwise what its server got.
func NewScript(ctx context.Context, c frame.Connection, source Source, asSent bool) (*Script, error) {
	s := &Script{conn: c, source: source, asSent: asSent}
	w, err := s.walk(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	for held := 0; ; {
		m, err := w.next()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		held += moveCost + len(m.frame.Payload)
		if len(m.frame.Payload) == 0 || m.message.Compressed {
			held += len(m.message.Payload)
		}
		if held > maxHeld {
			s.moves, s.stream = nil, true
			return s, nil
		}
		s.moves = append(s.moves, m)
	}
}

// Connection returns the captured connection.
func (s *Script) Connection() *frame.Connection { return &s.conn }

// moves go through a script.
type moves interface {
	// next returns the next move, and io.EOF after the last.
	next() (*move, error)
	Close() error
}

// open returns the moves of s from the beginning.
func (s *Script) open(ctx context.Context) (moves, error) {
	if s.stream {
		return s.walk(ctx)
	}
	return &held{s.moves}, nil
}

// held are moves in memory.
type held struct{ rest []*move }

func (h *held) next() (*move, error) {
	if len(h.rest) == 0 {
		return nil, io.EOF
	}
	m := h.rest[0]
	h.rest = h.rest[1:]
	return m, nil
}

func (h *held) Close() error { return nil }
