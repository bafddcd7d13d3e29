package detail

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// markerCells is how many cells ▾ or ▸ takes with the space behind it.
const markerCells = 2

// indent returns how many cells an item stands to the right.
func (it *item) indent(width int) int { return min(2*it.depth, width/2) }

// prefix returns how many cells stand before a value's text where there is room.
func (it *item) prefix() int {
	var p pen
	it.key(&p, math.MaxInt)
	return 2*it.depth + markerCells + p.line.Width()
}

// line draws the row of an item.
func (v *treeView) line(s *sight, it *item) draw.Line {
	var p pen
	p.space(it.indent(s.w))
	switch {
	case !it.folds(s.w):
		p.space(markerCells)
	case it.open:
		p.put("▾ ", draw.Punct)
	default:
		p.put("▸ ", draw.Punct)
	}
	switch it.kind {
	case valueSpan:
		node := it.owner().node
		open, end := brackets(node.Kind)
		p.put(fmt.Sprintf("%s%d…%d%s", open, it.from, it.to-1, end), draw.Punct)
	case more:
		word := "… more"
		if it.from == 0 {
			word = "… the text"
		}
		p.put(word, draw.Dim)
	case piece:
		p.put(it.text, draw.String)
	case fault:
		p.put(it.text, draw.Warning)
	default:
		return v.valueLine(s, it, &p)
	}
	return cut(p.line, s.w)
}

// valueLine draws key, value and note behind what p holds.
func (v *treeView) valueLine(s *sight, it *item, p *pen) draw.Line {
	it.key(p, max(1, (s.w-p.line.Width())*2/3))
	room := s.w - p.line.Width()
	var note draw.Line
	if it.node.Note != "" {
		// A note leaves numbers whole and texts half of the room.
		value := draw.Width(it.node.Value)
		if k := it.node.Kind; k != decode.Number && k != decode.Literal {
			value = min(value+len(`""`), max(room/2, room-notable))
		}
		note = cut(draw.Text("  → "+it.node.Note, draw.Accent), max(0, room-value))
		if note.Width() < leastNote {
			note = nil
		}
		room -= note.Width()
	}
	n := len(p.line)
	switch it.node.Kind {
	case decode.Object, decode.Array:
		it.containerText(p, room)
	default:
		it.leafText(p, room)
	}
	line := cut(v.highlight(s, it, p.line, n), s.w-note.Width())
	return cut(append(line, note...), s.w)
}

const (
	// notable is how many cells a note takes from a long text at most.
	notable = 60
	// leastNote is how many cells of a note are worth showing.
	leastNote = 10
)

// key draws the key of a value, or its place in an array, in at most so many cells.
func (it *item) key(p *pen, cells int) {
	n := &it.node
	switch {
	case it.index >= 0:
		p.put(draw.Cut(strconv.Itoa(it.index), cells), draw.Dim)
	case n.KeyKind == decode.None:
		return
	case n.KeyKind == decode.String:
		p.put(draw.Cut(`"`+n.Key+`"`, cells), draw.Name)
	case n.KeyKind == decode.Inside:
		p.put(draw.Cut(n.Key, cells), draw.Accent)
	default:
		p.put(draw.Cut(n.Key, cells), draw.Name)
	}
	p.put(": ", draw.Punct)
}

func brackets(k decode.Kind) (open, end string) {
	if k == decode.Array {
		return "[", "]"
	}
	return "{", "}"
}

// items says how many children a node has.
func items(n *decode.Node) string {
	if n.Kind == decode.Array {
		return draw.Counted(uint64(n.Count), "item")
	}
	return draw.Counted(uint64(n.Count), "member")
}

// containerText draws what is in an object or array: how much where it is
// unfolded, otherwise its beginning.
func (it *item) containerText(p *pen, room int) {
	open, end := brackets(it.node.Kind)
	if it.open && it.node.Count != 0 {
		p.put(open, draw.Punct)
		p.put(items(&it.node), draw.Dim)
		p.put(end, draw.Punct)
		return
	}
	count := "  " + items(&it.node)
	line, whole := it.preview(room)
	if !whole {
		line, _ = it.preview(room - draw.Width(count))
		line = append(line, draw.Span{Text: count, Style: draw.Dim})
	}
	p.line = append(p.line, line...)
}

// leafText draws a value that is no container.
func (it *item) leafText(p *pen, room int) {
	n := &it.node
	if n.Kind != decode.String && n.Kind != decode.Bytes {
		p.put(n.Value, leafStyle(n.Kind))
		return
	}
	open, end := quotes(n.Kind)
	if text := open + n.Value + end; !n.Cut && draw.Width(text) <= room {
		p.put(text, leafStyle(n.Kind))
		return
	}
	size := " " + sized(uint64(n.Size))
	if n.Kind == decode.String && !it.open && room > 60 {
		size += ", unfold to see all"
	}
	// With a cell more than there is room for, the end is always an ellipsis.
	text := draw.Cut(n.Value+strings.Repeat(" ", max(1, room)), max(1, room-draw.Width(open+size)))
	p.put(open+text, leafStyle(n.Kind))
	p.put(size, draw.Dim)
}

// quotes returns what stands around the text of a value.
func quotes(k decode.Kind) (open, end string) {
	switch k {
	case decode.String:
		return `"`, `"`
	case decode.Bytes:
		return "h'", "'"
	}
	return "", ""
}

func leafStyle(k decode.Kind) draw.Style {
	switch k {
	case decode.String:
		return draw.String
	case decode.Number, decode.Bytes:
		return draw.Number
	}
	return draw.Literal
}

// highlight marks what was found in a value's row: the found text in its key and
// value, or all of the value where it reads otherwise than it is written. The
// value's spans are those from first on.
func (v *treeView) highlight(s *sight, it *item, line draw.Line, first int) draw.Line {
	if s.found == nil || it.node.Offset < 0 {
		return line
	}
	// A key is written before its value, no longer than it looks.
	keyed := it.node.Offset
	if it.node.KeyKind != decode.None {
		keyed -= len(it.node.Key) + len(`"": `)
	}
	index, found := s.found.within(keyed, it.node.Offset+it.node.Size)
	value := line[first:]
	marked := append(draw.Line(nil), line[:first]...)
	for i, f := range found[:min(len(found), maxMarked)] {
		style := s.matched(index + i)
		text := decode.Visible(string(v.doc.Message().Payload[f.from:min(f.to, f.from+maxRow)]))
		if f.to > it.node.Offset {
			next, ok := mark(value, text, style)
			if !ok && !it.container() {
				next = draw.Text(value.String(), style)
			}
			value = next
		} else {
			marked, _ = mark(marked, text, style)
		}
	}
	return append(marked, value...)
}

// maxMarked is how many matches are marked in one row of a tree.
const maxMarked = 16

// mark gives text, where it stands in l and is not marked yet, a style.
func mark(l draw.Line, text string, style draw.Style) (out draw.Line, ok bool) {
	for _, s := range l {
		for s.Style != draw.Match && s.Style != draw.Here {
			before, after, in := strings.Cut(s.Text, text)
			if !in || text == "" {
				break
			}
			ok = true
			out = append(out, draw.Span{Text: before, Style: s.Style}, draw.Span{Text: text, Style: style})
			s.Text = after
		}
		out = append(out, s)
	}
	return out, ok
}
