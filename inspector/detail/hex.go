package detail

import (
	"fmt"
	"math/bits"

	"github.com/wsluice/wsluice/inspector/draw"
)

// hexView shows the payload as bytes in hexadecimal and as ASCII.
type hexView struct {
	doc *Document
	src []byte // the payload
	top int    // offset of a byte in the first row shown
}

func (v *hexView) name() string { return "hex" }

// grid is how rows of bytes are laid out.
type grid struct {
	n      int // bytes a row
	digits int // of the offset
	gap    int // cells between the columns
}

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

// row draws the row of the byte at at.
func (v *hexView) row(s *sight, g grid, at int) draw.Line {
	end := min(at+g.n, len(v.src))
	first, found := s.found.within(at, end)
	l := pen{line: make(draw.Line, 0, 8)}
	l.put(fmt.Sprintf("%0*x", g.digits, at), draw.Punct)
	l.space(g.gap)
	style := func(i int) draw.Style {
		for j, f := range found {
			if i >= f.from && i < f.to {
				return s.matched(first + j)
			}
		}
		return draw.Plain
	}
	for i := at; i < at+g.n; i++ {
		if i > at {
			// Between two bytes of one match the space belongs to it.
			between := draw.Plain
			if i < end && style(i) != draw.Plain && style(i) == style(i-1) {
				between = style(i)
			}
			l.put(" ", between)
			if g.n == 16 && i == at+8 {
				l.put(" ", between)
			}
		}
		if i < end {
			l.put(fmt.Sprintf("%02x", v.src[i]), style(i))
		} else {
			l.put("  ", draw.Plain)
		}
	}
	l.space(g.gap)
	for i := at; i < end; i++ {
		c, look := v.src[i], style(i)
		if c < ' ' || c >= 0x7F {
			c = '.'
			if look == draw.Plain {
				look = draw.Dim
			}
		}
		l.put(string(rune(c)), look)
	}
	return l.line
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

// pen writes a line, text of one style in one span.
type pen struct{ line draw.Line }

func (p *pen) put(text string, style draw.Style) {
	if text == "" {
		return
	}
	if n := len(p.line); n > 0 && p.line[n-1].Style == style {
		p.line[n-1].Text += text
		return
	}
	p.line = append(p.line, draw.Span{Text: text, Style: style})
}

func (p *pen) space(cells int) {
	for range cells {
		p.put(" ", draw.Plain)
	}
}
