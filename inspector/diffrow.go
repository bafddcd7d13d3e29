package inspector

import (
	"context"
	"fmt"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/rows"
)

// diffKind is what an item of a comparison is.
type diffKind uint8

const (
	diffNoItem   diffKind = iota
	diffFactItem          // first is the number of a fact
	diffPairItem          // first is the number of a pair
	diffSameItem          // first is the number of the first pair of count that are the same
	diffNoteItem          // first is the number of a note
)

// diffItem is what one can select in a comparison.
type diffItem struct {
	kind         diffKind
	first, count int
}

// diffItems makes items of a comparison.
func diffItems(c Comparison, facts []DiffFact, notes []string) (items []diffItem) {
	some := func(end bool) {
		for n := range facts {
			if facts[n].End == end {
				items = append(items, diffItem{diffFactItem, n, 1})
			}
		}
	}
	some(false)
	for n := range c.Pairs() {
		if c.Pair(n).Outcome != DiffSame {
			items = append(items, diffItem{diffPairItem, n, 1})
			continue
		}
		if last := len(items) - 1; last >= 0 && items[last].kind == diffSameItem {
			items[last].count++
			continue
		}
		items = append(items, diffItem{diffSameItem, n, 1})
	}
	some(true)
	for n := range notes {
		items = append(items, diffItem{diffNoteItem, n, 1})
	}
	return items
}

// mostUnfolded bounds how many messages are unfolded at a time.
const mostUnfolded = 1000

// unfold lists the messages of the selected item one by one.
func (d *diff) unfold() {
	item := d.items[d.at]
	several := make([]diffItem, 0, len(d.items)+item.count)
	several = append(several, d.items[:d.at]...)
	n := min(item.count, mostUnfolded)
	for i := range n {
		several = append(several, diffItem{diffSameItem, item.first + i, 1})
	}
	if rest := item.count - n; rest > 0 {
		several = append(several, diffItem{diffSameItem, item.first + n, rest})
	}
	d.items = append(several, d.items[d.at+1:]...)
	d.asked = [2]int{}
	d.want()
}

// The signs of the outcomes.
var diffSigns = map[DiffOutcome]struct {
	sign  string
	style draw.Style
}{
	DiffSame: {" ", draw.Dim}, DiffDiffers: {"~", draw.Warning}, DiffLeft: {"<", draw.Bad}, DiffRight: {">", draw.Good}, DiffMoved: {"^", draw.Accent},
}

// diffText is how many bytes of a message are shown in a row.
const diffText = 1024

// read reads the messages of the items from one to another, which are shown.
func (d *diff) read(from, to int) {
	if d.asked == [2]int{from, to} || d.result == nil {
		return
	}
	d.asked = [2]int{from, to}
	type missing struct {
		n    int
		pair DiffPair
	}
	var lacking []missing
	for _, item := range d.items[from:to] {
		single := item.kind == diffPairItem || item.kind == diffSameItem && item.count == 1
		if _, known := d.texts[item.first]; single && !known {
			lacking = append(lacking, missing{item.first, d.result.Pair(item.first)})
		}
	}
	if len(lacking) == 0 {
		return
	}
	const most = 4096
	if len(d.texts) > most {
		clear(d.texts)
	}
	result := d.result
	d.reader.do(0, func(ctx context.Context) {
		for _, m := range lacking {
			texts := [2]string{diffContent(ctx, d.r.i.o.Source, d.left, m.pair.Left), diffContent(ctx, d.r.i.o.Source, d.right, m.pair.Right)}
			if ctx.Err() != nil {
				return
			}
			d.r.i.post(func() {
				if d.result == result {
					d.texts[m.n] = texts
				}
			})
		}
	})
}

// diffContent returns what a message says, on a line and harmless.
func diffContent(ctx context.Context, source Source, conn, seq uint64) string {
	if seq == 0 {
		return ""
	}
	found := source.Messages(ctx, rows.Query{Conn: conn, Start: seq, Limit: diffText})
	defer found.Close()
	for found.Next() {
		if m := found.Message(); m.Seq == seq {
			return messageWords(m)
		}
	}
	if err := found.Err(); err != nil {
		return decode.Visible(err.Error())
	}
	return errGone.Error()
}

// messageWords says in one line what a message is.
func messageWords(m *frame.Message) string {
	switch m.Type {
	case frame.Text:
		return decode.Visible(string(m.Payload[:min(len(m.Payload), diffText)]))
	case frame.Close:
		if m.Code == 0 {
			return "close without a code"
		}
		return fmt.Sprintf("close %d %s", uint16(m.Code), decode.Visible(m.Reason))
	}
	return fmt.Sprintf("%s %s", m.Type, draw.Bytes(float64(m.Size)))
}

func (d *diff) draw(p draw.Painter, r rect) {
	d.two = (r.width >= 100) != d.r.look.turned
	if d.pair.whole {
		d.where, d.placed = rect{}, nil
		d.pair.drawWhole(p, r, d.two)
		return
	}
	upper, lower := r.split(false, 60)
	if r.height < 14 {
		upper, lower = r, rect{}
		if d.pair.pane != 0 {
			upper, lower = rect{}, r
		}
	}
	if upper.height > 0 {
		d.drawItems(p, upper)
	}
	d.pair.places = [4]rect{}
	if lower.height > 0 {
		d.pair.drawChanges(p, lower)
	}
}

