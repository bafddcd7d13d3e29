package statistics

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// unit is what a rate is counted by.
type unit struct {
	name    string
	seconds float64
}

// unitFor returns the unit in which a rate by the second is a number to be read.
func unitFor(rate float64) unit {
	units := []unit{{"s", 1}, {"min", 60}, {"h", 3600}, {"day", 86400}}
	for _, u := range units[:3] {
		if rate*u.seconds >= 1 {
			return u
		}
	}
	return units[3]
}

// labelCells is the room for what stands left of a plot.
const labelCells = 10

// room returns the plot of one side, whose place is right of the labels.
func (p *page) room(side frame.Side) draw.Plot {
	return draw.Plot{
		Width: p.width - labelCells - 1, Height: min(max(p.height/12, 2), 6),
		Down: side == frame.Server, ASCII: p.ascii,
	}
}

// plots draws messages and bytes over time.
func (p *page) plots() []draw.Line {
	if p.First.IsZero() {
		return nil
	}
	if !p.Last.After(p.First) {
		return []draw.Line{draw.Text("All at one instant: there is nothing to plot.", draw.Dim)}
	}
	return section(
		p.rates("messages", draw.Short, func(side frame.Side) func(*slot) uint64 {
			return func(s *slot) uint64 { return s.messages[side] }
		}),
		p.rates("wire bytes", draw.Bytes, func(side frame.Side) func(*slot) uint64 {
			return func(s *slot) uint64 { return s.wire[side] }
		}),
	)
}

// rates draws how much of something came over time.
func (p *page) rates(name string, words func(float64) string, of func(frame.Side) func(*slot) uint64) []draw.Line {
	var values [2][]float64
	most := 0.0
	for _, side := range sides {
		values[side] = p.series.rates(p.room(side).Columns(), of(side))
		most = max(most, slices.Max(values[side]))
	}
	u := unitFor(most)
	for _, side := range sides {
		for i := range values[side] {
			values[side][i] *= u.seconds
		}
	}
	return p.mirrored(name+" "+u.words(), values, words)
}

func (u unit) words() string {
	switch u.name {
	case "s":
		return "a second"
	case "min":
		return "a minute"
	case "h":
		return "an hour"
	}
	return "a " + u.name
}

// trips draws the round trips of pings over time.
func (p *page) trips() []draw.Line {
	if p.Flows[0].Pings.Trips.Count+p.Flows[1].Pings.Trips.Count == 0 || !p.Last.After(p.First) {
		return nil
	}
	var values [2][]float64
	for _, side := range sides {
		values[side] = p.series.slowest(p.room(side).Columns(), side)
	}
	return p.mirrored("slowest ping round trips", values, func(v float64) string {
		return draw.Lapse(time.Duration(math.Round(v * float64(time.Second))))
	})
}

// mirrored draws values over time: of the client from an axis upward, of the server
// from it downward, each with its own maximum at the left.
func (p *page) mirrored(title string, values [2][]float64, words func(float64) string) []draw.Line {
	lines := []draw.Line{draw.Text(title, draw.Title)}
	step := ", " + draw.Lapse(p.series.step(p.room(0).Columns())) + " a column"
	if draw.Width(title)+draw.Width(step) <= p.width {
		lines[0] = append(lines[0], draw.Span{Text: step, Style: draw.Dim})
	}
	for _, side := range sides {
		plot, edge := p.room(side), 0
		if side == frame.Server {
			lines, edge = append(lines, p.axis()), plot.Height-1
		}
		most := slices.Max(values[side])
		if most == 0 {
			l := draw.Line{{Text: sideArrow(side), Style: sideStyle(side)}, {Text: draw.FitRight("none", labelCells-2), Style: draw.Dim}}
			lines = append(lines, l)
			continue
		}
		for y, row := range plot.Rows(values[side]) {
			label := draw.Line{{Text: strings.Repeat(" ", labelCells), Style: draw.Dim}}
			if y == edge {
				label = draw.Line{
					{Text: sideArrow(side), Style: sideStyle(side)},
					{Text: draw.FitRight(words(most), labelCells-2) + " ", Style: draw.Number},
				}
			}
			lines = append(lines, append(label, draw.Span{Text: "│", Style: draw.Border}, draw.Span{Text: row, Style: sideStyle(side)}))
		}
	}
	return append(lines, p.times())
}

func (p *page) axis() draw.Line {
	return draw.Line{
		{Text: draw.FitRight("0", labelCells-1) + " ", Style: draw.Dim},
		{Text: "├" + strings.Repeat("─", p.room(0).Width), Style: draw.Border},
	}
}

// times writes the time of the beginning, the middle and the end below a plot.
func (p *page) times() draw.Line {
	room := p.room(0).Width
	layout := p.layout()
	first, last := p.First.In(p.zone).Format(layout), p.Last.In(p.zone).Format(layout)
	text := first
	if middle := p.First.Add(p.Last.Sub(p.First) / 2).In(p.zone).Format(layout); 3*len(layout)+8 <= room {
		text = draw.Fit(text, (room-len(middle))/2) + middle
	}
	if len(first)+2+len(last) <= room {
		text += draw.FitRight(last, room-len(text))
	}
	return draw.Text(strings.Repeat(" ", labelCells+1)+text, draw.Dim)
}

// layout is how the times below a plot are written: as finely as tells them apart.
func (p *page) layout() string {
	const day = 24 * time.Hour
	switch d := p.Last.Sub(p.First); {
	case d < 100*time.Millisecond:
		return "15:04:05.000000"
	case d < time.Minute:
		return "15:04:05.000"
	case d < day:
		return "15:04:05"
	case d < 300*day:
		return "01-02 15:04"
	}
	return "2006-01-02"
}
