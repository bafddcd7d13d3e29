package main

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wsluice/wsluice/decode"
)

// colour is the terminal's default, one of its 256, or an RGB value.
type colour struct {
	kind    colourKind
	index   uint8
	r, g, b uint8
}

type colourKind uint8

const (
	standard colourKind = iota
	indexed
	direct
)

// look is how a cell is drawn.
type look struct {
	foreground, background                colour
	bold, dim, italic, underline, reverse bool
}

// cell is one character on a screen. A wide one is followed by a cell with text
// "".
type cell struct {
	text string // a character with its marks
	look look
}

// screen is rows of cells, all of one width.
type screen struct {
	width int
	rows  [][]cell
}

// parseScreen reads what tmux capture-pane -e prints: a line for a row, with SGR
// sequences (ECMA-48 section 8.3.117). What does not fit is left out.
func parseScreen(text string, width, height int) *screen {
	s := &screen{width: width}
	var now look
	lines := strings.Split(text, "\n")
	for y := range height {
		row := make([]cell, 0, width)
		if y < len(lines) {
			row = parseLine(row, lines[y], width, &now)
		}
		for len(row) < width {
			row = append(row, cell{text: " "})
		}
		s.rows = append(s.rows, row)
	}
	return s
}

// parseLine appends the cells of a line, and leaves in now how the next one
// begins.
func parseLine(row []cell, line string, width int, now *look) []cell {
	for len(line) > 0 {
		if line[0] == '\x1b' {
			line = line[now.escape(line):]
			continue
		}
		r, size := utf8.DecodeRuneInString(line)
		text := line[:size]
		line = line[size:]
		cells := decode.Width([]byte(text))
		switch {
		case r < ' ':
		case cells == 0 || unicode.Is(unicode.M, r):
			if n := len(row); n > 0 {
				last := &row[n-1]
				if last.text == "" {
					last = &row[n-2]
				}
				last.text += text
			}
		case len(row)+cells <= width:
			row = append(row, cell{text: text, look: *now})
			for range cells - 1 {
				row = append(row, cell{look: *now})
			}
		}
	}
	return row
}

// escape takes the escape sequence that line begins with and returns its length.
func (l *look) escape(line string) int {
	switch {
	case strings.HasPrefix(line, "\x1b["):
		end := strings.IndexFunc(line[2:], func(r rune) bool { return r >= '@' && r <= '~' })
		if end < 0 {
			return len(line)
		}
		if line[2+end] == 'm' {
			l.sgr(line[2 : 2+end])
		}
		return 2 + end + 1
	case strings.HasPrefix(line, "\x1b]"):
		// An operating system command, such as a hyperlink.
		if end := strings.Index(line, "\x1b\\"); end > 0 {
			return end + 2
		}
		return len(line)
	}
	return min(2, len(line))
}

// sgr applies the parameters of one SGR sequence.
func (l *look) sgr(parameters string) {
	list := strings.Split(parameters, ";")
	for len(list) > 0 {
		code, rest, _ := strings.Cut(list[0], ":")
		list = list[1:]
		n, _ := strconv.Atoi(code)
		switch {
		case n == 0:
			*l = look{}
		case n == 1:
			l.bold = true
		case n == 2:
			l.dim = true
		case n == 3:
			l.italic = true
		case n == 4:
			l.underline = rest != "0"
		case n == 7:
			l.reverse = true
		case n == 22:
			l.bold, l.dim = false, false
		case n == 23:
			l.italic = false
		case n == 24:
			l.underline = false
		case n == 27:
			l.reverse = false
		case n >= 30 && n <= 37:
			l.foreground = colour{kind: indexed, index: uint8(n - 30)}
		case n >= 90 && n <= 97:
			l.foreground = colour{kind: indexed, index: uint8(n - 90 + 8)}
		case n >= 40 && n <= 47:
			l.background = colour{kind: indexed, index: uint8(n - 40)}
		case n >= 100 && n <= 107:
			l.background = colour{kind: indexed, index: uint8(n - 100 + 8)}
		case n == 39:
			l.foreground = colour{}
		case n == 49:
			l.background = colour{}
		case n == 38:
			l.foreground, list = extended(list)
		case n == 48:
			l.background, list = extended(list)
		case n == 58:
			// The colour of the underline is not drawn.
			_, list = extended(list)
		}
	}
}

// extended reads the parameters after 38, 48 or 58, and returns those behind.
func extended(list []string) (colour, []string) {
	number := func(i int) uint8 {
		n, _ := strconv.ParseUint(list[i], 10, 8)
		return uint8(n)
	}
	switch {
	case len(list) >= 2 && list[0] == "5":
		return colour{kind: indexed, index: number(1)}, list[2:]
	case len(list) >= 4 && list[0] == "2":
		return colour{kind: direct, r: number(1), g: number(2), b: number(3)}, list[4:]
	}
	return colour{}, nil
}

// text returns what the screen says, a line for a row.
func (s *screen) text() string {
	var b strings.Builder
	for _, row := range s.rows {
		var line strings.Builder
		for _, c := range row {
			line.WriteString(c.text)
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	return b.String()
}
