//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// screen is what a terminal shows that understands as much of the language of
// xterm as tcell speaks. Bytes that are not of it are faults.
type screen struct {
	width, height int
	cells         [][]place
	behind        [][]place    // the main screen while the other one is shown
	x, y          int          // the cursor
	look          place        // of what is written next
	modes         map[int]bool // set with CSI ? and h
	keypad        bool         // keys of the keypad send sequences
	keyboards     int          // protocols pushed with CSI >
	colours       int          // sequences that asked for a colour
	faults        []string
	rest          []byte // of a sequence whose end is still to come
}

// place is one cell.
type place struct {
	letter  rune
	reverse bool
}

func newScreen(width, height int) *screen {
	s := &screen{modes: map[int]bool{7: true, 25: true}}
	s.resize(width, height)
	return s
}

// resize keeps what is on the screen where it is. A program draws it anew.
func (s *screen) resize(width, height int) {
	s.width, s.height = width, height
	s.cells, s.behind = fit(s.cells, width, height), fit(s.behind, width, height)
	s.x, s.y = min(s.x, width-1), min(s.y, height-1)
}

func fit(cells [][]place, width, height int) [][]place {
	fitted := make([][]place, height)
	for y := range fitted {
		fitted[y] = slices.Repeat([]place{{letter: ' '}}, width)
		if y < len(cells) {
			copy(fitted[y], cells[y])
		}
	}
	return fitted
}