// title says what is compared and what came of it.
func (d *diff) title() draw.Line {
	title := draw.Line{{Text: fmt.Sprintf("#%d ↔ #%d  ", d.left, d.right), Style: draw.Title}}
	switch {
	case d.result != nil:
		text, same := d.result.Summary()
		style := draw.Warning
		if same {
			style = draw.Good
		}
		title = append(title, draw.Span{Text: decode.Visible(text), Style: style})
	case d.worker.busy():
		title = append(title, draw.Span{Text: fmt.Sprintf("comparing %.0f%% (esc stops)", d.part*100), Style: draw.Warning})
	}
	for n, path := range d.order.Ignore {
		words := "  without "
		if n > 0 {
			words = ", "
		}
		title = append(title, draw.Span{Text: words + decode.Visible(path), Style: draw.Accent})
	}
	return title
}

// nothing says why there are no rows.
func (d *diff) nothing() (string, draw.Style) {
	switch {
	case d.err != nil:
		return decode.Visible(d.err.Error()), draw.Bad
	case d.result == nil:
		return "reading…", draw.Dim
	}
	return "neither has a message", draw.Dim
}

func (d *diff) drawItems(p draw.Painter, r rect) {
	inner := pane(p, r, d.title(), nil, d.pair.pane == 0)
	d.where = inner
	d.placed = d.placed[:0]
	// The selected item is shown whole.
	d.top = max(min(d.top, d.at), d.at-inner.height+1, 0)
	for lines := d.lines(d.top, d.at); lines > inner.height && d.top < d.at; d.top++ {
		lines -= d.lines(d.top, d.top)
	}
	y, item := 0, d.top
	for ; y < inner.height && item < len(d.items); item++ {
		row := draw.Normal
		if item == d.at && d.pair.pane != 0 {
			row = draw.Blurred
		} else if item == d.at {
			row = draw.Selected
		}
		for _, l := range d.row(d.items[item], inner.width) {
			if y < inner.height {
				p.Line(inner.x, inner.y+y, inner.width, l, row)
				d.placed = append(d.placed, item)
				y++
			}
		}
	}
	if item > d.top {
		d.read(d.top, item)
	}
	for ; y < inner.height; y++ {
		var l draw.Line
		if text, style := d.nothing(); y == 0 && len(d.items) == 0 {
			l = draw.Text(draw.Cut("  "+text, inner.width), style)
		}
		p.Line(inner.x, inner.y+y, inner.width, l, draw.Normal)
	}
}

// lines is how many lines items take.
func (d *diff) lines(from, to int) (n int) {
	for ; from <= to && from < len(d.items); from++ {
		n++
		if d.twice(d.items[from]) {
			n++
		}
	}
	return n
}

// twice reports whether an item has its sides below each other.
func (d *diff) twice(item diffItem) bool {
	switch {
	case d.two:
		return false
	case item.kind == diffPairItem:
		return d.result.Pair(item.first).Outcome == DiffDiffers
	}
	return item.kind == diffFactItem
}

// row draws an item.
func (d *diff) row(item diffItem, width int) []draw.Line {
	switch item.kind {
	case diffNoteItem:
		return []draw.Line{draw.Text(draw.Cut("  "+decode.Visible(d.notes[item.first]), width), draw.Dim)}
	case diffFactItem:
		f := &d.facts[item.first]
		name := decode.Visible(f.Name) + ": "
		return d.sides("~", draw.Warning, "  ", [2]string{name + decode.Visible(f.Left), name + decode.Visible(f.Right)}, width, true)
	case diffSameItem:
		if item.count > 1 {
			first, last := d.result.Pair(item.first), d.result.Pair(item.first+item.count-1)
			text := fmt.Sprintf("  … %s same: #%s to #%s", draw.Counted(uint64(item.count), "message"), draw.Grouped(first.Left), draw.Grouped(last.Left))
			if first.Left != first.Right || last.Left != last.Right {
				text += fmt.Sprintf(", #%s to #%s", draw.Grouped(first.Right), draw.Grouped(last.Right))
			}
			return []draw.Line{draw.Text(draw.Cut(text, width), draw.Dim)}
		}
	}
	pair := d.result.Pair(item.first)
	texts := d.texts[item.first]
	arrow := "→ "
	if pair.From == frame.Server {
		arrow = "← "
	}
	for side, seq := range [2]uint64{pair.Left, pair.Right} {
		if seq != 0 {
			texts[side] = fmt.Sprintf("#%s %s", draw.Grouped(seq), texts[side])
		}
	}
	sign := diffSigns[pair.Outcome]
	return d.sides(sign.sign, sign.style, arrow, texts, width, pair.Outcome == DiffDiffers)
}

// sides draws both sides of an item.
func (d *diff) sides(sign string, style draw.Style, arrow string, texts [2]string, width int, different bool) []draw.Line {
	text := func(s string) draw.Line { return draw.Line{{Text: s}}.Skip(d.side) }
	head := draw.Line{{Text: sign + " ", Style: style}, {Text: arrow, Style: draw.Dim}}
	if d.two {
		half := max(1, (width-head.Width()-3)/2)
		left := text(texts[0]).Cut(half)
		line := append(head, left...)
		if gap := half - left.Width(); gap > 0 {
			line = append(line, draw.Span{Text: fmt.Sprintf("%*s", gap, "")})
		}
		line = append(line, draw.Span{Text: " │ ", Style: draw.Border})
		return []draw.Line{append(line, text(texts[1]).Cut(half)...)}
	}
	if different {
		minus := append(draw.Line{{Text: "- ", Style: draw.Bad}, {Text: arrow, Style: draw.Dim}}, text(texts[0])...)
		plus := append(draw.Line{{Text: "+ ", Style: draw.Good}, {Text: arrow, Style: draw.Dim}}, text(texts[1])...)
		return []draw.Line{minus.Cut(width), plus.Cut(width)}
	}
	side := texts[0]
	if side == "" {
		side = texts[1]
	}
	return []draw.Line{append(head, text(side)...).Cut(width)}
}
