package inspector

import (
	"slices"

	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/edit"
)

// field is a place on the screen of composing that keys can go to.
type field uint8

const (
	atBody field = iota
	atTo
	atConn
	atKind
	atSplit
	atHeader
	atCode
	atReason
	atSent
)

// labels are what stands before the fields.
var labels = map[field]string{
	atTo: "to", atConn: "conn", atKind: "type", atSplit: "frames", atHeader: "header", atCode: "code", atReason: "reason",
}

// The choices of fields that have some.
var (
	receivers = []frame.Side{frame.Server, frame.Client}
	kinds     = []frame.Opcode{frame.Text, frame.Binary, frame.Ping, frame.Pong, frame.Close}
)

// entry returns what a field is written in, nil for one that is chosen.
func (c *compose) entry(at field) *edit.Editor {
	switch at {
	case atBody:
		return c.body
	case atSplit:
		return c.split
	case atHeader:
		return c.header
	case atCode:
		return c.code
	case atReason:
		return c.reason
	}
	return nil
}

// writes is the field that the payload is written in.
func (c *compose) writes() field {
	if c.kind == frame.Close {
		return atReason
	}
	return atBody
}

// step goes to another field.
func (c *compose) step(by int) {
	var order []field
	for _, row := range c.rows {
		order = append(order, row...)
	}
	if c.kind != frame.Close {
		order = append(order, atBody)
	}
	if len(c.sent.list) > 0 {
		order = append(order, atSent)
	}
	i := slices.Index(order, c.focus)
	c.focus = order[(max(i, 0)+by+len(order))%len(order)]
}

// choose handles a key in a field with choices.
func (c *compose) choose(e *tcell.EventKey) {
	step := 0
	switch e.Key() {
	case tcell.KeyLeft, tcell.KeyUp:
		step = -1
	case tcell.KeyRight, tcell.KeyDown:
		step = 1
	case tcell.KeyEnter:
		c.step(1)
	case tcell.KeyRune:
		switch e.Rune() {
		case ' ', 'l':
			step = 1
		case 'h':
			step = -1
		}
	}
	if step == 0 {
		return
	}
	switch c.focus {
	case atTo:
		c.to = turned(receivers, c.to, step)
		c.sketch = nil
	case atConn:
		c.neighbour(step)
	case atKind:
		c.setKind(turned(kinds, c.kind, step))
	}
}

// turned returns the choice after the current one, or before it.
func turned[T comparable](of []T, now T, step int) T {
	return of[(slices.Index(of, now)+step+len(of))%len(of)]
}

// setKind changes the type of the message, and with it how its payload is written.
func (c *compose) setKind(to frame.Opcode) {
	if err := c.body.SetBinary(to == frame.Binary); err != nil {
		c.r.tell(draw.Bad, err.Error())
		return
	}
	c.kind, c.sketch = to, nil
}

// choices returns the words of a field with choices, and which of them is chosen.
func (c *compose) choices(at field) (words []string, chosen int) {
	if at == atTo {
		for _, side := range receivers {
			words = append(words, side.String())
		}
		return words, slices.Index(receivers, c.to)
	}
	for _, kind := range kinds {
		words = append(words, kind.String())
	}
	return words, slices.Index(kinds, c.kind)
}

// choiceLine draws the choices, with brackets around the one that is chosen.
func (c *compose) choiceLine(at field) draw.Line {
	var line draw.Line
	words, chosen := c.choices(at)
	for i, word := range words {
		if i == chosen {
			line = append(line, draw.Span{Text: "[" + word + "] ", Style: draw.Strong})
		} else {
			line = append(line, draw.Span{Text: word + " ", Style: draw.Plain})
		}
	}
	return line
}

// clickChoice chooses what stands in a column of a field.
func (c *compose) clickChoice(at field, x int) {
	if at == atConn {
		c.neighbour(1)
		return
	}
	for i, span := range c.choiceLine(at) {
		if x -= draw.Width(span.Text); x < 0 {
			if at == atTo {
				c.to, c.sketch = receivers[i], nil
			} else {
				c.setKind(kinds[i])
			}
			return
		}
	}
}
