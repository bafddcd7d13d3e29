package export_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

// drain is a sink that keeps nothing.
type drain struct{ bytes int }

func (d *drain) Open(c *frame.Connection) (export.Tape, error) {
	c.ID = 1
	return d, nil
}
func (d *drain) Append(_ frame.Side, _ time.Time, wire []byte) { d.bytes += len(wire) }
func (d *drain) Close(frame.End)                               {}

// feed is a message as feeds have them.
var feed = frame.Message{
	Conn: 1, Type: frame.Text, From: frame.Server, Time: at, Frames: 1, Size: 95, WireSize: 97,
	Payload: []byte(`{"type":"trade","id":1234567,"price":123.45,"symbol":"ABC","venue":"X","note":"some more text"}`),
}

// flood is a file of messages that is made while it is read, so that memory tells
// of the reader alone.
type flood struct {
	head, line, tail string
	lines            int
	at               int64 // of the next byte
}

func (f *flood) size() int64 {
	return int64(len(f.head) + f.lines*len(f.line) + len(f.tail))
}

func (f *flood) Read(p []byte) (n int, err error) {
	for n < len(p) {
		at, body := f.at, int64(f.lines*len(f.line))
		var from string
		switch at -= int64(len(f.head)); {
		case at < 0:
			from = f.head[f.at:]
		case at < body:
			from = f.line[at%int64(len(f.line)):]
		case at < body+int64(len(f.tail)):
			from = f.tail[at-body:]
		default:
			if n == 0 {
				return 0, io.EOF
			}
			return n, nil
		}
		k := copy(p[n:], from)
		n, f.at = n+k, f.at+int64(k)
	}
	return n, nil
}

func (f *flood) Seek(to int64, whence int) (int64, error) {
	if whence != io.SeekStart || to > f.size() {
		return 0, fmt.Errorf("seek to %d from %d", to, whence)
	}
	f.at = to
	return to, nil
}

func harFlood(lines int, before bool) *flood {
	const request = `"startedDateTime":"2026-11-21T03:04:05Z","request":{"url":"ws://a/"},"response":{"status":101}`
	f := &flood{
		head: `{"log":{"entries":[{` + request + `,"_webSocketMessages":[{"type":"send","data":""}`,
		line: `,{"type":"receive","time":1795235045.123,"opcode":1,"data":"` + strings.ReplaceAll(string(feed.Payload), `"`, `\"`) + `"}`,
		tail: `]}]}}`, lines: lines,
	}
	if before {
		f.head = strings.Replace(f.head, request+",", "", 1)
		f.tail = `],` + request + `}]}}`
	}
	return f
}

func BenchmarkReadHAR(b *testing.B) {
	for _, before := range []bool{false, true} {
		b.Run(fmt.Sprintf("messages-first=%t", before), func(b *testing.B) {
			f := harFlood(b.N, before)
			b.SetBytes(int64(len(f.line)))
			b.ReportAllocs()
			tally, err := export.ReadHAR(b.Context(), f, new(drain))
			if err != nil || tally.Messages != uint64(b.N+1) {
				b.Fatal(tally, err)
			}
		})
	}
}

func BenchmarkReadJSONL(b *testing.B) {
	f := &flood{line: string(feed.AppendJSON(nil)) + "\n", lines: b.N}
	b.SetBytes(int64(len(f.line)))
	b.ReportAllocs()
	tally, err := export.ReadJSONL(b.Context(), f, new(drain))
	if err != nil || tally.Messages != uint64(b.N) {
		b.Fatal(tally, err)
	}
}

func BenchmarkWrite(b *testing.B) {
	for name, make := range map[string]func(io.Writer) export.Writer{
		"har":   func(w io.Writer) export.Writer { return export.NewHAR(w, "") },
		"html":  export.NewHTML,
		"jsonl": func(w io.Writer) export.Writer { return export.NewJSONL(w, false) },
	} {
		b.Run(name, func(b *testing.B) {
			w := make(io.Discard)
			if err := w.Connection(&frame.Connection{ID: 1}); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(feed.Payload)))
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Message(&feed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRedact(b *testing.B) {
	secret := feed
	secret.Payload = bytes.Replace(feed.Payload, []byte("venue"), []byte("token"), 1)
	for name, m := range map[string]*frame.Message{"nothing": &feed, "token": &secret} {
		b.Run(name, func(b *testing.B) {
			w := redactor(b, export.DefaultRedaction()).Writer(export.NewRaw(io.Discard))
			b.SetBytes(int64(len(m.Payload)))
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Message(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
