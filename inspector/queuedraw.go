package inspector

import (
	"fmt"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

func (q *queue) draw(p draw.Painter, r rect) {
	upper, lower := r.split(q.r.look.beside(r), 45)
	if q.alone = r.width < 80 || r.height < 17; q.alone || q.zoomed {
		upper, lower = r, r
	}
	within := q.inner || q.writing
	q.lower, q.written = rect{}, rect{}
	if upper != lower || !within {
		q.drawList(p, upper)
	}
	if upper != lower || within {
		q.lower = lower
		q.drawDetail(p, lower)
	}
}

func (q *queue) drawList(p draw.Painter, r rect) {
	title := draw.Line{{Text: "held messages ", Style: draw.Title}, {Text: draw.Grouped(uint64(len(q.hold.held)))}}
	if n := len(q.hold.kept); n > 0 {
		title = append(title, draw.Span{Text: fmt.Sprintf("  and %d gone", n), Style: draw.Warning})
	}
	note := draw.Text("intercept off", draw.Dim)
	if q.hold.on {
		note = draw.Text(holdWords(q.hold.order), draw.Accent)
	}
	within := q.inner || q.writing
	inner := pane(p, r, title, note, !within)
	p.Line(inner.x, inner.y, inner.width, heldHead(inner.width), draw.Normal)
	q.where = rect{inner.x, inner.y + 1, inner.width, max(0, inner.height-1)}
	listed := q.hold.rows()
	q.top = max(min(q.top, q.place), q.place-q.where.height+1)
	q.top = max(0, min(q.top, len(listed)-q.where.height))
	now := q.r.i.now()
	for y := range q.where.height {
		var l draw.Line
		row := draw.Normal
		switch i := q.top + y; {
		case i < len(listed):
			l = heldRow(&listed[i], q.hold.edits[listed[i].ID], now, inner.width, q.side)
			if i == q.place && within {
				row = draw.Blurred
			} else if i == q.place {
				row = draw.Selected
			}
		case y == 0:
			l = draw.Text(draw.Cut("   "+q.nothing(), q.where.width), draw.Dim)
		}
		p.Line(q.where.x, q.where.y+y, q.where.width, l, row)
	}
}

// nothing says why there are no rows.
func (q *queue) nothing() string {
	switch {
	case q.hold.on:
		return "nothing is held now"
	case !q.r.status.Recording:
		return "no proxy records this capture: there is nothing to hold"
	}
	return fmt.Sprintf("intercept is off: %s holds messages that match a filter", q.r.i.o.Keys.Key(keys.Intercept))
}

// whyWidth is the width of the column of filters.
func whyWidth(width int) int {
	switch {
	case width >= 140:
		return 32
	case width >= 98:
		return 20
	case width >= 78:
		return 14
	}
	return 0
}

// heldHead names the columns of the queue.
func heldHead(width int) draw.Line {
	head := "     held   conn  dir  type    size  "
	if w := whyWidth(width); w > 0 {
		head += draw.Fit("filter", w) + "  "
	}
	return draw.Text(draw.Cut(head+"preview", width), draw.Dim)
}

// heldRow draws one row of the queue.
func heldRow(h *Held, e *heldEdit, now time.Time, width, side int) draw.Line {
	m := &h.Message
	sign, age, style := " ", draw.FitRight(agoWords(now.Sub(h.Since)), 7), draw.Plain
	switch {
	case e != nil && e.gone != "":
		age, style = draw.FitRight("gone", 7), draw.Warning
		sign = "~"
	case h.Until.Sub(now) < 5*time.Second:
		style = draw.Warning
	}
	if e != nil && e.text.Changed() {
		sign = "~"
	}
	line := draw.Line{
		{Text: " " + sign, Style: draw.Accent}, {Text: age + " ", Style: style},
		{Text: draw.FitRight(fmt.Sprintf("#%d", m.Conn), 6) + "  ", Style: draw.Dim},
	}
	line = append(line, kindSpans(m.From, m.Type)...)
	line = append(line, draw.Span{Text: draw.FitRight(draw.Short(float64(m.Size)), 6) + "  "})
	if w := whyWidth(width); w > 0 {
		line = append(line, draw.Span{Text: draw.Fit(why(h), w) + "  ", Style: draw.Accent})
	}
	return append(line, preview(m, width-line.Width(), side)...)
}

// why names the filter that holds a message.
func why(h *Held) string {
	if h.Why == "" {
		return "everything"
	}
	return decode.Visible(h.Why)
}

// agoWords writes a time that goes by, in seconds.
func agoWords(d time.Duration) string {
	s := int(max(d, 0) / time.Second)
	if s < 60 {
		return fmt.Sprintf("%ds", s)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func (q *queue) drawDetail(p draw.Painter, r rect) {
	if q.shown == nil {
		inner := pane(p, r, nil, nil, false)
		for y := range inner.height {
			p.Line(inner.x, inner.y+y, inner.width, nil, draw.Normal)
		}
		return
	}
	h, e := q.shown, q.edit()
	title := draw.Line{{Text: fmt.Sprintf("held #%d  ", h.ID), Style: draw.Title}}
	title = append(title, kindSpans(h.Message.From, h.Message.Type)...)
	title = append(title, draw.Span{Text: fmt.Sprintf("%s  conn #%d", draw.Bytes(float64(h.Message.Size)), h.Message.Conn)})
	inner := pane(p, r, title, q.falls(h, e), q.inner || q.writing)
	if inner.height <= 0 {
		return
	}
	if inner.height > 6 {
		inner.height--
		p.Line(inner.x, inner.y+inner.height, inner.width, draw.Text(draw.Cut(" "+q.explain(h, e), inner.width), draw.Dim), draw.Normal)
	}
	if e == nil {
		q.detail.body(p, inner, q.inner)
		return
	}
	q.drawEdit(p, inner, e)
}

// drawEdit draws the original above what somebody makes of it.
func (q *queue) drawEdit(p draw.Painter, r rect, e *heldEdit) {
	above := 0
	if r.height >= 8 {
		above = max(2, r.height/3)
		part := rect{r.x, r.y + 1, r.width, above - 1}
		p.Line(r.x, r.y, r.width, draw.Text(" original", draw.Dim), draw.Normal)
		q.detail.body(p, part, false)
	}
	r.y, r.height = r.y+above, r.height-above
	head := draw.Line{{Text: " edited  ", Style: draw.Strong}}
	p.Line(r.x, r.y, r.width, append(head, e.text.Status()...).Cut(r.width), draw.Normal)
	q.written = rect{r.x + 1, r.y + 1, max(1, r.width-2), max(0, r.height-1)}
	if q.written.height == 0 {
		return
	}
	lines := e.text.Lines(q.written.width, q.written.height)
	for y := range q.written.height {
		l := draw.Line{{Text: " "}}
		if y < len(lines) {
			l = append(l, lines[y]...)
		}
		p.Line(r.x, q.written.y+y, r.width, l, draw.Normal)
	}
	if x, y := e.text.Cursor(); q.writing && q.r.prompt == nil {
		p.Screen.ShowCursor(q.written.x+x, q.written.y+y)
	}
}

// falls says what happens when the time is up, and when.
func (q *queue) falls(h *Held, e *heldEdit) draw.Line {
	if e != nil && e.gone != "" {
		return draw.Text("gone", draw.Warning)
	}
	left := h.Until.Sub(q.r.i.now())
	style := draw.Accent
	if left < 5*time.Second {
		style = draw.Warning
	}
	return draw.Text(expiredWord(h)+" in "+agoWords(left+time.Second-1), style)
}

// explain says what can be done with the message that is shown.
func (q *queue) explain(h *Held, e *heldEdit) string {
	key := q.r.i.o.Keys.Key
	switch {
	case e != nil && e.gone != "":
		return fmt.Sprintf("%s; the edited text is kept until %s forgets it", e.gone, key(keys.Undo))
	case q.writing:
		return fmt.Sprintf("%s sends it in place of the original, %s keeps it", key(keys.SendEdited), key(keys.LeaveEdit))
	case e != nil:
		return fmt.Sprintf("%s sends the edited text, %s undoes the edit", key(keys.Accept), key(keys.Undo))
	}
	return fmt.Sprintf("after %s it is %s; what the %s sends behind it waits, in order",
		h.Until.Sub(h.Since).Round(time.Second), expiredWord(h), h.Message.From)
}
