package edit_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/inspector/edit"
)

// untouched are payloads that other editors change.
var untouched = []string{
	"", "\n", "no end", "one end\n", "two\n\n", "a\r\nb\nc\rd", "\r\r\n\n\r", "nul\x00esc\x1bdel\x7f", "\xff\xfe\xc3(\xed\xa0\x80\xf4\x90\x80\x80",
	"\ufeffbom", "e\u0301\u0301\u0301\u0301\u0301\u0301", "\u0301", "\u202eflow\u200b\u00ad", "👩‍👩‍👧 🇩🇪", "‹ff›␀", strings.Repeat("long ", 1000), "\u2028\u0085",
}

// TestUntouched would catch a byte that changes though nobody edited it.
func TestUntouched(t *testing.T) {
	for _, payload := range untouched {
		for _, binary := range []bool{false, true} {
			e := edit.New([]byte(payload), binary)
			e.Lines(20, 5)
			press(e, "<down><right><pgdn><end><c-left><c-end><c-home><all><left>")
			if got := text(t, e); got != payload || e.Changed() {
				t.Errorf("%q became %q, changed %v", payload, got, e.Changed())
			}
			if err := e.SetBinary(!binary); err != nil || text(t, e) != payload || e.Changed() {
				t.Errorf("%q became %q in the other form (%v)", payload, text(t, e), err)
			}
		}
		e := edit.New([]byte(payload), false)
		e.Lines(20, 5)
		press(e, "x<c-end>y")
		if got := text(t, e); got != "x"+payload+"y" || !e.Changed() {
			t.Errorf("%q became %q between x and y", payload, got)
		}
		press(e, "<undo><undo>")
		if got := text(t, e); got != payload || e.Changed() {
			t.Errorf("%q became %q after all was undone", payload, got)
		}
	}
}

// TestOwned would catch an editor that shares bytes with its caller.
func TestOwned(t *testing.T) {
	payload := []byte("abc")
	e := edit.New(payload, false)
	payload[0] = 'x'
	got, _ := e.Bytes()
	got[1] = 'x'
	other := []byte("def")
	e.Replace(other)
	other[0] = 'x'
	if got := text(t, e); got != "def" {
		t.Errorf("the payload is %q", got)
	}
	press(e, "<undo>")
	if got := text(t, e); got != "abc" {
		t.Errorf("the payload before is %q", got)
	}
}

// TestPaste would catch pasted line ends of another kind, pasted text that is taken
// for keys, and digits that are no bytes.
func TestPaste(t *testing.T) {
	for _, test := range []struct {
		name, payload string
		binary        bool
		pasted, want  string
		status        string
	}{
		{"text", "x", false, "a\nb\tc", "a\nb\tcx", "6 bytes"},
		{"into CRLF", "\r\nx", false, "a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd\r\nx", "13 bytes"},
		{"markup", "", false, "[red]\x1b[31m", "[red]\x1b[31m", "10 bytes"},
		{"hex", "\x01", true, "0xDE, 0xad \\xbe\n ef", "\xde\xad\xbe\xef\x01", "5 bytes"},
		{"no hex", "\x01", true, "de xy", "\x01", "what was pasted is not hexadecimal: it has a 'x'"},
		{"half a byte", "\x01", true, "dea", "\x01", "what was pasted has 3 hexadecimal digits, an odd number"},
		{"too much", "x", false, strings.Repeat("a", edit.Max), "x", "no room for 1.0 MB: at most 1.0 MB can be edited here"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := edit.New([]byte(test.payload), test.binary)
			e.Paste(test.pasted)
			if got := text(t, e); got != test.want {
				t.Errorf("the payload is %q, want %q", got, test.want)
			}
			if got := e.Status().String(); !strings.HasPrefix(got, test.status) {
				t.Errorf("the status is %q, want %q", got, test.status)
			}
			if test.want != test.payload {
				press(e, "<undo>")
				if got := text(t, e); got != test.payload {
					t.Errorf("undone it is %q", got)
				}
			}
		})
	}
}

// TestPasteWithin would catch bytes that are pasted into the middle of another.
func TestPasteWithin(t *testing.T) {
	e := edit.New([]byte("JKL"), true)
	press(e, "<right>5")
	e.Paste("6162")
	if got := text(t, e); got != "Jab[L" {
		t.Errorf("the bytes are %q", got)
	}
}

