package edit_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/inspector/edit"
)

// named are the keys that have no character.
var named = map[string]*tcell.EventKey{
	"<left>": tcell.NewEventKey(tcell.KeyLeft, 0, 0), "<right>": tcell.NewEventKey(tcell.KeyRight, 0, 0),
	"<up>": tcell.NewEventKey(tcell.KeyUp, 0, 0), "<down>": tcell.NewEventKey(tcell.KeyDown, 0, 0),
	"<home>": tcell.NewEventKey(tcell.KeyHome, 0, 0), "<end>": tcell.NewEventKey(tcell.KeyEnd, 0, 0),
	"<pgup>": tcell.NewEventKey(tcell.KeyPgUp, 0, 0), "<pgdn>": tcell.NewEventKey(tcell.KeyPgDn, 0, 0),
	"<c-left>": tcell.NewEventKey(tcell.KeyLeft, 0, tcell.ModCtrl), "<c-right>": tcell.NewEventKey(tcell.KeyRight, 0, tcell.ModCtrl),
	"<a-b>": tcell.NewEventKey(tcell.KeyRune, 'b', tcell.ModAlt), "<a-f>": tcell.NewEventKey(tcell.KeyRune, 'f', tcell.ModAlt),
	"<c-home>": tcell.NewEventKey(tcell.KeyHome, 0, tcell.ModCtrl), "<c-end>": tcell.NewEventKey(tcell.KeyEnd, 0, tcell.ModCtrl),
	"<bs>": tcell.NewEventKey(tcell.KeyBackspace2, 0, 0), "<a-bs>": tcell.NewEventKey(tcell.KeyBackspace2, 0, tcell.ModAlt),
	"<del>": tcell.NewEventKey(tcell.KeyDelete, 0, 0), "<c-del>": tcell.NewEventKey(tcell.KeyDelete, 0, tcell.ModCtrl),
	"<ins>": tcell.NewEventKey(tcell.KeyInsert, 0, 0), "<cr>": tcell.NewEventKey(tcell.KeyEnter, 0, 0),
	"<tab>": tcell.NewEventKey(tcell.KeyTab, 0, 0), "<esc>": tcell.NewEventKey(tcell.KeyEsc, 0, 0),
	"<all>": tcell.NewEventKey(tcell.KeyCtrlA, 0, tcell.ModCtrl), "<undo>": tcell.NewEventKey(tcell.KeyCtrlZ, 0, tcell.ModCtrl),
	"<redo>": tcell.NewEventKey(tcell.KeyCtrlY, 0, tcell.ModCtrl), "<c-u>": tcell.NewEventKey(tcell.KeyCtrlU, 0, tcell.ModCtrl),
	"<c-k>": tcell.NewEventKey(tcell.KeyCtrlK, 0, tcell.ModCtrl),
}

// press presses keys, those of named by their names.
func press(e *edit.Editor, what string) {
	for what != "" {
		if name, _, ok := strings.Cut(what, ">"); ok && named[name+">"] != nil {
			e.Key(named[name+">"])
			what = what[len(name)+1:]
			continue
		}
		r, size := utf8.DecodeRuneInString(what)
		e.Key(tcell.NewEventKey(tcell.KeyRune, r, 0))
		what = what[size:]
	}
}

