package edit

import (
	"fmt"
	"strings"

	"github.com/wsluice/wsluice/inspector/draw"
)

// missing is the second digit of a byte that has only one.
const missing = 16

// digits returns the hexadecimal digits of bytes, each as its value.
func digits(of []byte) []byte {
	d := make([]byte, 0, 2*len(of))
	for _, c := range of {
		d = append(d, c>>4, c&0xF)
	}
	return d
}

// undigits returns the bytes that have these digits. The number of the first that
// lacks one is odd, -1 if none does.
func undigits(d []byte) (of []byte, odd int) {
	odd = -1
	of = make([]byte, 0, len(d)/2)
	for i := 0; i+1 < len(d); i += 2 {
		if d[i+1] == missing && odd < 0 {
			odd = i / 2
		}
		of = append(of, d[i]<<4|d[i+1]&0xF)
	}
	return of, odd
}

// grid is how rows of bytes are laid out.
type grid struct {
	n      int // bytes a row
	offset int // digits of the offset
	gap    int // cells between the columns
}

// grid returns the widest layout that fits.
func (e *Editor) grid() grid {
	for _, g := range []grid{{16, 8, 2}, {8, 8, 2}, {8, 6, 1}, {4, 6, 1}, {2, 6, 1}} {
		if g.width() <= e.w {
			return g
		}
	}
	return grid{1, 6, 1}
}

// column returns in which cell byte i of a row begins.
func (g grid) column(i int) int {
	x := g.offset + g.gap + 3*i
	if g.n == 16 && i >= 8 {
		x++ // between the halves
	}
	return x
}

// text returns in which cell the characters of a row begin.
func (g grid) text() int { return g.column(g.n-1) + 2 + g.gap }

func (g grid) width() int { return g.text() + g.n }

// at returns the place of the digit in a column of a row.
func (g grid) at(row, x, length int) int {
	i := 0
	for i+1 < g.n && g.column(i+1) <= x {
		i++
	}
	if x >= g.text() {
		i = min(x-g.text(), g.n-1)
	}
	place := min(max(0, 2*(row*g.n+i)), length-length%2)
	if x == g.column(i)+1 && place+1 < length {
		place++
	}
	return place
}

// edge returns the first or the last byte of the row that at is in.
func (g grid) edge(at, way int) int {
	start := at / (2 * g.n) * (2 * g.n)
	if way < 0 {
		return start
	}
	return start + 2*(g.n-1)
}

// vertical returns the place so many rows below at.
func (g grid) vertical(at, rows, length int) int {
	to := at + rows*2*g.n
	if to < 0 {
		return at % (2 * g.n)
	}
	return min(to, length)
}

// hexLeft and hexRight return the place of the byte before or behind, with far
// that of eight bytes away.
func hexLeft(at int, far bool) int {
	switch {
	case far:
		return at - at%2 - 16
	case at%2 == 1:
		return at - 1
	}
	return at - 2
}

func hexRight(at int, far bool) int {
	if far {
		return at - at%2 + 16
	}
	return at - at%2 + 2
}

const hexDigits = "0123456789abcdef_"

// hexLines draws the bytes in hexadecimal and as ASCII.
func (e *Editor) hexLines(lines []draw.Line) []draw.Line {
	g := e.grid()
	row := e.at / (2 * g.n)
	e.scroll(row)
	for n := e.top; len(lines) < e.h && n <= len(e.buf.data)/(2*g.n); n++ {
		start := n * 2 * g.n
		end := min(start+2*g.n, len(e.buf.data))
		lines = append(lines, e.hexRow(g, start, end).Take(e.w))
	}
	x := g.column(e.at/2%g.n) + e.at%2
	e.place = [2]int{min(x, e.w-1), row - e.top}
	return lines
}

func (e *Editor) hexRow(g grid, start, end int) draw.Line {
	plain, dim := draw.Plain, draw.Dim
	if e.all {
		plain, dim = draw.Match, draw.Match
	}
	line := draw.Line{{Text: fmt.Sprintf("%0*x", g.offset, start/2), Style: draw.Punct}}
	var text draw.Line
	used := g.offset
	for i := 0; start+2*i < end; i++ {
		high, low := e.buf.data[start+2*i], e.buf.data[start+2*i+1]
		style, shown := plain, draw.Span{Text: ".", Style: dim}
		if low == missing {
			style, shown = draw.Bad, draw.Span{Text: "_", Style: draw.Bad}
		} else if c := high<<4 | low; c >= ' ' && c < 0x7F {
			shown = draw.Span{Text: string(rune(c)), Style: plain}
		}
		line = append(line, draw.Span{Text: strings.Repeat(" ", g.column(i)-used)},
			draw.Span{Text: string([]byte{hexDigits[high], hexDigits[low]}), Style: style})
		used = g.column(i) + 2
		text = append(text, shown)
	}
	line = append(line, draw.Span{Text: strings.Repeat(" ", g.text()-used)})
	return append(line, text...)
}

// digit returns the value of a hexadecimal digit.
func digit(r rune) (byte, bool) {
	switch {
	case r >= '0' && r <= '9':
		return byte(r - '0'), true
	case r >= 'a' && r <= 'f':
		return byte(r-'a') + 10, true
	case r >= 'A' && r <= 'F':
		return byte(r-'A') + 10, true
	}
	return 0, false
}

// typeDigit puts a digit in the place of the one at the cursor. Where there is
// none, and when digits are inserted, it begins a new byte.
func (e *Editor) typeDigit(r rune) bool {
	d, ok := digit(r)
	switch {
	case r == 'i':
		e.insert = !e.insert
		return true
	case !ok:
		e.note = "only hexadecimal digits are bytes"
		return true
	case e.all:
		e.put(0, len(e.buf.data), []byte{d, missing}, false)
	case e.at%2 == 0 && (e.at == len(e.buf.data) || e.insert && e.buf.data[e.at+1] != missing):
		if !e.put(e.at, e.at, []byte{d, missing}, false) {
			return true
		}
	default:
		e.put(e.at, e.at+1, []byte{d}, false)
		return true
	}
	e.jump(e.at - 1) // before the digit that is missing
	return true
}

// pasteDigits inserts bytes that are written in hexadecimal, with or without what
// usually is between them.
func (e *Editor) pasteDigits(text string) {
	for _, between := range []string{"0x", "0X", `\x`, ",", ":", "-"} {
		text = strings.ReplaceAll(text, between, " ")
	}
	var pasted []byte
	for word := range strings.FieldsSeq(text) {
		for _, r := range word {
			d, ok := digit(r)
			if !ok {
				e.note = fmt.Sprintf("what was pasted is not hexadecimal: it has a %s", visible(r))
				return
			}
			pasted = append(pasted, d)
		}
	}
	if len(pasted)%2 != 0 {
		e.note = fmt.Sprintf("what was pasted has %d hexadecimal digits, an odd number", len(pasted))
		return
	}
	from, to := e.at-e.at%2, e.at-e.at%2
	if e.all {
		from, to = 0, len(e.buf.data)
	}
	e.put(from, to, pasted, false)
}
