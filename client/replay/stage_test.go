package replay_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsluice/wsluice/client/replay"
	"github.com/wsluice/wsluice/frame"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// capture is a conversation in the making, and a source of it.
type capture struct {
	conn     frame.Connection
	records  []frame.Record
	deflater [2]*frame.Deflater
	message  [2]uint64
	at       time.Duration
	origin   frame.Origin
}

func newCapture(extensions string) *capture {
	c := &capture{conn: frame.Connection{ID: 1, State: frame.Closed, Start: epoch, Status: 101, Extensions: extensions}}
	for side := range c.deflater {
		c.deflater[side], _ = frame.NewDeflater(true, 15)
	}
	return c
}

// add adds a frame a millisecond after the last.
func (c *capture) add(from frame.Side, h frame.Header, payload string) {
	c.at += time.Millisecond
	seq := uint64(len(c.records) + 1)
	r := frame.Record{Conn: 1, Seq: seq, Global: seq, Message: seq, Time: epoch.Add(c.at), From: from, Origin: c.origin, Header: h}
	r.Header.Length, r.Stored, r.Payload = uint64(len(payload)), uint64(len(payload)), []byte(payload)
	if r.Header.Masked = from == frame.Client; r.Header.Masked {
		r.Header.Mask = [4]byte{1, 2, 3, byte(seq)}
	}
	if h.Opcode == frame.Continuation && c.message[from] != 0 {
		r.Message = c.message[from]
	} else if h.Opcode.Data() && !h.Fin {
		c.message[from] = seq
	}
	c.records = append(c.records, r)
	c.conn.End = r.Time
}

func (c *capture) text(from frame.Side, payload string) {
	c.add(from, frame.Header{Fin: true, Opcode: frame.Text}, payload)
}

func (c *capture) client(payload string) { c.text(frame.Client, payload) }
func (c *capture) server(payload string) { c.text(frame.Server, payload) }

// compressed adds a compressed text in two frames.
func (c *capture) compressed(from frame.Side, payload string) {
	p := string(c.deflater[from].Append(nil, []byte(payload)))
	c.add(from, frame.Header{Opcode: frame.Text, RSV: frame.RSV1}, p[:len(p)/3])
	c.add(from, frame.Header{Fin: true}, p[len(p)/3:])
}

func (c *capture) close(from frame.Side, code frame.CloseCode) {
	c.add(from, frame.Header{Fin: true, Opcode: frame.Close}, string(frame.AppendClose(nil, code, "")))
	if c.conn.EndedBy == "" {
		c.conn.EndedBy, c.conn.How = frame.ByClient, frame.ByClose
		if from == frame.Server {
			c.conn.EndedBy = frame.ByServer
		}
	}
}

// wire returns what the client sent.
func (c *capture) wire() []byte {
	var wire []byte
	for i := range c.records {
		if c.records[i].From == frame.Client {
			wire = c.records[i].AppendWire(wire)
		}
	}
	return wire
}

func (c *capture) Open(context.Context) (replay.Records, error) { return &walk{rest: c.records}, nil }

type walk struct{ rest []frame.Record }

func (w *walk) Next() (*frame.Record, error) {
	if len(w.rest) == 0 {
		return nil, io.EOF
	}
	r := &w.rest[0]
	w.rest = w.rest[1:]
	return r, nil
}

func (w *walk) Close() error { return nil }

// stage is a server and what it got.
type stage struct {
	extensions frame.Extensions
	serve      func(*frame.Conn)
	mu         sync.Mutex
	got        []byte   // on the wire
	messages   []string // "text hello"
	events     []string
}

// dial returns a connection to the server, which is on it until it returns.
func (s *stage) dial(t *testing.T) func(context.Context) (*frame.Conn, *frame.Connection, error) {
	return func(context.Context) (*frame.Conn, *frame.Connection, error) {
		here, there := net.Pipe()
		server := frame.NewConn(there, nil, frame.Server, s.extensions)
		server.AutoPong, server.AutoClose = true, true
		server.OnWire = func(from frame.Side, _ time.Time, wire []byte) {
			if from == frame.Client {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.got = append(s.got, wire...)
			}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer server.Hangup()
			s.serve(server)
		}()
		t.Cleanup(func() { <-done })
		return frame.NewConn(here, nil, frame.Client, s.extensions), &frame.Connection{State: frame.Open, Start: time.Now(), Status: 101}, nil
	}
}

// next returns the next message at the server, with its text.
func (s *stage) next(c *frame.Conn) (frame.Message, bool) {
	m, err := c.Next()
	if err != nil {
		return m, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	line := fmt.Sprintf("%s %s", m.Type, m.Payload)
	if m.Violation != 0 {
		line += " (" + m.Violation.String() + ")"
	}
	s.messages = append(s.messages, line)
	return m, true
}

// answer has each text answered by what f returns.
func (s *stage) answer(f func(string) []string) {
	s.serve = func(c *frame.Conn) {
		for m, ok := s.next(c); ok; m, ok = s.next(c) {
			switch m.Type {
			case frame.Close:
				return
			case frame.Text:
			default:
				continue
			}
			for _, text := range f(string(m.Payload)) {
				if c.Send(frame.Draft{Type: frame.Text, Payload: []byte(text)}, true) != nil {
					return
				}
			}
		}
	}
}

// tell keeps what happened in a few words.
func (s *stage) tell(e replay.Event) {
	var line string
	switch {
	case e.Result != nil:
		line = e.Result.Outcome.String()
		for _, m := range []*frame.Message{e.Result.Recorded, e.Result.Got} {
			if m != nil {
				line += " " + string(m.Payload)
			}
		}
		for _, c := range e.Result.Difference.Changes {
			line += fmt.Sprintf(" [%s %s %s>%s]", c.Kind, c.Path, c.Left.Bytes, c.Right.Bytes)
		}
	case e.Skipped != nil:
		line = "skipped " + string(e.Skipped.Message.Payload) + ": " + e.Skipped.Why
	case e.Used != nil:
		line = fmt.Sprintf("used %s %s>%s of %d in %d", e.Used.Name, e.Used.Recorded, e.Used.Got, e.Used.Found, e.Used.Seq)
	default:
		return
	}
	s.events = append(s.events, line)
}

// play plays c to the server.
func (s *stage) play(t *testing.T, c *capture, o replay.Options) *replay.Verdict {
	t.Helper()
	script, err := replay.NewScript(t.Context(), c.conn, c, false)
	if err != nil {
		t.Fatal(err)
	}
	o.Dial, o.Tell = s.dial(t), s.tell
	if o.Timeout == 0 {
		o.Timeout = 300 * time.Millisecond
	}
	v, err := replay.Play(t.Context(), script, o)
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return v
}

// happened checks what was told.
func (s *stage) happened(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(s.events, want) {
		t.Errorf("happened\n\t%s\nwant\n\t%s", strings.Join(s.events, "\n\t"), strings.Join(want, "\n\t"))
	}
}
