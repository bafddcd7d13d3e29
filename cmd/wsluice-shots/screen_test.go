package main

import (
	"image/color"
	"strings"
	"testing"
)

// TestScreen would catch an escape sequence that changes the look of cells in
// another way than on a terminal, that is drawn as text, or that swallows some.
func TestScreen(t *testing.T) {
	red, blue := colour{kind: indexed, index: 1}, colour{kind: indexed, index: 4}
	plain := look{}
	for _, test := range []struct {
		name, text string
		want       []cell // of the first row, up to the last that is not blank
	}{
		{"text", "ab", []cell{{"a", plain}, {"b", plain}}},
		{"colour", "\x1b[31ma\x1b[39mb", []cell{{"a", look{foreground: red}}, {"b", plain}}},
		{"background", "\x1b[44ma\x1b[49mb", []cell{{"a", look{background: blue}}, {"b", plain}}},
		{"bright", "\x1b[91;104ma", []cell{{"a", look{foreground: colour{kind: indexed, index: 9}, background: colour{kind: indexed, index: 12}}}}},
		{"256", "\x1b[38;5;208ma", []cell{{"a", look{foreground: colour{kind: indexed, index: 208}}}}},
		{"RGB", "\x1b[48;2;1;2;3ma", []cell{{"a", look{background: colour{kind: direct, r: 1, g: 2, b: 3}}}}},
		{"several", "\x1b[1;31;44ma", []cell{{"a", look{foreground: red, background: blue, bold: true}}}},
		{"behind an extended one", "\x1b[38;5;4;1ma", []cell{{"a", look{foreground: blue, bold: true}}}},
		{"underline colour", "\x1b[58;5;1;31ma", []cell{{"a", look{foreground: red}}}},
		{"curly underline", "\x1b[4:3ma\x1b[4:0mb", []cell{{"a", look{underline: true}}, {"b", plain}}},
		{"on and off", "\x1b[1;2;3;4;7ma\x1b[22;23;24;27mb", []cell{{"a", look{bold: true, dim: true, italic: true, underline: true, reverse: true}}, {"b", plain}}},
		{"reset", "\x1b[1;31ma\x1b[mb\x1b[2mc\x1b[0md", []cell{{"a", look{foreground: red, bold: true}}, {"b", plain}, {"c", look{dim: true}}, {"d", plain}}},
		{"wide", "漢b", []cell{{"漢", plain}, {"", plain}, {"b", plain}}},
		{"marks", "e\u0301b", []cell{{"e\u0301", plain}, {"b", plain}}},
		{"mark on wide", "漢\u3099", []cell{{"漢\u3099", plain}, {"", plain}}},
		{"mark on nothing", "\u0301b", []cell{{"b", plain}}},
		{"hyperlink", "\x1b]8;;http://x\x1b\\a\x1b]8;;\x1b\\", []cell{{"a", plain}}},
		{"other sequences", "\x1b[2Ka\x1b(Bb\x0ec", nil},
		{"cut short", "a\x1b[31", []cell{{"a", plain}}},
		{"alone", "a\x1b", []cell{{"a", plain}}},
		{"too long", "12345678901", []cell{{"1", plain}, {"2", plain}, {"3", plain}, {"4", plain}, {"5", plain}, {"6", plain}, {"7", plain}, {"8", plain}, {"9", plain}, {"0", plain}}},
	} {
		s := parseScreen(test.text, 10, 2)
		if len(s.rows) != 2 || len(s.rows[0]) != 10 || len(s.rows[1]) != 10 {
			t.Errorf("%s: the screen is not 10 by 2 cells", test.name)
			continue
		}
		row := s.rows[0]
		for len(row) > 0 && row[len(row)-1] == (cell{text: " "}) {
			row = row[:len(row)-1]
		}
		if test.want == nil {
			continue
		}
		if len(row) != len(test.want) {
			t.Errorf("%s: %d cells %v, want %v", test.name, len(row), row, test.want)
			continue
		}
		for i := range row {
			if row[i] != test.want[i] {
				t.Errorf("%s: cell %d is %+v, want %+v", test.name, i, row[i], test.want[i])
			}
		}
	}
}

// TestRows would catch looks that are lost at the end of a line, and lines that
// get into the wrong row.
func TestRows(t *testing.T) {
	s := parseScreen("\x1b[1mone\ntwo\x1b[0m\n\nfour", 6, 4)
	if want := "one\ntwo\n\nfour\n"; s.text() != want {
		t.Errorf("the screen says %q, want %q", s.text(), want)
	}
	if !s.rows[1][0].look.bold || s.rows[3][0].look.bold {
		t.Error("bold does not reach from one line into the next and no further")
	}
}

// FuzzScreen would catch output of a program that stops the parser, or makes a
// screen that is no rectangle.
func FuzzScreen(f *testing.F) {
	f.Add("\x1b[38;5;1ma\x1b]8;;\x1b\\\u0301漢")
	f.Add("\x1b[38;2;1m\x1b[58;5m\x1b[999999999999m")
	f.Fuzz(func(t *testing.T, text string) {
		s := parseScreen(text, 7, 3)
		for _, row := range s.rows {
			if len(row) != 7 {
				t.Fatalf("a row of %d cells", len(row))
			}
			for _, c := range row {
				if strings.ContainsRune(c.text, '\x1b') {
					t.Fatalf("an escape in a cell: %q", c.text)
				}
			}
		}
	})
}

// TestPalette would catch colours that are not the ones terminals show.
func TestPalette(t *testing.T) {
	for _, test := range []struct {
		index uint8
		want  color.RGBA
	}{
		{16, color.RGBA{0, 0, 0, 255}}, {21, color.RGBA{0, 0, 255, 255}}, {196, color.RGBA{255, 0, 0, 255}}, {67, color.RGBA{95, 135, 175, 255}},
		{231, color.RGBA{255, 255, 255, 255}}, {232, color.RGBA{8, 8, 8, 255}}, {255, color.RGBA{238, 238, 238, 255}},
	} {
		if got := dark.indexed(test.index); got != test.want {
			t.Errorf("colour %d is %v, want %v", test.index, got, test.want)
		}
	}
	if ink, paper := dark.inks(look{reverse: true}); ink != dark.background || paper != dark.foreground {
		t.Errorf("reversed, ink is %v on %v", ink, paper)
	}
	if ink, _ := dark.inks(look{dim: true}); ink == dark.foreground || ink == dark.background {
		t.Errorf("dim ink is %v", ink)
	}
}
