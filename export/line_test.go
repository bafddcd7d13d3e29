package export_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

func checkLine(t *testing.T, line []byte, width int) {
	t.Helper()
	body, ended := bytes.CutSuffix(line, []byte("\n"))
	if !ended || !utf8.Valid(body) {
		t.Fatalf("%q", line)
	}
	for _, r := range string(body) {
		if unicode.IsControl(r) || !unicode.IsGraphic(r) {
			t.Fatalf("%q holds %U", line, r)
		}
	}
	if got := decode.Width(body); got > width {
		t.Fatalf("%q takes %d cells of %d", line, got, width)
	}
}

// An ellipsis where nothing is missing, or none where something is, tells a
// person the wrong thing about the payload.
func TestLineEllipsis(t *testing.T) {
	const columns = 35 // before the payload
	for _, test := range []struct {
		payload   string
		room      int
		truncated bool
		want      string
	}{
		{"hello", 5, false, "hello"},
		{"hello", 4, false, "hel…"},
		{"hello", 6, true, "hello…"},
		{"hello", 5, true, "hell…"},
		{"世界", 4, false, "世界"},
		{"世界", 3, false, "世…"},
		{"a\nb", 4, false, `a\nb`},
		{"a\nb", 3, false, `a…`},
		{"", 1, false, ""},
	} {
		m := frame.Message{Type: frame.Text, Payload: []byte(test.payload), Truncated: test.truncated, Time: at}
		line := string(export.Line{Zone: time.UTC, Width: columns + test.room}.AppendMessage(nil, &m))
		got := strings.TrimSuffix(string([]rune(line)[columns:]), "\n")
		if got != test.want {
			t.Errorf("%q in %d cells: %q, want %q", test.payload, test.room, got, test.want)
		}
	}
}

// What did not simply pass must say so, or a line is taken for what both ends saw.
func TestLineMarks(t *testing.T) {
	m := frame.Message{Type: frame.Text, Payload: []byte("x"), Origin: frame.Dropped, Recoded: true, Incomplete: frame.Cut, Time: at}
	r := frame.Record{Header: frame.Header{Opcode: frame.Text}, Payload: m.Payload, Stored: 1, Origin: m.Origin, Recoded: true, Incomplete: m.Incomplete, Time: at}
	l := export.Line{Zone: time.UTC}
	for _, line := range [][]byte{l.AppendMessage(nil, &m), l.AppendFrame(nil, &r)} {
		if !bytes.HasSuffix(line, []byte("[dropped] [recoded] [cut] x\n")) {
			t.Errorf("%q", line)
		}
	}
}
