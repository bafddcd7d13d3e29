package draw

import (
	"strings"

	"github.com/wsluice/wsluice/decode"
)

// Span is a piece of text in one style. What is captured must have passed
// decode.AppendVisible before it becomes the text of a span; a character that
// cannot be printed is shown as U+FFFD.
type Span struct {
	Text  string
	Style Style
}

// Line is one line of a screen.
type Line []Span

// Text returns a line of one span.
func Text(text string, style Style) Line { return Line{{text, style}} }

// String returns the text of the line without its styles.
func (l Line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Width returns how many terminal cells the line takes.
func (l Line) Width() (cells int) {
	for _, s := range l {
		cells += Width(s.Text)
	}
	return cells
}

// Width returns how many terminal cells a text takes.
func Width(text string) int {
	for i := range len(text) {
		if text[i] < ' ' || text[i] >= 0x7F {
			return decode.Width([]byte(text))
		}
	}
	return len(text)
}

// Fit returns text at a width of exactly so many cells: filled up with spaces on
// the right, or cut with an ellipsis at its end.
func Fit(text string, cells int) string {
	text = Cut(text, cells)
	return text + strings.Repeat(" ", max(0, cells-Width(text)))
}

// FitRight is as Fit with the spaces on the left.
func FitRight(text string, cells int) string {
	text = Cut(text, cells)
	return strings.Repeat(" ", max(0, cells-Width(text))) + text
}

// Cut returns text in no more than so many cells, with an ellipsis at its end
// where it is longer.
func Cut(text string, cells int) string {
	if Width(text) <= cells {
		return text
	}
	if cells <= 0 {
		return ""
	}
	return take(text, cells-1) + "…"
}

// Skip returns the line without its first cells. A character that takes two and
// is cut in half becomes a space.
func (l Line) Skip(cells int) Line {
	for i, s := range l {
		w := Width(s.Text)
		if w <= cells {
			cells -= w
			continue
		}
		if cells == 0 {
			return l[i:]
		}
		rest := Line{{skip(s.Text, cells), s.Style}}
		return append(rest, l[i+1:]...)
	}
	return nil
}

// Take returns the first cells of the line, and fewer where a character that
// takes two would be cut in half.
func (l Line) Take(cells int) Line {
	for i, s := range l {
		w := Width(s.Text)
		if w <= cells {
			cells -= w
			continue
		}
		return append(l[:i:i], Span{take(s.Text, cells), s.Style})
	}
	return l
}

func take(text string, cells int) string {
	used := 0
	for i, r := range text {
		if used += decode.Width([]byte(string(r))); used > cells {
			return text[:i]
		}
	}
	return text
}

func skip(text string, cells int) string {
	for i, r := range text {
		w := decode.Width([]byte(string(r)))
		if cells <= 0 && w > 0 {
			return strings.Repeat(" ", -cells) + text[i:]
		}
		cells -= w
	}
	return strings.Repeat(" ", max(0, -cells))
}

// Cut returns the line in no more than so many cells, with an ellipsis at its end
// where it is longer.
func (l Line) Cut(cells int) Line {
	if l.Width() <= cells {
		return l
	}
	if cells <= 0 {
		return nil
	}
	cut := l.Take(cells - 1)
	return append(cut[:len(cut):len(cut)], Span{"…", Dim})
}
