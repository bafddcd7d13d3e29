package export_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

var at = time.Date(2026, 11, 21, 3, 4, 5, 6_000_000, time.UTC)

// session is a connection with one of everything, as a capture hands it out.
type session struct {
	conn    frame.Connection
	records []*frame.Record
}

func newSession() session {
	s := session{conn: frame.Connection{
		ID: 3, State: frame.Closed, URL: "wss://h.example/a\x1b?b", Client: "127.0.0.1:5000", Start: at, End: at.Add(time.Second),
		Status: 101, Subprotocol: "v1", Extensions: "permessage-deflate; server_no_context_takeover", Code: 1001, Reason: "bye\x07",
		EndedBy: frame.ByServer, How: frame.ByClose, Request: []frame.Field{{Name: "Host", Value: "h.example"}},
	}}
	rsv := frame.ParseExtensions(s.conn.Extensions).RSV()
	checkers := [2]frame.Checker{{From: frame.Client, RSV: rsv}, {From: frame.Server, RSV: rsv}}
	add := func(from frame.Side, b0 byte, payload string) *frame.Record {
		seq := uint64(len(s.records) + 1)
		h := frame.Header{Fin: b0&0x80 != 0, RSV: b0 >> 4 & 7, Opcode: frame.Opcode(b0 & 15), Length: uint64(len(payload))}
		if from == frame.Client {
			h.Masked, h.Mask = true, [4]byte{1, 2, 3, 4}
		}
		r := &frame.Record{
			Conn: 3, Seq: seq, Message: seq, Global: seq, From: from, Time: at.Add(time.Duration(seq) * time.Millisecond),
			Header: h, Payload: []byte(payload), Stored: h.Length, Violation: checkers[from].Check(&h, []byte(payload)),
		}
		s.records = append(s.records, r)
		return r
	}
	add(frame.Client, 0x81, `{"hello":"wörld"}`)
	add(frame.Server, 0x01, "line one\nli")
	add(frame.Server, 0x89, "\x00\x01")
	add(frame.Server, 0x80, "ne two\tend").Message = 2
	add(frame.Server, 0xC1, "\xf2\x48\xcd\xc9\xc9\x07\x00")
	add(frame.Client, 0x82, "\x1b[2J\xff").Origin = frame.Injected
	add(frame.Server, 0xC2, "\x07\xff")
	add(frame.Server, 0x83, "r")
	cut := add(frame.Client, 0x81, "half")
	cut.Header.Length, cut.Incomplete = 1000, frame.Cut
	add(frame.Server, 0x88, "\x03\xe9bye")
	add(frame.Server, 0x88, "")
	opaque := add(frame.Server, 0, "\x82\xff")
	opaque.Header, opaque.Opaque, opaque.Violation = frame.Header{}, true, frame.ImpossibleLength
	return s
}

