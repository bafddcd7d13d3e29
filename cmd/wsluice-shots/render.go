package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"slices"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// The size of a cell in pixels, of the font, and where its baseline is. Go Mono
// is 0.6 of its size wide.
const (
	cellWidth  = 9
	cellHeight = 19
	fontSize   = 15
	baseline   = 14
	margin     = 8 // around the screen
)

// renderer draws screens. It belongs to one goroutine at a time.
type renderer struct {
	regular, bold typeface
}

type typeface struct {
	font *sfnt.Font
	face font.Face
}

func newRenderer() (*renderer, error) {
	regular, err := newTypeface(gomono.TTF)
	if err != nil {
		return nil, err
	}
	bold, err := newTypeface(gomonobold.TTF)
	if err != nil {
		return nil, err
	}
	return &renderer{regular: regular, bold: bold}, nil
}

func newTypeface(data []byte) (typeface, error) {
	f, err := opentype.Parse(data)
	if err != nil {
		return typeface{}, err
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: fontSize, DPI: 72, Hinting: font.HintingFull})
	return typeface{f, face}, err
}

// has reports whether the font has a glyph for r.
func (t typeface) has(r rune) bool {
	var buffer sfnt.Buffer
	i, err := t.font.GlyphIndex(&buffer, r)
	return err == nil && i != 0
}

// render draws s, and returns the characters for which there is no glyph; in
// their place stands a box.
func (r *renderer) render(s *screen, p *palette) (*image.RGBA, []string) {
	img := image.NewRGBA(image.Rect(0, 0, s.width*cellWidth+2*margin, len(s.rows)*cellHeight+2*margin))
	draw.Draw(img, img.Bounds(), image.NewUniform(p.background), image.Point{}, draw.Src)
	var missing []string
	for y, row := range s.rows {
		for x, c := range row {
			if c.text == "" {
				continue
			}
			cells := 1
			for x+cells < len(row) && row[x+cells].text == "" {
				cells++
			}
			at := image.Rect(0, 0, cells*cellWidth, cellHeight).Add(image.Pt(margin+x*cellWidth, margin+y*cellHeight))
			if !r.cell(img, at, c, p) && !slices.Contains(missing, c.text) {
				missing = append(missing, c.text)
			}
		}
	}
	return img, missing
}

// cell draws one cell and reports whether there was a glyph for it.
func (r *renderer) cell(img *image.RGBA, at image.Rectangle, c cell, p *palette) bool {
	ink, paper := p.inks(c.look)
	draw.Draw(img, at, image.NewUniform(paper), image.Point{}, draw.Src)
	if c.look.underline {
		line := image.Rect(at.Min.X, at.Min.Y+baseline+2, at.Max.X, at.Min.Y+baseline+3)
		draw.Draw(img, line, image.NewUniform(ink), image.Point{}, draw.Src)
	}
	first, _ := utf8.DecodeRuneInString(c.text)
	if first == ' ' || first == '\u00a0' {
		return true
	}
	if drawGlyph(img, at, first, ink) {
		return true
	}
	typeface := r.regular
	if c.look.bold {
		typeface = r.bold
	}
	known := true
	for _, char := range c.text {
		// Marks are drawn over their character, or left out.
		if typeface.has(char) {
			r.letter(img, at, typeface, char, ink)
		} else if char == first {
			known = false
			outline(img, at.Inset(2), ink)
		}
	}
	return known
}

func (r *renderer) letter(img *image.RGBA, at image.Rectangle, t typeface, char rune, ink color.RGBA) {
	dot := fixed.P(at.Min.X, at.Min.Y+baseline)
	where, mask, from, _, ok := t.face.Glyph(dot, char)
	if !ok {
		return
	}
	// What would stand out of the cell is cut off, as terminals do.
	clipped := where.Intersect(at)
	draw.DrawMask(img, clipped, image.NewUniform(ink), image.Point{}, mask, from.Add(clipped.Min.Sub(where.Min)), draw.Over)
}

// outline draws the edge of a rectangle.
func outline(img *image.RGBA, at image.Rectangle, ink color.RGBA) {
	src := image.NewUniform(ink)
	for _, edge := range []image.Rectangle{
		{at.Min, image.Pt(at.Max.X, at.Min.Y+1)}, {image.Pt(at.Min.X, at.Max.Y-1), at.Max},
		{at.Min, image.Pt(at.Min.X+1, at.Max.Y)}, {image.Pt(at.Max.X-1, at.Min.Y), at.Max},
	} {
		draw.Draw(img, edge, src, image.Point{}, draw.Src)
	}
}

// save draws s into a PNG file and returns its size in bytes.
func (r *renderer) save(path string, s *screen, p *palette) (size int, missing []string, err error) {
	img, missing := r.render(s, p)
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, reduce(img)); err != nil {
		return 0, nil, err
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		return 0, nil, fmt.Errorf("write picture: %w", err)
	}
	return out.Len(), missing, nil
}

// reduce makes a picture of at most 256 colours, which is a third of the size.
// Smoothed edges of letters have many shades, of which the rare ones become
// their nearest neighbours.
func reduce(img *image.RGBA) *image.Paletted {
	count := make(map[color.RGBA]int)
	for i := 0; i < len(img.Pix); i += 4 {
		count[color.RGBA{img.Pix[i], img.Pix[i+1], img.Pix[i+2], 255}]++
	}
	all := make([]color.RGBA, 0, len(count))
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	var kept color.Palette
	for _, c := range all[:min(len(all), 256)] {
		kept = append(kept, c)
	}
	index := make(map[color.RGBA]uint8, len(all))
	for i, c := range all {
		if i < len(kept) {
			index[c] = uint8(i)
		} else {
			index[c] = uint8(kept.Index(c))
		}
	}
	out := image.NewPaletted(img.Bounds(), kept)
	for i := range out.Pix {
		out.Pix[i] = index[color.RGBA{img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], 255}]
	}
	return out
}
