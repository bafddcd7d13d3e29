package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
)

// played returns a recording with a fake proxy.
func played(t testing.TB, o Options) (*fakeProxy, *recording, *Client) {
	t.Helper()
	f := new(fakeProxy)
	o.actions = f
	r := record(t, capturePath(t), o)
	client, err := Dial(t.Context(), r.server.options.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return f, r, client
}

// framesOf reads wire as frames of from.
func framesOf(t testing.TB, from frame.Side, wire []byte) (all []frame.Record) {
	t.Helper()
	for len(wire) > 0 {
		h, n := frame.Parse(wire)
		if n == 0 {
			t.Fatalf("wire %x ends within a header", wire)
		}
		p := bytes.Clone(wire[n:min(len(wire), n+int(h.Length))])
		wire = wire[n+len(p):]
		if h.Masked {
			frame.Mask(p, h.Mask, 0)
		}
		all = append(all, frame.Record{Header: h, From: from, Payload: p})
	}
	return all
}

// TestInject compares what a request says with what the proxy is given to send.
func TestInject(t *testing.T) {
	f, r, client := played(t, Options{})
	c := knock(t, r.server.options.Path)
	long := strings.Repeat("däta ", 1<<18)
	quoted, err := json.Marshal(long)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		body    string
		to      frame.Side
		types   []frame.Opcode
		payload string
	}{
		{`{"conn":1,"to":"server","text":"hello"}`, frame.Server, []frame.Opcode{frame.Text}, "hello"},
		{`{"conn":1,"to":"client","type":"text","text":""}`, frame.Client, []frame.Opcode{frame.Text}, ""},
		{`{"conn":1,"to":"client"}`, frame.Client, []frame.Opcode{frame.Text}, ""},
		{`{"conn":1,"to":"client","type":"binary","base64":"/wD+"}`, frame.Client, []frame.Opcode{frame.Binary}, "\xff\x00\xfe"},
		{`{"conn":1,"to":"server","type":"ping","text":"p"}`, frame.Server, []frame.Opcode{frame.Ping}, "p"},
		{`{"conn":1,"to":"server","type":"close","code":4001,"reason":"ü"}`, frame.Server, []frame.Opcode{frame.Close}, "\x0f\xa1ü"},
		{`{"conn":1,"to":"server","type":"close"}`, frame.Server, []frame.Opcode{frame.Close}, ""},
		{`{"conn":1,"to":"server","type":"close","base64":"Aw=="}`, frame.Server, []frame.Opcode{frame.Close}, "\x03"},
		{`{"conn":1,"to":"server","text":"abcde","fragments":3}`, frame.Server, []frame.Opcode{frame.Text, 0, 0}, "abcde"},
		{`{"conn":1,"to":"client","text":"x","header":"opcode=3,rsv=5"}`, frame.Client, []frame.Opcode{3}, "x"},
		{`{"conn":1,"to":"client","text":` + string(quoted) + `}`, frame.Client, []frame.Opcode{frame.Text}, long},
	} {
		status, body := post(t, c, "/v1/inject", row.body)
		if want := `{"conn":1,"time":"2026-01-02T03:04:05.000000006Z","waited":0.0003}`; status != 200 || body != want {
			t.Errorf("%.100s: status %d, %s, want %s", row.body, status, body, want)
			continue
		}
		in := f.injected[len(f.injected)-1]
		var payload []byte
		var types []frame.Opcode
		for _, record := range framesOf(t, row.to.Peer(), in.Wire) {
			payload = append(payload, record.Payload...)
			types = append(types, record.Header.Opcode)
			if record.Header.Masked != (row.to == frame.Server) {
				t.Errorf("%.100s: masked is %v", row.body, record.Header.Masked)
			}
		}
		if in.To != row.to || in.Origin != frame.Injected || string(payload) != row.payload || !reflect.DeepEqual(types, row.types) {
			t.Errorf("%.100s: to %v, %v, %v %.100q", row.body, in.To, in.Origin, types, payload)
		}
	}

	d := frame.Draft{From: frame.Server, Type: frame.Binary, Payload: []byte("\x00\xff"), Fragments: 2, Header: "rsv=1"}
	sent, err := client.Inject(t.Context(), 1, d)
	if want := (proxy.Delivery{Time: epoch, Waited: 300 * time.Microsecond}); err != nil || sent != want {
		t.Fatalf("the client gets %+v, %v, want %+v", sent, err, want)
	}
	got := framesOf(t, frame.Server, f.injected[len(f.injected)-1].Wire)
	if len(got) != 2 || got[0].Header.RSV != 1 || string(got[1].Payload) != "\xff" || got[0].Header.Opcode != frame.Binary || got[0].Header.Masked {
		t.Errorf("the client sent %+v", got)
	}
}