// text returns the rows, without the spaces at their ends and the empty rows below.
func (s *screen) text() string {
	var b strings.Builder
	for _, row := range s.cells {
		line := make([]rune, len(row))
		for x, c := range row {
			line[x] = c.letter
		}
		b.WriteString(strings.TrimRight(string(line), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// reversed returns the rows that have a run of reversed cells as a selected row
// has, without the bar above.
func (s *screen) reversed() (rows []string) {
	for _, row := range s.cells[1:] {
		var line []rune
		for _, c := range row {
			if c.reverse {
				line = append(line, c.letter)
			}
		}
		if len(line) >= s.width/3 {
			rows = append(rows, strings.TrimSpace(string(line)))
		}
	}
	return rows
}

// drawing reports whether the program is in the middle of a frame and has said so.
func (s *screen) drawing() bool { return s.modes[2026] || len(s.rest) > 0 }

func (s *screen) write(p []byte) {
	p = append(s.rest, p...)
	for len(p) > 0 {
		n := s.take(p)
		if n == 0 {
			break
		}
		p = p[n:]
	}
	s.rest = bytes.Clone(p)
}

// take follows the first sequence or letter of p and returns its length, 0 when
// more of it is to come.
func (s *screen) take(p []byte) int {
	switch {
	case p[0] == '\x1b':
		return s.escape(p)
	case p[0] == '\r':
		s.x = 0
	case p[0] == '\n':
		s.feed()
	case p[0] == '\x0e' || p[0] == '\x0f': // the other character set and back
	case p[0] < ' ' || p[0] == 0x7f:
		s.fault("control character %q", p[:1])
	case !utf8.FullRune(p):
		return 0
	default:
		r, n := utf8.DecodeRune(p)
		if r == utf8.RuneError && n == 1 || 0x80 <= r && r < 0xa0 {
			s.fault("%q", p[:n])
		}
		s.put(r)
		return n
	}
	return 1
}

func (s *screen) put(r rune) {
	if s.x >= s.width && s.modes[7] {
		s.x = 0
		s.feed()
	}
	// Without that mode what does not fit replaces the last letter.
	s.x = min(s.x, s.width-1)
	s.look.letter = r
	s.cells[s.y][s.x] = s.look
	s.x++
}

func (s *screen) feed() {
	if s.y++; s.y < s.height {
		return
	}
	s.y = s.height - 1
	s.cells = append(s.cells[1:], slices.Repeat([]place{{letter: ' '}}, s.width))
}

func (s *screen) escape(p []byte) int {
	if len(p) < 2 {
		return 0
	}
	switch p[1] {
	case '[':
		end := bytes.IndexFunc(p[2:], func(r rune) bool { return '@' <= r && r <= '~' })
		if end < 0 {
			return 0
		}
		s.control(string(p[2:2+end]), p[2+end])
		return end + 3
	case '(', ')': // character sets, which UTF-8 has no use for
		if len(p) < 3 {
			return 0
		}
		return 3
	case '=', '>':
		s.keypad = p[1] == '='
	default:
		s.fault("%q", p[:2])
	}
	return 2
}

// control follows CSI, parameters and a final letter.
func (s *screen) control(parameters string, final byte) {
	private := parameters[:len(parameters)-len(strings.TrimLeft(parameters, "<=>?"))]
	digits := strings.TrimRight(parameters[len(private):], " !\"#$%&'()*+,-./")
	kind := private + parameters[len(private)+len(digits):]
	var numbers []int
	for n := range strings.FieldsFuncSeq(digits, func(r rune) bool { return r == ';' || r == ':' }) {
		v, _ := strconv.Atoi(n)
		numbers = append(numbers, v)
	}
	at := func(i, otherwise int) int {
		if i < len(numbers) {
			return numbers[i]
		}
		return otherwise
	}
	switch kind + string(final) {
	case "H":
		s.y, s.x = min(max(at(0, 1), 1), s.height)-1, min(max(at(1, 1), 1), s.width)-1
	case "J":
		s.erase(at(0, 0))
	case "m":
		s.style(numbers)
	case "?h", "?l":
		for _, mode := range numbers {
			s.set(mode, final == 'h')
		}
	case ">u":
		s.keyboards++
	case "<u":
		s.keyboards--
	case ">m", "t": // keys with modifiers, stack of titles
	case "?c", " q", "h", "l": // the form of the cursor
	default:
		s.fault("CSI %s %c", parameters, final)
	}
}

func (s *screen) erase(how int) {
	y := 0
	if how == 0 {
		if s.x > 0 {
			s.fault("part of the screen is erased")
		}
		y = s.y
	}
	for ; y < s.height; y++ {
		s.cells[y] = slices.Repeat([]place{{letter: ' '}}, s.width)
	}
}

func (s *screen) style(numbers []int) {
	if len(numbers) == 0 {
		numbers = []int{0}
	}
	for i := 0; i < len(numbers); i++ {
		switch n := numbers[i]; {
		case n == 0:
			s.look.reverse = false
		case n == 7:
			s.look.reverse = true
		case n == 27:
			s.look.reverse = false
		case n == 38 || n == 48:
			s.colours++
			i += 2
			if i <= len(numbers)-1 && numbers[i-1] == 2 {
				i += 2
			}
		case 30 <= n && n <= 37, 40 <= n && n <= 47, 90 <= n && n <= 107:
			s.colours++
		}
	}
}

func (s *screen) set(mode int, on bool) {
	if mode == 1049 && on != s.modes[mode] {
		s.cells, s.behind = s.behind, s.cells
	}
	if mode == 1049 && on {
		s.erase(2)
	}
	s.modes[mode] = on
}

func (s *screen) fault(format string, args ...any) {
	if what := fmt.Sprintf(format, args...); !slices.Contains(s.faults, what) {
		s.faults = append(s.faults, what)
	}
}

// left returns what a program has left behind on the terminal that a shell would
// suffer from.
func (s *screen) left() (faults []string) {
	for mode, on := range s.modes {
		if usual := mode == 7 || mode == 25; on != usual {
			faults = append(faults, fmt.Sprintf("mode %d is %v", mode, on))
		}
	}
	if s.keypad {
		faults = append(faults, "the keypad sends sequences")
	}
	if s.keyboards != 0 {
		faults = append(faults, fmt.Sprintf("%d keyboard protocols are pushed", s.keyboards))
	}
	if s.look.reverse {
		faults = append(faults, "what is written next is reversed")
	}
	return faults
}

// TestScreen would catch a screen that shows something else than a terminal would,
// or that takes every byte for harmless.
func TestScreen(t *testing.T) {
	s := newScreen(10, 3)
	for _, part := range []string{
		"shell\r\n", "\x1b[?1049h\x1b[?7", "l\x1b[?25l\x1b[2J\x1b[2;3Hwide→", "\x1b[7mthis is too long", "\x1b[m\x1b[3;1H\x1b[38;5;7mend",
	} {
		s.write([]byte(part))
	}
	if got, want := s.text(), "\n  wide→thg\nend\n"; got != want {
		t.Errorf("shows %q, want %q", got, want)
	}
	if got := s.reversed(); len(got) != 1 || got[0] != "thg" {
		t.Errorf("reversed is %q", got)
	}
	if s.colours != 1 || len(s.left()) != 3 || len(s.faults) > 0 {
		t.Errorf("colours %d, left %q, faults %q", s.colours, s.left(), s.faults)
	}
	s.write([]byte("\x1b[?7h\x1b[?25h\x1b[?1049l"))
	if got := s.text(); got != "shell\n" || len(s.left()) > 0 {
		t.Errorf("the shell has %q, and %q is left", got, s.left())
	}
	for _, harm := range []string{"\x07", "\x1b]8;;https://evil.example\x1b\\", "\x9b1m", "\u009b1m", "\x1bc", "\x1b[5n"} {
		if s := newScreen(10, 3); true {
			if s.write([]byte(harm)); len(s.faults) == 0 {
				t.Errorf("%q is no fault", harm)
			}
		}
	}
}
