package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/certs"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/store"
)

// tapes lets a proxy record into a store.
type tapes struct{ *store.Recorder }

func (r tapes) Open(c *frame.Connection) (proxy.Tape, error) { return r.Recorder.Open(c) }

// stage is a client and a server with a proxy between them that is recorded.
type stage struct {
	*recording
	*Client
	t      *testing.T
	near   *websocket.Conn        // the client's end, on connection 1
	far    *websocket.Conn        // the server's end
	dial   func() *websocket.Conn // makes further connections
	fars   chan *websocket.Conn   // and their other ends
	reader *store.Reader
}

// soon bounds what a test waits for.
const soon = 30 * time.Second

// staged sets the stage.
func staged(t *testing.T, o Options) *stage {
	t.Helper()
	path := capturePath(t)
	recorder, err := store.Create(path, store.Options{App: "test"})
	if err != nil {
		t.Fatal(err)
	}
	authority, err := certs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	var running sync.WaitGroup
	s := &stage{t: t, fars: make(chan *websocket.Conn, 10)}
	server := listen()
	site := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{EnableCompression: true}
		if c, err := upgrader.Upgrade(w, r, nil); err == nil {
			s.fars <- c
		}
	})}
	running.Go(func() { _ = site.Serve(server) })

	target, err := url.Parse("ws://" + server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	p, err := proxy.New(proxy.Options{Recorder: tapes{recorder}, Authority: authority, Reverse: target})
	if err != nil {
		t.Fatal(err)
	}
	front := listen()
	ctx, stop := context.WithCancel(context.Background())
	running.Go(func() {
		if err := p.Serve(ctx, front); err != nil {
			t.Error(err)
		}
	})
	o.Path, o.Recorder, o.Proxy = path, recorder, p
	control, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	s.recording = &recording{Recorder: recorder, server: control}
	t.Cleanup(func() {
		stop()
		site.Close()
		running.Wait()
		s.recording.close(t)
	})
	if s.Client, err = Dial(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Client.Close() })
	s.reader = recorder.Reader()
	t.Cleanup(func() { s.reader.Close() })
	s.dial = func() *websocket.Conn {
		dialer := websocket.Dialer{EnableCompression: true}
		c, _, err := dialer.Dial("ws://"+front.Addr().String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(soon))
		t.Cleanup(func() { c.Close() })
		return c
	}
	s.near, s.far = s.dial(), s.arrived()
	return s
}

// arrived returns the server's end of a connection.
func (s *stage) arrived() *websocket.Conn {
	c := <-s.fars
	_ = c.SetReadDeadline(time.Now().Add(soon))
	s.t.Cleanup(func() { c.Close() })
	return c
}

func (s *stage) say(c *websocket.Conn, text string) {
	s.t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) hears(c *websocket.Conn, want ...string) {
	s.t.Helper()
	for _, text := range want {
		if _, p, err := c.ReadMessage(); err != nil || string(p) != text {
			s.t.Fatalf("%.100q arrives, %v, want %.100q", p, err, text)
		}
	}
}