// TestInjectFailures catches errors that lose their meaning on the way, and
// waiting that does not end.
func TestInjectFailures(t *testing.T) {
	f, r, client := played(t, Options{})
	d := frame.Draft{From: frame.Client, Type: frame.Text}
	if _, err := client.Inject(t.Context(), 9, d); !errors.Is(err, proxy.ErrNotLive) || !strings.Contains(err.Error(), "connection 9") {
		t.Errorf("into a connection that is not under way: %v", err)
	}
	if err := client.Kill(t.Context(), 9, proxy.Ending{}); !errors.Is(err, proxy.ErrNotLive) {
		t.Errorf("killing a connection that is not under way: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := client.Inject(ctx, 2, d); !errors.Is(err, ErrNoPlace) || ctx.Err() != nil {
		t.Errorf("where no place comes: %v, context %v", err, ctx.Err())
	}
	if _, err := client.Inject(t.Context(), 1, frame.Draft{Payload: make([]byte, proxy.MaxInjection+1)}); err == nil {
		t.Error("a payload that is too long was sent")
	}
	// A client that leaves is not waited for.
	gone, leave := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, err := client.Inject(gone, 2, d); done <- err }()
	eventually(t, "asked", func() bool { return f.waiting.Load() > 0 })
	leave()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("a client that leaves: %v", err)
	}
	eventually(t, "given up", func() bool { return f.waiting.Load() == 0 })
	// The end of the recording ends waiting as well.
	go func() { _, err := client.Inject(t.Context(), 2, d); done <- err }()
	eventually(t, "asked", func() bool { return f.waiting.Load() > 0 })
	r.close(t)
	if err := <-done; !errors.Is(err, ErrNotRecording) {
		t.Errorf("when the recording ends: %v", err)
	}

	alone := record(t, capturePath(t), Options{})
	direct, err := Dial(t.Context(), alone.server.options.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	if _, err := direct.Inject(t.Context(), 1, d); err == nil || !strings.Contains(err.Error(), "no proxy") {
		t.Errorf("without a proxy: %v", err)
	}
	if _, err := direct.Hold(t.Context(), HoldOrder{}); err == nil || !strings.Contains(err.Error(), "no proxy") {
		t.Errorf("without a proxy: %v", err)
	}
}

// TestKill compares what a request says with how the proxy is told to end a
// connection.
func TestKill(t *testing.T) {
	f, r, client := played(t, Options{})
	c := knock(t, r.server.options.Path)
	for _, body := range []string{`{"conn":1}`, `{"conn":1,"code":1001,"reason":"enough"}`, `{"conn":1,"code":4999}`, `{"conn":1,"reset":true}`} {
		if status, answer := post(t, c, "/v1/kill", body); status != 200 || answer != `{"conn":1}` {
			t.Errorf("%s: status %d, %s", body, status, answer)
		}
	}
	for _, e := range []proxy.Ending{{Code: 1000, Reason: "ok"}, {Reset: true}} {
		if err := client.Kill(t.Context(), 1, e); err != nil {
			t.Errorf("%+v: %v", e, err)
		}
	}
	want := []proxy.Ending{{}, {Code: 1001, Reason: "enough"}, {Code: 4999}, {Reset: true}, {Code: 1000, Reason: "ok"}, {Reset: true}}
	if !reflect.DeepEqual(f.ended, want) {
		t.Errorf("the proxy was told %+v, want %+v", f.ended, want)
	}
}

