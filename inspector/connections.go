package inspector

import (
	"errors"
	"fmt"

	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// connections is the first screen: the connections, and below them what is known
// of the one that is selected.
type connections struct {
	r      *root
	list   *connList
	facts  pager
	shown  uint64 // the connection in facts
	wide   int    // the width facts were made for
	stamp  string // what they were made of besides
	lower  bool   // the keys go to the lower pane
	zoomed bool
	text   string // the filter
	where  rect   // of the list's rows at the last draw
}

func newConnections(r *root) *connections {
	return &connections{r: r, list: newConnList(r)}
}

func (c *connections) keys() keys.Screen { return keys.Connections }
func (c *connections) crumbs() []string  { return []string{"connections"} }
func (c *connections) update()           {}
func (c *connections) busy() bool        { return !c.list.loaded }
func (c *connections) close()            { c.list.worker.close() }

func (c *connections) draw(p draw.Painter, r rect) {
	upper, lower := r.split(c.r.look.beside(r), 55)
	if c.zoomed || r.height < 14 {
		upper, lower = r, r
	}
	if !c.lower || upper != lower {
		c.drawList(p, upper)
	}
	if c.lower || upper != lower {
		c.drawFacts(p, lower)
	}
}

func (c *connections) drawList(p draw.Painter, r rect) {
	l := c.list
	title := draw.Line{{Text: "connections ", Style: draw.Title}, {Text: c.count(), Style: draw.Plain}}
	if c.text != "" {
		title = append(title, draw.Span{Text: "  filter: " + decode.Visible(c.text), Style: draw.Accent})
	}
	var note draw.Line
	if l.follow {
		note = draw.Text("FOLLOW", draw.Accent)
	}
	inner := pane(p, r, title, note, !c.lower)
	head := connectionHead(inner.width)
	p.Line(inner.x, inner.y, inner.width, head, draw.Normal)
	c.where = rect{inner.x, inner.y + 1, inner.width, inner.height - 1}
	if l.height != c.where.height {
		l.height = c.where.height
		l.clamp()
	}
	selected := l.index()
	for y := range c.where.height {
		i := l.top + y
		row, content := draw.Normal, draw.Line(nil)
		switch {
		case i < len(l.list):
			content = connectionRow(&l.list[i], inner.width, c.r.look.clock, c.r.i.o.Zone)
			if i == selected && c.lower {
				row = draw.Blurred
			} else if i == selected {
				row = draw.Selected
			}
		case y == 0:
			content = draw.Text("  "+c.nothing(), draw.Dim)
		}
		p.Line(inner.x, c.where.y+y, inner.width, content, row)
	}
}

// count says how many connections there are.
func (c *connections) count() string {
	l := c.list
	n := fmt.Sprint(len(l.list))
	switch {
	case l.newest && l.oldest && l.filter != nil:
		n += " match"
	case l.newest && l.oldest:
	default:
		n = "up to #" + draw.Grouped(l.last)
	}
	if open := l.open(); open > 0 {
		n += fmt.Sprintf(" (%d open)", open)
	}
	return n
}

// nothing says why there are no rows.
func (c *connections) nothing() string {
	switch {
	case c.list.err != nil:
		return decode.Visible(c.list.err.Error())
	case !c.list.loaded:
		return "reading…"
	case c.list.filter != nil:
		return "no connection matches; esc shows all"
	case c.r.status.Recording:
		return "nothing yet: point an app at the proxy http://" + c.r.status.Address
	}
	return "this capture has no connections"
}

func (c *connections) drawFacts(p draw.Painter, r rect) {
	at := c.list.current()
	if at == nil {
		inner := pane(p, r, nil, nil, c.lower)
		c.facts.set(nil)
		c.facts.draw(p, inner)
		return
	}
	inner := pane(p, r, draw.Text(fmt.Sprintf("#%d", at.ID), draw.Title), nil, c.lower)
	stamp := fmt.Sprint(at.State, at.Frames, at.End)
	if c.shown != at.ID || c.wide != inner.width || c.stamp != stamp {
		if c.shown != at.ID {
			c.facts.top, c.facts.side = 0, 0
		}
		c.shown, c.wide, c.stamp = at.ID, inner.width, stamp
		c.facts.set(connectionFacts(at, inner.width, c.r.i.o.Zone))
	}
	c.facts.draw(p, inner)
}

func (c *connections) act(a keys.Action) bool {
	if c.lower && c.facts.act(a) {
		return true
	}
	l := c.list
	switch a {
	case keys.Down:
		l.move(1)
	case keys.Up:
		l.move(-1)
	case keys.PageDown:
		l.move(max(1, l.height-1))
	case keys.PageUp:
		l.move(-max(1, l.height-1))
	case keys.First:
		l.first()
	case keys.Last:
		l.end()
	case keys.Follow:
		l.setFollow(!l.follow)
	case keys.NextPane, keys.PreviousPane:
		c.lower = !c.lower
	case keys.Zoom:
		c.zoomed = !c.zoomed
	case keys.Open:
		if at := l.current(); at != nil && hasFrames(at) {
			c.r.push(newMessages(c.r, at.ID))
		} else if at != nil {
			c.lower = true
		}
	case keys.Filter:
		c.editFilter()
	case keys.Copy:
		if at := l.current(); at != nil {
			c.r.copy("the URL", []byte(at.URL))
		}
	case keys.Export:
		if at := l.current(); at != nil {
			c.r.export(exported{conn: at.ID})
		}
	case keys.Inject:
		if at := l.current(); at != nil {
			c.r.inject(at.ID)
		}
	case keys.ToStatistics:
		if at := l.current(); at != nil && hasFrames(at) {
			c.r.push(newStatistics(c.r, at.ID))
		}
	case keys.Replay:
		if at := l.current(); at != nil {
			c.r.replayConn(at.ID)
		}
	case keys.Compare:
		if at := l.current(); at != nil {
			c.r.compare(at.ID)
		}
	case keys.Kill:
		if at := l.current(); at != nil {
			c.r.kill(at.ID)
		}
	case keys.Back:
		switch {
		case c.lower || c.zoomed:
			c.lower, c.zoomed = false, false
		case c.text != "":
			c.setFilter("")
		default:
			return false
		}
	default:
		return false
	}
	return true
}

func hasFrames(c *frame.Connection) bool {
	return c.State == frame.Open || c.Frames[frame.Client]+c.Frames[frame.Server] > 0
}

// editFilter asks for a filter, which is checked and applied as it is typed.
func (c *connections) editFilter() {
	before := c.text
	c.r.enter(&line{
		label: "/", past: &c.r.filters, complete: completeName(filter.OfConnections),
		changed: func(text string) (string, draw.Style) { return c.setFilter(text) },
		done: func(text string) bool {
			_, style := c.setFilter(text)
			return style != draw.Bad
		},
		gone: func() { c.setFilter(before) },
	}, before)
}

// setFilter applies a filter and says what it makes of it.
func (c *connections) setFilter(text string) (string, draw.Style) {
	if text == "" {
		c.text = ""
		c.list.setFilter(nil)
		return "all", draw.Dim
	}
	f, err := filter.ParseConnections(text)
	if err != nil {
		return filterFault(err), draw.Bad
	}
	if text != c.text {
		c.text = text
		c.list.setFilter(f)
	}
	return "valid", draw.Good
}

// filterFault says what is wrong with a filter, on one line.
func filterFault(err error) string {
	var fault *filter.Error
	if !errors.As(err, &fault) {
		return decode.Visible(err.Error())
	}
	text := fmt.Sprintf("at %d: %s", fault.Column, fault.Message)
	if fault.Suggestion != "" {
		text += "; " + fault.Suggestion
	}
	return decode.Visible(text)
}

func (c *connections) mouse(action tview.MouseAction, x, y int) {
	switch action {
	case tview.MouseScrollUp:
		c.list.move(-3)
	case tview.MouseScrollDown:
		c.list.move(3)
	default:
		if c.lower = !c.where.holds(x, y); c.lower {
			return
		}
		c.list.move(c.list.top + y - c.where.y - c.list.index())
		if action == tview.MouseLeftDoubleClick {
			c.act(keys.Open)
		}
	}
}