// messages calls each for every message of the session.
func (s session) messages(t *testing.T, each func(*frame.Message) error) {
	t.Helper()
	a := frame.Assembler{Extensions: frame.ParseExtensions(s.conn.Extensions)}
	for _, r := range s.records {
		for _, m := range a.Push(r) {
			if err := each(&m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if m := a.Flush(); len(m) > 0 {
		t.Fatalf("%+v", m)
	}
}

func (s session) export(t *testing.T, w export.Writer) error {
	t.Helper()
	if err := w.Connection(&s.conn); err != nil {
		t.Fatal(err)
	}
	s.messages(t, w.Message)
	return w.Close()
}

func (s session) exportFrames(t *testing.T, w export.Writer) error {
	t.Helper()
	if err := w.Connection(&s.conn); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.records {
		if err := w.Frame(r); err != nil {
			t.Fatal(err)
		}
	}
	return w.Close()
}

func golden(t *testing.T, got, want string) {
	t.Helper()
	gotLines, wantLines := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		var g, w string
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Errorf("line %d:\n got %q\nwant %q", i+1, g, w)
		}
	}
}

// What a person reads: aligned, harmless, with every oddity marked in words, and
// a text of several lines that cannot pass for lines of the export.
func TestTextGolden(t *testing.T) {
	var out bytes.Buffer
	s := newSession()
	w := export.NewText(&out, time.UTC)
	if err := s.export(t, w); err != nil {
		t.Fatal(err)
	}
	golden(t, out.String(), `#3  2026-11-21 03:04:05.006 +0000  wss://h.example/a\x1b?b  from 127.0.0.1:5000  status 101  closed  by server  how close  code 1001 going away  reason bye\x07  subprotocol v1  extensions permessage-deflate; server_no_context_takeover
03:04:05.007  #3     →  text          18  {"hello":"wörld"}
03:04:05.009  #3     ←  ping           2  \x00\x01
03:04:05.008  #3     ←  text          21  line one
                                          line two\tend
03:04:05.011  #3     ←  text           5  Hello
03:04:05.012  #3     →  binary         5  [injected] \x1b[2J\xff
03:04:05.013  #3     ←  binary         2  [! inflate: flate: corrupt input before offset 1] \x07\xff
03:04:05.014  #3     ←  reserved-3         1  [! reserved opcode] r
03:04:05.015  #3     →  text           4  [cut] half
03:04:05.016  #3     ←  close          5  1001 going away: bye
03:04:05.017  #3     ←  close          0  no code
03:04:05.018  #3     ←  opaque         2  [! impossible length] \x82\xff
`)
}

// The same line in lists: frames with their bits, cut to a width, in colour.
func TestLineGolden(t *testing.T) {
	s := newSession()
	var out []byte
	line := export.Line{Zone: time.UTC, Width: 64}
	for _, r := range s.records {
		out = line.AppendFrame(out, r)
	}
	golden(t, string(out), `03:04:05.007  →  text          F---M        18  {"hello":"wörld…
03:04:05.008  ←  text          -----        11  line one\nli
03:04:05.009  ←  ping          F----         2  \x00\x01
03:04:05.010  ←  continuation  F----        10  ne two\tend
03:04:05.011  ←  text          F1---         7  \xf2H\xcd\xc9…
03:04:05.012  →  binary        F---M         5  [injected] \x1b…
03:04:05.013  ←  binary        F1---         2  \x07\xff
03:04:05.014  ←  reserved-3    F----         1  [! reserved opc…
03:04:05.015  →  text          F---M      1000  [cut] half
03:04:05.016  ←  close         F----         5  1001 going away…
03:04:05.017  ←  close         F----         0  no code
03:04:05.018  ←  opaque                      2  [! impossible l…
`)
	s.messages(t, func(m *frame.Message) error {
		plain := export.Line{Zone: time.UTC, Conn: true}.AppendMessage(nil, m)
		coloured := export.Line{Zone: time.UTC, Conn: true, Colour: true}.AppendMessage(nil, m)
		stripped := string(coloured)
		for _, code := range []string{"0", "2", "31", "32", "33", "36"} {
			stripped = strings.ReplaceAll(stripped, "\x1b["+code+"m", "")
		}
		if stripped != string(plain) || len(coloured) == len(plain) {
			t.Errorf("in colour %q, without %q", coloured, plain)
		}
		if bytes.Count(plain, []byte("\n")) != 1 {
			t.Errorf("%q is not one line", plain)
		}
		return nil
	})
}

// Pitfalls S3 and S8: a program reads jsonl, the connection first, then every
// message, whole.
func TestJSONLRoundTrip(t *testing.T) {
	var out bytes.Buffer
	s := newSession()
	if err := s.export(t, export.NewJSONL(&out, false)); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(out.String(), "\n")
	var conn frame.Connection
	if err := json.Unmarshal([]byte(lines[0]), &conn); err != nil || conn.URL != s.conn.URL || conn.State != s.conn.State {
		t.Fatalf("%s: %v", lines[0], err)
	}
	i := 0
	s.messages(t, func(want *frame.Message) error {
		i++
		var got frame.Message
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			return err
		}
		want.Global = 0
		if string(got.AppendJSON(nil)) != string(want.AppendJSON(nil)) || !bytes.Equal(got.Payload, want.Payload) {
			t.Errorf("%s", lines[i])
		}
		return nil
	})
	if i != 11 || len(lines) != i+2 || lines[i+1] != "" {
		t.Errorf("%d messages, %d lines", i, len(lines))
	}
}

