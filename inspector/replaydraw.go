package inspector

import (
	"fmt"
	"strings"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// replaySigns are how outcomes are shown.
var replaySigns = map[ReplayOutcome]struct {
	sign  string
	style draw.Style
}{
	ReplaySent: {"→", draw.Client}, ReplaySkipped: {"!", draw.Bad}, ReplaySame: {"=", draw.Dim}, ReplayDiffers: {"~", draw.Warning},
	ReplayMissing: {"<", draw.Bad}, ReplayUnexpected: {">", draw.Bad}, ReplayLate: {"%", draw.Warning}, ReplayUsed: {"*", draw.Accent},
}

func (x *replaying) draw(p draw.Painter, r rect) {
	upper, lower := r.split(false, 65)
	if r.height < 14 {
		upper, lower = r, rect{}
		if x.inner {
			upper, lower = rect{}, r
		}
	}
	x.where, x.lower = rect{}, lower
	if upper.height > 0 {
		x.drawEvents(p, upper)
	}
	if lower.height > 0 {
		x.drawEvent(p, lower)
	}
}

// state says in a line where the replay stands, and in another what came of it.
func (x *replaying) state(width int) []draw.Line {
	took := x.took
	if x.running {
		took = x.r.i.now().Sub(x.began)
	}
	sent := x.counts[ReplaySent]
	all := x.of.Messages[frame.Client]
	style := draw.Bad
	switch {
	case x.running:
		style = draw.Accent
	case x.end.Passed:
		style = draw.Good
	}
	first := draw.Line{{Text: " " + x.verdict(), Style: style}}
	if x.running {
		const cells = 20
		done := 0
		if all > 0 {
			done = int(min(sent, all) * cells / all)
		}
		first = draw.Text(" "+strings.Repeat("█", done)+strings.Repeat("░", cells-done), style)
	}
	first = append(first, draw.Span{Text: fmt.Sprintf("  %s of %s sent", draw.Grouped(sent), draw.Grouped(all))})
	first = append(first, draw.Span{Text: "  " + draw.Lapse(took), Style: draw.Dim})
	if c := x.end.Conn; c != 0 && !x.running {
		first = append(first, draw.Span{Text: fmt.Sprintf("  recorded as #%d", c), Style: draw.Accent})
	} else if x.end.Note != "" {
		first = append(first, draw.Span{Text: "  " + decode.Visible(x.end.Note), Style: draw.Dim})
	}
	second := draw.Line{{Text: " "}}
	for _, o := range []ReplayOutcome{ReplaySame, ReplayDiffers, ReplayMissing, ReplayUnexpected, ReplayLate, ReplaySkipped} {
		style := replaySigns[o].style
		if x.counts[o] == 0 {
			style = draw.Dim
		}
		second = append(second, draw.Span{Text: fmt.Sprintf("%s %s  ", draw.Grouped(x.counts[o]), o), Style: style})
	}
	if x.dropped > 0 {
		second = append(second, draw.Span{Text: draw.Counted(x.dropped, "row") + " more", Style: draw.Warning})
	}
	return []draw.Line{first.Cut(width), second.Cut(width)}
}

func (x *replaying) drawEvents(p draw.Painter, r rect) {
	url := x.order.URL
	if url == "" {
		url = x.of.URL
	}
	title := draw.Line{{Text: "replay ", Style: draw.Title}, {Text: fmt.Sprintf("#%d → %s  %s", x.order.Conn, decode.Visible(url), x.order.Pace)}}
	for n, path := range x.order.Ignore {
		words := "  without "
		if n > 0 {
			words = ", "
		}
		title = append(title, draw.Span{Text: words + decode.Visible(path), Style: draw.Accent})
	}
	inner := pane(p, r, title, nil, !x.inner)
	for _, l := range x.state(inner.width) {
		p.Line(inner.x, inner.y, inner.width, l, draw.Normal)
		inner.y++
		inner.height--
	}
	x.where = inner
	x.top = max(min(x.top, x.at), x.at-inner.height+1, 0)
	for y := range inner.height {
		var l draw.Line
		row := draw.Normal
		switch i := x.top + y; {
		case i < len(x.events):
			l = x.row(&x.events[i], inner.width)
			if i == x.at && x.inner {
				row = draw.Blurred
			} else if i == x.at {
				row = draw.Selected
			}
		case y == 0 && x.running:
			l = draw.Text("  connecting…", draw.Dim)
		}
		p.Line(inner.x, inner.y+y, inner.width, l, row)
	}
}

// row draws what became of a message.
func (x *replaying) row(e *ReplayEvent, width int) draw.Line {
	sign := replaySigns[e.Outcome]
	number := ""
	if e.Seq != 0 {
		number = draw.Grouped(e.Seq)
	}
	head := draw.Line{{Text: sign.sign + " " + draw.Fit(string(e.Outcome), 10), Style: sign.style}, {Text: " " + draw.FitRight(number, 6) + "  "}}
	recorded, got := decode.Visible(e.Recorded), decode.Visible(e.Got)
	if e.Outcome == ReplaySame {
		got = ""
	}
	text := func(s string) draw.Line { return draw.Line{{Text: s}}.Skip(x.side) }
	if width < 98 {
		if recorded == "" || e.Outcome == ReplayDiffers {
			recorded = got
		}
		return append(head, text(recorded)...).Cut(width)
	}
	half := max(1, (width-head.Width()-3)/2)
	left := text(recorded).Cut(half)
	line := append(head, left...)
	line = append(line, draw.Span{Text: strings.Repeat(" ", max(0, half-left.Width())) + " │ ", Style: draw.Border})
	return append(line, text(got).Cut(half)...)
}

// drawEvent draws the selected row at length.
func (x *replaying) drawEvent(p draw.Painter, r rect) {
	if x.at >= len(x.events) {
		x.pager.set(nil)
		x.pager.draw(p, pane(p, r, draw.Text("message", draw.Title), nil, x.inner))
		return
	}
	e := &x.events[x.at]
	if x.shown != x.at {
		x.shown, x.pager.top, x.pager.side = x.at, 0, 0
		x.pager.set(replayLines(e))
	}
	title := string(e.Outcome)
	if e.Seq != 0 {
		title += " #" + draw.Grouped(e.Seq)
	}
	x.pager.draw(p, pane(p, r, draw.Text(title, draw.Title), nil, x.inner))
}

// replayLines says what became of a message.
func replayLines(e *ReplayEvent) (lines []draw.Line) {
	if e.Note != "" {
		lines = append(lines, draw.Text(" "+decode.Visible(e.Note), draw.Warning))
	}
	lines = append(lines, changeLines(e.Changes)...)
	if e.More > 0 {
		lines = append(lines, draw.Text(" and "+draw.Counted(uint64(e.More), "more change"), draw.Dim))
	}
	for _, part := range [][2]string{{"recorded  ", e.Recorded}, {"now       ", e.Got}} {
		if part[1] != "" {
			lines = append(lines, draw.Line{{Text: " " + part[0], Style: draw.Dim}, {Text: decode.Visible(part[1])}})
		}
	}
	return lines
}
