package edit_test

import (
	"bytes"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/edit"
)

// model is a text with a cursor, done the simplest way.
type model struct {
	data []byte
	at   int
}

// cell returns the size of what the cursor goes over at a place.
func (m *model) cell(at int) int {
	if bytes.HasPrefix(m.data[at:], []byte("\r\n")) {
		return 2
	}
	visible := func(s string) bool { return decode.Visible(s) == s }
	r, size := utf8.DecodeRune(m.data[at:])
	if !visible(string(m.data[at:at+size])) || r == '‹' || r >= 0x2400 && r <= 0x2421 {
		return size
	}
	for marks := 0; marks < 4; marks++ {
		mark, n := utf8.DecodeRune(m.data[at+size:])
		if !unicode.Is(unicode.M, mark) || !visible("a"+string(mark)) {
			break
		}
		size += n
	}
	return size
}

// snap returns the beginning of the cell that at is in.
func (m *model) snap(at int) int {
	for begin := 0; begin < len(m.data); {
		end := begin + m.cell(begin)
		if at < end {
			return begin
		}
		begin = end
	}
	return len(m.data)
}

func (m *model) ending() []byte {
	for at, c := range m.data {
		if c == '\n' || c == '\r' {
			return bytes.Clone(m.data[at : at+m.cell(at)])
		}
	}
	return []byte("\n")
}

// put replaces what is between two places and stands behind it.
func (m *model) put(from, to int, with []byte) {
	m.data = append(append(bytes.Clone(m.data[:from]), with...), m.data[to:]...)
	m.at = m.snap(from + len(with))
}

// pieces are what a fuzzed text is typed or pasted of.
var pieces = []string{"a", "日", "\u0301", "‹", "\u202e", "{\"k\": 1}", "x\ny", "\r\n", "\t", "é word", "\ufe0f", "𝒳", "  "}

// step does one thing to both the editor and the model.
func (m *model) step(e *edit.Editor, op byte) {
	behind := func() int {
		if m.at == len(m.data) {
			return m.at
		}
		return m.at + m.cell(m.at)
	}
	switch piece := pieces[int(op/12)%len(pieces)]; op % 12 {
	case 0:
		press(e, "<left>")
		m.at = m.snap(max(m.at-1, 0))
	case 1:
		press(e, "<right>")
		m.at = behind()
	case 2:
		press(e, "<bs>")
		if m.at > 0 {
			m.put(m.snap(m.at-1), m.at, nil)
		}
	case 3:
		press(e, "<del>")
		m.put(m.at, behind(), nil)
	case 4:
		press(e, "<c-home>")
		m.at = 0
	case 5:
		press(e, "<c-end>")
		m.at = len(m.data)
	case 6:
		press(e, "<cr>")
		m.put(m.at, m.at, m.ending())
	case 7:
		press(e, "<all><bs>")
		m.data, m.at = nil, 0
	case 8:
		e.Paste(piece)
		text := bytes.ReplaceAll([]byte(piece), []byte("\r\n"), []byte("\n"))
		m.put(m.at, m.at, bytes.ReplaceAll(text, []byte("\n"), m.ending()))
	case 9:
		e.Replace(append([]byte(piece), m.data...))
		m.data = append([]byte(piece), m.data...)
		press(e, "<c-end>")
		m.at = len(m.data)
	default:
		r, _ := utf8.DecodeRuneInString(piece)
		if r < ' ' {
			r = '-' // these are other keys
		}
		press(e, string(r))
		m.put(m.at, m.at, []byte(string(r)))
	}
}

// look checks what is drawn.
func look(t *testing.T, e *edit.Editor, w, h int) {
	t.Helper()
	lines := e.Lines(w, h)
	x, y := e.Cursor()
	if len(lines) != h || x < 0 || x >= w || y < 0 || y >= h {
		t.Fatalf("%d lines, the cursor at %d,%d of %dx%d", len(lines), x, y, w, h)
	}
	for _, l := range append(lines, e.Status()) {
		for _, r := range l.String() {
			if !unicode.IsGraphic(r) {
				t.Fatalf("%q is in a line", r)
			}
		}
	}
	for _, l := range lines {
		if l.Width() > w {
			t.Fatalf("%q is wider than %d", l.String(), w)
		}
	}
}

