package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
)

// said returns a text message of a connection.
func said(conn uint64, text string) frame.Message {
	return frame.Message{
		Conn: conn, Time: epoch, From: frame.Client, Type: frame.Text, Payload: []byte(text), Size: uint64(len(text)),
		WireSize: uint64(len(text) + 6), Frames: 1,
	}
}

// TestHold holds messages over the socket, decides about each in another way, and
// compares what comes of it. It would catch anything that is lost or changed on
// its way, and a hold that outlives its stream.
func TestHold(t *testing.T) {
	f, _, client := played(t, Options{keepAlive: time.Millisecond})
	stream, err := client.Hold(t.Context(), HoldOrder{Filter: `text contains "keep"`, Limit: time.Minute, Expired: proxy.Drop})
	if err != nil {
		t.Fatal(err)
	}
	if f.orders[0].Limit != time.Minute || f.orders[0].Expired != proxy.Drop || f.orders[0].Filter.String() != `text contains "keep"` {
		t.Fatalf("the proxy was told %+v", f.orders[0])
	}
	if stream.ID() != 1 {
		t.Errorf("hold %d, want 1", stream.ID())
	}
	long := said(3, strings.Repeat("\x01keep ", 1<<17))
	all := []frame.Message{said(1, "keep <this> & that\x1b[31m"), said(2, "not this"), long, said(1, "keep"), said(9, "keep it")}
	var want []proxy.Held
	for i := range all {
		if id := f.offer(all[i]); id != 0 {
			want = append(want, proxy.Held{
				ID: id, Queue: 1, Message: all[i], Since: epoch, Until: epoch.Add(time.Minute), Expired: proxy.Drop, Why: `text contains "keep"`,
			})
		}
	}
	if len(want) != 4 {
		t.Fatalf("%d messages are held", len(want))
	}
	for i := range want {
		event, err := stream.Next()
		if err != nil || event.Held == nil || !reflect.DeepEqual(*event.Held, want[i]) {
			t.Fatalf("event %d is %.300v, %v", i, event, err)
		}
	}
	held, err := client.Held(t.Context())
	if err != nil || !reflect.DeepEqual(held, want) {
		t.Fatalf("%d messages are held, %v", len(held), err)
	}

	fates := []proxy.Fate{{ID: 1, Action: proxy.Release, Cause: "verdict"}, {ID: 2, Action: proxy.Edit, Cause: "verdict"}, {ID: 3, Action: proxy.Edit, Cause: "verdict"}}
	verdicts := []proxy.Verdict{{Action: proxy.Release}, {Action: proxy.Edit, Payload: []byte("\xff"), Type: frame.Binary}, {Action: proxy.Edit, Payload: []byte{}}}
	for i, v := range verdicts {
		if err := client.Decide(t.Context(), fates[i].ID, v); err != nil {
			t.Fatal(err)
		}
		if event, err := stream.Next(); err != nil || event.Fate == nil || *event.Fate != fates[i] {
			t.Errorf("event %+v, %v, want %+v", event, err, fates[i])
		}
		if got := f.verdicts[fates[i].ID]; !reflect.DeepEqual(got, v) {
			t.Errorf("verdict %+v, want %+v", got, v)
		}
	}
	if err := client.Decide(t.Context(), 1, proxy.Verdict{Action: proxy.Drop}); !errors.Is(err, proxy.ErrNotHeld) || !strings.Contains(err.Error(), "message 1") {
		t.Errorf("a verdict on what is gone: %v", err)
	}
	f.offer(said(1, "keep this too"))
	if n, err := client.DecideAll(t.Context(), proxy.Drop); err != nil || n != 2 {
		t.Errorf("decided about %d, %v, want 2", n, err)
	}
	if held, err := client.Held(t.Context()); err != nil || len(held) != 0 {
		t.Errorf("%d messages are held, %v", len(held), err)
	}

	f.offer(said(1, "keep this for good"))
	status, err := client.Status(t.Context())
	if err != nil || status.Held != 1 || status.Holds != 1 {
		t.Errorf("status has %d messages in %d holds, %v", status.Held, status.Holds, err)
	}
	if err := errors.Join(stream.Close(), stream.Close()); err != nil {
		t.Error(err)
	}
	for err = nil; err == nil; _, err = stream.Next() {
	}
	if err != io.EOF {
		t.Errorf("error %v from a stream that was closed, want EOF", err)
	}
	eventually(t, "released", func() bool { return f.holding() == 0 && len(f.Held()) == 0 })
}

