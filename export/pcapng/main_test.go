package pcapng

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kept is what a sink got of one connection.
type kept struct {
	conn frame.Connection
	wire [2][]byte
	at   [2][]string // when which bytes came
	end  frame.End
	over bool
}

// shelf is a sink that keeps everything.
type shelf struct {
	conns []*kept
	full  error // what Open fails with
}

func (s *shelf) Open(c *frame.Connection) (export.Tape, error) {
	if s.full != nil {
		return nil, s.full
	}
	c.ID = uint64(len(s.conns) + 1)
	k := &kept{conn: *c}
	s.conns = append(s.conns, k)
	return k, nil
}

func (k *kept) Append(from frame.Side, at time.Time, wire []byte) {
	if k.over {
		panic("append after close")
	}
	k.wire[from] = append(k.wire[from], wire...)
	// Segments of one time are told as one.
	if n := len(k.at[from]); n == 0 || !strings.HasPrefix(k.at[from][n-1], at.Format(time.RFC3339Nano)) {
		k.at[from] = append(k.at[from], fmt.Sprintf("%s from byte %d", at.Format(time.RFC3339Nano), len(k.wire[from])-len(wire)))
	}
}

func (k *kept) Close(end frame.End) {
	if k.over {
		panic("closed twice")
	}
	k.end, k.over = end, true
}

// told is everything of k that a reader can know, in words.
func (k *kept) told() string {
	var b strings.Builder
	fmt.Fprintln(&b, k.conn.State, k.conn.URL, k.conn.Client, k.conn.Server, k.conn.Start.Format(time.RFC3339Nano), k.conn.Status, k.conn.Subprotocol, k.conn.Extensions)
	fmt.Fprintln(&b, k.conn.Request, k.conn.Response, string(k.conn.Body))
	fmt.Fprintln(&b, k.end.EndedBy, k.end.How, k.end.Error)
	for side := range sides {
		fmt.Fprintf(&b, "%d bytes %x %v\n", len(k.wire[side]), sha256.Sum256(k.wire[side]), k.at[side])
	}
	return b.String()
}

// script is a capture: connections and their frames in the order they passed.
type script struct {
	conns  []*frame.Connection
	frames []*frame.Record
}

var began = time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.UTC)

// upgraded is a connection as a proxy records it.
func upgraded(id uint64, client, server string) *frame.Connection {
	return &frame.Connection{
		ID: id, State: frame.Closed, URL: fmt.Sprintf("ws://chat.example:8080/room?id=%d", id),
		Client: client, Server: server, Status: 101, Start: began.Add(time.Duration(id) * time.Millisecond),
		Subprotocol: "chat.v2",
		Request: []frame.Field{{Name: "Host", Value: "chat.example:8080"}, {Name: "Cookie", Value: "a=\"b\"; c=\xe9"},
			{Name: "Connection", Value: "keep-alive, Upgrade"}, {Name: "Upgrade", Value: "websocket"},
			{Name: "Sec-Websocket-Version", Value: "13"}, {Name: "Sec-Websocket-Key", Value: madeKey}, {Name: "x-odd", Value: ""}},
		Response: []frame.Field{{Name: "Upgrade", Value: "websocket"}, {Name: "Connection", Value: "Upgrade"},
			{Name: "Sec-WebSocket-Accept", Value: madeAccept}, {Name: "Sec-WebSocket-Protocol", Value: "chat.v2"}},
		EndedBy: frame.ByServer, How: frame.ByFIN,
	}
}

// random makes connections with random frames, interleaved: fragments, masks,
// control frames, payloads up to some hundred KiB.
func random(rnd *rand.Rand, conns []*frame.Connection, frames int) *script {
	s := &script{conns: conns}
	at := began.Add(time.Second)
	for n := range frames {
		c := conns[rnd.IntN(len(conns))]
		at = at.Add(time.Duration(rnd.IntN(1e9)))
		r := &frame.Record{Conn: c.ID, Seq: uint64(n + 1), Time: at, From: frame.Side(rnd.IntN(2))}
		size := rnd.IntN(200)
		switch rnd.IntN(10) {
		case 0:
			size = 0
		case 1:
			size = rnd.IntN(300_000)
		}
		r.Header = frame.Header{Opcode: frame.Opcode(rnd.IntN(3)), Fin: rnd.IntN(3) > 0, RSV: uint8(rnd.IntN(2) * frame.RSV1), Length: uint64(size)}
		if r.From == frame.Client {
			r.Header.Masked = true
			r.Header.Mask = [4]byte{byte(rnd.Uint32()), byte(rnd.Uint32()), 3, 4}
		}
		for range size {
			r.Payload = append(r.Payload, byte(rnd.Uint32()))
		}
		r.Stored = uint64(size)
		s.frames = append(s.frames, r)
		c.Bytes[r.From] += r.WireSize()
	}
	for _, c := range conns {
		c.End = at.Add(time.Duration(rnd.IntN(1e9)))
	}
	return s
}

// write is the file of s.
func (s *script) write(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, "test")
	for _, c := range s.conns {
		if err := w.Connection(c); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range s.frames {
		if err := w.Frame(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// expected is what a reader must find of s, in the order of the connections.
func (s *script) expected() (want []string) {
	for _, c := range s.conns {
		k := &kept{conn: *c}
		for _, r := range s.frames {
			if r.Conn == c.ID && r.Origin != frame.Dropped {
				k.Append(r.From, r.Time, r.AppendWire(nil))
			}
		}
		if k.conn.State == frame.Closed {
			k.conn.State = frame.Open
			k.end = frame.End{EndedBy: c.EndedBy, How: c.How}
		}
		want = append(want, k.told())
	}
	return want
}

// read reads a file.
func read(t testing.TB, file []byte) (*shelf, export.Tally) {
	t.Helper()
	var s shelf
	tally, err := Read(context.Background(), bytes.NewReader(file), Options{}, &s)
	if err != nil {
		t.Fatal(err)
	}
	return &s, tally
}

// same compares what was read with what s holds.
func (s *script) same(t *testing.T, got *shelf) {
	t.Helper()
	want := s.expected()
	var have []string
	for _, k := range got.conns {
		have = append(have, k.told())
	}
	slices.Sort(want)
	slices.Sort(have)
	if len(have) != len(want) {
		t.Fatalf("read %d connections, want %d", len(have), len(want))
	}
	for i := range want {
		if have[i] != want[i] {
			t.Fatalf("connection %d differs:\n%.1500s\nwant\n%.1500s", i, have[i], want[i])
		}
	}
}
