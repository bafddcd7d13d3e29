package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// capturePath returns a path for a new capture.
func capturePath(t testing.TB) string { return filepath.Join(t.TempDir(), "capture.db") }

// recording is a recorder with its server.
type recording struct {
	*store.Recorder
	server *Server
	closed bool
}

// record records into path, and serves it, until the test ends or close.
func record(t testing.TB, path string, o Options) *recording {
	t.Helper()
	recorder, err := store.Create(path, store.Options{App: "test"})
	if err != nil {
		t.Fatal(err)
	}
	o.Path, o.Recorder = path, recorder
	server, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &recording{Recorder: recorder, server: server}
	t.Cleanup(func() { r.close(t) })
	return r
}

func (r *recording) close(t testing.TB) {
	t.Helper()
	if r.closed {
		return
	}
	r.closed = true
	if err := r.server.Close(); err != nil {
		t.Error(err)
	}
	if err := r.Recorder.Close(); err != nil {
		t.Error(err)
	}
}

func (r *recording) sync(t testing.TB) {
	t.Helper()
	if err := r.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// tape opens a connection with a URL of the given number.
func (r *recording) tape(t testing.TB, n int) *store.Tape {
	t.Helper()
	c := &frame.Connection{
		State: frame.Open, URL: fmt.Sprintf("wss://example.org/feed/%d", n), Client: "127.0.0.1:5000", Start: epoch, Status: 101,
		Request: []frame.Field{{Name: "Host", Value: "example.org"}, {Name: "X-Odd", Value: "a<b>&\"é"}},
	}
	tape, err := r.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return tape
}

// wire returns the wire form of a frame as the given side sends it.
func wire(from frame.Side, h frame.Header, payload []byte) []byte {
	h.Length = uint64(len(payload))
	if from == frame.Client {
		h.Masked, h.Mask = true, [4]byte{0xDE, 0xAD, 0xBE, 0xEF}
	}
	r := frame.Record{Header: h, Payload: payload}
	return r.AppendWire(nil)
}

func text(payload string) []byte {
	return wire(frame.Server, frame.Header{Fin: true, Opcode: frame.Text}, []byte(payload))
}

// mixed records traffic of all kinds on several connections, and leaves one open
// that has none. The same seed makes the same traffic.
func (r *recording) mixed(t testing.TB, seed uint64, frames int) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	var tapes []*store.Tape
	for i := range 7 {
		tapes = append(tapes, r.tape(t, i))
	}
	at := epoch
	for n := range frames {
		at = at.Add(time.Duration(random.IntN(1000)) * time.Microsecond)
		from := frame.Side(random.IntN(2))
		h := frame.Header{Fin: random.IntN(4) > 0, Opcode: frame.Opcode(1 + random.IntN(2))}
		payload := fmt.Appendf(nil, `{"n":%d,"text":"värde %x"}`, n, random.Uint64())
		switch random.IntN(40) {
		case 0:
			payload = bytes.Repeat(payload, 1+random.IntN(5_000))
		case 1:
			h.Fin, h.Opcode, payload = true, frame.Ping, []byte("ping")
		case 2:
			h.Opcode = frame.Continuation
		}
		tapes[random.IntN(len(tapes))].Append(from, at, wire(from, h, payload))
	}
	// The counters of open connections are stored now and then only.
	for _, tape := range tapes {
		tape.Close(frame.End{Time: at, EndedBy: frame.ByServer, How: frame.ByFIN})
	}
	r.tape(t, 99)
	refused := &frame.Connection{State: frame.Refused, URL: "ws://example.org/", Start: epoch, Status: 403, Body: []byte{0xFF, 'n', 'o'}}
	if _, err := r.Open(refused); err != nil {
		t.Fatal(err)
	}
	r.sync(t)
}

// everything returns all a reader has to say of a capture, as text.
func everything(t testing.TB, ctx context.Context, r *store.Reader) []byte {
	t.Helper()
	var all bytes.Buffer
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	conns, err := r.Conns(ctx, 0, 1000)
	check(err)
	for i := range conns {
		c := &conns[i]
		all.Write(append(c.AppendJSON(nil), '\n'))
		again, err := r.Conn(ctx, c.ID)
		check(err)
		all.Write(append(again.AppendJSON(nil), '\n'))
		count, err := r.Count(ctx, c.ID)
		check(err)
		fmt.Fprintln(&all, count)
		page, err := r.Page(ctx, c.ID, count/2, 50)
		check(err)
		for i := range page {
			all.Write(append(page[i].AppendJSON(nil, true), '\n'))
		}
	}
	frames := r.Frames(ctx, store.FrameQuery{Whole: true})
	for frames.Next() {
		all.Write(append(frames.Record().AppendJSON(nil, true), '\n'))
	}
	check(frames.Err())
	check(frames.Close())
	messages := r.Messages(ctx, store.Query{})
	for messages.Next() {
		all.Write(append(messages.Message().AppendJSON(nil), '\n'))
	}
	check(messages.Err())
	check(messages.Close())
	count, err := r.Count(ctx, 0)
	check(err)
	for n := uint64(1); n <= count; n += 37 {
		payload, err := r.Payload(ctx, n)
		if errors.Is(err, store.ErrNoFrame) {
			fmt.Fprintln(&all, err)
			continue
		}
		check(err)
		_, err = io.Copy(&all, payload)
		check(err)
		check(payload.Close())
	}
	events, err := r.Events(ctx, 0, 1000)
	check(err)
	for i := range events {
		line, err := events[i].MarshalJSON()
		check(err)
		all.Write(append(line, '\n'))
	}
	return all.Bytes()
}

// same fails the test where two texts part.
func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	around := func(p []byte) []byte { return p[min(len(p), max(0, i-60)):min(len(p), i+100)] }
	t.Fatalf("%s differs at byte %d of %d and %d:\n got %q\nwant %q", what, i, len(got), len(want), around(got), around(want))
}
