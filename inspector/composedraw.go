package inspector

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

func (c *compose) draw(p draw.Painter, r rect) {
	upper, lower := r, rect{}
	switch {
	case r.height >= 20:
		upper, lower = r.split(false, 62)
	case c.focus == atSent:
		upper, lower = rect{}, r
	}
	clear(c.places)
	if upper.height > 0 {
		c.drawForm(p, upper)
	}
	if lower.height > 0 {
		c.drawSent(p, lower)
	}
}

// drawForm draws the fields, what is written, and what will be sent.
func (c *compose) drawForm(p draw.Painter, r rect) {
	inner := pane(p, r, draw.Text("compose", draw.Title), c.note(), c.focus != atSent)
	c.layout(inner)
	y := inner.y
	for _, row := range c.rows {
		c.drawRow(p, row, rect{inner.x, y, inner.width, 1})
		y++
	}
	end := inner.y + inner.height
	var below []draw.Line
	if room := end - y; room >= 2 || c.kind == frame.Close {
		below = append(below, c.status())
		if room >= 4 || c.kind == frame.Close {
			below = append(below, c.drawn().line(inner.width))
		}
	}
	body := rect{inner.x + 1, y, inner.width - 2, max(0, end-y-len(below))}
	c.drawBody(p, body)
	for i, l := range below {
		if at := end - len(below) + i; at >= y {
			p.Line(inner.x, at, inner.width, append(draw.Line{{Text: " "}}, l...).Cut(inner.width), draw.Normal)
		}
	}
}

// layout arranges the fields in rows.
func (c *compose) layout(r rect) {
	c.rows = c.rows[:0]
	switch {
	case r.width >= 60:
		c.rows = append(c.rows, []field{atTo, atConn})
	case r.height >= 8:
		c.rows = append(c.rows, []field{atTo}, []field{atConn})
	default:
		c.rows = append(c.rows, []field{atTo})
	}
	c.rows = append(c.rows, []field{atKind}, []field{atSplit, atHeader})
	if c.kind == frame.Close {
		c.rows = append(c.rows, []field{atCode}, []field{atReason})
	}
}

// drawRow draws fields side by side.
func (c *compose) drawRow(p draw.Painter, row []field, r rect) {
	const label = 8
	first := 24
	if r.width < 60 {
		first = 15
	}
	p.Line(r.x, r.y, r.width, nil, draw.Normal)
	for i, at := range row {
		place := r
		if i > 0 {
			place.x += first
		}
		place.width = r.x + r.width - place.x
		if i+1 < len(row) {
			place.width = first
		}
		name := draw.Span{Text: " " + draw.Fit(labels[at], label-1), Style: draw.Dim}
		if at == c.focus {
			name = draw.Span{Text: "›" + draw.Fit(labels[at], label-1), Style: draw.Focus}
		}
		used := draw.Width(name.Text)
		p.Line(place.x, place.y, place.width, draw.Line{name}, draw.Normal)
		place.x, place.width = place.x+used, max(1, place.width-used)
		c.places[at] = place
		c.drawField(p, at, place)
	}
}

func (c *compose) drawField(p draw.Painter, at field, r rect) {
	switch at {
	case atTo, atKind:
		p.Line(r.x, r.y, r.width, c.choiceLine(at).Cut(r.width), draw.Normal)
	case atConn:
		p.Line(r.x, r.y, r.width, c.connection().Cut(r.width), draw.Normal)
	default:
		entry := c.entry(at)
		line := entry.Lines(r.width, 1)[0]
		if len(line.String()) == 0 && at == atHeader && at != c.focus {
			line = draw.Text(draw.Cut("legal, or as in fin=0,rsv=5,opcode=11,masked=0,length=99", r.width), draw.Dim)
		}
		p.Line(r.x, r.y, r.width, line, draw.Normal)
		c.cursor(p, at, r)
		if at == atCode {
			p.Line(r.x+6, r.y, max(0, r.width-6), draw.Text(draw.Cut(c.codeWords(), max(0, r.width-6)), draw.Dim), draw.Normal)
		}
	}
}

