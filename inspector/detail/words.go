package detail

import (
	"strings"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// sized writes a number of bytes: 1,206 B.
func sized(n uint64) string { return draw.Grouped(n) + " B" }

// quoted writes captured text between quotes, cut at so many cells.
func quoted(s string, cells int) string {
	out, n := decode.AppendVisible(nil, []byte(s), cells)
	if n < len(s) {
		return `"` + string(out) + `…"`
	}
	return `"` + string(out) + `"`
}

// wrapped breaks text that is visible as it is between words into rows of so many
// cells. A word that is longer than a row is broken anywhere.
func wrapped(text string, cells int) (rows []string) {
	row, used := "", 0
	for word := range strings.FieldsSeq(text) {
		n, w := fitting(word, cells)
		if row != "" && (n < len(word) || used+1+w > cells) {
			rows, row, used = append(rows, row), "", 0
		}
		for n < len(word) {
			if n == 0 {
				return append(rows, draw.Cut(word, cells))
			}
			rows, word = append(rows, word[:n]), word[n:]
			n, w = fitting(word, cells)
		}
		if row != "" {
			row, used = row+" ", used+1
		}
		row, used = row+word, used+w
	}
	if row != "" {
		rows = append(rows, row)
	}
	return rows
}

// fitting returns how many bytes of text fit into so many cells, and how many they
// take.
func fitting(text string, cells int) (n, used int) {
	for i, r := range text {
		w := draw.Width(string(r))
		if used+w > cells {
			return i, used
		}
		used += w
	}
	return len(text), used
}

// cut returns a line in no more than so many cells, with an ellipsis at its end
// where it is longer.
func cut(l draw.Line, cells int) draw.Line {
	if l.Width() <= cells {
		return l
	}
	var out draw.Line
	for _, s := range l {
		w := draw.Width(s.Text)
		if w >= cells {
			// One cell too many asks for the ellipsis.
			if w == cells {
				s.Text += " "
			}
			return append(out, draw.Span{Text: draw.Cut(s.Text, cells), Style: s.Style})
		}
		out, cells = append(out, s), cells-w
	}
	return out
}

// clip returns a line in no more than so many cells, without a sign that there is
// more.
func clip(l draw.Line, cells int) draw.Line {
	var out draw.Line
	for _, s := range l {
		w := draw.Width(s.Text)
		if w > cells {
			n, _ := fitting(s.Text, cells)
			s.Text = s.Text[:n]
			return append(out, s)
		}
		out, cells = append(out, s), cells-w
	}
	return out
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