// TestReplace would catch rows that are not laid out anew where they have become
// shorter.
func TestReplace(t *testing.T) {
	e := edit.New([]byte("ab\u0915\u093e"), false)
	if got, want := shown(e, 4, 3), "|ab\n\u0915\u093e"; got != want {
		t.Errorf("it shows %q, want %q", got, want)
	}
	e.Replace([]byte("ab\u0915"))
	if got, want := shown(e, 4, 3), "|ab\u0915"; got != want {
		t.Errorf("replaced it shows %q, want %q", got, want)
	}
}

// TestStatus would catch a verdict about another text than is there.
func TestStatus(t *testing.T) {
	for _, test := range []struct{ payload, want string }{
		{"", "0 bytes  UTF-8"},
		{"hello", "5 bytes  UTF-8"},
		{`{"a":1}`, "7 bytes  JSON ok  UTF-8"},
		{" \n[1,2]", "7 bytes  JSON ok  UTF-8"},
		{"{\r\n\"ä\":x}", "10 bytes  JSON error at 2:5: invalid character 'x' looking for beginning of value  UTF-8"},
		{"{", "1 byte  JSON error at 1:2: unexpected end of JSON input  UTF-8"},
		{"[1]\x1b", "4 bytes  JSON error at 1:4: invalid character '\\\\x1b' after top-level value  UTF-8"},
		{"a\nb\xff", "4 bytes  not UTF-8 at 2:2"},
	} {
		if got := edit.New([]byte(test.payload), false).Status().String(); got != test.want {
			t.Errorf("%q is %q, want %q", test.payload, got, test.want)
		}
	}
	e := edit.New([]byte("[1]"), false)
	e.Status()
	press(e, "<end><bs>")
	if got := e.Status().String(); !strings.Contains(got, "JSON error at 1:3") {
		t.Errorf("after a change the status is %q", got)
	}
}

// TestLarge would catch a large payload that is cut, or edited all the same.
func TestLarge(t *testing.T) {
	large := bytes.Repeat([]byte("x"), edit.Max+1)
	e := edit.New(large, false)
	press(e, "y<bs><all><del>")
	e.Paste("z")
	e.Click(0, 0)
	e.Scroll(1)
	got, err := e.Bytes()
	if err != nil || !bytes.Equal(got, large) || e.Changed() || !e.Large() {
		t.Errorf("%d bytes became %d (%v)", len(large), len(got), err)
	}
	if got := e.Status().String(); got != "1,048,577 bytes, more than 1.0 MB: $EDITOR can edit them" {
		t.Errorf("the status is %q", got)
	}
	shown(e, 20, 2)
	e.Replace([]byte("small"))
	if press(e, "!"); text(t, e) != "!small" || !e.Changed() {
		t.Errorf("replaced it is %q", text(t, e))
	}
}

// TestMouse would catch a click that lands elsewhere.
func TestMouse(t *testing.T) {
	e := edit.New([]byte("abc\nd日f\n"), false)
	e.Lines(20, 5)
	for _, test := range []struct {
		x, y int
		want string
	}{
		{1, 0, "a|bc\nd日f"}, {9, 0, "abc|\nd日f"}, {2, 1, "abc\nd|日f"}, {3, 1, "abc\nd日|f"}, {5, 2, "abc\nd日f\n|"}, {0, 4, "abc\nd日f\n|"},
	} {
		e.Click(test.x, test.y)
		if got := shown(e, 20, 5); got != test.want {
			t.Errorf("a click at %d,%d gives\n%s\nwant\n%s", test.x, test.y, got, test.want)
		}
	}
	e.Scroll(-3)
	if got := shown(e, 20, 5); got != "|abc\nd日f" {
		t.Errorf("scrolled up it shows\n%s", got)
	}
	e = edit.New([]byte("0123456789abcdefg"), true)
	e.Lines(80, 5)
	e.Click(14, 0)
	e.Lines(80, 5)
	if x, y := e.Cursor(); x != 14 || y != 0 {
		t.Errorf("a click on a digit gives %d,%d", x, y)
	}
}