func text(t *testing.T, e *edit.Editor) string {
	t.Helper()
	p, err := e.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

// shown returns what is drawn, with the cursor as |.
func shown(e *edit.Editor, w, h int) string {
	var rows []string
	lines := e.Lines(w, h)
	x, y := e.Cursor()
	for n, l := range lines {
		row := l.String()
		if n == y {
			cells := l.Take(x).String()
			row = cells + strings.Repeat(" ", x-l.Take(x).Width()) + "|" + row[len(cells):]
		}
		rows = append(rows, row)
	}
	return strings.TrimRight(strings.Join(rows, "\n"), "\n")
}

// TestKeys would catch a key that does something else to a text than it should,
// or leaves the cursor elsewhere.
func TestKeys(t *testing.T) {
	for _, test := range []struct{ name, text, keys, want string }{
		{"type", "", "ab", "ab|"},
		{"type in front", "cd", "ab", "ab|cd"},
		{"wide", "", "日本", "日本|"},
		{"backspace", "abc", "<end><bs><bs>", "a|"},
		{"backspace at the beginning", "abc", "<bs>", "|abc"},
		{"delete", "abc", "<right><del>", "a|c"},
		{"delete at the end", "abc", "<end><del>", "abc|"},
		{"a character with its marks", "e\u0301x", "<right><bs>", "|x"},
		{"marks are stepped over", "e\u0301x", "<right>y", "e\u0301y|x"},
		{"enter", "ab", "<right><cr>", "a\n|b"},
		{"enter after CRLF", "a\r\nb", "<c-end><cr>", "a␍\nb␍\n|"},
		{"enter after CR", "a\rb", "<c-end><cr>", "a␍\nb␍\n|"},
		{"CRLF is one step", "a\r\nb", "<right><right>x", "a␍\nx|b"},
		{"CRLF is deleted whole", "a\r\nb", "<down><bs>", "a|b"},
		{"up and down", "abcd\ne\nfghi", "<end><down><down>x", "abcd\ne\nfghix|"},
		{"up at the top", "abc\nd", "<right><up>x", "ax|bc\nd"},
		{"down at the end", "a\nbcd", "<down><down><right>x", "a\nbx|cd"},
		{"home and end", "abc\ndef", "<down><end>x<home>y", "abc\ny|defx"},
		{"home and end of all", "abc\ndef", "<c-end>x<c-home>y", "y|abc\ndefx"},
		{"words", "ab, cd", "<c-right>1<c-right>2<c-right>3", "ab1,2 cd3|"},
		{"words back", "ab, cd", "<end><c-left>1<c-left>2<c-left>3", "ab, 3|21cd"},
		{"words by alt", "ab cd", "<a-f>1<end><a-b>2", "ab1 2|cd"},
		{"word deleted", "ab cd", "<end><a-bs>", "ab |"},
		{"word deleted behind", "ab cd", "<c-del>", "| cd"},
		{"line before", "abc\ndef", "<down><right><c-u>", "abc\n|ef"},
		{"line behind", "abc\ndef", "<right><c-k>", "a|\ndef"},
		{"line end behind", "abc\ndef", "<end><c-k>", "abc|def"},
		{"all deleted", "abc\ndef", "<all><bs>", "|"},
		{"all typed over", "abc\ndef", "<all>x", "x|"},
		{"all given up", "abc", "<all><right>x", "ax|bc"},
		{"undo", "abc", "xy<undo>", "|abc"},
		{"undo by runs", "", "ab<cr>cd<undo><undo>", "ab|"},
		{"undo by places", "abc", "x<end>y<undo>", "xabc|"},
		{"undo deletes", "abc", "<end><bs><bs><undo>", "abc|"},
		{"undo and redo", "abc", "<all>x<undo><redo>", "x|"},
		{"redo is gone", "", "a<cr>b<undo>c<redo>", "a\nc|"},
		{"nothing to undo", "abc", "<undo>", "|abc"},
		{"tab", "", "<tab>", "␉|"},
		{"esc", "ab", "<esc>", "|ab"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := edit.New([]byte(test.text), false)
			press(e, test.keys)
			if got := shown(e, 40, 5); got != test.want {
				t.Errorf("it shows\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestRows would catch rows that are wider than the screen or lose something, and
// a cursor that is not on the screen.
func TestRows(t *testing.T) {
	for _, test := range []struct {
		name, text, keys string
		w, h             int
		want             string
	}{
		{"wrapped", "abcdefgh", "<right><right><right>", 4, 4, "abc\n|def\ngh"},
		{"end of a row", "abcdefgh", "<end>", 4, 4, "ab|c\ndef\ngh"},
		{"end of the line", "abcdefgh\nx", "<end><end>", 4, 4, "abc\ndef\ngh|\nx"},
		{"full at the end", "abcdef", "<c-end>", 4, 4, "abc\ndef|"},
		{"home of a row", "abcdefgh", "<c-end><home>", 4, 4, "abc\ndef\n|gh"},
		{"home of the line", "x\nabcdefgh", "<c-end><home><home>", 4, 4, "x\n|abc\ndef\ngh"},
		{"wide at the edge", "ab日cd", "", 4, 4, "|ab\n日c\nd"},
		{"scrolled down", "1\n2\n3\n4\n5", "<c-end>", 4, 2, "4\n5|"},
		{"scrolled back", "1\n2\n3\n4\n5", "<c-end><up><up>", 4, 2, "3|\n4"},
		{"page down", "1\n2\n3\n4\n5", "<pgdn>", 4, 3, "1\n2\n|3"},
		{"page up", "1\n2\n3\n4\n5", "<c-end><pgup>", 4, 3, "3|\n4\n5"},
		{"column kept", "abcdef\nx\nabcdef", "<right><right><down><down>", 10, 3, "abcdef\nx\nab|cdef"},
		{"line end at the edge", "abc\r\nd", "<end>", 4, 2, "abc|␍\nd"},
		{"control characters", "\x00\x1b\x7f\x85\xff\u202e\U000e0041", "", 40, 1, "|␀␛␡‹85›‹ff›‹u202e›‹ue0041›"},
		{"wrapped by their width", "\xff\u202e\U000e0041\U0010ffff!", "", 11, 4, "|‹ff›\n‹u202e›\n‹ue0041›\n‹u10ffff›!"},
		{"beside a control character", "\x7fa", "<right>", 40, 1, "␡|a"},
		{"what looks like them", "␀‹", "", 40, 1, "|‹u2400›‹u2039›"},
		{"a lost mark", "\u0301a", "", 40, 1, "|‹u0301›a"},
		{"backslashes", `\n\x00`, "", 40, 1, `|\n\x00`},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := edit.New([]byte(test.text), false)
			for key := range strings.SplitAfterSeq(test.keys, ">") {
				e.Lines(test.w, test.h)
				press(e, key)
			}
			if got := shown(e, test.w, test.h); got != test.want {
				t.Errorf("it shows\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestHex would catch digits that land in another byte.
func TestHex(t *testing.T) {
	for _, test := range []struct{ name, bytes, keys, want, fault string }{
		{"append", "", "4a4B", "JK", ""},
		{"overwrite", "JKL", "<right>5a", "JZL", ""},
		{"half a byte", "JKL", "5", "ZKL", ""},
		{"insert", "JL", "<ins><right>4b", "JKL", ""},
		{"insert by i", "JL", "i<right>4b", "JKL", ""},
		{"a digit missing", "J", "i4<right>", "", "the byte at offset 0x0 has only one digit"},
		{"completed", "J", "i4<left>44", "DJ", ""},
		{"backspace", "JKL", "<right><right><bs>", "JL", ""},
		{"backspace in a byte", "JKL", "<right>4<bs>", "JL", ""},
		{"delete", "JKL", "<del>", "KL", ""},
		{"delete in a byte", "JKL", "4<del>", "KL", ""},
		{"delete at the end", "JKL", "<end><del>", "JKL", ""},
		{"left out of a byte", "JKL", "<right>4<left>5", "J[L", ""},
		{"no digit", "J", "z<cr><tab>", "J", ""},
		{"all", "JKL", "<all><del>", "", ""},
		{"all typed over", "JKL", "<all>4d", "M", ""},
		{"row behind", "JKL", "<right><c-k>", "J", ""},
		{"row before", "JKL", "<right><c-u>", "KL", ""},
		{"undo", "JKL", "5a<undo><undo>", "JKL", ""},
		{"down", strings.Repeat("J", 20), "<down>5a", strings.Repeat("J", 16) + "ZJJJ", ""},
		{"far", strings.Repeat("J", 20), "<c-right>5a", "JJJJJJJJZ" + strings.Repeat("J", 11), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := edit.New([]byte(test.bytes), true)
			press(e, test.keys)
			got, err := e.Bytes()
			if fault := ""; err != nil {
				fault = err.Error()
				if fault != test.fault {
					t.Errorf("the fault is %q, want %q", fault, test.fault)
				}
			} else if string(got) != test.want || test.fault != "" {
				t.Errorf("the bytes are %q, want %q%s", got, test.want, test.fault)
			}
		})
	}
}

// TestHexRows would catch a layout that does not fit, and a cursor beside its
// digit.
func TestHexRows(t *testing.T) {
	e := edit.New([]byte("0123456789abcdef\x00\xff"), true)
	for _, test := range []struct {
		w    int
		keys string
		want string
	}{
		{80, "", "00000000  |30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef\n00000010  00 ff  " + strings.Repeat(" ", 43) + ".."},
		{44, "<down>", "00000000  30 31 32 33 34 35 36 37  01234567\n00000008  |38 39 61 62 63 64 65 66  89abcdef\n00000010  00 ff                    .."},
		{39, "<c-end>a", "000000 30 31 32 33 34 35 36 37 01234567\n000008 38 39 61 62 63 64 65 66 89abcdef\n000010 00 ff a|_                ..\x5f"},
	} {
		e.Lines(test.w, 3)
		press(e, test.keys)
		if got := shown(e, test.w, 3); got != test.want {
			t.Errorf("%d cells wide it shows\n%s\nwant\n%s", test.w, got, test.want)
		}
	}
}
