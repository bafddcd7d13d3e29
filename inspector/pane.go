package inspector

import (
	"strings"

	"github.com/wsluice/wsluice/inspector/draw"
)

// pane draws a frame with a title on its upper line and a note at the right end
// of it, and returns the place within.
func pane(p draw.Painter, r rect, title, note draw.Line, focus bool) rect {
	edge, name := draw.Border, draw.Title
	if focus {
		edge, name = draw.Focus, draw.Focus
	}
	inner := max(0, r.width-2)
	top := draw.Line{{Text: "┌─", Style: edge}}
	room := inner - 2
	if w := note.Width(); w > 0 && w+8 < room {
		room -= w + 3
	} else {
		note = nil
	}
	if title = title.Cut(room - 2); len(title) > 0 {
		top = append(top, draw.Span{Text: " ", Style: edge})
		for _, s := range title {
			if s.Style == draw.Title {
				s.Style = name
			}
			top = append(top, s)
		}
		top = append(top, draw.Span{Text: " ", Style: edge})
	}
	tail := draw.Line{{Text: "┐", Style: edge}}
	if note != nil {
		tail = append(append(draw.Line{{Text: " ", Style: edge}}, note...), draw.Span{Text: " ─┐", Style: edge})
	}
	if gap := r.width - top.Width() - tail.Width(); gap > 0 {
		top = append(top, draw.Span{Text: strings.Repeat("─", gap), Style: edge})
	}
	p.Line(r.x, r.y, r.width, append(top, tail...), draw.Normal)
	for y := r.y + 1; y < r.y+r.height-1; y++ {
		p.Line(r.x, y, 1, draw.Text("│", edge), draw.Normal)
		p.Line(r.x+r.width-1, y, 1, draw.Text("│", edge), draw.Normal)
	}
	p.Line(r.x, r.y+r.height-1, r.width, draw.Text("└"+strings.Repeat("─", inner)+"┘", edge), draw.Normal)
	return rect{r.x + 1, r.y + 1, inner, max(0, r.height-2)}
}

// split divides a place into two panes, the first getting a share of it in per
// cent. Besides each other or one above the other.
func (r rect) split(beside bool, share int) (first, second rect) {
	first, second = r, r
	if beside {
		first.width = r.width * share / 100
		second.x += first.width
		second.width -= first.width
		return first, second
	}
	first.height = r.height * share / 100
	second.y += first.height
	second.height -= first.height
	return first, second
}

// holds reports whether a place is within r.
func (r rect) holds(x, y int) bool {
	return x >= r.x && x < r.x+r.width && y >= r.y && y < r.y+r.height
}
