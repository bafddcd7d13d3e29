package draw

import (
	"math"
	"strings"
)

// Plot draws values in a row as filled columns of braille dots, two columns and four
// rows of them in a cell; with ASCII in one column and two rows, of . ' and #.
type Plot struct {
	Width, Height int // in cells
	// Down hangs the columns from the plot's upper edge.
	Down  bool
	ASCII bool
}

// Columns returns how many values the plot has room for.
func (p Plot) Columns() int {
	columns, _ := p.dots()
	return columns * max(0, p.Width)
}

// dots returns how many dots a cell has beside and above each other.
func (p Plot) dots() (columns, rows int) {
	if p.ASCII {
		return 1, 2
	}
	return 2, 4
}

// Rows draws one value a column from the left, the largest of them as high as the
// plot. It returns Height rows of exactly Width cells. A value over zero always
// shows; one that is missing, negative or no number does not.
func (p Plot) Rows(values []float64) []string {
	columns, rows := p.dots()
	values = values[:min(len(values), p.Columns())]
	most := 0.0
	for _, v := range values {
		if v > most && !math.IsInf(v, 1) {
			most = v
		}
	}
	full := rows * max(0, p.Height)
	heights := make([]int, p.Columns())
	for i, v := range values {
		switch {
		case math.IsInf(v, 1):
			heights[i] = full
		case v > 0:
			heights[i] = max(1, int(v/most*float64(full)+0.5))
		}
	}
	lines := make([]string, max(0, p.Height))
	var b strings.Builder
	for y := range lines {
		// Below is how many dots lie between this row of cells and the zero.
		below := (len(lines) - 1 - y) * rows
		if p.Down {
			below = y * rows
		}
		b.Reset()
		for x := 0; x < len(heights); x += columns {
			left := min(max(heights[x]-below, 0), rows)
			if p.ASCII {
				b.WriteByte(p.character(left))
			} else {
				b.WriteRune(p.braille(left, min(max(heights[x+1]-below, 0), rows)))
			}
		}
		lines[y] = b.String()
	}
	return lines
}

// character is a cell with so many dots.
func (p Plot) character(dots int) byte {
	if p.Down {
		return " '#"[dots]
	}
	return " .#"[dots]
}

// braille is a cell with so many dots in either column.
func (p Plot) braille(left, right int) rune {
	if left == 0 && right == 0 {
		// The braille character without dots is drawn as circles by some fonts.
		return ' '
	}
	if p.Down {
		return 0x2800 + [...]rune{0, 0x01, 0x03, 0x07, 0x47}[left] + [...]rune{0, 0x08, 0x18, 0x38, 0xB8}[right]
	}
	return 0x2800 + [...]rune{0, 0x40, 0x44, 0x46, 0x47}[left] + [...]rune{0, 0x80, 0xA0, 0xB0, 0xB8}[right]
}

// Gauge draws a share, from 0 to 1, as a bar that is so many cells long when it is
// all. It returns exactly that many cells. A share over zero always shows.
func Gauge(share float64, cells int, ascii bool) string {
	if cells <= 0 {
		return ""
	}
	parts, full := []rune(" ▏▎▍▌▋▊▉"), "█"
	if ascii {
		parts, full = []rune{' '}, "#"
	}
	n := 0
	if share > 0 {
		n = max(1, int(min(share, 1)*float64(cells*len(parts))+0.5))
	}
	bar := strings.Repeat(full, n/len(parts))
	if rest := n % len(parts); rest > 0 {
		bar += string(parts[rest])
	}
	return bar + strings.Repeat(" ", cells-(n+len(parts)-1)/len(parts))
}
