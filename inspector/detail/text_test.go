package detail

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// hostile makes text of all that makes rows hard.
func hostile(r *rand.Rand, size int) []byte {
	parts := []string{"a", "word ", "\n", "\n\n", "世", "é", "e\u0301", "\u0301", "का", `\`, `\\`, `\n`, "\x1b[2J", "\xff", "\xe4\xb8", "\U000E0041", "\u202e", "\r\n", "\t", "😀"}
	var b []byte
	for len(b) < size {
		b = append(b, parts[r.IntN(len(parts))]...)
		if r.IntN(40) == 0 {
			b = append(b, strings.Repeat("long ", r.IntN(300))...)
		}
	}
	return b
}

// TestRows would catch rows that leave out a byte, show one twice, are wider than
// the pane, or differ when they are reached from below.
func TestRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	long := bytes.Repeat([]byte("0123456789"), 8_000)
	texts := [][]byte{nil, []byte("\n"), []byte("\n\n"), []byte("a"), []byte("a\n"), long, append(bytes.Clone(long), '\n'), bytes.Repeat([]byte("世"), 30_000)}
	for range 40 {
		texts = append(texts, hostile(r, r.IntN(3000)))
	}
	texts = append(texts, hostile(r, 70_000), bytes.ReplaceAll(hostile(r, 70_000), []byte("\n"), []byte(`\`)))
	for i, src := range texts {
		for _, width := range []int{1, 10, 211} {
			for _, wrap := range []bool{true, false} {
				l := layout{text: textOf(src)}
				l.set(width, wrap)
				var rows []int
				var shown []byte
				for at := 0; at >= 0; at = l.next(at) {
					start, end := l.row(at)
					if start != at || len(rows) > 0 && at <= rows[len(rows)-1] {
						t.Fatalf("text %d at %d: the row at %d begins at %d", i, width, at, start)
					}
					rows = append(rows, at)
					shown = append(shown, src[start:end]...)
					if end < len(src) && src[end] == '\n' {
						shown = append(shown, '\n')
					}
					if middle(src, start) > 0 {
						t.Fatalf("text %d at %d: the row at %d begins within a character", i, width, at)
					}
					text, _ := l.show(start, end, width)
					if draw.Width(text) > width {
						t.Fatalf("text %d at %d: row %q is wider", i, width, text)
					}
				}
				if !bytes.Equal(shown, src) {
					t.Fatalf("text %d at %d: the rows hold %d bytes, not the %d of the text", i, width, len(shown), len(src))
				}
				if len(src) > 50_000 && (width < 80 || len(rows) > 20_000) {
					continue // backward takes a search for each row
				}
				var back []int
				for at, _ := l.row(l.last()); at >= 0; at = l.before(at) {
					back = append(back, at)
				}
				slices.Reverse(back)
				if !slices.Equal(rows, back) {
					t.Fatalf("text %d at %d: %d rows forward, %d backward", i, width, len(rows), len(back))
				}
			}
		}
	}
}

// TestRowsOfASCII would catch long lines whose rows begin anew in the middle, or a
// row that is not full.
func TestRowsOfASCII(t *testing.T) {
	l := layout{text: textOf(bytes.Repeat([]byte("x"), 5*maxRun+17))}
	for _, width := range []int{3, 80, 211} {
		l.set(width, true)
		for at := 0; at >= 0; at = l.next(at) {
			if at%width != 0 {
				t.Fatalf("a row of %d begins at %d", width, at)
			}
		}
	}
}

// TestPlaces would catch marks that are beside what was found.
func TestPlaces(t *testing.T) {
	for _, test := range []struct {
		row      string
		from, to int
		want     string
	}{
		{"hello", 1, 3, "el"},
		{"世界x", 3, 6, "界"},
		{"世界x", 4, 5, "界"}, // in the middle of a character: all of it
		{"e\u0301x", 0, 1, "e\u0301"},
		{"a\x1bb", 1, 2, `\x1b`},
		{`a\nb`, 1, 2, `\\`},
		{`a\nb`, 2, 3, `n`},
		{`a\qb`, 1, 2, `\`},
		{"a\\\x1bb", 1, 2, `\\`},
		{"xe\u0301\u0302y", 2, 3, "e\u0301\u0302"}, // a mark: with its character
		{"xe\u0301y", 1, 2, "e\u0301"},
		{"\xff\xfe", 1, 2, `\xfe`},
		{"end", 2, 3, "d"},
	} {
		l := layout{text: textOf([]byte(test.row))}
		l.set(80, true)
		text, at := l.show(0, len(test.row), 80, span{test.from, test.to})
		if got := text[at[0].from:at[0].to]; got != test.want {
			t.Errorf("bytes %d to %d of %q are %q, want %q", test.from, test.to, test.row, got, test.want)
		}
	}
}

// TestPlacesAddUp would catch a mark that begins or ends elsewhere than the text it
// is for, whatever stands around it.
func TestPlacesAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		src := bytes.ReplaceAll(hostile(r, 40), []byte("\n"), nil)
		if len(src) == 0 {
			continue
		}
		l := layout{text: textOf(src)}
		from := r.IntN(len(src))
		ranges := []span{{from, from + 1 + r.IntN(len(src)-from)}}
		text, at := l.show(0, len(src), math.MaxInt, ranges...)
		if want := decode.Visible(string(src)); text != want {
			t.Fatalf("%q shows as %q, want %q", src, text, want)
		}
		start, end := characterStart(src, ranges[0].from), characterEnd(src, ranges[0].to)
		if start > ranges[0].from || end < ranges[0].to {
			t.Fatalf("%q: %v became %d to %d", src, ranges[0], start, end)
		}
		// What is behind a character boundary looks the same without what is before.
		if want := decode.Visible(string(src[end:])); end < len(src) && text[at[0].to:] != want {
			t.Fatalf("%q: behind %v is %q, want %q", src, ranges[0], text[at[0].to:], want)
		}
		if want := decode.Visible(string(src[start:])); start > 0 && text[at[0].from:] != want {
			t.Fatalf("%q: from %v on is %q, want %q", src, ranges[0], text[at[0].from:], want)
		}
	}
}
