package inspector

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// ruleList is the screen of the rules in force, with the text of the selected one
// below or beside.
type ruleList struct {
	r       *root
	reader  *worker // reads the rules again and again
	changer *worker // changes them
	book    RuleBook
	loaded  bool
	err     error
	draft   string // a text that was refused
	name    string // of the selected rule
	place   int    // where it stands
	top     int
	text    pager // the YAML of the selected rule
	inner   bool  // the keys go to text
	zoomed  bool
	where   rect // of the rows at the last draw
	lower   rect // of text
}

// rulesTick is how often the rules are read again, for their hits.
const rulesTick = time.Second

func newRules(r *root) *ruleList {
	l := &ruleList{r: r, reader: r.i.start(), changer: r.i.start()}
	l.read()
	return l
}

// read reads the rules at once, and from time to time from then on.
func (l *ruleList) read() {
	l.reader.do(0, func(ctx context.Context) {
		tick := time.NewTicker(rulesTick)
		defer tick.Stop()
		for {
			book, err := l.r.i.o.Actions.Rules(ctx)
			if ctx.Err() != nil {
				return
			}
			l.r.i.post(func() { l.take(book, err) })
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

func (l *ruleList) take(book RuleBook, err error) {
	l.loaded, l.err = true, err
	if err == nil {
		l.book = book
	} else {
		l.book = RuleBook{}
	}
	if at := slices.IndexFunc(l.book.Rules, func(r Rule) bool { return r.Name == l.name }); at >= 0 {
		l.place = at
	}
	l.move(0)
}

func (l *ruleList) keys() keys.Screen { return keys.Rules }
func (l *ruleList) crumbs() []string  { return []string{"rules"} }
func (l *ruleList) update()           {}
func (l *ruleList) busy() bool        { return !l.loaded || l.changer.busy() }

func (l *ruleList) close() {
	l.reader.close()
	l.changer.close()
}

// selected returns the selected rule, or nil.
func (l *ruleList) selected() *Rule {
	if l.place < len(l.book.Rules) {
		return &l.book.Rules[l.place]
	}
	return nil
}

// move selects another rule.
func (l *ruleList) move(n int) {
	l.place = max(0, min(l.place+n, len(l.book.Rules)-1))
	var lines []draw.Line
	if rule := l.selected(); rule != nil {
		if l.name != rule.Name {
			l.name, l.text.top, l.text.side = rule.Name, 0, 0
		}
		lines = ruleText(&l.book, l.place)
	}
	l.text.set(lines)
}

func (l *ruleList) act(a keys.Action) bool {
	if l.inner && l.text.act(a) {
		return true
	}
	page := max(1, l.where.height-1)
	switch a {
	case keys.Down:
		l.move(1)
	case keys.Up:
		l.move(-1)
	case keys.PageDown:
		l.move(page)
	case keys.PageUp:
		l.move(-page)
	case keys.First:
		l.move(-len(l.book.Rules))
	case keys.Last:
		l.move(len(l.book.Rules))
	case keys.NextPane, keys.PreviousPane:
		l.inner = !l.inner
	case keys.Open:
		l.inner, l.zoomed = l.selected() != nil, true
	case keys.Zoom:
		l.zoomed = !l.zoomed
	case keys.Copy:
		if l.selected() != nil {
			l.r.copy("the rule", []byte(ruleSource(&l.book, l.place)))
		}
	case keys.Switch:
		l.turn()
	case keys.EditRules:
		l.edit()
	case keys.NewRule:
		l.add()
	case keys.Back:
		if !l.inner && !l.zoomed {
			return false
		}
		l.inner, l.zoomed = false, false
	default:
		return false
	}
	return true
}

func (l *ruleList) mouse(action tview.MouseAction, x, y int) {
	switch {
	case l.lower.holds(x, y) && action == tview.MouseScrollUp:
		l.text.scroll(-3)
	case l.lower.holds(x, y) && action == tview.MouseScrollDown:
		l.text.scroll(3)
	case l.lower.holds(x, y):
		l.inner = true
	case action == tview.MouseScrollUp:
		l.move(-3)
	case action == tview.MouseScrollDown:
		l.move(3)
	default:
		l.inner = false
		l.move(l.top + y - l.where.y - l.place)
		if action == tview.MouseLeftDoubleClick {
			l.act(keys.Open)
		}
	}
}

func (l *ruleList) draw(p draw.Painter, r rect) {
	upper, lower := r.split(l.r.look.beside(r), 55)
	if l.zoomed || r.width < 60 || r.height < 16 {
		upper, lower = r, r
	}
	l.lower = rect{}
	if upper != lower || !l.inner {
		l.drawList(p, upper)
	}
	if upper != lower || l.inner {
		l.lower = lower
		title := draw.Text("rule", draw.Title)
		if rule := l.selected(); rule != nil {
			title = append(title, draw.Span{Text: fmt.Sprintf("  line %d", rule.Line), Style: draw.Dim})
		}
		l.text.draw(p, pane(p, lower, title, nil, l.inner))
	}
}

func (l *ruleList) drawList(p draw.Painter, r rect) {
	title := draw.Line{{Text: "rules ", Style: draw.Title}, {Text: draw.Grouped(uint64(len(l.book.Rules)))}}
	var note draw.Line
	if l.book.Source != "" {
		note = draw.Text("from "+draw.Cut(decode.Visible(l.book.Source), max(8, r.width/2)), draw.Dim)
	}
	inner := pane(p, r, title, note, !l.inner)
	for _, s := range l.notes() {
		if inner.height < 4 {
			break
		}
		inner.height--
		p.Line(inner.x, inner.y+inner.height, inner.width, draw.Text(draw.Cut(" "+s.Text, inner.width), s.Style), draw.Normal)
	}
	p.Line(inner.x, inner.y, inner.width, ruleHead(inner.width), draw.Normal)
	l.where = rect{inner.x, inner.y + 1, inner.width, max(0, inner.height-1)}
	l.top = max(min(l.top, l.place), l.place-l.where.height+1)
	l.top = max(0, min(l.top, len(l.book.Rules)-l.where.height))
	for y := range l.where.height {
		var line draw.Line
		row := draw.Normal
		switch i := l.top + y; {
		case i < len(l.book.Rules):
			line = ruleRow(&l.book.Rules[i], inner.width)
			if i == l.place && l.inner {
				row = draw.Blurred
			} else if i == l.place {
				row = draw.Selected
			}
		case y == 0:
			line = draw.Text(draw.Cut("   "+l.nothing(), l.where.width), draw.Dim)
		}
		p.Line(l.where.x, l.where.y+y, l.where.width, line, row)
	}
}

// notes are what stands below the list, the lowest first: that no file is
// written, and why the newest text of the file is not in force.
func (l *ruleList) notes() (notes []draw.Span) {
	if l.err != nil {
		return nil
	}
	words := "no file is written here: a change lasts until the proxy ends"
	if l.book.Source != "" {
		words = "no file is written here: a change lasts until the file changes or the proxy ends"
	}
	notes = append(notes, draw.Span{Text: words, Style: draw.Dim})
	if l.book.Error != "" {
		notes = append(notes, draw.Span{Text: "! not in force: " + decode.Visible(l.book.Error), Style: draw.Bad})
	}
	return notes
}

// nothing says why there are no rows.
func (l *ruleList) nothing() string {
	key := l.r.i.o.Keys.Key
	switch {
	case l.err != nil:
		return decode.Visible(l.err.Error())
	case !l.loaded:
		return "reading…"
	}
	return fmt.Sprintf("no rules: %s makes one for messages like the selected one", key(keys.NewRule))
}
