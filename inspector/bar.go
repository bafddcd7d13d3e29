package inspector

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// bar is the line above: where one is, and how the recording fares.
func (r *root) bar(width int) draw.Line {
	crumbs := []string{decode.Visible(r.i.o.Name)}
	for _, s := range r.stack {
		crumbs = append(crumbs, s.crumbs()...)
	}
	right := r.recording(width)
	if r.compared != 0 {
		right = append(draw.Line{{Text: fmt.Sprintf("%s #%d  ", r.i.o.Keys.Key(keys.Compare), r.compared), Style: draw.Accent}}, right...)
	}
	room := max(0, width-right.Width()-2)
	line := draw.Line{{Text: " " + draw.Fit(trail(crumbs, room-1), max(0, room-1)), Style: draw.Bar}, {Text: " ", Style: draw.Bar}}
	return append(append(line, right...), draw.Span{Text: " ", Style: draw.Bar})
}

// trail joins breadcrumbs. Where there is little room those of the way here go
// first, then the longest of the rest is cut.
func trail(crumbs []string, room int) string {
	const between = " › "
	way := strings.Join(crumbs, between)
	for len(crumbs) > 2 && draw.Width(way) > room {
		crumbs = crumbs[1:]
		way = "…" + between + strings.Join(crumbs, between)
	}
	if over := draw.Width(way) - room; over > 0 && len(crumbs) > 1 {
		longest := 0
		for i, c := range crumbs {
			if draw.Width(c) > draw.Width(crumbs[longest]) {
				longest = i
			}
		}
		crumbs = slices.Clone(crumbs)
		crumbs[longest] = draw.Cut(crumbs[longest], max(6, draw.Width(crumbs[longest])-over+2))
		way = strings.Join(crumbs, between)
	}
	return way
}

// recording is the right end of the bar. What matters most stands last and stays
// when there is little room.
func (r *root) recording(width int) draw.Line {
	s := &r.status
	if !s.Recording {
		return draw.Text("at rest", draw.BarDim)
	}
	var parts []string
	if width >= 120 {
		parts = append(parts, draw.Bytes(float64(s.Size)))
		if s.Queued > 1<<20 {
			parts = append(parts, "queue "+draw.Bytes(float64(s.Queued)))
		}
		if s.Stalls > 0 {
			parts = append(parts, draw.Counted(s.Stalls, "stall"))
		}
		if s.Reverse != "" {
			parts = append(parts, decode.Visible(s.Address)+" → "+decode.Visible(s.Reverse))
		} else {
			parts = append(parts, decode.Visible(s.Address))
		}
	}
	if lost := s.Shed + s.Lost; lost > 0 {
		parts = append(parts, "LOST "+draw.Short(float64(lost)))
	}
	if s.Insecure {
		parts = append(parts, "INSECURE")
	}
	if s.Rules > 0 && width >= 100 {
		parts = append(parts, draw.Counted(uint64(s.Rules), "rule"))
	}
	parts = append(parts, "● REC")
	if flag := r.hold.flag(); flag != "" && (width >= 80 || len(r.hold.held) > 0 || r.hold.on) {
		parts = append(parts, flag)
	}
	parts = append(parts, "")
	return draw.Line{
		{Text: strings.Join(parts, "  "), Style: draw.Bar},
		{Text: draw.Sparkline(s.History, min(32, width/6), r.i.o.ASCII), Style: draw.Accent},
		{Text: " " + draw.Short(math.Round(s.Rate)) + "/s", Style: draw.Bar},
	}
}

// warning is what the recording wants to be known, when there are no news.
func (r *root) warning(width int) draw.Line {
	if len(r.status.Warnings) == 0 {
		return nil
	}
	text := " ! " + decode.Visible(r.status.Warnings[0])
	if more := len(r.status.Warnings) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more: %s)", more, r.i.o.Keys.Key(keys.ToEvents))
	}
	return draw.Text(draw.Cut(text, width), draw.Warning)
}

// hints is the line below.
func (r *root) hints(width int) draw.Line {
	on := r.top().keys()
	if r.prompt != nil {
		return cutHints(r.prompt.hints(), width)
	}
	hints := make([][2]string, 0, 16)
	leaves := false
	for _, b := range r.i.o.Keys.Bindings(on) {
		leaves = leaves || b.Action == keys.Quit
		if b.Hint != "" {
			hints = append(hints, [2]string{string(b.Keys[0]), b.Hint})
		}
	}
	if on == keys.Compose {
		hints = append(hints, [2]string{string(r.i.o.Keys.Key(keys.Back)), "back, text kept"})
	}
	if !leaves {
		return cutHints(hints, width)
	}
	back := "back"
	if len(r.stack) == 1 {
		back = "quit"
	}
	hints = slices.Insert(hints, min(1, len(hints)), [2]string{string(r.i.o.Keys.Key(keys.Quit)), back})
	return cutHints(hints, width)
}

// cutHints shows as many hints as there is room for.
func cutHints(hints [][2]string, width int) draw.Line {
	var line draw.Line
	used := 0
	for _, h := range hints {
		w := 2 + draw.Width(h[0]) + 1 + draw.Width(h[1])
		if used+w > width {
			break
		}
		used += w
		line = append(line, draw.Span{Text: " " + h[0], Style: draw.Hint}, draw.Span{Text: ":" + h[1] + " ", Style: draw.Plain})
	}
	return line
}
