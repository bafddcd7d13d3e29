package inspector

import (
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// prompt takes the keys in place of the screen, on the line above the hints.
type prompt interface {
	draw(p draw.Painter, r rect)
	key(e *tcell.EventKey)
	paste(text string)
	hints() [][2]string
}

// line asks for a line of text.
type line struct {
	r     *root
	label string
	field *tview.InputField
	past  *past
	// changed is told of the text as it is typed and says what to show behind it.
	changed func(text string) (verdict string, style draw.Style)
	// done takes the text. The prompt stays open when it returns false.
	done func(text string) bool
	// gone, if set, is told that the prompt was left without a text.
	gone func()
	// complete returns what the text could become.
	complete func(text string) []string

	verdict string
	style   draw.Style
	offers  []string // of the last tab
	offer   int
}

// enter opens a prompt for a line of text.
func (r *root) enter(l *line, text string) {
	l.r = r
	l.field = newField()
	r.prompt = l
	l.set(text)
}

// newField returns a field that a line is typed in.
func newField() *tview.InputField {
	f := tview.NewInputField().SetFieldStyle(tcell.StyleDefault)
	f.SetBackgroundColor(tcell.ColorDefault) // the terminal's own
	f.Focus(nil)
	return f
}

func (l *line) set(text string) {
	l.field.SetText(text)
	l.typed()
}

func (l *line) typed() {
	if l.changed != nil {
		l.verdict, l.style = l.changed(l.field.GetText())
	}
}

func (l *line) close() { l.r.prompt = nil }

func (l *line) draw(p draw.Painter, r rect) {
	p.Line(r.x, r.y, r.width, draw.Text(" "+l.label, draw.Strong), draw.Normal)
	at := 1 + draw.Width(l.label)
	verdict := l.verdict
	if len(l.offers) > 1 {
		verdict = strings.Join(l.offers, "  ")
	}
	room := max(r.width-at, 0)
	said := min(draw.Width(verdict)+2, room*2/3)
	if verdict == "" {
		said = 0
	}
	l.field.SetRect(r.x+at, r.y, room-said, 1)
	l.field.Draw(p.Screen)
	if said > 0 {
		p.Line(r.x+r.width-said, r.y, said, draw.Text(" "+draw.Cut(verdict, said-2), l.style), draw.Normal)
	}
}

func (l *line) key(e *tcell.EventKey) {
	switch e.Key() {
	case tcell.KeyEscape:
		l.close()
		if l.gone != nil {
			l.gone()
		}
	case tcell.KeyEnter:
		text := l.field.GetText()
		l.close()
		if !l.done(text) {
			l.r.prompt = l
			return
		}
		if l.past != nil {
			l.past.add(text)
		}
	case tcell.KeyUp, tcell.KeyDown:
		if l.past != nil {
			if text, ok := l.past.step(e.Key() == tcell.KeyUp, l.field.GetText()); ok {
				l.set(text)
			}
		}
	case tcell.KeyTab, tcell.KeyBacktab:
		l.tab(e.Key() == tcell.KeyTab)
	default:
		l.offers = nil
		l.field.InputHandler()(e, func(tview.Primitive) {})
		l.typed()
	}
}

// tab goes through what the text could become.
func (l *line) tab(forward bool) {
	if l.complete == nil {
		return
	}
	if len(l.offers) == 0 {
		l.offers, l.offer = l.complete(l.field.GetText()), -1
		if len(l.offers) == 0 {
			return
		}
		if !forward {
			l.offer = 0
		}
	}
	if forward {
		l.offer++
	} else {
		l.offer--
	}
	l.offer = (l.offer + len(l.offers)) % len(l.offers)
	l.set(l.offers[l.offer])
	if len(l.offers) == 1 {
		l.offers = nil
	}
}

func (l *line) paste(text string) {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "\n", " ")), " ")
	l.field.PasteHandler()(decode.Visible(text), func(tview.Primitive) {})
	l.typed()
}

func (l *line) hints() [][2]string {
	hints := [][2]string{{"enter", "done"}, {"esc", "cancel"}}
	if l.past != nil {
		hints = append(hints, [2]string{"↑", "history"})
	}
	if l.complete != nil {
		hints = append(hints, [2]string{"tab", "complete"})
	}
	return hints
}

// past is what was entered before, the oldest first.
type past struct {
	texts []string
	at    int    // of texts; its length for what is typed now
	typed string // before going back
}

// pastMost bounds how much is remembered.
const pastMost = 100

func (h *past) add(text string) {
	if text != "" {
		h.texts = slices.DeleteFunc(h.texts, func(old string) bool { return old == text })
		h.texts = append(h.texts, text)
		h.texts = h.texts[max(0, len(h.texts)-pastMost):]
	}
	h.at = len(h.texts)
}

func (h *past) step(back bool, text string) (string, bool) {
	if h.at == len(h.texts) {
		h.typed = text
	}
	switch {
	case back && h.at > 0:
		h.at--
	case !back && h.at < len(h.texts):
		h.at++
	default:
		return "", false
	}
	if h.at == len(h.texts) {
		return h.typed, true
	}
	return h.texts[h.at], true
}

// choice asks for one key.
type choice struct {
	r    *root
	text string
	// done takes a character, 0 for any other key but esc, and reports whether
	// that was an answer.
	done func(key rune) bool
}

// ask opens a prompt for one key; esc leaves it.
func (r *root) ask(text string, done func(key rune) bool) {
	r.prompt = &choice{r: r, text: text, done: done}
}

func (c *choice) draw(p draw.Painter, r rect) {
	p.Line(r.x, r.y, r.width, draw.Text(" "+draw.Cut(c.text, r.width-1), draw.Strong), draw.Normal)
}

func (c *choice) key(e *tcell.EventKey) {
	key := rune(0)
	switch e.Key() {
	case tcell.KeyEscape:
		c.r.prompt = nil
		return
	case tcell.KeyRune:
		key = e.Rune()
	}
	c.r.prompt = nil
	if !c.done(key) {
		c.r.prompt = c
	}
}

func (c *choice) paste(string) {}

func (c *choice) hints() [][2]string { return [][2]string{{"esc", "cancel"}} }
