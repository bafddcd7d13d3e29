package detail_test

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/detail"
)

var start = time.Date(2026, 11, 21, 10, 2, 11, 433_018_000, time.UTC)

// subject is a message of one frame as it is seen on a connection without
// extensions.
func subject(from frame.Side, kind frame.Opcode, payload string) detail.Subject {
	r := record(from, kind, payload)
	m := &frame.Message{
		Conn: 3, Seq: 1206, Time: start, From: from, Type: kind, Payload: []byte(payload),
		Size: uint64(len(payload)), WireSize: r.WireSize(), Frames: 1,
	}
	if kind == frame.Close {
		code, reason, _ := frame.ParseClose(m.Payload)
		m.Code, m.Reason = code, string(reason)
	}
	return detail.Subject{Conn: &frame.Connection{ID: 3}, Message: m, Frames: []frame.Record{r}}
}

// read adds what decoders make of the payload.
func read(s detail.Subject) detail.Subject {
	m := s.Message
	s.Readings, s.Why = new(decode.Session).Read(decode.Input{
		Conn: s.Conn, From: m.From, Type: m.Type, Seq: m.Seq, Time: m.Time, Payload: m.Payload, Whole: !m.Truncated,
	})
	return s
}

func record(from frame.Side, kind frame.Opcode, payload string) frame.Record {
	r := frame.Record{
		Conn: 3, Seq: 1206, Message: 1206, Time: start, From: from, Payload: []byte(payload), Stored: uint64(len(payload)),
		Header: frame.Header{Fin: true, Opcode: kind, Length: uint64(len(payload))},
	}
	if from == frame.Client {
		r.Header.Masked, r.Header.Mask = true, [4]byte{0x37, 0xfa, 0x21, 0x3d}
	}
	return r
}

func opened(t testing.TB, s detail.Subject, width, height int) *detail.Pane {
	t.Helper()
	d, err := detail.Prepare(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	p := new(detail.Pane)
	p.Resize(width, height)
	p.Show(d)
	return p
}

// screen is all that a pane shows, the line of the cursor marked.
func screen(p *detail.Pane) string {
	lines := []string{p.Title().String(), p.Tabs().String()}
	cursor := p.Cursor()
	for i, l := range p.Lines() {
		text := " " + l.String()
		if i == cursor {
			text = ">" + l.String()
		}
		lines = append(lines, text)
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func unhex(s string) string {
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(p)
}