// TestActionComplaints checks what a client is told of its mistakes, and that
// nothing is done then.
func TestActionComplaints(t *testing.T) {
	f, r, _ := played(t, Options{})
	c := knock(t, r.server.options.Path)
	q, err := f.Hold(proxy.Hold{})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	f.offer(frame.Message{Conn: 1})
	for _, row := range []complaint{
		{"/v1/inject", ``, 400, "cannot be read", "JSON"},
		{"/v1/inject", `{"to":"server"}`, 400, "which connection", ""},
		{"/v1/inject", `{"conn":1}`, 400, `to "" is no side`, "server"},
		{"/v1/inject", `{"conn":1,"to":"both"}`, 400, "no side", ""},
		{"/v1/inject", `{"conn":1,"to":"server","type":"opaque"}`, 400, "cannot be sent", "header"},
		{"/v1/inject", `{"conn":1,"to":"server","type":"txt"}`, 400, "cannot be sent", ""},
		{"/v1/inject", `{"conn":1,"to":"server","text":"a","base64":"YQ=="}`, 400, "do not go together", ""},
		{"/v1/inject", `{"conn":1,"to":"server","base64":"?"}`, 400, "base64", ""},
		{"/v1/inject", "{\"conn\":1,\"to\":\"server\",\"text\":\"\xff\"}", 400, "not UTF-8", "base64"},
		{"/v1/inject", `{"conn":1,"to":"server","code":1000}`, 400, "no code", "close"},
		{"/v1/inject", `{"conn":1,"to":"server","type":"close","reason":"x"}`, 400, "without a code", ""},
		{"/v1/inject", `{"conn":1,"to":"server","type":"close","code":1000,"text":"x"}`, 400, "do not go", ""},
		{"/v1/inject", `{"conn":1,"to":"server","type":"close","code":65536}`, 400, "65536", ""},
		{"/v1/inject", `{"conn":1,"to":"server","type":"close","code":1000,"reason":"` + strings.Repeat("x", 124) + `"}`, 400, "126 bytes", ""},
		{"/v1/inject", `{"conn":1,"to":"server","type":"ping","fragments":2}`, 400, "cannot be fragmented", ""},
		{"/v1/inject", `{"conn":1,"to":"server","fragments":-1}`, 400, "no number of fragments", ""},
		{"/v1/inject", `{"conn":1,"to":"server","fragments":10001}`, 400, "more than 10000", ""},
		{"/v1/inject", `{"conn":1,"to":"server","header":"fim=1"}`, 400, "fim", ""},
		{"/v1/inject", `{"conn":1,"to":"server","timeout":"1h"}`, 400, "timeout", "10m"},
		{"/v1/inject?timeout=0s", `{"conn":1,"to":"server"}`, 400, "timeout", ""},
		{"/v1/inject?timeout=1ms", `{"conn":2,"to":"server"}`, 504, "no place between messages came within 1ms", "timeout"},
		{"/v1/inject", `{"conn":9,"to":"server"}`, 404, "not under way", "open"},
		{"/v1/hold", strings.Repeat(" ", maxBody+1), 400, "cannot be read", ""},
		{"/v1/kill", `{}`, 400, "which connection", ""},
		{"/v1/kill", `{"conn":9}`, 404, "not under way", ""},
		{"/v1/kill", `{"conn":1,"reset":true,"code":1000}`, 400, "reset", ""},
		{"/v1/kill", `{"conn":1,"reason":"x"}`, 400, "without a code", ""},
		{"/v1/kill", `{"conn":1,"code":1000,"reason":"` + strings.Repeat("x", 124) + `"}`, 400, "124 bytes", ""},
		{"/v1/hold", `{"filter":"sizee > 3"}`, 400, "sizee", "size"},
		{"/v1/hold", `{"limit":"2h"}`, 400, "limit", "1h"},
		{"/v1/hold", `{"limit":"soon"}`, 400, "limit", ""},
		{"/v1/hold", `{"expired":"edit"}`, 400, "edit", "release or drop"},
		{"/v1/verdict", `{"action":"drop"}`, 400, "which messages", "id"},
		{"/v1/verdict", `{"id":1,"all":true,"action":"drop"}`, 400, "which messages", ""},
		{"/v1/verdict", `{"id":1,"action":"keep"}`, 400, "keep", "release"},
		{"/v1/verdict", `{"id":1,"action":"drop","text":"x"}`, 400, "drop", "edit"},
		{"/v1/verdict", `{"id":1,"action":"edit"}`, 400, "nothing says", ""},
		{"/v1/verdict", `{"ids":[1],"action":"edit","text":"x"}`, 400, "one message", ""},
		{"/v1/verdict", `{"id":1,"action":"edit","text":"x","type":"ping"}`, 400, "ping", "binary"},
		{"/v1/verdict", `{"id":99,"action":"drop"}`, 404, "not held", "held"},
	} {
		row.check(t, c)
	}
	long := make([]byte, proxy.MaxInjection+1)
	if _, err := content(nil, &long); err == nil {
		t.Error("a payload that is too long was taken")
	}
	long = long[1:]
	if _, err := (&injectRequest{Conn: 1, To: "client", Base64: &long}).injection(); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("a payload that is too long with its header: %v", err)
	}
	if len(f.injected) > 0 || len(f.ended) > 0 || len(f.orders) > 1 || len(f.verdicts) > 0 {
		t.Errorf("mistakes were acted on: %+v", f)
	}
}

// TestSlowUploader catches one that keeps others from injecting for longer than a
// request may take.
func TestSlowUploader(t *testing.T) {
	_, r, client := played(t, Options{askTime: 500 * time.Millisecond})
	at, err := locate(r.server.options.Path)
	if err != nil {
		t.Fatal(err)
	}
	for range maxHeavy {
		c, err := net.Dial("unix", at.socket())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /v1/inject HTTP/1.1\r\nHost: wsluice\r\nContent-Length: %d\r\n\r\n{", maxLarge)
	}
	eventually(t, "all taken", func() bool { return len(r.server.heavy) == maxHeavy })
	if _, err := client.Inject(t.Context(), 1, frame.Draft{From: frame.Client, Type: frame.Text, Payload: []byte("small")}); err != nil {
		t.Errorf("a small message: %v", err)
	}
	eventually(t, "free again", func() bool { return len(r.server.heavy) == 0 })
	if _, err := client.Inject(t.Context(), 1, frame.Draft{From: frame.Client, Type: frame.Binary, Payload: make([]byte, 2<<20)}); err != nil {
		t.Errorf("a large message: %v", err)
	}
}
