package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector"
	"github.com/wsluice/wsluice/proxy"
)

// TestInterventions catches an inspector's wish that does not reach the traffic,
// or that comes back as something else.
func TestInterventions(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	path := filepath.Join(t.TempDir(), "capture.db")
	acts := intervene(path)
	defer acts.close()
	if _, err := acts.Rules(ctx); !errors.Is(err, errAtRest) {
		t.Errorf("without a recorder: %v", err)
	}
	for range 2 { // the second recorder, of another file of that name, is found as well
		r, stop := recordHere(t, path)
		client, server := talkThrough(t, r.address())
		intervening(ctx, t, acts, client, server)
		stop()
		if _, err := acts.Held(ctx); !errors.Is(err, errAtRest) {
			t.Errorf("behind the recorder's end: %v", err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func intervening(ctx context.Context, t *testing.T, acts *interventions, client, server *websocket.Conn) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	gets := func(c *websocket.Conn, want string) {
		t.Helper()
		if _, got, err := c.ReadMessage(); err != nil || string(got) != want {
			t.Fatalf("it got %q, %v, want %q", got, err, want)
		}
	}
	says := func(text string) {
		t.Helper()
		check(client.WriteMessage(websocket.TextMessage, []byte(text)))
	}
	conn := newestConn(ctx, t, acts)

	sent, err := acts.Send(ctx, conn, frame.Draft{From: frame.Server, Type: frame.Text, Payload: []byte("hello")})
	check(err)
	if sent.Time.IsZero() {
		t.Error("nobody knows when it was sent")
	}
	gets(client, "hello")

	hold, err := acts.Hold(ctx, inspector.HoldOrder{Filter: "order", Limit: time.Minute, Drop: true})
	check(err)
	says("order 1")
	says("order 2")
	says("order 3")
	var held []inspector.Held
	for len(held) < 1 {
		check(hold.Wait(ctx))
		held, err = acts.Held(ctx)
		check(err)
	}
	h := held[0]
	if h.Why != "order" || !h.Drop || string(h.Message.Payload) != "order 1" || h.Message.Conn != conn || h.Until.Sub(h.Since) != time.Minute {
		t.Errorf("held is %+v", h)
	}
	check(acts.Decide(ctx, h.ID, inspector.Verdict{Action: inspector.Replace, Payload: []byte("nothing")}))
	gets(server, "nothing")
	if err := acts.Decide(ctx, h.ID, inspector.Verdict{Action: inspector.Release}); !errors.Is(err, proxy.ErrNotHeld) {
		t.Errorf("deciding twice: %v", err)
	}
	check(hold.Close())
	gets(server, "order 2")
	gets(server, "order 3")
	check(hold.Close())
	if err := hold.Wait(ctx); err == nil {
		// What was not told of before may be; then there is nothing more.
		if err = hold.Wait(ctx); err == nil {
			t.Error("a hold that was closed goes on")
		}
	}
	if _, err := acts.Hold(ctx, inspector.HoldOrder{Filter: "from = server"}); err == nil || !strings.Contains(err.Error(), "column") {
		t.Errorf("a hold with a wrong filter: %v", err)
	}

	check(acts.SetRules(ctx, "rules: [{name: dogs, replace: {text: cat, with: dog}}]"))
	says("cat")
	gets(server, "dog")
	check(acts.SwitchRule(ctx, "dogs", false))
	says("cat")
	gets(server, "cat")
	if err := acts.SetRules(ctx, "rules: [{name: dogs}]"); err == nil || !strings.Contains(err.Error(), "rules:1:9:") {
		t.Errorf("wrong rules: %v", err)
	}
	book, err := acts.Rules(ctx)
	check(err)
	if len(book.Rules) != 1 || book.Rules[0].Name != "dogs" || book.Rules[0].On || book.Rules[0].Hits != 1 || !strings.Contains(book.Text, "dogs") {
		t.Errorf("the rules are %+v", book)
	}
	status, err := inspected{nil, acts}.Status(ctx)
	check(err)
	if !status.Recording || status.Open != 1 || status.Holds != 0 || status.Rules != 0 {
		t.Errorf("the status is %+v", status)
	}

	ends := make(chan error, 2)
	for _, c := range []*websocket.Conn{client, server} {
		go func() { // which ends when the connection does
			_, _, err := c.ReadMessage()
			ends <- err
		}()
	}
	check(acts.Kill(ctx, conn, inspector.Ending{Code: 4000}))
	for range 2 {
		if err := <-ends; !websocket.IsCloseError(err, 4000) {
			t.Errorf("killed, it got %v", err)
		}
	}
	if err := acts.Kill(ctx, conn, inspector.Ending{Reset: true}); !errors.Is(err, proxy.ErrNotLive) {
		t.Errorf("killed twice: %v", err)
	}
}

// newestConn returns the number of the connection that was opened last.
func newestConn(ctx context.Context, t *testing.T, acts *interventions) uint64 {
	t.Helper()
	client, err := acts.recorder(ctx)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := openConnection(ctx, client, newestOpen)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// recordHere records into path with a proxy on a free port, until stop.
func recordHere(t *testing.T, path string) (_ *recording, stop func()) {
	t.Helper()
	t.Setenv("WSLUICE_HOME", t.TempDir())
	p := &program{capture: path}
	r, err := p.openRecording(t.Context(), recordFlags{listen: "127.0.0.1:0", overload: "block"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- r.serve(ctx) }()
	return r, func() {
		t.Helper()
		cancel()
		if _, err := r.close(<-served); err != nil {
			t.Fatal(err)
		}
	}
}

// talkThrough connects a client and a server through a proxy.
func talkThrough(t *testing.T, address string) (client, server *websocket.Conn) {
	t.Helper()
	accepted := make(chan *websocket.Conn, 1)
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := new(websocket.Upgrader).Upgrade(w, r, nil); err == nil {
			accepted <- c
		}
	}))
	t.Cleanup(listening.Close)
	dialer := websocket.Dialer{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: address})}
	client, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(listening.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	server = <-accepted
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}