// FuzzText would catch an editor that makes something else of a text than was
// typed, shows it otherwise after a change than when it is new, or cannot undo.
func FuzzText(f *testing.F) {
	for _, payload := range untouched {
		f.Add([]byte(payload), []byte{1, 1, 2, 3, 11, 5, 6, 8, 20, 32, 44, 0, 2}, 9)
	}
	f.Fuzz(func(t *testing.T, payload, ops []byte, w int) {
		w = min(max(w, 1), 100)
		payload, ops = payload[:min(len(payload), 2000)], ops[:min(len(ops), 200)]
		e := edit.New(payload, false)
		m := &model{data: bytes.Clone(payload)}
		for n, op := range ops {
			m.step(e, op)
			if got := text(t, e); got != string(m.data) {
				t.Fatalf("after %d steps the text is %q, want %q", n+1, got, m.data)
			}
			look(t, e, w, 1+n%20)
		}
		// The cursor is where the model has it.
		press(e, "#")
		m.put(m.at, m.at, []byte("#"))
		last := text(t, e)
		if last != string(m.data) {
			t.Fatalf("the cursor was elsewhere: %q, want %q", last, m.data)
		}
		press(e, "<c-home>")
		look(t, e, w, 300)
		fresh := edit.New(m.data, false).Lines(w, 300)
		for y, l := range e.Lines(w, 300) {
			if l.String() != fresh[y].String() {
				t.Fatalf("row %d is %q, in a new editor %q", y, l.String(), fresh[y].String())
			}
		}
		for range ops {
			press(e, "<undo>")
		}
		press(e, "<undo>")
		if got := text(t, e); got != string(payload) || e.Changed() {
			t.Fatalf("with all undone the text is %q, want %q", got, payload)
		}
		for range ops {
			press(e, "<redo>")
		}
		press(e, "<redo>")
		if got := text(t, e); got != last {
			t.Fatalf("with all done again the text is %q, want %q", got, last)
		}
	})
}

// anyKey are all keys there are.
var anyKey = []string{
	"<left>", "<right>", "<up>", "<down>", "<home>", "<end>", "<pgup>", "<pgdn>", "<c-left>", "<c-right>", "<c-home>", "<c-end>", "<bs>", "<a-bs>", "<del>",
	"<c-del>", "<ins>", "<cr>", "<tab>", "<all>", "<undo>", "<redo>", "<c-u>", "<c-k>", "4", "a", "F", "i", "z",
}

// FuzzKeys would catch keys that panic, draw what must not be drawn or cannot be
// undone, in both forms of editing.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("some text\r\nof two lines"), []byte{2, 3, 11, 22, 23, 4, 25, 20}, 10, false)
	f.Add([]byte("\x00\x01\x02"), []byte{24, 25, 26, 1, 12, 14, 27, 24, 23, 22, 19, 24}, 60, true)
	f.Fuzz(func(t *testing.T, payload, ops []byte, w int, binary bool) {
		w = min(max(w, 1), 100)
		payload, ops = payload[:min(len(payload), 2000)], ops[:min(len(ops), 200)]
		e := edit.New(payload, binary)
		for n, op := range ops {
			switch {
			case op == 255:
				e.Paste("de ad")
			case op == 254:
				e.Click(n%w, n%7)
			default:
				press(e, anyKey[int(op)%len(anyKey)])
			}
			look(t, e, w, 1+n%7)
		}
		before, err := e.Bytes()
		if err == nil {
			if e.SetBinary(!binary) != nil {
				t.Fatal("the form cannot be changed")
			}
			look(t, e, w, 5)
			if got, err := e.Bytes(); err != nil || !bytes.Equal(got, before) {
				t.Fatalf("in the other form %q is %q (%v)", before, got, err)
			}
			return
		}
		for range 2 * len(ops) {
			press(e, "<undo>")
		}
		if got := text(t, e); got != string(payload) {
			t.Fatalf("with all undone the bytes are %q, want %q", got, payload)
		}
	})
}
