package statistics

import (
	"cmp"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// pings tells what became of the pings of each side.
func (p *page) pings(width int) []draw.Line {
	t := newTable("pings", width)
	t.count("sent", draw.Strong, p.Report, func(f *Flow) uint64 { return f.Pings.Sent })
	t.count("answered", draw.Plain, p.Report, func(f *Flow) uint64 { return f.Pings.Answered })
	t.count("waiting", draw.Plain, p.Report, func(f *Flow) uint64 { return f.Pings.Waiting() })
	t.count("unanswered", draw.Warning, p.Report, func(f *Flow) uint64 { return f.Pings.Unanswered })
	t.count("unasked pongs", draw.Plain, p.Report, func(f *Flow) uint64 { return f.Pings.Unasked })
	t.row("round trips", draw.Dim, p.roundTrips(func(side frame.Side) string { return "to the " + side.Peer().String() }))
	for _, row := range []struct {
		name string
		of   func(*Spread[time.Duration]) time.Duration
	}{
		{"  fastest", func(s *Spread[time.Duration]) time.Duration { return s.Min }},
		{"  median", func(s *Spread[time.Duration]) time.Duration { return s.Median }},
		{"  90 % within", func(s *Spread[time.Duration]) time.Duration { return s.P90 }},
		{"  99 % within", func(s *Spread[time.Duration]) time.Duration { return s.P99 }},
		{"  slowest", func(s *Spread[time.Duration]) time.Duration { return s.Max }},
	} {
		t.row(row.name, draw.Plain, p.roundTrips(func(side frame.Side) string { return draw.Lapse(row.of(&p.Flows[side].Pings.Trips)) }))
	}
	if len(t.lines) == 1 {
		return nil
	}
	return t.lines
}

// roundTrips returns what words says of each side that has round trips.
func (p *page) roundTrips(words func(frame.Side) string) (values [2]string) {
	for _, side := range sides {
		if p.Flows[side].Pings.Trips.Count > 0 {
			values[side] = words(side)
		}
	}
	return values
}

// gaps lists the longest pauses.
func (p *page) gaps() []draw.Line {
	if len(p.Gaps) == 0 {
		return nil
	}
	layout := "15:04:05.000"
	if p.First.In(p.zone).Format(time.DateOnly) != p.Last.In(p.zone).Format(time.DateOnly) {
		layout = time.DateTime
	}
	widest := 0
	for _, g := range p.Gaps {
		widest = max(widest, len(draw.Grouped(g.After)))
	}
	lines := []draw.Line{draw.Text("longest gaps", draw.Title)}
	for _, g := range p.Gaps {
		lines = append(lines, draw.Line{
			{Text: draw.FitRight(draw.Lapse(g.Length), 9), Style: draw.Strong},
			{Text: "  after #" + draw.Fit(draw.Grouped(g.After), widest), Style: draw.Plain},
			{Text: "  " + g.Start.In(p.zone).Format(layout), Style: draw.Dim},
		})
	}
	return lines
}

// breaches lists the rules that were broken.
func (p *page) breaches() (lines []draw.Line) {
	widest := 0
	for _, side := range sides {
		for _, b := range p.Flows[side].Violations {
			widest = max(widest, len(draw.Grouped(b.First)))
		}
	}
	for _, side := range sides {
		for _, b := range p.Flows[side].Violations {
			if lines == nil {
				lines = append(lines, draw.Text("violations", draw.Title))
			}
			lines = append(lines, draw.Line{
				{Text: draw.FitRight(draw.Short(float64(b.Messages)), 6), Style: draw.Strong},
				{Text: " " + sideArrow(side), Style: sideStyle(side)},
				{Text: " from #" + draw.Fit(draw.Grouped(b.First), widest) + "  ", Style: draw.Plain},
				{Text: cmp.Or(b.Violation.Name(), "unknown rule"), Style: draw.Bad},
				{Text: "  " + b.Violation.Section(), Style: draw.Dim},
			})
		}
	}
	return lines
}
