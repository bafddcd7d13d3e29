package inspector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/rows"
	"github.com/wsluice/wsluice/store"
)

// capture is a real capture as Source and Actions, with the marks and the files
// of a test.
type capture struct {
	*store.Reader
	Interventions // a tap
	dir           string

	slow chan struct{} // takes from an export that then waits to be stopped, unless nil

	plays chan chan struct{} // takes from a replay what it waits for to be closed, unless nil

	mu     sync.Mutex
	played []ReplayOrder
	orders []ExportOrder
	marks  map[place]Mark
	status Status
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// record makes a capture with what write records, and opens it.
func record(t testing.TB, write func(r *store.Recorder)) *capture {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	r, err := store.Create(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	write(r)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return &capture{Reader: reader, Interventions: newTap(), dir: t.TempDir(), marks: make(map[place]Mark)}
}

func (c *capture) Messages(ctx context.Context, q rows.Query) rows.Messages {
	return c.Reader.Messages(ctx, store.Query{
		Conn: q.Conn, Start: q.Start, Side: q.Side, Opcodes: q.Opcodes, Filter: q.Filter, Limit: q.Limit,
	})
}

func (c *capture) Events(context.Context, uint64, int) ([]Event, error) { return nil, nil }

func (c *capture) Marks(context.Context) (all []Mark, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.marks {
		all = append(all, m)
	}
	return all, nil
}

func (c *capture) SetMark(_ context.Context, m Mark) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marks[place{m.Conn, m.Seq}] = m
	return nil
}

func (c *capture) Status(context.Context) (Status, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status, nil
}

func (c *capture) Create(_ context.Context, name string, overwrite bool, write func(io.Writer) error) (string, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if overwrite {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	path := filepath.Join(c.dir, name)
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return path, err
	}
	return path, errors.Join(write(f), f.Close())
}

func (c *capture) Load(_ context.Context, name string, most int) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(c.dir, name))
	if len(data) > most {
		err = fmt.Errorf("%s has %d bytes, more than %d", name, len(data), most)
	}
	return data, err
}

func (c *capture) Export(ctx context.Context, o ExportOrder, w io.Writer, tell func(float64, uint64)) (string, error) {
	c.mu.Lock()
	c.orders = append(c.orders, o)
	c.mu.Unlock()
	if c.slow != nil {
		tell(0.5, 1234)
		c.slow <- struct{}{}
		<-ctx.Done()
		return "", ctx.Err()
	}
	lines := export.NewJSONL(w, false)
	found := c.Messages(ctx, rows.Query{Conn: o.Conn, Start: o.Only, Side: o.Side, Opcodes: o.Opcodes, Filter: o.Filter})
	defer found.Close()
	n := uint64(0)
	for found.Next() {
		if m := found.Message(); o.Only == 0 || m.Seq == o.Only {
			n++
			if err := lines.Message(m); err != nil {
				return "", err
			}
		}
	}
	return fmt.Sprintf("%d messages \x1b[31m", n), errors.Join(found.Err(), lines.Close())
}

func (c *capture) Files(_ context.Context, beginning string) (names []string) {
	entries, _ := os.ReadDir(c.dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), beginning) {
			names = append(names, e.Name())
		}
	}
	return names
}

// tape writes the frames of one connection.
type tape struct {
	*store.Tape
	at time.Time
}

func open(t testing.TB, r *store.Recorder, c frame.Connection) *tape {
	t.Helper()
	if c.State == "" {
		c.State = frame.Open
	}
	if c.Start.IsZero() {
		c.Start = epoch
	}
	if c.Status == 0 && c.State == frame.Open {
		c.Status = 101
	}
	on, err := r.Open(&c)
	if err != nil {
		t.Fatal(err)
	}
	return &tape{on, epoch}
}

// send records one frame, a millisecond after the one before.
func (p *tape) send(from frame.Side, h frame.Header, payload string) {
	h.Length = uint64(len(payload))
	data := []byte(payload)
	if from == frame.Client {
		h.Masked, h.Mask = true, [4]byte{1, 2, 3, 4}
		frame.Mask(data, h.Mask, 0)
	}
	p.at = p.at.Add(time.Millisecond)
	p.Append(from, p.at, append(h.Append(nil), data...))
}

func (p *tape) text(from frame.Side, payload string) {
	p.send(from, frame.Header{Fin: true, Opcode: frame.Text}, payload)
}

func (p *tape) end(by frame.Party, how frame.How) {
	p.Close(frame.End{Time: p.at.Add(time.Millisecond), EndedBy: by, How: how})
}

// chat is a capture with a bit of everything: a chat of 100 messages, one with
// fragments, pings, binary and illegal frames and a close, a refusal and a
// failure.
func chat(t testing.TB) *capture {
	return record(t, func(r *store.Recorder) {
		p := open(t, r, frame.Connection{
			URL: "wss://chat.example/room", Client: "127.0.0.1:5001", Server: "192.0.2.1:443", Subprotocol: "chat.v2",
			Request:  []frame.Field{{Name: "Host", Value: "chat.example"}, {Name: "Origin", Value: "https://app.example"}},
			Response: []frame.Field{{Name: "Upgrade", Value: "websocket"}},
			TLS:      &frame.TLS{Server: &frame.TLSLeg{Version: "TLS 1.3", Verified: true, Subject: "CN=chat.example"}},
		})
		for n := range 100 {
			p.text(frame.Side(n%2), fmt.Sprintf(`{"n":%d,"say":"hello %d"}`, n, n))
		}
		p.end(frame.ByServer, frame.ByReset)
		p = open(t, r, frame.Connection{URL: "ws://mixed.example/", Client: "127.0.0.1:5002", Server: "192.0.2.2:80"})
		p.text(frame.Client, `{"op":"subscribe","id":1}`)
		p.send(frame.Server, frame.Header{Opcode: frame.Text}, "first part, ")
		p.send(frame.Client, frame.Header{Fin: true, Opcode: frame.Ping}, "alive?")
		p.send(frame.Server, frame.Header{Fin: true, Opcode: frame.Pong}, "alive?")
		p.send(frame.Server, frame.Header{Fin: true}, "second part")
		p.send(frame.Server, frame.Header{Fin: true, Opcode: frame.Binary}, "\x00\x01\xfe\xff")
		p.send(frame.Server, frame.Header{Fin: true, Opcode: frame.Text, RSV: frame.RSV2}, "odd")
		p.send(frame.Server, frame.Header{Fin: true, Opcode: frame.Text}, "red \x1b[31malert\x1b[0m [red]tag[::b:https://x.example] \u202e")
		p.send(frame.Client, frame.Header{Fin: true, Opcode: frame.Close}, "\x03\xe9going")
		p.end(frame.ByClient, frame.ByClose)
		open(t, r, frame.Connection{
			State: frame.Refused, URL: "ws://chat.example/private", Client: "127.0.0.1:5003", Status: 401,
			End: epoch.Add(time.Second), Body: []byte("who are you?"),
		})
		open(t, r, frame.Connection{
			State: frame.Failed, URL: "wss://gone.example/", Client: "127.0.0.1:5004", End: epoch.Add(time.Second),
			Error: "dial gone.example:443: connection refused",
		})
	})
}
