package statistics

import (
	"strings"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// Lines draws the report as a page for a view of so many cells: as many lines as it
// takes, none wider than width, the plots as high as suits a view of that height.
// Times are shown in zone, or in UTC when that is nil. With ascii it uses ASCII
// characters only.
func (r *Report) Lines(width, height int, ascii bool, zone *time.Location) []draw.Line {
	if zone == nil {
		zone = time.UTC
	}
	p := &page{Report: r, width: min(max(width, narrowest), widest), height: height, ascii: ascii, zone: zone}
	lines := p.lines()
	for i := range lines {
		lines[i] = p.finish(lines[i], max(width, 0))
	}
	return lines
}

// A page is laid out for no less than narrowest cells, and cut to what there is; it
// does not get wider than widest.
const (
	narrowest = 30
	widest    = 1000
)

// page is a report being drawn.
type page struct {
	*Report
	width, height int
	ascii         bool
	zone          *time.Location
}

// columns is from which width on texts stand beside each other.
const columns = 110

func (p *page) lines() []draw.Line {
	if p.Flows[frame.Client].Total.Messages+p.Flows[frame.Server].Total.Messages == 0 {
		return []draw.Line{draw.Text("No messages yet.", draw.Dim)}
	}
	lines := append(p.head(), nil)
	lists := section(p.gaps(), p.breaches())
	if p.width < columns {
		return section(append(lines, p.summary(p.width)...), p.plots(), p.sizes(p.width), p.trips(), p.pings(p.width), lists)
	}
	half := (p.width - 4) / 2
	return section(append(lines, p.beside(p.summary(half), p.sizes(half))...), p.plots(), p.trips(), p.beside(p.pings(half), lists))
}

// section puts texts below each other with an empty line between.
func section(texts ...[]draw.Line) (lines []draw.Line) {
	for _, text := range texts {
		if len(text) == 0 {
			continue
		}
		if len(lines) > 0 {
			lines = append(lines, nil)
		}
		lines = append(lines, text...)
	}
	return lines
}

// beside puts two texts next to each other, or the one that is there at the left.
func (p *page) beside(left, right []draw.Line) (lines []draw.Line) {
	if len(left) == 0 {
		return right
	}
	at := (p.width-4)/2 + 4
	for i := range max(len(left), len(right)) {
		var l draw.Line
		if i < len(left) {
			l = p.finish(left[i], at-2)
		}
		if i < len(right) && len(right[i]) > 0 {
			l = append(l, draw.Span{Text: strings.Repeat(" ", at-l.Width())})
			l = append(l, right[i]...)
		}
		lines = append(lines, l)
	}
	return lines
}

// head says when the messages came.
func (p *page) head() (lines []draw.Line) {
	if p.First.IsZero() {
		return []draw.Line{draw.Text("The times of the messages are not known.", draw.Dim)}
	}
	first, last, long := p.First.In(p.zone), p.Last.In(p.zone), ""
	if d := p.Last.Sub(p.First); d > 0 {
		long = ", " + draw.Lapse(d)
	}
	text := ""
	for _, clock := range []string{" 15:04:05.000", " 15:04:05", " 15:04", ""} {
		text = first.Format(time.DateOnly + clock)
		switch {
		case long == "":
		case first.Format(time.DateOnly) != last.Format(time.DateOnly):
			text += " to " + last.Format(time.DateOnly+clock) + long
		case clock != "":
			text += " to " + last.Format(clock[1:]) + long
		}
		if draw.Width(text) <= p.width {
			break
		}
	}
	lines = append(lines, draw.Text(text, draw.Strong))
	if p.Backward > 0 {
		how := draw.Grouped(p.Backward) + " times, up to "
		if p.Backward == 1 {
			how = "by "
		}
		lines = append(lines, draw.Text("Clock went back "+how+draw.Lapse(p.MostBackward)+".", draw.Warning))
	}
	return lines
}

// text returns s in the characters that are allowed.
func (p *page) text(s string) string {
	if p.ascii {
		return inASCII.Replace(s)
	}
	return s
}

var inASCII = strings.NewReplacer("µ", "u", "→", ">", "←", "<", "│", "|", "├", "+", "└", "+", "─", "-", "–", "-", "⋮", ":", "…", "~")

// finish returns a line in no more than so many cells and in the characters that are
// allowed.
func (p *page) finish(l draw.Line, cells int) draw.Line {
	var out draw.Line
	for _, s := range l {
		w := draw.Width(s.Text)
		if w > cells {
			if strings.TrimRight(s.Text, " ") != "" && cells > 0 {
				out = append(out, draw.Span{Text: p.text(draw.Cut(s.Text, cells)), Style: s.Style})
			}
			return out
		}
		out = append(out, draw.Span{Text: p.text(s.Text), Style: s.Style})
		cells -= w
	}
	return out
}

// sides are both, in the order in which they are shown.
var sides = [...]frame.Side{frame.Client, frame.Server}

// sideStyle is how what a side sent is shown.
func sideStyle(side frame.Side) draw.Style {
	if side == frame.Client {
		return draw.Client
	}
	return draw.Server
}

// sideArrow shows which way it went.
func sideArrow(side frame.Side) string {
	if side == frame.Client {
		return "→"
	}
	return "←"
}
