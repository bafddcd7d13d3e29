package inspector

import (
	"context"
	"strings"

	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// events is the log of what happened while the capture was recorded.
type events struct {
	r        *root
	worker   *worker
	all      []Event
	shown    []int // of all, those that match
	selected int   // of shown
	top      int
	side     int
	where    rect
	follow   bool
	loaded   bool
	err      error
	text     string // the filter
}

// eventsMost is how many events a capture keeps.
const eventsMost = 10_000

func newEvents(r *root) *events {
	e := &events{r: r, worker: r.i.start(), follow: true}
	source := r.i.o.Source
	e.worker.do(0, func(ctx context.Context) {
		var version, after uint64
		for ctx.Err() == nil {
			next, err := source.Wait(ctx, version)
			version = next
			var found []Event
			for err == nil {
				var page []Event
				if page, err = source.Events(ctx, after, 1000); err != nil || len(page) == 0 {
					break
				}
				found = append(found, page...)
				after = page[len(page)-1].Number
			}
			if ctx.Err() != nil {
				return
			}
			r.i.post(func() { e.take(found, err) })
			if err != nil {
				return
			}
		}
	})
	return e
}

func (e *events) take(found []Event, err error) {
	e.loaded, e.err = true, err
	e.all = append(e.all, found...)
	if gone := len(e.all) - eventsMost; gone > 0 {
		e.all = e.all[gone:]
	}
	e.sift()
}

// sift finds the events that match the filter: its words, anywhere in the line.
func (e *events) sift() {
	e.shown = e.shown[:0]
	words := strings.ToLower(e.text)
	for i := range e.all {
		if words == "" || strings.Contains(strings.ToLower(eventText(&e.all[i])), words) {
			e.shown = append(e.shown, i)
		}
	}
	if e.follow {
		e.selected = len(e.shown) - 1
	}
	e.move(0)
}

func (e *events) keys() keys.Screen { return keys.Events }
func (e *events) crumbs() []string  { return []string{"events"} }
func (e *events) update()           {}
func (e *events) busy() bool        { return !e.loaded }
func (e *events) close()            { e.worker.close() }

func eventText(e *Event) string {
	var b strings.Builder
	b.WriteString(decode.Visible(e.Message))
	for _, a := range e.Attrs {
		b.WriteString("  " + decode.Visible(a[0]) + "=" + decode.Visible(a[1]))
	}
	return b.String()
}

func (e *events) draw(p draw.Painter, r rect) {
	title := draw.Line{{Text: "events ", Style: draw.Title}, {Text: draw.Grouped(uint64(len(e.shown)))}}
	if e.text != "" {
		title = append(title, draw.Span{Text: "  filter: " + decode.Visible(e.text), Style: draw.Accent})
	}
	var note draw.Line
	if e.follow {
		note = draw.Text("FOLLOW", draw.Accent)
	}
	e.where = pane(p, r, title, note, true)
	e.move(0)
	for y := range e.where.height {
		i := e.top + y
		var l draw.Line
		row := draw.Normal
		switch {
		case i < len(e.shown):
			l = e.line(&e.all[e.shown[i]])
			if i == e.selected {
				row = draw.Selected
			}
		case y == 0 && e.err != nil:
			l = draw.Text(" "+decode.Visible(e.err.Error()), draw.Bad)
		case y == 0 && !e.loaded:
			l = draw.Text(" reading…", draw.Dim)
		case y == 0:
			l = draw.Text(" nothing happened", draw.Dim)
		}
		p.Line(e.where.x, e.where.y+y, e.where.width, l, row)
	}
}

func (e *events) line(v *Event) draw.Line {
	style := draw.Plain
	sign := " "
	switch v.Level {
	case "warning":
		sign, style = "!", draw.Warning
	case "error":
		sign, style = "!", draw.Bad
	}
	head := draw.Line{{Text: sign + " ", Style: style}, {Text: v.Time.In(e.r.i.o.Zone).Format("01-02 15:04:05.000") + "  ", Style: draw.Dim}}
	return append(head, draw.Line{{Text: eventText(v), Style: style}}.Skip(e.side)...)
}

func (e *events) move(n int) {
	e.selected = max(0, min(e.selected+n, len(e.shown)-1))
	e.top = max(min(e.top, e.selected), e.selected-e.where.height+1)
	e.top = max(0, min(e.top, len(e.shown)-e.where.height))
}

func (e *events) act(a keys.Action) bool {
	page := max(1, e.where.height-1)
	switch a {
	case keys.Down:
		e.move(1)
	case keys.Up:
		e.follow = false
		e.move(-1)
	case keys.PageDown:
		e.move(page)
	case keys.PageUp:
		e.follow = false
		e.move(-page)
	case keys.First:
		e.follow = false
		e.move(-len(e.shown))
	case keys.Last:
		e.follow = true
		e.move(len(e.shown))
	case keys.Follow:
		if e.follow = !e.follow; e.follow {
			e.move(len(e.shown))
		}
	case keys.Left:
		e.side = max(0, e.side-8)
	case keys.Right:
		e.side += 8
	case keys.Copy:
		if e.selected < len(e.shown) {
			e.r.copy("the event", []byte(eventText(&e.all[e.shown[e.selected]])))
		}
	case keys.Open:
	case keys.Filter:
		e.r.enter(&line{
			label: "/", past: &e.r.searches,
			changed: func(text string) (string, draw.Style) {
				e.text = text
				e.sift()
				return draw.Grouped(uint64(len(e.shown))) + " match", draw.Good
			},
			done: func(string) bool { return true },
		}, e.text)
	case keys.Back:
		if e.text == "" {
			return false
		}
		e.text = ""
		e.sift()
	default:
		return false
	}
	return true
}

func (e *events) mouse(action tview.MouseAction, _, y int) {
	switch action {
	case tview.MouseScrollUp:
		e.follow = false
		e.move(-3)
	case tview.MouseScrollDown:
		e.move(3)
	default:
		e.move(e.top + y - e.where.y - e.selected)
	}
}
