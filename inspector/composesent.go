package inspector

import (
	"fmt"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// sent is a message that was sent from here, with what came back.
type sent struct {
	conn   uint64
	draft  frame.Draft
	at     time.Time
	waited time.Duration
	until  time.Time      // a reply is looked for
	seq    uint64         // of it in the connection, 0 while that is not known
	reply  *frame.Message // its beginning, nil for none
	done   bool           // no reply is looked for any more
	err    error          // why none was found
}

// sentList is what was sent, the newest first. What is oldest goes when it is too
// much.
type sentList struct {
	list    []*sent
	at, top int
	height  int // in entries
}

const (
	sentMost  = 200      // entries
	sentBytes = 64 << 20 // of their payloads, besides the newest
)

func (l *sentList) add(s *sent) {
	l.list = append([]*sent{s}, l.list[:min(len(l.list), sentMost-1)]...)
	total := 0
	for i, s := range l.list {
		if total += len(s.draft.Payload); total > sentBytes && i > 0 {
			clear(l.list[i:])
			l.list = l.list[:i]
			break
		}
	}
	if l.at > 0 {
		l.at = min(l.at+1, len(l.list)-1) // stays with what was selected
	}
}

// current returns the selected entry, nil for none.
func (l *sentList) current() *sent {
	if l.at < len(l.list) {
		return l.list[l.at]
	}
	return nil
}

func (l *sentList) move(by int) { l.at = min(max(l.at+by, 0), max(0, len(l.list)-1)) }

// click selects the entry in a row.
func (l *sentList) click(row int) { l.move(l.top + row/2 - l.at) }

// actSent does what keys mean for what was sent.
func (c *compose) actSent(a keys.Action) bool {
	l := &c.sent
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
		l.move(-len(l.list))
	case keys.Last:
		l.move(len(l.list))
	case keys.Open:
		c.openSent(l.current())
	case keys.EditCopy:
		c.again(l.current())
	case keys.Copy:
		if s := l.current(); s != nil {
			c.r.copy("the payload", textOrBase64(s.draft.Payload))
		}
	default:
		return false
	}
	return true
}

// openSent shows a message among those of its connection.
func (c *compose) openSent(s *sent) {
	switch {
	case s == nil:
	case s.seq == 0:
		c.r.tell(draw.Warning, "it is not in the capture yet")
	default:
		m := newMessages(c.r, s.conn)
		m.list.To(s.seq)
		c.r.push(m)
	}
}

// again makes what was sent the message that is written.
func (c *compose) again(s *sent) {
	if s == nil {
		return
	}
	c.instead(func() {
		c.connect(s.conn)
		c.load(&s.draft)
	})
}

// drawSent draws what was sent, each with its reply.
func (c *compose) drawSent(p draw.Painter, r rect) {
	l := &c.sent
	title := draw.Line{{Text: "sent from here ", Style: draw.Title}, {Text: fmt.Sprint(len(l.list))}}
	inner := pane(p, r, title, nil, c.focus == atSent)
	c.places[atSent] = inner
	l.height = max(1, inner.height/2)
	l.top = min(max(l.top, l.at-l.height+1), l.at)
	for y := range inner.height {
		var line draw.Line
		row := draw.Normal
		switch i := l.top + y/2; {
		case len(l.list) == 0 && y == 0:
			line = draw.Text(" nothing yet", draw.Dim)
		case i >= len(l.list):
		case y%2 == 0:
			line = c.sentRow(l.list[i], inner.width)
			if i == l.at && c.focus == atSent {
				row = draw.Selected
			}
		default:
			line = c.replyRow(l.list[i], inner.width)
		}
		p.Line(inner.x, inner.y+y, inner.width, line, row)
	}
}

func (c *compose) sentRow(s *sent, width int) draw.Line {
	d := &s.draft
	m := frame.Message{From: d.From, Type: d.Type, Payload: d.Payload, Size: uint64(len(d.Payload))}
	note := "delivered after " + draw.Lapse(s.waited)
	if s.conn != c.conn {
		note = fmt.Sprintf("to #%d, ", s.conn) + note
	}
	return c.exchanged(&m, s.at, width, draw.Span{Text: note, Style: draw.Dim})
}

func (c *compose) replyRow(s *sent, width int) draw.Line {
	switch {
	case s.reply != nil:
		return c.exchanged(s.reply, s.reply.Time, width, draw.Span{Text: "reply after " + draw.Lapse(s.reply.Time.Sub(s.at)), Style: draw.Dim})
	case s.err != nil:
		return draw.Text(draw.Cut("   "+decode.Visible(s.err.Error()), width), draw.Bad)
	case replies[s.draft.Type] == 0:
		return nil
	case s.done:
		return draw.Text(draw.Cut(fmt.Sprintf("   no reply within %s", replyPatience), width), draw.Dim)
	}
	return draw.Text("   …", draw.Dim)
}

// exchanged draws a message with a note at the right end.
func (c *compose) exchanged(m *frame.Message, at time.Time, width int, note draw.Span) draw.Line {
	look := rowLook{width: width, zone: c.r.i.o.Zone}
	line := draw.Line{{Text: " " + at.In(look.zone).Format("15:04:05.000")[:look.timeWidth()] + " ", Style: draw.Dim}}
	line = append(line, kindSpans(m.From, m.Type)...)
	if look.sizes() {
		line = append(line, draw.Span{Text: draw.FitRight(draw.Short(float64(m.Size)), 6) + "  "})
	}
	for _, word := range messageMarks(m) {
		line = append(line, draw.Span{Text: "[" + word.Text + "] ", Style: word.Style})
	}
	room := width - line.Width() - draw.Width(note.Text) - 3
	if room < 8 {
		note, room = draw.Span{}, width-line.Width()-1
	}
	shown := preview(m, room, 0)
	gap := max(0, room-shown.Width())
	return append(append(line, shown...), draw.Span{Text: fmt.Sprintf("%*s", gap+2, "")}, note).Cut(width)
}