// cursor shows where the next character goes.
func (c *compose) cursor(p draw.Painter, at field, r rect) {
	if at == c.focus && c.r.prompt == nil && r.height > 0 {
		x, y := c.entry(at).Cursor()
		p.Screen.ShowCursor(r.x+x, r.y+y)
	}
}

// connection says which one it is and how it is.
func (c *compose) connection() draw.Line {
	if c.conn == 0 {
		return draw.Text("none", draw.Warning)
	}
	line := draw.Text(fmt.Sprintf("#%d ", c.conn), draw.Plain)
	if c.info == nil {
		return line
	}
	state := draw.Span{Text: "open ", Style: draw.Good}
	if c.info.State != frame.Open {
		state = draw.Span{Text: string(c.info.State) + " ", Style: draw.Bad}
	}
	return append(line, state, draw.Span{Text: decode.Visible(c.info.URL)})
}

func (c *compose) note() draw.Line {
	switch {
	case c.sending:
		return draw.Text("sending… (esc stops)", draw.Warning)
	case c.unsent():
		return draw.Text("not sent", draw.Dim)
	}
	return nil
}

// status says what the payload is.
func (c *compose) status() draw.Line {
	if c.kind == frame.Close {
		return c.reason.Status()
	}
	return c.body.Status()
}

func (c *compose) drawBody(p draw.Painter, r rect) {
	for y := range r.height {
		p.Line(r.x-1, r.y+y, r.width+2, nil, draw.Normal)
	}
	if c.kind == frame.Close || r.height == 0 {
		return
	}
	c.places[atBody] = r
	for y, l := range c.body.Lines(r.width, r.height) {
		p.Line(r.x, r.y+y, r.width, l, draw.Normal)
	}
	c.cursor(p, atBody, r)
}

// sketch is what will be on the wire.
type sketch struct {
	draft frame.Draft
	err   error // why it cannot be sent
	head  []string
	first []byte // the beginning of the first frame's payload
	size  int    // of all frames
}

// sketched is how much of a payload a sketch shows.
const sketched = 64

// drawn returns the sketch of what is written.
func (c *compose) drawn() *sketch {
	if c.sketch == nil {
		c.sketch = new(sketch)
		if c.sketch.draft, c.sketch.err = c.draft(); c.sketch.err == nil {
			c.sketch.err = c.sketch.fill()
		}
	}
	return c.sketch
}

// fill takes from the frames what is shown of them.
func (s *sketch) fill() error {
	wire, err := s.draft.Wire()
	if err != nil {
		return err
	}
	s.size = len(wire)
	h, size := frame.Parse(wire)
	for i, b := range wire[:size] {
		word := fmt.Sprintf("%02x", b)
		if h.Masked && i >= size-4 && !bytes.Contains([]byte(s.draft.Header), []byte("mask=")) {
			word = "**" // a fresh one each time
		}
		s.head = append(s.head, word)
	}
	part := len(s.draft.Payload) / max(1, s.draft.Fragments)
	s.first = s.draft.Payload[:min(part, sketched)]
	return nil
}

// line shows the bytes of the first frame.
func (s *sketch) line(width int) draw.Line {
	if s.err != nil {
		return draw.Text(decode.Visible(s.err.Error()), draw.Bad)
	}
	line := draw.Line{{Text: strings.Join(s.head, " "), Style: draw.Strong}}
	if len(s.first) > 0 {
		line = append(line, draw.Span{Text: fmt.Sprintf("  % x", s.first), Style: draw.Plain})
	}
	size := draw.Counted(uint64(s.size), "byte") + " on the wire"
	if n := s.draft.Fragments; n > 1 {
		size += " in " + draw.Counted(uint64(n), "frame")
	}
	room := width - draw.Width(size) - 4
	if room < 12 {
		return draw.Text(size, draw.Dim)
	}
	line = line.Cut(room)
	return append(line, draw.Span{Text: strings.Repeat(" ", room-line.Width()+2) + size, Style: draw.Dim})
}
