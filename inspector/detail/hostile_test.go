package detail_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/detail"
	"github.com/wsluice/wsluice/inspector/draw"
)

// checkLines fails for lines that could harm a screen.
func checkLines(t *testing.T, what string, width int, lines ...draw.Line) {
	t.Helper()
	for _, l := range lines {
		if got := l.Width(); got > width {
			t.Errorf("%s: %q takes %d cells of %d", what, l, got, width)
		}
		for _, r := range l.String() {
			if !unicode.IsGraphic(r) {
				t.Errorf("%s: %q holds %U", what, l, r)
			}
		}
	}
}

// press does what a key does.
func press(p *detail.Pane, key byte) {
	switch key % 16 {
	case 0:
		p.Move(1)
	case 1:
		p.Move(-1)
	case 2:
		p.Page(1)
	case 3:
		p.Page(-1)
	case 4:
		p.Home()
	case 5:
		p.End()
	case 6:
		p.Sideways(8)
	case 7:
		p.Sideways(-8)
	case 8:
		p.NextView()
	case 9:
		p.PreviousView()
	case 10, 11:
		p.Toggle()
	case 12:
		p.ToggleAll()
	case 13:
		p.Wrap(!p.Wrapped())
	case 14:
		p.NextFound()
	case 15:
		p.Resize(1+int(key)%90, 1+int(key)%13)
	}
}

// FuzzPane would catch bytes that reach the screen as they are, a line that is wider
// than its pane, and keys that end in a panic.
func FuzzPane(f *testing.F) {
	f.Add([]byte("{\"a\\u202e\":[1,{\"b\":\"\\u0000\xff\"}],\"\x1b[2J\":\"e\u0301\u0301\"}"), "a", byte(1), uint8(40), []byte{0, 10, 8, 12, 5, 14, 9, 13, 6, 255})
	f.Add([]byte("\x82\xa1a\x93\x01\x02\x03\xa1b\xc4\x02\x00\x01"), `b"\xa1"`, byte(2), uint8(10), []byte{8, 5, 8, 10, 8, 8})
	f.Add([]byte("\x03\xe9bye\x1b\u202e"), "/./", byte(8), uint8(3), []byte{9, 5, 9, 5})
	f.Add([]byte("世界\n\u0301\\\\n\U000E0041"), "世", byte(16), uint8(1), []byte{13, 6, 6, 14, 5, 3})
	f.Add([]byte("\x1b[2J\u202e"), "\x1b]0;\u202e\a", byte(0x41), uint8(60), []byte{8, 8, 8})
	f.Fuzz(func(t *testing.T, payload []byte, query string, kind byte, width uint8, keys []byte) {
		s := read(subject(frame.Side(kind>>5&1), frame.Opcode(kind%17), string(payload)))
		s.Message.Error = ""
		if kind&0x40 != 0 {
			s.Message.Error, s.Why = query, string(payload)
			s.Conn.Extensions = "permessage-deflate, " + query
		}
		s.Frames[0].Header.RSV = kind >> 5
		w := max(1, int(width))
		p := opened(t, s, w, 8)
		if found, err := p.Document().Find(context.Background(), query); err == nil {
			p.ShowFound(found)
		}
		for _, key := range append([]byte{14}, keys[:min(len(keys), 40)]...) {
			press(p, key)
			if key%16 == 15 {
				w = 1 + int(key)%90
			}
			lines := p.Lines()
			checkLines(t, p.View(), w, lines...)
			checkLines(t, "title", max(0, w-4), p.Title())
			checkLines(t, "tabs", w, p.Tabs())
			if c := p.Cursor(); c >= len(lines) {
				t.Errorf("%s: the cursor is on line %d of %d", p.View(), c, len(lines))
			}
			p.Value()
		}
	})
}

// TestHostileMegabyte would catch work that grows faster than the payload: each of
// these takes minutes when something is quadratic, and the test's time is over.
func TestHostileMegabyte(t *testing.T) {
	const size = 1 << 20
	random := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(random)
	for name, payload := range map[string]string{
		"open arrays":   strings.Repeat("[", size),
		"nested arrays": strings.Repeat("[", size/2) + strings.Repeat("]", size/2),
		"deep objects":  strings.Repeat(`{"a":`, size/6) + "1" + strings.Repeat("}", size/6),
		"empty values":  "[" + strings.Repeat("{},", size/3) + "{}]",
		"keys":          "{" + strings.Repeat(`"k":1,`, size/6) + `"k":1}`,
		"one string":    `"` + strings.Repeat(`\u0000`, size/6) + `"`,
		"lines":         strings.Repeat("\n", size),
		"marks":         "a" + strings.Repeat("\u0301", size/2),
		"backslashes":   strings.Repeat(`\`, size),
		"controls":      strings.Repeat("\x1b", size),
		"random":        string(random),
		"matches":       strings.Repeat("a", size),
		"words":         strings.Repeat("a ", size/2),
	} {
		kind := frame.Text
		if name == "random" || name == "controls" {
			kind = frame.Binary
		}
		s := subject(frame.Server, kind, payload)
		before := bytes.Clone(s.Message.Payload)
		s = read(s)
		p := opened(t, s, 80, 24)
		find(t, p, "a")
		for _, view := range p.Views() {
			p.SetView(view)
			for key := range byte(16) {
				press(p, key)
				checkLines(t, name+" "+view, 200, p.Lines()...)
			}
			p.Resize(80, 24)
			p.SetView(view)
			p.Wrap(false)
			p.End()
			p.PreviousFound()
			checkLines(t, name+" "+view, 80, p.Lines()...)
			p.Wrap(true)
		}
		if !bytes.Equal(s.Message.Payload, before) {
			t.Errorf("%s: the payload was changed", name)
		}
	}
}
