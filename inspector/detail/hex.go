package detail

import (
	"math/bits"

	"github.com/wsluice/wsluice/inspector/draw"
)

// hexView shows the payload as bytes in hexadecimal and as ASCII.
type hexView struct {
	doc *Document
	src []byte // the payload
	top int    // offset of a byte in the first row shown

	cells  [maxGrid]byte // of the row being drawn
	styles [maxGrid]draw.Style
}

func (v *hexView) name() string { return "hex" }

// grid is how rows of bytes are laid out.
type grid struct {
	n      int // bytes a row
	digits int // of the offset
	gap    int // cells between the columns
}

// maxGrid is the width of the widest grid.
const maxGrid = 80

func (g grid) width() int {
	w := g.digits + g.gap + 3*g.n - 1 + g.gap + g.n
	if g.n == 16 {
		w++ // between the halves
	}
	return w
}

// grid returns the widest layout that fits.
func (v *hexView) grid(w int) grid {
	least := max(4, (bits.Len(uint(len(v.src)))+3)/4)
	for _, g := range []grid{{16, 8, 2}, {8, 8, 2}, {8, least, 1}, {4, 8, 2}, {4, least, 1}, {2, least, 1}} {
		if g.width() <= w {
			return g
		}
	}
	return grid{1, least, 1}
}

func (v *hexView) settle(s *sight) grid {
	g := v.grid(s.w)
	last := max(0, len(v.src)-1) / g.n
	row := min(v.top/g.n, last-s.h+1)
	v.top = max(0, row) * g.n
	return g
}

func (v *hexView) lines(s *sight) []draw.Line {
	if len(v.src) == 0 {
		return []draw.Line{cut(draw.Text(v.doc.nothing(), draw.Dim), s.w)}
	}
	g := v.settle(s)
	var lines []draw.Line
	for at := v.top; at < len(v.src) && len(lines) < s.h; at += g.n {
		lines = append(lines, clip(v.row(s, g, at), s.w))
	}
	return lines
}

const hexDigits = "0123456789abcdef"

// row draws the row of the byte at at.
func (v *hexView) row(s *sight, g grid, at int) draw.Line {
	end := min(at+g.n, len(v.src))
	first, found := s.found.within(at, end)
	// All is ASCII: a byte is a cell.
	cells, styles := v.cells[:g.width()], v.styles[:g.width()]
	for i := range cells {
		cells[i], styles[i] = ' ', draw.Plain
	}
	for i := range g.digits {
		cells[i], styles[i] = hexDigits[at>>(4*(g.digits-1-i))&0xF], draw.Punct
	}
	column := func(i int) int {
		if g.n == 16 && i >= 8 {
			return g.digits + g.gap + 3*i + 1
		}
		return g.digits + g.gap + 3*i
	}
	text := column(g.n) - 1 + g.gap
	for i := range end - at {
		c, x := v.src[at+i], column(i)
		cells[x], cells[x+1] = hexDigits[c>>4], hexDigits[c&0xF]
		if c >= ' ' && c < 0x7F {
			cells[text+i] = c
		} else {
			cells[text+i], styles[text+i] = '.', draw.Dim
		}
	}
	for i, f := range found {
		style := s.matched(first + i)
		from, to := max(f.from, at)-at, min(f.to, end)-at
		for x := column(from); x < column(to-1)+2; x++ {
			styles[x] = style
		}
		for x := text + from; x < text+to; x++ {
			styles[x] = style
		}
	}
	var line draw.Line
	for begin, i := 0, 1; i <= len(cells); i++ {
		if i == len(cells) || styles[i] != styles[begin] {
			line = append(line, draw.Span{Text: string(cells[begin:i]), Style: styles[begin]})
			begin = i
		}
	}
	return line
}

func (v *hexView) move(s *sight, rows int) {
	g := v.settle(s)
	v.top = min(max(0, v.top/g.n+rows), len(v.src)/g.n) * g.n
	v.settle(s)
}

func (v *hexView) home(*sight) { v.top = 0 }

func (v *hexView) end(s *sight) {
	v.top = len(v.src)
	v.settle(s)
}

func (v *hexView) sideways(*sight, int) {}

func (v *hexView) reveal(s *sight, from, _ int) bool {
	g := v.settle(s)
	if row := from / g.n; row < v.top/g.n || row >= v.top/g.n+s.h {
		v.top = max(0, row-s.h/3) * g.n
		v.settle(s)
	}
	return true
}
