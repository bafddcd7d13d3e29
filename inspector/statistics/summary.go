package statistics

import (
	"strings"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// table is a text of rows with a name and a value for each side.
type table struct {
	lines []draw.Line
	cells int // of a value
	// tail is how many of these cells are right of a number of things. Where there is
	// room they hold a number of bytes.
	tail int
}

const nameCells = 14

// newTable returns a table that is so many cells wide.
func newTable(title string, width int) *table {
	t := &table{cells: min(max((width-nameCells)/2, 8), 24)}
	if t.cells >= 20 {
		t.tail = 10
	}
	head := draw.Line{{Text: draw.Fit(title, nameCells), Style: draw.Title}}
	for _, side := range sides {
		name := sideArrow(side) + " " + side.String()
		head = append(head, draw.Span{Text: draw.FitRight(name, t.cells), Style: sideStyle(side)})
	}
	t.lines = append(t.lines, head)
	return t
}

// row adds a row. One without values is left out.
func (t *table) row(name string, style draw.Style, values [2]string) {
	t.rowOf(name, style, values, "–")
}

// rowOf is as row with what stands where a side has no value.
func (t *table) rowOf(name string, style draw.Style, values [2]string, none string) {
	if values == [2]string{} {
		return
	}
	l := draw.Line{{Text: draw.Fit(name, nameCells), Style: draw.Name}}
	for _, v := range values {
		cell := draw.Span{Text: v, Style: style}
		if v == "" {
			cell = draw.Span{Text: none, Style: draw.Dim}
		}
		cell.Text = draw.FitRight(cell.Text, t.cells)
		l = append(l, cell)
	}
	t.lines = append(t.lines, l)
}

// count adds a row of how many there are of each side, unless there are none.
func (t *table) count(name string, style draw.Style, r *Report, of func(*Flow) uint64) {
	tail := strings.Repeat(" ", t.tail)
	t.rowOf(name, style, r.each(func(f *Flow) string {
		if n := of(f); n > 0 {
			return t.number(n) + tail
		}
		return ""
	}), "–"+tail)
}

// tally is as count with the bytes of their payloads, where there is room.
func (t *table) tally(name string, r *Report, of func(*Flow) *Tally) {
	t.rowOf(name, draw.Plain, r.each(func(f *Flow) string {
		n := of(f)
		switch {
		case n.Messages == 0:
			return ""
		case t.tail == 0:
			return t.number(n.Messages)
		}
		return t.number(n.Messages) + draw.FitRight(draw.Bytes(float64(n.Payload)), t.tail)
	}), "–"+strings.Repeat(" ", t.tail))
}

// number writes a number as exactly as there is room.
func (t *table) number(n uint64) string {
	if s := draw.Grouped(n); len(s) < t.cells-t.tail {
		return s
	}
	return draw.Short(float64(n))
}

// each returns what f says of both sides.
func (r *Report) each(f func(*Flow) string) (values [2]string) {
	for _, side := range sides {
		values[side] = f(&r.Flows[side])
	}
	return values
}

// summary counts everything.
func (p *page) summary(width int) []draw.Line {
	t := newTable("", width)
	t.count("messages", draw.Strong, p.Report, func(f *Flow) uint64 { return f.Total.Messages })
	for kind := range frame.Opaque + 1 {
		t.tally("  "+kind.String(), p.Report, func(f *Flow) *Tally { return &f.Types[kind] })
	}
	bytesOf := func(name string, style draw.Style, of func(*Flow) uint64) {
		t.row(name, style, p.each(func(f *Flow) string {
			if f.Total.Messages == 0 {
				return ""
			}
			return draw.Bytes(float64(of(f)))
		}))
	}
	bytesOf("payload", draw.Strong, func(f *Flow) uint64 { return f.Total.Payload })
	bytesOf("on the wire", draw.Strong, func(f *Flow) uint64 { return f.Total.Wire })
	if d := p.Last.Sub(p.First); d > 0 {
		unit := unitFor(float64(max(p.Flows[0].Total.Messages, p.Flows[1].Total.Messages)) / d.Seconds())
		t.row("mean rate", draw.Plain, p.each(func(f *Flow) string {
			if f.Total.Messages == 0 {
				return ""
			}
			return draw.Short(float64(f.Total.Messages)/d.Seconds()*unit.seconds) + "/" + unit.name
		}))
	}
	p.sizesRow(t)
	t.count("compressed", draw.Plain, p.Report, func(f *Flow) uint64 { return f.Compressed.Messages })
	t.row("  to", draw.Plain, p.each(func(f *Flow) string { return share(f.Compressed.Wire, f.Compressed.Payload) }))
	t.count("fragmented", draw.Plain, p.Report, func(f *Flow) uint64 { return f.Fragmented })
	t.count("  frames up to", draw.Plain, p.Report, func(f *Flow) uint64 {
		if f.Fragmented == 0 {
			return 0
		}
		return f.MostFrames
	})
	p.extraordinary(t)
	return t.lines
}

// sizesRow adds how the sizes are spread.
func (p *page) sizesRow(t *table) {
	for _, row := range []struct {
		name string
		of   func(*Spread[uint64]) uint64
	}{
		{"smallest", func(s *Spread[uint64]) uint64 { return s.Min }},
		{"median size", func(s *Spread[uint64]) uint64 { return s.Median }},
		{"90 % up to", func(s *Spread[uint64]) uint64 { return s.P90 }},
		{"99 % up to", func(s *Spread[uint64]) uint64 { return s.P99 }},
		{"largest", func(s *Spread[uint64]) uint64 { return s.Max }},
	} {
		t.row(row.name, draw.Plain, p.each(func(f *Flow) string {
			if f.Sizes.Count == 0 {
				return ""
			}
			return draw.Bytes(float64(row.of(&f.Sizes)))
		}))
	}
}

// extraordinary adds what is seldom there.
func (p *page) extraordinary(t *table) {
	for o := frame.Observed + 1; o <= frame.Replayed; o++ {
		t.count(o.String(), draw.Accent, p.Report, func(f *Flow) uint64 { return f.Origins[o] })
	}
	for i := frame.Whole + 1; i <= frame.Unfinished; i++ {
		t.count(i.String(), draw.Warning, p.Report, func(f *Flow) uint64 { return f.Incomplete[i] })
	}
	t.count("unreadable", draw.Bad, p.Report, func(f *Flow) uint64 { return f.Unreadable })
	t.count("illegal", draw.Bad, p.Report, func(f *Flow) (n uint64) {
		for _, b := range f.Violations {
			n += b.Messages
		}
		return n
	})
}

// sizes draws how many messages are of which size.
func (p *page) sizes(width int) []draw.Line {
	least, most := -1, -1
	var highest [2]uint64
	for i := range p.Flows[0].Octaves {
		for _, side := range sides {
			if n := p.Flows[side].Octaves[i]; n > 0 {
				if least < 0 {
					least = i
				}
				most, highest[side] = i, max(highest[side], n)
			}
		}
	}
	if least < 0 {
		return nil
	}
	const label, count = 13, 6
	cells := max((width-label)/2, count+2)
	head := draw.Line{{Text: draw.Fit("sizes", label), Style: draw.Title}}
	for _, side := range sides {
		head = append(head, draw.Span{Text: draw.Fit(sideArrow(side)+" "+side.String(), cells), Style: sideStyle(side)})
	}
	lines := []draw.Line{head}
	empty := 0
	for i := least; i <= most; i++ {
		if p.Flows[0].Octaves[i]+p.Flows[1].Octaves[i] == 0 {
			empty++
			continue
		}
		if empty > 0 {
			lines = append(lines, draw.Text(draw.FitRight("⋮", label-2), draw.Dim))
			empty = 0
		}
		l := draw.Line{{Text: draw.FitRight(octaveWords(i), label-1) + " ", Style: draw.Dim}}
		for _, side := range sides {
			n := p.Flows[side].Octaves[i]
			bar := strings.TrimRight(draw.Gauge(float64(n)/float64(max(highest[side], 1)), cells-count-1, p.ascii), " ")
			number := ""
			if n > 0 {
				number = " " + draw.Short(float64(n))
			}
			l = append(l, draw.Span{Text: bar, Style: sideStyle(side)},
				draw.Span{Text: draw.Fit(number, cells-draw.Width(bar)), Style: draw.Plain})
		}
		lines = append(lines, l)
	}
	return lines
}

// octaveWords says which sizes take so many bits: from the first size to the second,
// which is not one of them.
func octaveWords(bits int) string {
	switch bits {
	case 0:
		return "empty"
	case 1:
		return "1 B"
	}
	from, fromUnit := binary(bits - 1)
	to, toUnit := binary(bits)
	if fromUnit == toUnit {
		return from + "–" + to + " " + toUnit
	}
	return from + " " + fromUnit + "–" + to + " " + toUnit
}

// binary writes a power of two as bytes.
func binary(exponent int) (number, unit string) {
	return draw.Grouped(1 << (exponent % 10)), [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}[exponent/10]
}
