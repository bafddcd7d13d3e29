package inspector

import (
	"fmt"
	"strings"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// connColumns are the columns of the list of connections, with the least width of
// the screen at which each is there.
var connColumns = []struct {
	name  string
	width int
	least int
}{
	{"id", 6, 0}, {"state", 8, 0}, {"started", 12, 90}, {"dur", 8, 60}, {"→msgs", 7, 70}, {"←msgs", 7, 70},
	{"→bytes", 7, 100}, {"←bytes", 7, 100}, {"close", 5, 76},
}

func connectionHead(width int) draw.Line {
	var b strings.Builder
	b.WriteString("  ")
	for _, c := range connColumns {
		if width < c.least {
			continue
		}
		if c.name == "state" || c.name == "started" {
			b.WriteString(draw.Fit(c.name, c.width))
		} else {
			b.WriteString(draw.FitRight(c.name, c.width))
		}
		b.WriteString("  ")
	}
	return draw.Text(b.String()+"url", draw.Dim)
}

// connectionRow draws one connection of the list.
func connectionRow(c *frame.Connection, width int, as clock, zone *time.Location) draw.Line {
	sign, style := " ", draw.Plain
	switch c.State {
	case frame.Refused, frame.Failed:
		sign, style = "!", draw.Bad
	case frame.Bypassed:
		style = draw.Dim
	case frame.Open:
		style = draw.Good
	default:
		if c.How != frame.ByClose && c.How != "" {
			sign = "!"
		}
	}
	state := string(c.State)
	if c.State == frame.Open {
		state = "OPEN"
	}
	started := c.Start.In(zone).Format("15:04:05.000")
	if as == sinceStart {
		started = c.Start.In(zone).Format("01-02 15:04")
	}
	dur := "—"
	if c.State == frame.Closed {
		dur = lasting(c.End.Sub(c.Start))
	}
	closed := "—"
	if c.Code != 0 {
		closed = fmt.Sprint(uint16(c.Code))
	} else if c.Status >= 300 {
		closed = fmt.Sprint(c.Status)
	}
	line := draw.Line{{Text: sign + " ", Style: draw.Bad}}
	values := []draw.Span{
		{Text: draw.FitRight(fmt.Sprint(c.ID), 6)}, {Text: draw.Fit(state, 8), Style: style},
		{Text: draw.Fit(started, 12), Style: draw.Dim}, {Text: draw.FitRight(dur, 8)},
		{Text: draw.FitRight(draw.Short(float64(c.Messages[frame.Client])), 7), Style: draw.Client},
		{Text: draw.FitRight(draw.Short(float64(c.Messages[frame.Server])), 7), Style: draw.Server},
		{Text: draw.FitRight(draw.Short(float64(c.Bytes[frame.Client])), 7), Style: draw.Client},
		{Text: draw.FitRight(draw.Short(float64(c.Bytes[frame.Server])), 7), Style: draw.Server},
		{Text: draw.FitRight(closed, 5)},
	}
	for i, v := range values {
		if width >= connColumns[i].least {
			line = append(line, v, draw.Span{Text: "  "})
		}
	}
	url := decode.Visible(c.URL)
	if c.Error != "" {
		url += "  " + decode.Visible(c.Error)
	}
	return append(line, draw.Span{Text: draw.Cut(url, max(0, width-line.Width()))})
}

// lasting writes how long a connection lasted: 00:14, 1:02:03.
func lasting(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if h > 0 {
		return fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%02d:%02d", m, s)
}