// TestHoldLines reads a hold as a script does.
func TestHoldLines(t *testing.T) {
	f, r, _ := played(t, Options{})
	c := knock(t, r.server.options.Path)
	response, err := c.Post("http://wsluice/v1/hold", "application/json", strings.NewReader(`{"limit":"1s","filter":"size < 9"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	in := bufio.NewScanner(response.Body)
	if line := lineOf(t, in); line != `{"hold":1}` {
		t.Fatalf("first line %s", line)
	}
	f.offer(said(3, "<&>"))
	m := said(3, "<&>")
	one := `{"id":1,"hold":1,"conn":3,"since":"2026-01-02T03:04:05.000000006Z","until":"2026-01-02T03:04:06.000000006Z","expired":"release",` +
		`"why":"size < 9","message":` + string(m.AppendJSON(nil)) + `}`
	if line := lineOf(t, in); line != `{"held":`+one+`}` {
		t.Errorf("line %s\nwant %s", line, `{"held":`+one+`}`)
	}
	if status, body := get(t, c, "/v1/held"); status != 200 || body != one+"\n" {
		t.Errorf("held: status %d, %s\nwant %s", status, body, one)
	}
	f.offer(said(3, "2"))
	for _, row := range [][2]string{
		{`{"ids":[1,77],"action":"drop"}`, `{"decided":1}`},
		{`{"id":2,"action":"edit","text":"","type":"binary"}`, `{"decided":1}`},
		{`{"all":true,"action":"release"}`, `{"decided":0}`},
	} {
		if status, body := post(t, c, "/v1/verdict", row[0]); status != 200 || body != row[1] {
			t.Errorf("%s: status %d, %s, want %s", row[0], status, body, row[1])
		}
	}
	lineOf(t, in)
	for _, want := range []string{`{"gone":{"id":1,"action":"drop","cause":"verdict"}}`, `{"gone":{"id":2,"action":"edit","cause":"verdict"}}`} {
		if line := lineOf(t, in); line != want {
			t.Errorf("line %s, want %s", line, want)
		}
	}
	if v := f.verdicts[2]; v.Type != frame.Binary || v.Payload == nil || len(v.Payload) != 0 {
		t.Errorf("verdict %+v", v)
	}
}

// ask makes a request for a hold over a connection of its own.
func askHold(t *testing.T, r *recording) *net.UnixConn {
	t.Helper()
	at, err := locate(r.server.options.Path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("unix", at.socket())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprint(c, "POST /v1/hold HTTP/1.1\r\nHost: wsluice\r\nContent-Length: 2\r\n\r\n{}")
	return c.(*net.UnixConn)
}

// TestHoldersLeave has clients leave in every way there is, while messages are
// held for them. It would catch any way that leaves them held.
func TestHoldersLeave(t *testing.T) {
	quick := Options{patience: 200 * time.Millisecond, keepAlive: 10 * time.Millisecond}
	// In none of them does anything the queue holds come to an end by itself.
	for _, way := range []struct {
		name    string
		options Options
		leave   func(*testing.T, *fakeProxy, *recording)
	}{
		{"closes", Options{}, func(t *testing.T, f *fakeProxy, r *recording) {
			c := askHold(t, r)
			eventually(t, "held", func() bool { return f.offer(said(1, "x")) != 0 })
			c.Close()
		}},
		{"half-closes", Options{}, func(t *testing.T, f *fakeProxy, r *recording) {
			c := askHold(t, r)
			eventually(t, "held", func() bool { return f.offer(said(1, "x")) != 0 })
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
		}},
		{"reads nothing of much", quick, func(t *testing.T, f *fakeProxy, r *recording) {
			askHold(t, r)
			eventually(t, "held", func() bool { return f.offer(said(1, strings.Repeat("x", 1<<20))) != 0 })
		}},
		{"reads nothing of nothing", quick, func(t *testing.T, f *fakeProxy, r *recording) {
			askHold(t, r)
			eventually(t, "held", func() bool { return f.offer(said(1, "x")) != 0 })
			q := f.first()
			<-q.closed
			// At a line every two seconds, this is how soon it is noticed.
			if n := q.asked.Load(); n > 64 {
				t.Errorf("noticed after %d lines", n)
			}
		}},
		{"closes the stream", Options{}, func(t *testing.T, f *fakeProxy, r *recording) {
			client, err := Dial(t.Context(), r.server.options.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			h, err := client.Hold(t.Context(), HoldOrder{})
			if err != nil {
				t.Fatal(err)
			}
			f.offer(said(1, "x"))
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		}},
		{"is cancelled", Options{}, func(t *testing.T, f *fakeProxy, r *recording) {
			client, err := Dial(t.Context(), r.server.options.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			ctx, cancel := context.WithCancel(t.Context())
			h, err := client.Hold(ctx, HoldOrder{})
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			cancel()
			for err = nil; err == nil; _, err = h.Next() {
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want Canceled", err)
			}
		}},
		{"is told that the recording ends", Options{}, func(t *testing.T, f *fakeProxy, r *recording) {
			client, err := Dial(t.Context(), r.server.options.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			h, err := client.Hold(t.Context(), HoldOrder{})
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			r.close(t)
			if f.holding() != 0 {
				t.Error("a hold outlives the server")
			}
			for err = nil; err == nil; _, err = h.Next() {
			}
			if !errors.Is(err, ErrNotRecording) {
				t.Errorf("error %v, want ErrNotRecording", err)
			}
		}},
		{"reads nothing when the recording ends", Options{}, func(t *testing.T, f *fakeProxy, r *recording) {
			askHold(t, r)
			eventually(t, "held", func() bool { return f.offer(said(1, strings.Repeat("x", 1<<20))) != 0 })
			eventually(t, "told", func() bool { return len(f.first().events) == 0 })
			f.offer(said(1, "x"))
			// What is held does not wait for the reader to be given up.
			r.server.end()
			eventually(t, "released", func() bool { return f.holding() == 0 })
			if r.server.door.inside.Load() == 0 {
				t.Error("the reader was not there any more")
			}
			r.server.cancel()
			_ = r.server.http.Close()
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			f := new(fakeProxy)
			way.options.actions = f
			r := record(t, capturePath(t), way.options)
			way.leave(t, f, r)
			eventually(t, "released", func() bool { return f.holding() == 0 && len(f.Held()) == 0 })
			eventually(t, "given back", func() bool { return len(r.server.holds) == 0 })
		})
	}
}

// TestTooManyHolds checks how many can be open, and that others are told.
func TestTooManyHolds(t *testing.T) {
	f, _, client := played(t, Options{})
	var streams []*HoldStream
	for range maxHolds {
		h, err := client.Hold(t.Context(), HoldOrder{})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		streams = append(streams, h)
	}
	if _, err := client.Hold(t.Context(), HoldOrder{}); err == nil || !strings.Contains(err.Error(), "too many holds") {
		t.Errorf("error %v for one hold too many", err)
	}
	if _, err := client.Held(t.Context()); err != nil {
		t.Errorf("among many holds: %v", err)
	}
	if err := streams[3].Close(); err != nil {
		t.Error(err)
	}
	eventually(t, "closed", func() bool { return f.holding() == maxHolds-1 })
	var h *HoldStream
	eventually(t, "let in again", func() (in bool) {
		var err error
		h, err = client.Hold(t.Context(), HoldOrder{})
		return err == nil
	})
	h.Close()
}

// TestSilentRecorder catches a client that waits for ever for a recorder that was
// stopped, or one that does not wait for a recorder with nothing to tell.
func TestSilentRecorder(t *testing.T) {
	f, _, client := played(t, Options{keepAlive: 10 * time.Millisecond})
	client.silent = 500 * time.Millisecond
	h, err := client.Hold(t.Context(), HoldOrder{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	late := time.AfterFunc(3*client.silent, func() { f.offer(said(1, "late")) })
	defer late.Stop()
	if e, err := h.Next(); err != nil || e.Held == nil {
		t.Errorf("event %+v, %v from a recorder that lives", e, err)
	}

	stopped, fake := net.Pipe()
	defer stopped.Close()
	mute := &Client{silent: 100 * time.Millisecond, first: make(chan net.Conn, 1)}
	mute.first <- fake
	mute.http.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return <-mute.first, nil }}
	go func() {
		if _, err := http.ReadRequest(bufio.NewReader(stopped)); err == nil {
			fmt.Fprint(stopped, "HTTP/1.1 200 OK\r\n\r\n{\"hold\":1}\n")
		}
	}()
	h, err = mute.Hold(t.Context(), HoldOrder{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if _, err := h.Next(); err != errSilent {
		t.Errorf("error %v from a recorder that is stopped", err)
	}
}

// TestHeldJSON checks that what is held is the same after its JSON.
func TestHeldJSON(t *testing.T) {
	m := said(3, "a")
	for _, e := range []proxy.HoldEvent{
		{Held: &proxy.Held{ID: 1, Queue: 2, Message: m, Since: epoch, Until: epoch, Expired: proxy.Drop, Why: "\"<\x00é"}},
		{Fate: &proxy.Fate{ID: 1 << 63, Action: proxy.Drop, Cause: "connection ended"}},
	} {
		p := AppendHoldEvent([]byte("x"), e)
		var in eventJSON
		if err := json.Unmarshal(p[1:], &in); err != nil || p[0] != 'x' || strings.ContainsAny(string(p), "\n\x00") {
			t.Fatalf("%q: %v", p, err)
		}
		if got := in.event(); !reflect.DeepEqual(got, e) {
			t.Errorf("%s is read as %+v, want %+v", p[1:], got, e)
		}
	}
	long := proxy.Held{ID: 1, Message: said(1, strings.Repeat("\x01", maxTold+1))}
	p := AppendHeld(nil, &long)
	if len(p) > maxHeldLine || !strings.HasSuffix(string(p), `"truncated":true}}`) {
		t.Errorf("%d bytes, …%s", len(p), p[len(p)-20:])
	}
	if m := &long.Message; len(m.Payload) != maxTold+1 || m.Truncated {
		t.Errorf("what was told of was cut to %d bytes", len(m.Payload))
	}
}
