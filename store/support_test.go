package store

import (
	"bytes"
	"io"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// capturePath returns a path for a new capture.
func capturePath(t testing.TB) string { return filepath.Join(t.TempDir(), "capture.db") }

func create(t testing.TB, path string, o Options) *Recorder {
	t.Helper()
	r, err := Create(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func openTape(t testing.TB, r *Recorder) (*Tape, *frame.Connection) {
	t.Helper()
	c := &frame.Connection{State: frame.Open, URL: "wss://example.org/feed", Start: epoch}
	tape, err := r.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return tape, c
}

func synced(t testing.TB, r *Recorder) {
	t.Helper()
	if err := r.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func closeAll(t testing.TB, closers ...io.Closer) {
	t.Helper()
	for _, c := range closers {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func openReader(t testing.TB, path string) *Reader {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// text returns the wire form of a whole text frame as the given side sends it.
func text(from frame.Side, payload string) []byte {
	return wire(from, frame.Header{Fin: true, Opcode: frame.Text}, []byte(payload))
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

// scan returns copies of all records a cursor goes through.
func scan(t testing.TB, r *Reader, conn, from uint64) []frame.Record {
	t.Helper()
	var all []frame.Record
	c := r.Scan(t.Context(), conn, from)
	defer c.Close()
	for c.Next() {
		rec := *c.Record()
		rec.Payload = bytes.Clone(rec.Payload)
		all = append(all, rec)
	}
	if err := c.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// payload returns the whole payload of a frame.
func payload(t testing.TB, r *Reader, global uint64) []byte {
	t.Helper()
	body, err := r.Payload(t.Context(), global)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	p, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// verify fails the test when the capture has a problem.
func verify(t testing.TB, path string) Report {
	t.Helper()
	report, err := Verify(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		t.Fatalf("verify found %d problems: %q", report.Found, report.Problems)
	}
	return report
}

// same fails the test unless two records are alike in every field.
func same(t testing.TB, got, want frame.Record) {
	t.Helper()
	if len(got.Payload) == 0 && len(want.Payload) == 0 {
		got.Payload, want.Payload = nil, nil
	}
	if !reflect.DeepEqual(got, want) {
		got.Payload, want.Payload = got.Payload[:min(len(got.Payload), 20)], want.Payload[:min(len(want.Payload), 20)]
		t.Fatalf("record differs:\n got %+v\nwant %+v", got, want)
	}
}
