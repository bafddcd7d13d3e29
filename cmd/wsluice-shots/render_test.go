package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// drawn renders one row of text and returns a function that tells whether there is
// ink at a pixel of a cell.
func drawn(t *testing.T, text string) func(cell, x, y int) bool {
	t.Helper()
	r, err := newRenderer()
	if err != nil {
		t.Fatal(err)
	}
	img, missing := r.render(parseScreen(text, 8, 1), dark)
	if missing != nil {
		t.Fatalf("no glyph for %q", missing)
	}
	return func(cell, x, y int) bool {
		return img.RGBAAt(margin+cell*cellWidth+x, margin+y) == dark.foreground
	}
}

// edges says at which pixels of its four edges a cell has ink: left, right, top
// and bottom.
func edges(ink func(cell, x, y int) bool, cell int) (at [4][]int) {
	for y := range cellHeight {
		if ink(cell, 0, y) {
			at[0] = append(at[0], y)
		}
		if ink(cell, cellWidth-1, y) {
			at[1] = append(at[1], y)
		}
	}
	for x := range cellWidth {
		if ink(cell, x, 0) {
			at[2] = append(at[2], x)
		}
		if ink(cell, x, cellHeight-1) {
			at[3] = append(at[3], x)
		}
	}
	return at
}

// TestLinesJoin would catch a line character that does not meet its neighbours at
// the edges of the cell: all arms of a weight leave it at the same place.
func TestLinesJoin(t *testing.T) {
	leaves := map[byte][2][]int{ // horizontally at y, vertically at x
		'0': {}, '1': {{9}, {4}}, '2': {{8, 9, 10}, {3, 4, 5}}, '3': {{7, 11}, {2, 6}},
	}
	for char, arms := range boxes {
		got := edges(drawn(t, string(char)), 0)
		for i := range got {
			if want := leaves[arms[i]][i/2]; !slices.Equal(got[i], want) {
				t.Errorf("%c leaves edge %d at %v, want %v", char, i, got[i], want)
			}
		}
	}
}

// TestBlocks would catch bars that are not as high as they say, and gaps between
// full ones.
func TestBlocks(t *testing.T) {
	before := 0
	for i, char := range "▁▂▃▄▅▆▇█" {
		ink := drawn(t, string(char))
		height := 0
		for y := range cellHeight {
			if ink(0, 4, y) {
				height++
			}
		}
		if height <= before || (height == cellHeight) != (char == '█') || !ink(0, 0, cellHeight-1) || !ink(0, cellWidth-1, cellHeight-1) {
			t.Errorf("block %d is %d pixels high, the one before %d", i+1, height, before)
		}
		before = height
	}
	ink := drawn(t, "▌▐▀▖▝")
	for _, p := range []struct {
		cell, x, y int
		want       bool
	}{
		{0, 0, 9, true}, {0, 8, 9, false}, {1, 0, 9, false}, {1, 8, 9, true}, {2, 4, 0, true}, {2, 4, 18, false},
		{3, 0, 18, true}, {3, 8, 18, false}, {3, 0, 0, false}, {4, 8, 0, true}, {4, 0, 0, false}, {4, 8, 18, false},
	} {
		if got := ink(p.cell, p.x, p.y); got != p.want {
			t.Errorf("cell %d has ink at %d,%d: %v", p.cell, p.x, p.y, got)
		}
	}
}

// TestBraille would catch dots in the wrong place: each bit of the character is one
// dot (the Unicode standard, chapter 21.1).
func TestBraille(t *testing.T) {
	places := [8]image.Point{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}}
	for bit, place := range places {
		ink := drawn(t, string(rune(0x2800+1<<bit)))
		for column := range 2 {
			for row := range 4 {
				found := false
				for x := column * 5; x < column*5+4; x++ {
					for y := row*cellHeight/4 + 1; y < (row+1)*cellHeight/4; y++ {
						found = found || ink(0, x, y)
					}
				}
				if want := place == image.Pt(column, row); found != want {
					t.Errorf("bit %d: a dot in column %d, row %d is %v", bit, column, row, found)
				}
			}
		}
	}
}

// TestGlyphs would catch a character of the inspector's that stands as an empty box
// in a picture, and one without a glyph that nobody is told of.
func TestGlyphs(t *testing.T) {
	r, err := newRenderer()
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("../../inspector/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../../inspector/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var used []rune
	for _, path := range append(sources, more...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, char := range string(text) {
			if char > '~' && !strings.HasSuffix(path, "_test.go") && !slices.Contains(used, char) {
				used = append(used, char)
			}
		}
	}
	if _, missing := r.render(parseScreen(string(used), len(used), 1), dark); missing != nil || len(used) == 0 {
		t.Errorf("of %d characters of the inspector, these have no glyph: %q", len(used), missing)
	}
	if _, missing := r.render(parseScreen("a漢b😀漢", 10, 1), dark); !slices.Equal(missing, []string{"漢", "😀"}) {
		t.Errorf("missing is %q", missing)
	}
}

// TestLooks would catch a look that does not show in the picture.
func TestLooks(t *testing.T) {
	r, err := newRenderer()
	if err != nil {
		t.Fatal(err)
	}
	cellOf := func(text string) []color.RGBA {
		img, _ := r.render(parseScreen(text, 1, 1), dark)
		var pixels []color.RGBA
		for y := range cellHeight {
			for x := range cellWidth {
				pixels = append(pixels, img.RGBAAt(margin+x, margin+y))
			}
		}
		return pixels
	}
	plain := cellOf("M")
	for _, sgr := range []string{"1", "2", "4", "7", "31", "44", "38;5;99", "48;2;9;9;9"} {
		if slices.Equal(cellOf("\x1b["+sgr+"mM"), plain) {
			t.Errorf("SGR %s makes no difference", sgr)
		}
	}
	if !slices.Contains(plain, dark.background) || slices.Equal(plain, cellOf(" ")) {
		t.Error("a letter is not drawn on its background")
	}
}

// TestSave would catch a picture that is not the screen, and one whose colours are
// not those of the palette.
func TestSave(t *testing.T) {
	r, err := newRenderer()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.png")
	// More colours than a palette has.
	var text strings.Builder
	for i := range 300 {
		fmt.Fprintf(&text, "\x1b[38;2;200;%d;0;48;2;%d;%d;90mx", i%256, i%256, i/256)
	}
	size, _, err := r.save(path, parseScreen(text.String(), 300, 2), light)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if want := image.Rect(0, 0, 300*cellWidth+2*margin, 2*cellHeight+2*margin); img.Bounds() != want {
		t.Errorf("the picture is %v, want %v", img.Bounds(), want)
	}
	if got := color.RGBAModel.Convert(img.At(0, 0)); got != light.background {
		t.Errorf("the margin is %v, want %v", got, light.background)
	}
	if info, err := f.Stat(); err != nil || info.Size() != int64(size) {
		t.Errorf("the file has %v bytes, not %d (%v)", info.Size(), size, err)
	}
}
