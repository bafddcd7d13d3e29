package draw_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

func screen(t testing.TB, width, height int) tcell.SimulationScreen {
	s := tcell.NewSimulationScreen("UTF-8")
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Fini)
	s.SetSize(width, height)
	return s
}

// shown draws a line and returns the cells of the screen's first row.
func shown(s tcell.SimulationScreen, x, width int, l draw.Line) string {
	draw.Painter{Screen: s, Theme: draw.Themes()[0]}.Line(x, 0, width, l, draw.Normal)
	s.Show()
	var b strings.Builder
	cells, columns, _ := s.GetContents()
	for i := 0; i < columns; i++ {
		b.WriteString(string(cells[i].Runes))
		if len(cells[i].Runes) > 0 && decode.Width([]byte(string(cells[i].Runes[:1]))) == 2 {
			i++
		}
	}
	return b.String()
}

// TestLine would catch text that runs out of its place, and markup or control
// characters that have an effect.
func TestLine(t *testing.T) {
	for _, test := range []struct {
		name  string
		line  draw.Line
		width int
		want  string
	}{
		{"filled", draw.Text("ab", draw.Plain), 4, "xab  xxxxx"},
		{"cut", draw.Text("abcdef", draw.Plain), 4, "xabcdxxxxx"},
		{"spans", draw.Line{{"a", draw.Plain}, {"b", draw.Bad}}, 2, "xabxxxxxxx"},
		{"wide", draw.Text("日本語", draw.Plain), 5, "x日本 xxxx"},
		{"marks", draw.Text("e\u0301\u0301", draw.Plain), 2, "xe\u0301\u0301 xxxxxxx"},
		{"lost mark", draw.Line{{"\u0301a", draw.Plain}}, 2, "xa xxxxxxx"},
		{"tview tag", draw.Text("[red]", draw.Plain), 5, "x[red]xxxx"},
		{"control", draw.Text("a\x1b\x07\u202e\u009bb", draw.Plain), 6, "xa\ufffd\ufffd\ufffd\ufffdbxxx"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := screen(t, 10, 1)
			shown(s, 0, 10, draw.Text("xxxxxxxxxx", draw.Plain))
			if got := shown(s, 1, test.width, test.line); got != test.want {
				t.Errorf("the row is %q, want %q", got, test.want)
			}
		})
	}
}

// TestFit would catch columns that do not line up.
func TestFit(t *testing.T) {
	for _, test := range []struct{ in, left, right string }{
		{"", "     ", "     "},
		{"abc", "abc  ", "  abc"},
		{"abcde", "abcde", "abcde"},
		{"abcdef", "abcd…", "abcd…"},
		{"日本語", "日本…", "日本…"},
		{"a日本", "a日本", "a日本"},
	} {
		if got := draw.Fit(test.in, 5); got != test.left {
			t.Errorf("Fit(%q) = %q, want %q", test.in, got, test.left)
		}
		if got := draw.FitRight(test.in, 5); got != test.right {
			t.Errorf("FitRight(%q) = %q, want %q", test.in, got, test.right)
		}
	}
	for cells, want := range []string{"a日b", "日b", " b", "b", ""} {
		line := draw.Line{{"a日", draw.Plain}, {"b", draw.Plain}}.Skip(cells)
		if got := line.String(); got != want {
			t.Errorf("without %d cells the line is %q, want %q", cells, got, want)
		}
	}
}

// FuzzLine would catch anything on the screen that is not a printable character,
// and a line that takes more or less than its width.
func FuzzLine(f *testing.F) {
	f.Add("a\x1b]8;;x\a[red]日\u0301\u202e", 7)
	f.Fuzz(func(t *testing.T, text string, width int) {
		width = min(max(width, 0), 30)
		s := screen(t, 32, 1)
		row := shown(s, 1, width, draw.Line{{text, draw.Plain}, {text, draw.Bad}})
		for _, r := range row {
			if !unicode.IsGraphic(r) {
				t.Errorf("%q puts %q on the screen", text, r)
			}
		}
		if got := draw.Width(draw.Fit(decode.Visible(text), width)); got != width {
			t.Errorf("%q fitted into %d cells takes %d", text, width, got)
		}
	})
}

// TestCut would catch a line that is longer than its place, or cut without a
// sign.
func TestCut(t *testing.T) {
	line := draw.Line{{"ab", draw.Plain}, {"日c", draw.Bad}}
	for cells, want := range []string{"", "…", "a…", "ab…", "ab…", "ab日c"} {
		if got := line.Cut(cells).String(); got != want {
			t.Errorf("cut to %d cells the line is %q, want %q", cells, got, want)
		}
	}
	for cells, want := range []string{"", "a", "ab", "ab", "ab日", "ab日c", "ab日c"} {
		if got := line.Take(cells).String(); got != want {
			t.Errorf("the first %d cells are %q, want %q", cells, got, want)
		}
	}
	if got := line.String(); got != "ab日c" {
		t.Errorf("the line itself became %q", got)
	}
}
