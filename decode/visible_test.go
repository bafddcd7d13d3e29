package decode_test

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/wsluice/wsluice/decode"
)

// Captured bytes are hostile: each of these would move the cursor, hide or
// reorder text, or be dropped by the terminal without a trace.
func TestVisible(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "Grüße, 世界! 😀 नमस्ते", "Grüße, 世界! 😀 नमस्ते"},
		{"line ends and tab", "a\r\nb\tc", `a\r\nb\tc`},
		{"title sequence", "\x1b]0;gotcha\a", `\x1b]0;gotcha\x07`},
		{"hyperlink", "\x1b]8;;https://evil.example\x1b\\x", `\x1b]8;;https://evil.example\x1b\\x`},
		{"NUL, backspace, DEL", "a\x00\b\x7f", `a\x00\x08\x7f`},
		{"C1 as UTF-8", "\u0085\u009b2J", `\u0085\u009b2J`},
		{"C1 as a byte", "\x9b2J", `\x9b2J`},
		{"bidi", "\u202a\u202e\u2066\u2069\u200e\u200f\u061c", `\u202a\u202e\u2066\u2069\u200e\u200f\u061c`},
		{"zero width", "a\u200bb\u200d\u2060\ufeff\u00ad", `a\u200bb\u200d\u2060\ufeff\u00ad`},
		{"line and paragraph separators", "\u2028\u2029", `\u2028\u2029`},
		{"private, unassigned, no character", "\ue000\U0010FFFD\u0378\uffff", `\ue000\U0010fffd\u0378\uffff`},
		{"tags", "\U000E0041", `\U000e0041`},
		{"invisible letters and marks", "\u3164\u115f\u034f\ufe0f\u2800", `\u3164\u115f\u034f\ufe0f\u2800`},
		{"invalid bytes", "\xff\xc3(\xed\xa0\x80", `\xff\xc3(\xed\xa0\x80`},
		{"the replacement character itself", "\ufffd", "\ufffd"},
		{"other spaces", "\u00a0\u3000", "\u00a0\u3000"},
		{"mark on a letter", "e\u0301", "e\u0301"},
		{"mark on nothing", "\u0301a", `\u0301a`},
		{"mark on an escape", "\n\u0301", `\n\u0301`},
		{"pile of marks", "a\u0301\u0301\u0301\u0301\u0301b", "a\u0301\u0301\u0301\u0301" + `\u0301b`},
		{"text that looks like an escape", `\n \x1b \u202e \\`, `\\n \\x1b \\u202e \\\`},
		{"backslash before an escape", "\\\x1b", `\\\x1b`},
		{"text that does not", `\" \/ C:\dir\`, `\" \/ C:\dir\`},
	} {
		if got := decode.Visible(test.in); got != test.want {
			t.Errorf("%s: %q became %q, want %q", test.name, test.in, got, test.want)
		}
	}
}

// A line that is wider than its table, or shows half an escape, breaks the
// screen or tells a lie.
func TestAppendVisibleStopsAtWidth(t *testing.T) {
	for _, test := range []struct {
		in    string
		cells int
		want  string
		shown int
	}{
		{"hello", 5, "hello", 5},
		{"hello", 4, "hell", 4},
		{"hello", 0, "", 0},
		{"a\x1bb", 5, `a\x1b`, 2},
		{"a\x1bb", 4, "a", 1},
		{"世界", 4, "世界", 6},
		{"世界", 3, "世", 3},
		{"😀😀", 3, "😀", 4},
		{"e\u0301e\u0301", 1, "e\u0301", 3},
		{`\n`, 2, `\\`, 1},
		{`\n`, 1, "", 0},
	} {
		got, shown := decode.AppendVisible([]byte(">"), []byte(test.in), test.cells)
		if string(got) != ">"+test.want || shown != test.shown {
			t.Errorf("%q in %d cells: %q, %d bytes", test.in, test.cells, got, shown)
		}
	}
}

// unescape is what a person does who reads the visible form.
func unescape(t *testing.T, s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i+1]]
		switch s[i+1] {
		case '\\':
			b.WriteByte('\\')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'x', 'u', 'U':
			v, err := strconv.ParseUint(s[i+2:i+2+n], 16, 32)
			if err != nil {
				t.Fatalf("%q: %v", s, err)
			}
			if n == 2 {
				b.WriteByte(byte(v))
			} else {
				b.WriteRune(rune(v))
			}
		default:
			b.WriteByte('\\')
			continue
		}
		i += 1 + n
	}
	return b.String()
}

// Pitfall S7, any bytes at all: harmless, on one line, within the width, unambiguous.
func FuzzVisible(f *testing.F) {
	f.Add([]byte("\x1b[2J\u202e\xff\\n世\u0301"), 10)
	f.Add([]byte("\\\\\\"), 2)
	f.Add([]byte("\xe2\x80"), 100)
	f.Fuzz(func(t *testing.T, src []byte, cells int) {
		out, shown := decode.AppendVisible(nil, src, cells)
		if !utf8.Valid(out) {
			t.Fatalf("%q became %q", src, out)
		}
		for _, r := range string(out) {
			if unicode.IsControl(r) || !unicode.IsGraphic(r) {
				t.Fatalf("%q holds %U", out, r)
			}
		}
		if got := decode.Width(out); got > max(cells, 0) {
			t.Fatalf("%q takes %d cells of %d", out, got, cells)
		}
		if shown > len(src) || shown < len(src) && cells > 10*len(src) {
			t.Fatalf("%d of %d bytes in %d cells", shown, len(src), cells)
		}
		whole, _ := decode.AppendVisible(nil, src, math.MaxInt)
		if got := unescape(t, string(whole)); got != string(src) {
			t.Fatalf("%q became %q, which reads %q", src, whole, got)
		}
	})
}

// Every row of every list goes through here.
func TestAppendVisibleDoesNotAllocate(t *testing.T) {
	dst, src := make([]byte, 0, 1000), []byte("plain \x1b é 世 \u202e \\n")
	if n := testing.AllocsPerRun(100, func() { decode.AppendVisible(dst, src, 100) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendVisible(b *testing.B) {
	src := []byte(strings.Repeat(`{"key":"value é"}`, 10))
	dst := make([]byte, 0, 1000)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		decode.AppendVisible(dst, src, math.MaxInt)
	}
}
