package store

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

func wireOf(from frame.Side, op frame.Opcode, fin bool, payload []byte) []byte {
	h := frame.Header{Fin: fin, Opcode: op, Length: uint64(len(payload)), Masked: from == frame.Client, Mask: [4]byte{1, 2, 3, 4}}
	r := frame.Record{Header: h, Payload: payload}
	return r.AppendWire(nil)
}

func TestRecordAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "capture.db")
	rec, err := Create(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := frame.Connection{State: frame.Open, URL: "ws://a/b", Start: time.Unix(5, 7).UTC()}
	tape, err := rec.Open(&c)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(10, 0).UTC()
	big := bytes.Repeat([]byte("0123456789abcdef"), 20000)
	tape.Append(frame.Client, now, wireOf(frame.Client, frame.Text, true, []byte("hello")))
	tape.Append(frame.Server, now.Add(time.Millisecond), wireOf(frame.Server, frame.Binary, false, []byte("wor")))
	tape.Append(frame.Server, now.Add(2*time.Millisecond), wireOf(frame.Server, frame.Continuation, true, []byte("ld")))
	tape.Append(frame.Client, now.Add(3*time.Millisecond), wireOf(frame.Client, frame.Binary, true, big))
	tape.Append(frame.Client, now.Add(4*time.Millisecond), wireOf(frame.Client, frame.Close, true, []byte{3, 232, 'b', 'y', 'e'}))
	if err := rec.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	live := rec.Reader()
	if n, err := live.Count(c.ID); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	tape.Close(frame.End{Time: now.Add(time.Second), EndedBy: frame.ByClient, How: frame.ByClose})
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	conns, err := r.Conns(0, 10)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", conns)
	page, err := r.Page(t.Context(), c.ID, 1, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range page {
		t.Logf("%d %d %d %v %v %+v %.10q %d %v %v", p.Global, p.Seq, p.Message, p.Time, p.From, p.Header, p.Payload, p.Stored, p.Incomplete, p.Violation.Name())
	}
	body, err := r.Payload(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, big) {
		t.Fatal(err, len(got))
	}
	cur := r.Scan(t.Context(), 0, 1)
	n := 0
	for cur.Next() {
		n++
	}
	if cur.Err() != nil || n != 5 {
		t.Fatal(n, cur.Err())
	}
}
