package draw

import (
	"unicode"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
	"github.com/wsluice/wsluice/decode"
)

// Painter draws on one screen in one theme.
type Painter struct {
	Screen tcell.Screen
	Theme  *Theme
}

// Row says how a whole row is drawn.
type Row uint8

// The rows.
const (
	Normal   Row = iota
	Selected     // the cursor stands on it
	Blurred      // the same while another pane has the keys
)

// Line draws l in the cells from x on, at most width of them, and fills the rest
// of them with spaces in the style of the last span. A character that does not
// fit is left out.
func (p Painter) Line(x, y, width int, l Line, row Row) {
	at, last := 0, plain
	for _, s := range l {
		last = p.look(s.Style, row)
		for i := 0; i < len(s.Text); {
			r, marks, size := cluster(s.Text[i:])
			w := decode.Width([]byte(string(r)))
			if i += size; w == 0 {
				continue // a mark that lost its character
			}
			if at+w > width {
				p.fill(x+at, y, width-at, last)
				return
			}
			p.Screen.SetContent(x+at, y, r, marks, last)
			at += w
		}
	}
	if row == Normal {
		last = p.look(Plain, row)
	}
	p.fill(x+at, y, width-at, last)
}

// Fill fills a row of cells with spaces.
func (p Painter) Fill(x, y, width int, s Style) { p.fill(x, y, width, p.Theme.Look(s)) }

func (p Painter) fill(x, y, width int, look tcell.Style) {
	for i := range max(0, width) {
		p.Screen.SetContent(x+i, y, ' ', nil, look)
	}
}

func (p Painter) look(s Style, row Row) tcell.Style {
	switch look := p.Theme.Look(s); row {
	case Selected:
		return p.Theme.selected(look)
	case Blurred:
		return p.Theme.blurred(look)
	default:
		return look
	}
}

// maxMarks is how many combining marks stay on a character.
const maxMarks = 4

// cluster takes the first character of text with the marks on it. This is the
// last place before the terminal: what cannot be printed becomes U+FFFD.
func cluster(text string) (r rune, marks []rune, size int) {
	r, size = utf8.DecodeRuneInString(text)
	if !unicode.IsGraphic(r) {
		return utf8.RuneError, nil, size
	}
	for size < len(text) {
		mark, n := utf8.DecodeRuneInString(text[size:])
		if !unicode.In(mark, unicode.Mn, unicode.Me) {
			break
		}
		if size += n; len(marks) < maxMarks {
			marks = append(marks, mark)
		}
	}
	return r, marks, size
}
