package inspector

import (
	"strings"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// ruleWidths are the widths of the columns of rules; 0 leaves one out.
func ruleWidths(width int) (name, from, hits, does int) {
	switch {
	case width >= 120:
		return 28, 6, 9, 36
	case width >= 90:
		return 20, 6, 9, 26
	case width >= 70:
		return 16, 6, 7, 20
	case width >= 50:
		return 14, 0, 7, 0
	}
	return 9, 0, 5, 0
}

// ruleHead names the columns of rules.
func ruleHead(width int) draw.Line {
	name, from, hits, does := ruleWidths(width)
	head := "      " + draw.Fit("name", name) + "  " + draw.FitRight("hits", hits) + "  "
	if from > 0 {
		head += draw.Fit("from", from) + "  "
	}
	if does > 0 {
		head += draw.Fit("does", does) + "  "
	}
	return draw.Text(draw.Cut(head+"when", width), draw.Dim)
}

// ruleRow draws one row of the list of rules.
func ruleRow(r *Rule, width int) draw.Line {
	name, from, hits, does := ruleWidths(width)
	on, style := " on   ", draw.Good
	if !r.On {
		on, style = " off  ", draw.Dim
	}
	acted := draw.Short(float64(r.Hits))
	if r.Most > 0 {
		acted += "/" + draw.Short(float64(r.Most))
	}
	line := draw.Line{
		{Text: on, Style: style}, {Text: draw.Fit(decode.Visible(r.Name), name) + "  ", Style: draw.Strong},
		{Text: draw.FitRight(acted, hits) + "  "},
	}
	if from > 0 {
		side := r.From
		if side == "" {
			side = "both"
		}
		line = append(line, draw.Span{Text: draw.Fit(decode.Visible(side), from) + "  ", Style: draw.Dim})
	}
	if does > 0 {
		line = append(line, draw.Span{Text: draw.Fit(decode.Visible(r.Does), does) + "  "})
	}
	when := r.When
	if when == "" {
		when = "everything"
	}
	return append(line, draw.Span{Text: decode.Visible(when), Style: draw.Accent}).Cut(width)
}

// ruleSource returns the part of the YAML that is the rule of an index: what
// stands from its line to that of the next one.
func ruleSource(b *RuleBook, i int) string {
	lines := strings.Split(b.Text, "\n")
	end := len(lines)
	if i+1 < len(b.Rules) {
		end = min(end, b.Rules[i+1].Line-1)
	}
	begin := b.Rules[i].Line - 1
	if begin < 0 || begin >= end {
		return ""
	}
	return strings.TrimRight(strings.Join(lines[begin:end], "\n"), " \n") + "\n"
}

// ruleText returns that part for the screen.
func ruleText(b *RuleBook, i int) (lines []draw.Line) {
	for text := range strings.Lines(ruleSource(b, i)) {
		lines = append(lines, draw.Text(" "+decode.Visible(strings.TrimRight(text, "\r\n")), draw.Plain))
	}
	return lines
}