func (s *stage) holds(o HoldOrder) *HoldStream {
	s.t.Helper()
	h, err := s.Hold(s.t.Context(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { h.Close() })
	return h
}

func (s *stage) next(h *HoldStream) proxy.HoldEvent {
	s.t.Helper()
	e, err := h.Next()
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// told waits for a message to be held and returns its ID.
func (s *stage) told(h *HoldStream, text string) uint64 {
	s.t.Helper()
	e := s.next(h)
	if e.Held == nil || string(e.Held.Message.Payload) != text {
		s.t.Fatalf("event %+v, want %q held", e, text)
	}
	return e.Held.ID
}

// recorded returns the messages of connection 1 that a side is recorded to have
// sent, with their origin.
func (s *stage) recorded(from frame.Side) (lines []string) {
	s.t.Helper()
	s.sync(s.t)
	messages := s.reader.Messages(s.t.Context(), store.Query{Conn: 1, Side: &from})
	defer messages.Close()
	for messages.Next() {
		m := messages.Message()
		lines = append(lines, fmt.Sprintf("%v %v %.40s", m.Origin, m.Type, m.Payload))
	}
	if err := messages.Err(); err != nil {
		s.t.Fatal(err)
	}
	return lines
}

func (s *stage) expect(from frame.Side, want ...string) {
	s.t.Helper()
	if got := s.recorded(from); !slices.Equal(got, want) {
		s.t.Errorf("recorded of %v:\n%s\nwant\n%s", from, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestLiveInject sends over the socket into a real connection.
func TestLiveInject(t *testing.T) {
	s := staged(t, Options{})
	pings := make(chan string, 1)
	s.far.SetPingHandler(func(text string) error { pings <- text; return nil })
	s.say(s.near, "one")
	s.hears(s.far, "one")
	for _, d := range []frame.Draft{
		{From: frame.Client, Type: frame.Text, Payload: []byte("two"), Fragments: 3},
		{From: frame.Client, Type: frame.Ping, Payload: []byte("there?")},
		{From: frame.Client, Type: frame.Binary, Payload: []byte("three")},
		{From: frame.Server, Type: frame.Text, Payload: []byte(strings.Repeat("big", 1<<20))},
	} {
		if sent, err := s.Inject(t.Context(), 1, d); err != nil || time.Since(sent.Time) > soon {
			t.Fatalf("%+v, %v", sent, err)
		}
	}
	s.say(s.near, "four")
	s.hears(s.far, "two", "three", "four")
	s.hears(s.near, strings.Repeat("big", 1<<20))
	if text := <-pings; text != "there?" {
		t.Errorf("ping %q", text)
	}
	s.expect(frame.Client, "observed text one", "injected text two", "injected ping there?", "injected binary three", "observed text four")
	s.expect(frame.Server, "injected text "+strings.Repeat("big", 14)[:40])

	// Between the fragments of a message is place for a ping only.
	s.near.EnableWriteCompression(false)
	w, err := s.near.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 10_000)); err != nil {
		t.Fatal(err)
	}
	// So that the beginning of the message has passed.
	eventually(t, "passed", func() bool {
		s.sync(t)
		return slices.ContainsFunc(s.frames(), func(r frame.Record) bool { return !r.Header.Fin && r.Origin == frame.Observed })
	})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := s.Inject(ctx, 1, frame.Draft{From: frame.Client, Type: frame.Text}); !errors.Is(err, ErrNoPlace) {
		t.Errorf("within a message: %v", err)
	}
	if _, err := s.Inject(t.Context(), 1, frame.Draft{From: frame.Client, Type: frame.Ping}); err != nil {
		t.Errorf("a ping within a message: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Inject(t.Context(), 1, frame.Draft{From: frame.Client, Type: frame.Text, Payload: []byte("at last")}); err != nil {
		t.Error(err)
	}
	s.hears(s.far, strings.Repeat("\x00", 10_000), "at last")
	if _, err := s.Inject(t.Context(), 2, frame.Draft{Type: frame.Text}); !errors.Is(err, proxy.ErrNotLive) {
		t.Errorf("a connection that is not there: %v", err)
	}
}

// frames returns the frames of connection 1.
func (s *stage) frames() (all []frame.Record) {
	s.t.Helper()
	count, err := s.reader.Count(s.t.Context(), 1)
	if err != nil {
		s.t.Fatal(err)
	}
	all, err = s.reader.Page(s.t.Context(), 1, 1, int(count))
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// TestLiveHold holds, edits, drops and releases messages of a real connection over
// the socket, while the other direction and another connection go on.
func TestLiveHold(t *testing.T) {
	s := staged(t, Options{})
	near2, far2 := s.dial(), s.arrived()
	h := s.holds(HoldOrder{Filter: `conn == 1 and text contains "stop"`, Limit: time.Minute})
	s.say(s.near, "pass")
	s.say(s.near, "stop 1")
	s.say(s.near, "behind")
	s.hears(s.far, "pass")
	id := s.told(h, "stop 1")
	s.say(s.far, "other way")
	s.hears(s.near, "other way")
	s.say(near2, "stop of another")
	s.hears(far2, "stop of another")
	if held, err := s.Held(t.Context()); err != nil || len(held) != 1 || held[0].ID != id || held[0].Message.Conn != 1 {
		t.Errorf("held %+v, %v", held, err)
	}
	if status, err := s.Status(t.Context()); err != nil || status.Holds != 1 || status.Held != 1 || status.Open != 2 {
		t.Errorf("status %+v, %v", status.Stats, err)
	}
	if err := s.Decide(t.Context(), id, proxy.Verdict{Action: proxy.Edit, Payload: []byte("go 1")}); err != nil {
		t.Fatal(err)
	}
	s.hears(s.far, "go 1", "behind")
	if e := s.next(h); e.Fate == nil || *e.Fate != (proxy.Fate{ID: id, Action: proxy.Edit, Cause: "verdict"}) {
		t.Errorf("event %+v", e)
	}
	if err := s.Decide(t.Context(), id, proxy.Verdict{Action: proxy.Drop}); !errors.Is(err, proxy.ErrNotHeld) {
		t.Errorf("a second verdict: %v", err)
	}
	s.say(s.near, "stop 2")
	if err := s.Decide(t.Context(), s.told(h, "stop 2"), proxy.Verdict{Action: proxy.Drop}); err != nil {
		t.Fatal(err)
	}
	s.next(h)
	s.say(s.near, "stop 3")
	s.told(h, "stop 3")
	if n, err := s.DecideAll(t.Context(), proxy.Release); err != nil || n != 1 {
		t.Errorf("decided about %d, %v", n, err)
	}
	s.hears(s.far, "stop 3")
	s.next(h)
	s.say(s.near, "stop 4")
	s.told(h, "stop 4")
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	s.hears(s.far, "stop 4")
	s.say(s.near, "stop 5")
	s.hears(s.far, "stop 5")
	s.expect(frame.Client, "observed text pass", "dropped text stop 1", "edited text go 1", "observed text behind", "dropped text stop 2",
		"observed text stop 3", "observed text stop 4", "observed text stop 5")

	// What falls at the end of the time.
	h = s.holds(HoldOrder{Limit: time.Millisecond, Expired: proxy.Drop})
	s.say(s.near, "late")
	s.told(h, "late")
	if e := s.next(h); e.Fate == nil || e.Fate.Action != proxy.Drop || e.Fate.Cause != "expired" {
		t.Errorf("event %+v", e)
	}
}

// TestLiveDeadHolder has a client that was stopped hold a message: it must come
// through long before its time, which a test would not wait for.
func TestLiveDeadHolder(t *testing.T) {
	s := staged(t, Options{patience: 300 * time.Millisecond, keepAlive: 20 * time.Millisecond})
	askHold(t, s.recording)
	eventually(t, "holding", func() bool {
		status, err := s.Status(t.Context())
		return err == nil && status.Holds == 1
	})
	s.say(s.near, "held")
	s.hears(s.far, "held")
	if status, err := s.Status(t.Context()); err != nil || status.Holds != 0 {
		t.Errorf("%d holds are open, %v", status.Holds, err)
	}
	s.expect(frame.Client, "observed text held")
}

// TestLiveKill ends real connections over the socket.
func TestLiveKill(t *testing.T) {
	s := staged(t, Options{})
	near2, far2 := s.dial(), s.arrived()
	ended := make(chan error, 2)
	for _, c := range []*websocket.Conn{s.near, s.far} {
		go func() { _, _, err := c.ReadMessage(); ended <- err }()
	}
	if err := s.Kill(t.Context(), 1, proxy.Ending{Code: 4001, Reason: "enough"}); err != nil {
		t.Fatal(err)
	}
	for range cap(ended) {
		if err := <-ended; !websocket.IsCloseError(err, 4001) || !strings.Contains(err.Error(), "enough") {
			t.Errorf("a peer sees %v", err)
		}
	}
	if err := s.Kill(t.Context(), 2, proxy.Ending{Reset: true}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*websocket.Conn{near2, far2} {
		if _, _, err := c.ReadMessage(); err == nil || websocket.IsCloseError(err, 1005, 4001) {
			t.Errorf("a peer sees %v", err)
		}
	}
	for id := range uint64(2) {
		if err := s.Kill(t.Context(), id+1, proxy.Ending{}); !errors.Is(err, proxy.ErrNotLive) {
			t.Errorf("a second time: %v", err)
		}
		s.sync(t)
		if c, err := s.reader.Conn(t.Context(), id+1); err != nil || c.State != frame.Closed || c.EndedBy != frame.ByProxy {
			t.Errorf("connection %d is %v, ended by %v, %v", id+1, c.State, c.EndedBy, err)
		}
	}
}

// TestLiveRules puts rules in force on a real connection over the socket.
func TestLiveRules(t *testing.T) {
	s := staged(t, Options{})
	s.say(s.near, "ad 1")
	s.hears(s.far, "ad 1")
	if err := s.SetRules(t.Context(), "rules.yaml", "rules:\n  - name: no ads\n    when: text startsWith \"ad\"\n    drop: true\n"); err != nil {
		t.Fatal(err)
	}
	s.say(s.near, "ad 2")
	s.say(s.near, "news 2")
	s.hears(s.far, "news 2")
	if book, err := s.Rules(t.Context()); err != nil || book.Rules[0].Hits != 1 {
		t.Errorf("rules %+v, %v", book, err)
	}
	for _, on := range []bool{false, true} {
		if err := s.SwitchRule(t.Context(), "no ads", on); err != nil {
			t.Fatal(err)
		}
		s.say(s.near, "ad 3")
		s.say(s.near, "news 3")
		if !on {
			s.hears(s.far, "ad 3")
		}
		s.hears(s.far, "news 3")
	}
	if err := s.SetRules(t.Context(), "", ""); err != nil {
		t.Fatal(err)
	}
	s.say(s.near, "ad 4")
	s.hears(s.far, "ad 4")
	s.expect(frame.Client, "observed text ad 1", "dropped text ad 2", "observed text news 2", "observed text ad 3", "observed text news 3",
		"dropped text ad 3", "observed text news 3", "observed text ad 4")
}