// From jsonl with wire bytes the very stream that passed can be made again.
func TestJSONLFramesHoldTheWire(t *testing.T) {
	var out bytes.Buffer
	s := newSession()
	if err := s.exportFrames(t, export.NewJSONL(&out, true)); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(&out)
	var conn frame.Connection
	if err := d.Decode(&conn); err != nil {
		t.Fatal(err)
	}
	for _, want := range s.records {
		var got frame.Record
		if err := d.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.AppendWire(nil), want.AppendWire(nil)) || got.Violation != want.Violation {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// Raw is for cat and diff: the payloads and not one byte more, and an error when
// a byte is missing.
func TestRaw(t *testing.T) {
	var out bytes.Buffer
	err := newSession().export(t, export.NewRaw(&out))
	if want := "{\"hello\":\"wörld\"}" + "line one\nline two\tend" + "Hello" + "\x1b[2J\xff" + "half"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	if err == nil || err.Error() != "2 payloads are missing or not whole" {
		t.Error(err)
	}
	out.Reset()
	w := export.NewRaw(&out)
	if err := w.Message(&frame.Message{Type: frame.Binary, Payload: []byte("x")}); err != nil || w.Close() != nil || out.String() != "x" {
		t.Errorf("%q, %v", &out, err)
	}
}

// Pitfalls F1 and F13: the wire variant is the stream, masks and odd lengths
// included.
func TestWire(t *testing.T) {
	stream := []byte("\x81\xfe\x00\x02\x01\x02\x03\x04hi\x09\x00\x82\x01x\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04junk")
	var out bytes.Buffer
	w := export.NewWire(&out)
	var c frame.Cutter
	for p := bytes.Clone(stream); len(p) > 0; {
		piece, n, ok := c.Next(p)
		p = p[n:]
		if !ok {
			t.Fatal("incomplete")
		}
		r := frame.Record{Header: piece.Header, Payload: piece.Data, Stored: uint64(len(piece.Data)), Opaque: piece.Opaque}
		if piece.Header.Masked && !piece.Opaque {
			frame.Mask(r.Payload, piece.Header.Mask, 0)
		}
		if err := w.Frame(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil || !bytes.Equal(out.Bytes(), stream) {
		t.Errorf("%q, %v", out.Bytes(), err)
	}
	w = export.NewWire(io.Discard)
	w.Frame(&frame.Record{Header: frame.Header{Length: 5}, Incomplete: frame.Shed})
	w.Frame(&frame.Record{Header: frame.Header{Length: 5}, Payload: []byte("ab"), Stored: 5})
	if err := w.Close(); err == nil || err.Error() != "2 payloads are missing or not whole" {
		t.Error(err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// A full disk or a closed pipe must reach the caller of every format.
func TestWriteErrors(t *testing.T) {
	for name, w := range map[string]export.Writer{
		"jsonl": export.NewJSONL(brokenPipe{}, false),
		"text":  export.NewText(brokenPipe{}, time.UTC),
		"raw":   export.NewRaw(brokenPipe{}),
		"wire":  export.NewWire(brokenPipe{}),
		"har":   export.NewHAR(brokenPipe{}, ""),
		"html":  export.NewHTML(brokenPipe{}),
	} {
		large := bytes.Repeat([]byte("x"), 100_000)
		err := errors.Join(
			w.Connection(&frame.Connection{}),
			w.Message(&frame.Message{Type: frame.Text, Payload: large}),
			w.Frame(&frame.Record{Payload: large, Stored: uint64(len(large))}),
			w.Close(),
		)
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever was captured, in whatever width: one line, harmless, no wider than
// asked once the fixed columns fit.
func FuzzLine(f *testing.F) {
	f.Add([]byte("hello\x1b[2J世界\nfoo"), "inflate: bad", 60, uint8(1))
	f.Add([]byte("\x03\xe8\u202ebye"), "", 45, uint8(8))
	f.Fuzz(func(t *testing.T, payload []byte, errText string, width int, opcode uint8) {
		width = width&0xFF + 64
		m := frame.Message{Type: frame.Opcode(opcode & 15), Payload: payload, Error: errText, Size: uint64(len(payload)), Time: at, Origin: frame.Edited, Violation: frame.InvalidUTF8}
		if m.Type == frame.Close {
			code, reason, _ := frame.ParseClose(payload)
			m.Code, m.Reason = code, string(reason)
		}
		r := frame.Record{Header: frame.Header{Opcode: m.Type}, Payload: payload, Stored: uint64(len(payload)), Time: at}
		l := export.Line{Width: width, Conn: true, Zone: time.UTC}
		for _, line := range [][]byte{l.AppendMessage(nil, &m), l.AppendFrame(nil, &r)} {
			checkLine(t, line, width)
		}
	})
}
