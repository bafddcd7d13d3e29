package detail

import (
	"fmt"
	"strings"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// views returns new views of d, in the order of their tabs.
func (d *Document) views() []view {
	views := []view{newTextView(d)}
	for i := range d.subject.Readings {
		views = append(views, newTreeView(d, &d.subject.Readings[i], d.trees[i]))
	}
	views = append(views, &hexView{doc: d, src: d.Message().Payload}, &headerView{doc: d})
	if d.original != nil {
		views = append(views, newOriginalView(d.original))
	}
	return views
}

// best returns the index of the view that tells most.
func (d *Document) best() int {
	m, hex := d.Message(), 1+len(d.subject.Readings)
	switch {
	case len(d.subject.Readings) > 0:
		return 1
	case m.Error != "" || m.Type == frame.Opaque:
		return hex
	case m.Type == frame.Text || m.Type == frame.Close || len(m.Payload) == 0 || d.readable():
		return 0
	}
	return hex
}

// readable reports whether the payload looks like text, whatever its type says.
func (d *Document) readable() bool {
	const look = 512
	p := d.Message().Payload
	if d.invalid >= 0 {
		return false
	}
	for _, c := range p[:min(len(p), look)] {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7F {
			return false
		}
	}
	return true
}

// reads reports whether a reading is called name.
func (d *Document) reads(name string) bool {
	for i := range d.subject.Readings {
		if d.subject.Readings[i].Decoder == name {
			return true
		}
	}
	return false
}

// arrow shows which way a message went.
func arrow(from frame.Side) draw.Span {
	if from == frame.Client {
		return draw.Span{Text: "→", Style: draw.Client}
	}
	return draw.Span{Text: "←", Style: draw.Server}
}

// marks are the words for all about m that is out of the ordinary.
func marks(m *frame.Message) (l draw.Line) {
	add := func(text string, style draw.Style) { l = append(l, draw.Span{Text: text, Style: style}) }
	if m.Origin != frame.Observed {
		add(m.Origin.String(), draw.Accent)
	}
	if m.Recoded {
		add("recoded", draw.Dim)
	}
	if m.Incomplete != frame.Whole {
		add(m.Incomplete.String(), draw.Warning)
	}
	if m.Truncated {
		add("truncated", draw.Warning)
	}
	if m.Error != "" {
		add("unreadable", draw.Bad)
	}
	if m.Violation != frame.Legal {
		add("violation: "+m.Violation.Name(), draw.Bad)
	}
	return l
}

// Title returns what to write into the pane's upper edge: number, direction, type,
// size, then what is out of the ordinary, then how the message went over the wire.
// It leaves at least four cells of the width, and what matters less out when there
// is no room.
func (p *Pane) Title() draw.Line {
	if p.doc == nil {
		return nil
	}
	m, room := p.doc.Message(), max(0, p.w-4)
	title := draw.Line{
		{Text: "#" + draw.Grouped(m.Seq) + " ", Style: draw.Strong}, arrow(m.From),
		{Text: " " + m.Type.String() + " " + sized(m.Size), Style: draw.Strong},
	}
	if m.Type == frame.Close && m.Code != 0 {
		title = append(title, draw.Span{Text: " " + m.Code.String(), Style: draw.Control})
	}
	more := marks(m)
	more = append(more, draw.Span{Text: draw.Counted(uint64(m.Frames), "frame"), Style: draw.Dim})
	if m.Compressed {
		more = append(more, draw.Span{Text: "deflate " + sized(p.doc.passed()), Style: draw.Dim})
	}
	if frames := p.doc.subject.Frames; len(frames) > 0 && !frames[0].Opaque {
		word := "not masked"
		if frames[0].Header.Masked {
			word = "masked"
		}
		more = append(more, draw.Span{Text: word, Style: draw.Dim})
	}
	for _, s := range more {
		next := append(title[:len(title):len(title)], draw.Span{Text: "  ", Style: draw.Dim}, s)
		if next.Width() > room {
			// A mark that does not fit is cut, lest it be missed.
			if s.Style != draw.Dim {
				title = next
			}
			break
		}
		title = next
	}
	return cut(title, room)
}

// passed returns how many payload bytes were on the wire, or with the headers when
// not all frames are at hand.
func (d *Document) passed() (size uint64) {
	m := d.Message()
	if len(d.subject.Frames) != m.Frames {
		return m.WireSize
	}
	for i := range d.subject.Frames {
		r := &d.subject.Frames[i]
		size += r.WireSize() - uint64(r.Header.Size())
	}
	return size
}

// Tabs returns the names of the views, the current one in brackets, in no more than
// the pane's width.
func (p *Pane) Tabs() draw.Line {
	var l draw.Line
	for i, v := range p.views {
		if i > 0 {
			l = append(l, draw.Span{Text: " │ ", Style: draw.Dim})
		}
		name := decode.Visible(v.name())
		if i == p.at {
			l = append(l, draw.Span{Text: "[" + name + "]", Style: draw.Strong})
		} else {
			l = append(l, draw.Span{Text: name, Style: draw.Plain})
		}
	}
	if l.Width() > p.w && len(p.views) > 0 {
		l = draw.Line{
			{Text: "[" + decode.Visible(p.View()) + "]", Style: draw.Strong},
			{Text: fmt.Sprintf(" %d of %d", p.at+1, len(p.views)), Style: draw.Dim},
		}
	}
	return cut(l, p.w)
}

// notes are the lines above every view but header, which has it all: why what is
// shown is not what was sent, or not all of it. They take half of the pane at most.
func (p *Pane) notes() (lines []draw.Line) {
	if p.doc == nil || p.View() == "header" {
		return nil
	}
	room := p.h / 2
	for _, n := range p.doc.notes(p.View()) {
		for _, row := range wrapped(n.Text, p.w) {
			if len(lines) == room {
				if room > 0 {
					lines[room-1] = cut(append(lines[room-1], draw.Span{Text: strings.Repeat(" ", p.w), Style: draw.Plain}), p.w)
				}
				return lines
			}
			lines = append(lines, draw.Text(row, n.Style))
		}
	}
	return lines
}

// notes are what must be known to understand what a view shows.
func (d *Document) notes(view string) (notes []draw.Span) {
	m := d.Message()
	add := func(style draw.Style, format string, args ...any) {
		notes = append(notes, draw.Span{Text: fmt.Sprintf(format, args...), Style: style})
	}
	if m.Error != "" {
		add(draw.Bad, "These are the bytes as they passed: %s", decode.Visible(m.Error))
	}
	if words := missing(m.Incomplete); words != "" {
		add(draw.Warning, "%s", words)
	}
	if m.Type == frame.Opaque {
		add(draw.Warning, "Not a frame: a header before was impossible, or cut off by the end of the stream.")
	}
	if m.Truncated {
		add(draw.Warning, "These are the first %s of %s.", draw.Grouped(uint64(len(m.Payload))), sized(m.Size))
	}
	for i := range d.subject.Readings {
		if r := &d.subject.Readings[i]; r.Decoder == view && r.Note != "" {
			add(draw.Accent, "%s", r.Note)
		}
	}
	switch {
	case view == "text" && m.Type == frame.Close && d.textAt > 0:
		add(draw.Strong, "%s: %s", m.Code, m.Code.Explanation())
	case view == "text" && d.invalid >= 0 && m.Error == "":
		style := draw.Dim
		if m.Type == frame.Text {
			style = draw.Warning
		}
		add(style, "Not UTF-8 from byte %s (%#x) on: such bytes are written \\xff.", draw.Grouped(uint64(d.textAt+d.invalid)), d.textAt+d.invalid)
	case view == "hex" && len(d.subject.Readings) == 0 && d.subject.Why != "":
		add(draw.Dim, "%s", decode.Visible(d.subject.Why))
	}
	return notes
}

// nothing says why there is nothing to show.
func (d *Document) nothing() string {
	m := d.Message()
	switch {
	case m.Size > uint64(d.textAt):
		return "none of the payload is here"
	case d.textAt > 0:
		return "no reason"
	case m.Type == frame.Close:
		return "no code, no reason"
	}
	return "no payload"
}

// missing says what is missing of a message or frame.
func missing(i frame.Incomplete) string {
	switch i {
	case frame.Cut:
		return "Cut: the stream ended before the rest came."
	case frame.Shed:
		return "Shed: the recorder was overloaded and kept only headers."
	case frame.Unfinished:
		return "Unfinished: the other frames of the message never came."
	}
	return ""
}
