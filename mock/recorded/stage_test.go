package recorded_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/mock/recorded"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// talk is a conversation in the making. It is its own source.
type talk struct {
	connection frame.Connection
	records    []frame.Record
	message    uint64 // of the server that is not complete
}

func newTalk(id uint64, url string) *talk {
	return &talk{connection: frame.Connection{ID: id, State: frame.Closed, URL: url, Start: start, Status: 101}}
}

// add adds a frame at so many milliseconds.
func (t *talk) add(from frame.Side, ms int, h frame.Header, payload string) *talk {
	seq := uint64(len(t.records) + 1)
	h.Length, h.Masked = uint64(len(payload)), from == frame.Client
	r := frame.Record{
		Seq: seq, Message: seq, Time: start.Add(time.Duration(ms) * time.Millisecond), From: from,
		Header: h, Payload: []byte(payload), Stored: uint64(len(payload)),
	}
	if h.Opcode == frame.Continuation && t.message > 0 {
		r.Message = t.message
	}
	if !h.Fin && h.Opcode != frame.Continuation {
		t.message = seq
	}
	t.records = append(t.records, r)
	return t
}

func (t *talk) client(ms int, text string) *talk {
	return t.add(frame.Client, ms, frame.Header{Fin: true, Opcode: frame.Text}, text)
}

func (t *talk) server(ms int, text string) *talk {
	return t.add(frame.Server, ms, frame.Header{Fin: true, Opcode: frame.Text}, text)
}

// close has the server say goodbye and end the connection.
func (t *talk) close(ms int, code frame.CloseCode, reason string) *talk {
	t.connection.EndedBy, t.connection.How = frame.ByServer, frame.ByClose
	return t.add(frame.Server, ms, frame.Header{Fin: true, Opcode: frame.Close}, string(frame.AppendClose(nil, code, reason)))
}

func (t *talk) conversation() recorded.Conversation {
	return recorded.Conversation{Connection: t.connection, Source: t}
}

func (t *talk) Open(context.Context) (recorded.Records, error) { return &reel{rest: t.records}, nil }

type reel struct{ rest []frame.Record }

func (r *reel) Next() (*frame.Record, error) {
	if len(r.rest) == 0 {
		return nil, io.EOF
	}
	next := r.rest[0]
	r.rest = r.rest[1:]
	return &next, nil
}

func (r *reel) Close() error { return nil }

// stage is a server of conversations on the loopback.
type stage struct {
	t       *testing.T
	address string

	lock   sync.Mutex
	events []recorded.Event
	ended  chan recorded.Event
}

func serve(t *testing.T, o recorded.Options, talks ...*talk) *stage {
	t.Helper()
	for _, k := range talks {
		o.Conversations = append(o.Conversations, k.conversation())
	}
	g := &stage{t: t, ended: make(chan recorded.Event, 1000)}
	o.Tell = g.tell
	s, err := recorded.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *stage) tell(e recorded.Event) {
	g.lock.Lock()
	e.Message = nil
	g.events = append(g.events, e)
	g.lock.Unlock()
	if e.What == recorded.Ended {
		g.ended <- e
	}
}

// count returns how many events of a kind there were.
func (g *stage) count(what recorded.What) int {
	g.lock.Lock()
	defer g.lock.Unlock()
	n := 0
	for _, e := range g.events {
		if e.What == what {
			n++
		}
	}
	return n
}

// gorilla connects a client of gorilla/websocket.
func (g *stage) gorilla(path string, d websocket.Dialer) *websocket.Conn {
	g.t.Helper()
	c, _, err := d.Dial("ws://"+g.address+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { c.Close() })
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	return c
}

// raw connects a client that sees frames.
func (g *stage) raw(path string, o client.Options) *frame.Conn {
	g.t.Helper()
	o.URL = "ws://" + g.address + path
	c, _, err := client.Dial(g.t.Context(), o)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = c.Hangup() })
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	return c
}

func say(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, c *websocket.Conn, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, p, err := c.ReadMessage()
		if err != nil {
			t.Fatalf("waiting for %.60q: %v", text, err)
		}
		if string(p) != text {
			t.Fatalf("got %.60q, want %.60q", p, text)
		}
	}
}

var long = strings.Repeat("long ", 20_000)
