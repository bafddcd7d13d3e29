package inspector

import (
	"fmt"
	"strings"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/rows"
)

// rowSigns are the signs in front of a row, none of which rests on a colour.
var rowSigns = []struct {
	sign    string
	style   draw.Style
	meaning string
}{
	{"!", draw.Bad, "breaks the protocol, or could not be inflated; also a connection that failed"},
	{"*", draw.Accent, "injected by a user"},
	{"~", draw.Accent, "edited by a user"},
	{"x", draw.Accent, "dropped by a user"},
	{"&", draw.Accent, "sent by a replay"},
	{"%", draw.Warning, "not whole: cut off, shed or unfinished"},
	{"+", draw.Plain, "made of several frames; enter unfolds them"},
	{"a", draw.Accent, "a letter is a mark; ' and the letter jump to it"},
	{"\"", draw.Accent, "has a note"},
}

// originSigns are those of what was not merely observed.
var originSigns = map[frame.Origin]string{frame.Injected: "*", frame.Edited: "~", frame.Dropped: "x", frame.Replayed: "&"}

// rowLook is how rows are drawn.
type rowLook struct {
	width  int
	conn   bool // a column with the connection
	clock  clock
	zone   *time.Location
	start  time.Time // of the connection
	number int       // width of the column of numbers
	side   int       // cells of the preview scrolled away
}

// messageHead names the columns.
func messageHead(l rowLook) draw.Line {
	var b strings.Builder
	b.WriteString("   ")
	b.WriteString(draw.FitRight("#", l.number) + "  ")
	if l.conn {
		b.WriteString(draw.FitRight("conn", 5) + "  ")
	}
	b.WriteString(draw.Fit(l.timeHead(), l.timeWidth()) + "  ")
	if l.delta() {
		b.WriteString(draw.Fit("Δ", 7) + "  ")
	}
	b.WriteString("dir  type  ")
	if l.sizes() {
		b.WriteString("  size  ")
	}
	b.WriteString("preview")
	return draw.Text(draw.Cut(b.String(), l.width), draw.Dim)
}

func (l rowLook) timeHead() string {
	if l.clock == sinceStart {
		return "since start"
	}
	if l.clock == sinceBefore {
		return "+ before"
	}
	return "time"
}

// numberOf is the number a message is listed by: in the list of a connection its
// seq, in that of all connections its global number.
func (l rowLook) numberOf(m *frame.Message) uint64 {
	if l.conn {
		return m.Global
	}
	return m.Seq
}

// timeWidth is the width of the column of the time.
func (l rowLook) timeWidth() int {
	if l.width < 60 {
		return 8
	}
	return 12
}

// sizes reports whether there is room for a column with the size.
func (l rowLook) sizes() bool { return l.width >= 50 }

// delta reports whether there is room for a column with the time since the row
// before.
func (l rowLook) delta() bool { return l.width >= 90 && l.clock != sinceBefore }

// messageRow draws one row of the list of messages.
func messageRow(row rows.Row, l rowLook, mark Mark) draw.Line {
	switch row.Kind {
	case rows.Pending:
		return draw.Text("   …", draw.Dim)
	case rows.Frame:
		return frameRow(row.Frame, l)
	case rows.Rest:
		return draw.Text(fmt.Sprintf("   %s  … and %s", strings.Repeat(" ", l.number), draw.Counted(uint64(row.Rest), "more frame")), draw.Dim)
	}
	m := row.Message
	line := draw.Line{markSpan(mark), signSpan(m, row.Unfolded), {Text: " "}}
	line = append(line, draw.Span{Text: draw.FitRight(draw.Grouped(l.numberOf(m)), l.number) + "  ", Style: draw.Dim})
	if l.conn {
		line = append(line, draw.Span{Text: draw.FitRight(fmt.Sprintf("#%d", m.Conn), 5) + "  ", Style: draw.Dim})
	}
	line = append(line, l.times(m.Time, row.Before)...)
	line = append(line, kindSpans(m.From, m.Type)...)
	if l.sizes() {
		line = append(line, draw.Span{Text: draw.FitRight(draw.Short(float64(m.Size)), 6) + "  "})
	}
	for _, word := range messageMarks(m) {
		line = append(line, draw.Span{Text: "[" + word.Text + "] ", Style: word.Style})
	}
	return append(line, preview(m, l.width-line.Width(), l.side)...)
}

// markSpan is the column of the user's marks.
func markSpan(m Mark) draw.Span {
	switch {
	case m.Label != "":
		return draw.Span{Text: draw.Fit(decode.Visible(m.Label), 1), Style: draw.Accent}
	case m.Note != "":
		return draw.Span{Text: `"`, Style: draw.Accent}
	}
	return draw.Span{Text: " "}
}

// signSpan is the column of signs.
func signSpan(m *frame.Message, unfolded bool) draw.Span {
	switch {
	case m.Violation != frame.Legal || m.Error != "":
		return draw.Span{Text: "!", Style: draw.Bad}
	case originSigns[m.Origin] != "":
		return draw.Span{Text: originSigns[m.Origin], Style: draw.Accent}
	case m.Incomplete != frame.Whole:
		return draw.Span{Text: "%", Style: draw.Warning}
	case unfolded:
		return draw.Span{Text: "-"}
	case m.Frames > 1:
		return draw.Span{Text: "+"}
	}
	return draw.Span{Text: " "}
}

