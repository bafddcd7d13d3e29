package detail

import (
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/inspector/draw"
)

// TestWrapped would catch words that are lost or changed, and rows that are wider
// than asked.
func TestWrapped(t *testing.T) {
	for _, test := range []struct {
		text  string
		cells int
		want  []string
	}{
		{"", 5, nil},
		{"one two", 7, []string{"one two"}},
		{"one two", 6, []string{"one", "two"}},
		{"a longer word", 4, []string{"a", "long", "er", "word"}},
		{"a 世界世界", 5, []string{"a", "世界", "世界"}},
		{`a\x1bb\\`, 3, []string{`a\x`, `1bb`, `\\`}},
		{"e\u0301e\u0301e\u0301", 2, []string{"e\u0301e\u0301", "e\u0301"}},
		{"世", 1, []string{"…"}},
	} {
		if got := wrapped(test.text, test.cells); !slices.Equal(got, test.want) {
			t.Errorf("%q in %d cells is %q, want %q", test.text, test.cells, got, test.want)
		}
	}
	// A million cells in rows of one: minutes where each row looks at all of it.
	if got := len(wrapped(strings.Repeat("x", 1<<20), 1)); got != 1<<20 {
		t.Errorf("%d rows", got)
	}
}

// TestCut would catch lines that are cut where they need not be, or without a sign.
func TestCut(t *testing.T) {
	line := draw.Line{{Text: "ab", Style: draw.Name}, {Text: "世界", Style: draw.Plain}, {Text: "c", Style: draw.Dim}}
	for cells, want := range []string{"", "…", "a…", "ab…", "ab…", "ab世…", "ab世…", "ab世界c"} {
		if got := cut(line, cells).String(); got != want {
			t.Errorf("cut to %d cells the line is %q, want %q", cells, got, want)
		}
	}
	for cells, want := range []string{"", "a", "ab", "ab", "ab世", "ab世", "ab世界", "ab世界c"} {
		if got := clip(line, cells).String(); got != want {
			t.Errorf("clipped to %d cells the line is %q, want %q", cells, got, want)
		}
	}
}
