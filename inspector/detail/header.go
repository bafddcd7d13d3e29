package detail

import (
	"fmt"
	"strings"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// headerView shows what was on the wire: facts of the message, then each frame bit
// by bit.
type headerView struct {
	doc *Document
	top int
	w   int // that rows are for
	all []draw.Line
}

// fact is one thing to know: a word for it, its bytes or bits, what they mean.
type fact struct {
	label, raw, words string
	style             draw.Style
}

const (
	labelCells = 9
	rawCells   = 24 // eight bytes
	// wideHeader is from which width on a fact's parts stand side by side.
	wideHeader = 66
)

func (v *headerView) name() string { return "header" }

func (v *headerView) settle(s *sight) {
	if v.w != s.w || v.all == nil {
		v.w, v.all = s.w, v.doc.headerLines(s.w)
	}
	v.top = max(0, min(v.top, len(v.all)-s.h))
}

func (v *headerView) lines(s *sight) []draw.Line {
	v.settle(s)
	return v.all[v.top:min(len(v.all), v.top+s.h)]
}

func (v *headerView) move(s *sight, rows int) {
	v.settle(s)
	v.top += max(-v.top, min(rows, len(v.all)))
	v.settle(s)
}

func (v *headerView) home(*sight) { v.top = 0 }

func (v *headerView) end(s *sight) {
	v.settle(s)
	v.top = len(v.all)
	v.settle(s)
}

func (v *headerView) sideways(*sight, int) {}

func (v *headerView) reveal(*sight, int, int) bool { return false }

func (d *Document) headerLines(w int) (lines []draw.Line) {
	for _, f := range d.messageFacts() {
		lines = f.appendLines(lines, w)
	}
	for i := range d.subject.Frames {
		r := &d.subject.Frames[i]
		lines = append(lines, nil)
		heading := fmt.Sprintf("frame %s of %s  #%s", draw.Grouped(uint64(i+1)), draw.Grouped(uint64(max(d.Message().Frames, len(d.subject.Frames)))), draw.Grouped(r.Seq))
		if r.Opaque {
			heading = fmt.Sprintf("bytes that are no frame  #%s", draw.Grouped(r.Seq))
		}
		lines = append(lines, cut(draw.Text(heading, draw.Title), w))
		for _, f := range d.frameFacts(r) {
			lines = f.appendLines(lines, w)
		}
	}
	if left := d.Message().Frames - len(d.subject.Frames); left > 0 {
		lines = append(lines, nil, cut(draw.Text("… "+draw.Counted(uint64(left), "more frame"), draw.Dim), w))
	}
	return lines
}

// appendLines draws the fact: its parts side by side where there is room, otherwise
// its words below, a little to the right.
func (f fact) appendLines(lines []draw.Line, w int) []draw.Line {
	label := draw.Span{Text: draw.Fit(f.label, labelCells) + " ", Style: draw.Name}
	margin := labelCells + 1
	head := draw.Line{label}
	if f.raw != "" {
		raw := f.raw
		if w >= wideHeader {
			raw = draw.Fit(raw, rawCells) + " "
			margin += rawCells + 1
		}
		head = append(head, draw.Span{Text: raw, Style: draw.Number})
	}
	if w < 3*labelCells || f.raw != "" && w < wideHeader {
		for head.Width() > w && len(head) > 1 && head[0].Style == draw.Name && w < 3*labelCells {
			// Not even label and bytes fit side by side.
			lines = append(lines, cut(draw.Text(f.label, draw.Name), w))
			head = head[1:]
		}
		lines = append(lines, cut(head, w))
		margin, head = min(2, w/4), nil
	}
	for _, row := range wrapped(f.words, w-margin) {
		if head == nil {
			head = draw.Text(strings.Repeat(" ", margin), draw.Plain)
		}
		lines = append(lines, append(head, draw.Span{Text: row, Style: f.style}))
		head = nil
	}
	if head != nil {
		lines = append(lines, cut(head, w))
	}
	return lines
}

// messageFacts are those of the message as a whole.
func (d *Document) messageFacts() (facts []fact) {
	m := d.Message()
	add := func(label string, style draw.Style, format string, args ...any) {
		facts = append(facts, fact{label: label, words: fmt.Sprintf(format, args...), style: style})
	}
	add("message", draw.Strong, "#%s %s from the %s, %s, connection #%d", draw.Grouped(m.Seq), m.Type, m.From, draw.Counted(uint64(m.Frames), "frame"), m.Conn)
	if !m.Time.IsZero() {
		took := ""
		if n := len(d.subject.Frames); n > 1 {
			last := &d.subject.Frames[n-1]
			which := "the last frame"
			if n < m.Frames {
				which = "frame " + draw.Grouped(uint64(n))
			}
			took = fmt.Sprintf(", %s %s later", which, draw.Lapse(last.Time.Sub(m.Time)))
		}
		add("time", draw.Plain, "%s%s", m.Time.Format("2006-01-02 15:04:05.000000 -07:00"), took)
	}
	if m.Origin != frame.Observed {
		add("origin", draw.Accent, "%s: %s", m.Origin, origins[m.Origin])
	}
	if m.Recoded {
		add("recoded", draw.Plain, "its receiver got the same message in other bytes: compressed anew, because one before it was edited or dropped")
	}
	switch {
	case m.Error != "":
		add("size", draw.Plain, "%s as it passed", sized(m.Size))
		add("error", draw.Bad, "%s", decode.Visible(m.Error))
	case m.Compressed:
		passed := d.passed()
		ratio := ""
		if passed > 0 {
			ratio = fmt.Sprintf(", ratio %.2f", float64(m.Size)/float64(passed))
		}
		add("inflated", draw.Plain, "%s from %s%s", sized(m.Size), sized(passed), ratio)
	default:
		add("size", draw.Plain, "%s, not compressed", sized(m.Size))
	}
	if d.ext.Deflate && m.Type.Data() {
		takeover := "yes: messages build on those before"
		if d.ext.NoContextTakeover[m.From] {
			takeover = "no: each message for itself"
		}
		bits := d.ext.WindowBits[m.From]
		add("deflate", draw.Plain, "context takeover %s; window of %d bits, %s", takeover, bits, sized(1<<bits))
	}
	if len(d.ext.Unknown) > 0 {
		add("also", draw.Warning, "extension %s, which may have changed the payload", quoted(strings.Join(d.ext.Unknown, ", "), 200))
	}
	overhead := ""
	if len(d.subject.Frames) == m.Frames {
		headers := uint64(0)
		for i := range d.subject.Frames {
			if r := &d.subject.Frames[i]; !r.Opaque {
				headers += uint64(r.Header.Size())
			}
		}
		overhead = ", " + draw.Grouped(headers) + " of them headers"
	}
	add("on wire", draw.Plain, "%s%s", sized(m.WireSize), overhead)
	if m.Type == frame.Close && m.Error == "" {
		facts = append(facts, closeFacts(m)...)
	}
	if words := missing(m.Incomplete); words != "" {
		add("missing", draw.Warning, "%s", words)
	}
	if m.Truncated {
		add("truncated", draw.Warning, "the first %s of %s are shown", draw.Grouped(uint64(len(m.Payload))), sized(m.Size))
	}
	if m.Violation != frame.Legal {
		add("violation", draw.Bad, "%s", broken(m.Violation))
	}
	return facts
}

// origins say what each origin means.
var origins = map[frame.Origin]string{
	frame.Injected: "made by the user, sent by wsluice",
	frame.Edited:   "sent in place of an observed message",
	frame.Dropped:  "seen, and kept from its receiver by the user",
	frame.Replayed: "sent again from a capture",
}

// closeFacts are those of a close frame.
func closeFacts(m *frame.Message) []fact {
	code := fact{label: "code", words: "none was sent", style: draw.Plain}
	if m.Code != 0 || len(m.Payload) >= 2 {
		code.words = m.Code.String() + ": " + m.Code.Explanation()
	}
	reason := fact{label: "reason", words: "none was sent", style: draw.Plain}
	if m.Reason != "" {
		reason.words = quoted(m.Reason, 1000)
	}
	return []fact{code, reason}
}

// broken says which rule a violation breaks.
func broken(v frame.Violation) string {
	words := v.Name()
	if s := v.Sentence(); s != "" {
		words += ". " + s + " " + v.Section()
	}
	return words
}