// times are the columns of the time.
func (l rowLook) times(at time.Time, before *frame.Message) draw.Line {
	since := ""
	if before != nil {
		since = "+" + draw.Lapse(at.Sub(before.Time))
		if at.Before(before.Time) {
			since = draw.Lapse(at.Sub(before.Time))
		}
	}
	var clock string
	switch l.clock {
	case sinceStart:
		clock = draw.FitRight(fmt.Sprintf("%.3fs", at.Sub(l.start).Seconds()), l.timeWidth())
	case sinceBefore:
		clock = draw.FitRight(since, l.timeWidth())
	default:
		clock = at.In(l.zone).Format("15:04:05.000")[:l.timeWidth()]
	}
	line := draw.Line{{Text: clock + "  ", Style: draw.Dim}}
	if l.delta() {
		line = append(line, draw.Span{Text: draw.Fit(since, 7) + "  ", Style: draw.Dim})
	}
	return line
}

// kindSpans are the columns of direction and type.
func kindSpans(from frame.Side, kind frame.Opcode) draw.Line {
	arrow, style := "→", draw.Client
	if from == frame.Server {
		arrow, style = "←", draw.Server
	}
	word := kind.String()
	if kind == frame.Binary {
		word = "bin"
	}
	look := draw.Plain
	if kind.Control() {
		look = draw.Control
	}
	return draw.Line{{Text: " " + arrow + "   ", Style: style}, {Text: draw.Fit(word, 5) + " ", Style: look}}
}

// messageMarks says in words what is out of the ordinary.
func messageMarks(m *frame.Message) (words []draw.Span) {
	if m.Origin != frame.Observed {
		words = append(words, draw.Span{Text: m.Origin.String(), Style: draw.Accent})
	}
	if m.Incomplete != frame.Whole {
		words = append(words, draw.Span{Text: m.Incomplete.String(), Style: draw.Warning})
	}
	if m.Violation != frame.Legal {
		words = append(words, draw.Span{Text: m.Violation.Name(), Style: draw.Bad})
	}
	if m.Error != "" {
		words = append(words, draw.Span{Text: decode.Visible(m.Error), Style: draw.Bad})
	}
	return words
}

// preview shows the beginning of a payload.
func preview(m *frame.Message, width, side int) draw.Line {
	if width <= 0 {
		return nil
	}
	if m.Type == frame.Close {
		return draw.Text(draw.Cut(closeWords(m.Payload), width), draw.Control)
	}
	style := draw.Plain
	if m.Type.Control() {
		style = draw.Control
	}
	more := uint64(len(m.Payload)) < m.Size
	return payloadPreview(m.Payload, m.Type == frame.Text, more, width, side, style)
}

func payloadPreview(p []byte, text, more bool, width, side int, style draw.Style) draw.Line {
	var out []byte
	var shown int
	if text || looksText(p) {
		out, shown = decode.AppendVisible(nil, p, width+side)
	} else {
		for shown < len(p) && len(out) < width+side {
			out = fmt.Appendf(out, "%02x ", p[shown])
			shown++
		}
	}
	line := draw.Text(string(out), style).Skip(side)
	if more || shown < len(p) {
		line = append(line, draw.Span{Text: " …"})
	}
	return line.Cut(width)
}

// looksText reports whether bytes that are not declared as text can be read as
// it: printable ASCII throughout.
func looksText(p []byte) bool {
	for _, c := range p {
		if (c < ' ' || c >= 0x7F) && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}

// closeWords reads the payload of a close frame.
func closeWords(p []byte) string {
	if len(p) == 0 {
		return "no code"
	}
	code, reason, ok := frame.ParseClose(p)
	if !ok {
		return "a payload of one byte, which has no meaning: " + fmt.Sprintf("%02x", p[0])
	}
	text := code.String()
	if len(reason) > 0 {
		text += `: "` + decode.Visible(string(reason)) + `"`
	}
	return text
}

// frameRow draws one frame of an unfolded message.
func frameRow(f *frame.Record, l rowLook) draw.Line {
	number := f.Seq
	if l.conn {
		number = f.Global
	}
	line := draw.Line{{Text: "  └", Style: draw.Dim}, {Text: draw.FitRight(draw.Grouped(number), l.number) + "  ", Style: draw.Dim}}
	if l.conn {
		line = append(line, draw.Span{Text: strings.Repeat(" ", 7)})
	}
	line = append(line, l.times(f.Time, nil)...)
	kind := f.Type()
	spans := kindSpans(f.From, kind)
	if kind == frame.Continuation {
		spans[1].Text = "cont  "
	}
	line = append(line, spans...)
	if l.sizes() {
		line = append(line, draw.Span{Text: draw.FitRight(draw.Short(float64(f.Header.Length)), 6) + "  "})
	}
	flags := ""
	if f.Header.Fin {
		flags = "FIN "
	}
	if f.Violation != frame.Legal {
		line = append(line, draw.Span{Text: "[" + f.Violation.Name() + "] ", Style: draw.Bad})
	}
	line = append(line, draw.Span{Text: flags, Style: draw.Dim})
	return append(line, payloadPreview(f.Payload, false, uint64(len(f.Payload)) < f.Stored, max(0, l.width-line.Width()), l.side, draw.Dim)...)
}
