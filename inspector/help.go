package inspector

import (
	"strings"

	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// help is the page of what can be done on a screen, made of the key table.
type help struct {
	r     *root
	on    keys.Screen
	width int
	pager pager
}

func newHelp(r *root, on keys.Screen) *help { return &help{r: r, on: on} }

func (h *help) keys() keys.Screen { return keys.Help }
func (h *help) crumbs() []string  { return []string{"help: " + strings.Join(h.on.Names(), "")} }
func (h *help) update()           {}
func (h *help) busy() bool        { return false }
func (h *help) close()            {}

func (h *help) draw(p draw.Painter, r rect) {
	inner := pane(p, r, draw.Text("help", draw.Title), nil, true)
	if h.width != inner.width {
		h.width = inner.width
		h.pager.set(h.lines(inner.width))
	}
	h.pager.draw(p, inner)
}

// lines are the groups of keys, in as many columns as fit.
func (h *help) lines(width int) []draw.Line {
	const column = 44
	var blocks [][]draw.Line
	for _, group := range keys.Groups() {
		block := []draw.Line{draw.Text(strings.ToUpper(string(group)), draw.Title)}
		for _, b := range h.r.i.o.Keys.Bindings(h.on) {
			if b.Group == group {
				names := make([]string, len(b.Keys))
				for i, k := range b.Keys {
					names[i] = string(k)
				}
				block = append(block, draw.Line{
					{Text: draw.Fit(strings.Join(names, " "), 11) + " ", Style: draw.Hint},
					{Text: b.Help, Style: draw.Plain},
				})
			}
		}
		if len(block) > 1 {
			blocks = append(blocks, append(block, nil))
		}
	}
	columns := max(1, width/column)
	lines := stack(blocks, columns, width/columns)
	return append(lines, h.language()...)
}

// stack lays blocks out in columns that are about equally high.
func stack(blocks [][]draw.Line, columns, width int) []draw.Line {
	total := 0
	for _, b := range blocks {
		total += len(b)
	}
	var lines []draw.Line
	column, y := 0, 0
	for _, b := range blocks {
		if y > 0 && y+len(b)/2 > total/columns && column < columns-1 {
			column, y = column+1, 0
		}
		for _, l := range b {
			for len(lines) <= y {
				lines = append(lines, nil)
			}
			if gap := column*width - lines[y].Width(); gap > 0 {
				lines[y] = append(lines[y], draw.Span{Text: strings.Repeat(" ", gap)})
			}
			lines[y] = append(lines[y], l.Cut(width-1)...)
			y++
		}
	}
	return lines
}

// language tells of filters and commands.
func (h *help) language() []draw.Line {
	lines := []draw.Line{draw.Text("FILTER", draw.Title)}
	of := filter.OfMessages
	if h.on == keys.Connections {
		of = filter.OfConnections
	}
	for _, l := range [][2]string{
		{"words", "the text, upper or lower case alike"},
		{"/re/i", "a regular expression"},
		{"from == client && size > 1*KB", "an expression over the names below; and, or, not, in, contains, matches"},
	} {
		lines = append(lines, draw.Line{{Text: draw.Fit(l[0], 30) + " ", Style: draw.Hint}, {Text: l[1]}})
	}
	for _, n := range filter.Names(of) {
		if !n.Constant {
			lines = append(lines, draw.Line{
				{Text: draw.Fit(n.Name, 14), Style: draw.Name}, {Text: draw.Fit(n.Type, 16), Style: draw.Dim},
				{Text: n.Meaning + "  ", Style: draw.Plain}, {Text: n.Example, Style: draw.Dim},
			})
		}
	}
	lines = append(lines, nil, draw.Text("COMMANDS", draw.Title))
	for _, c := range h.r.commands() {
		lines = append(lines, draw.Line{{Text: draw.Fit(":"+c.usage, 30) + " ", Style: draw.Hint}, {Text: c.help}})
	}
	lines = append(lines, nil, draw.Text("MARKS IN FRONT OF A ROW", draw.Title))
	for _, m := range rowSigns {
		lines = append(lines, draw.Line{{Text: draw.Fit(m.sign, 3), Style: m.style}, {Text: m.meaning}})
	}
	return lines
}

func (h *help) act(a keys.Action) bool {
	if a == keys.Search {
		h.r.enter(&line{label: "/", past: &h.r.searches, done: func(text string) bool {
			if err := h.pager.search(text); err != nil {
				h.r.tell(draw.Bad, err.Error())
			} else if text != "" && !h.pager.next(1) {
				h.r.tell(draw.Warning, "not found")
			}
			return true
		}}, "")
		return true
	}
	return h.pager.act(a)
}

func (h *help) mouse(action tview.MouseAction, _, _ int) {
	switch action {
	case tview.MouseScrollUp:
		h.pager.scroll(-3)
	case tview.MouseScrollDown:
		h.pager.scroll(3)
	}
}
