package detail

import (
	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

const (
	// previewItems is how many values of one container a preview looks at.
	previewItems = 12
	// previewDepth is how deep it looks into containers.
	previewDepth = 2
	// previewLeast is how many cells it wants for a value.
	previewLeast = 10
	// briefly is how wide a value may be that is not unfolded at first since its
	// preview shows all of it.
	briefly = 60
)

// preview returns the beginning of a container in about room cells, and whether all
// of it is there.
func (it *item) preview(room int) (line draw.Line, whole bool) {
	p := previewer{room: room}
	whole = p.value(it, 0)
	return p.line, whole && p.room >= 0
}

// brief reports whether a container holds only leaves and is seen whole in its row.
func (it *item) brief() bool {
	p := previewer{room: briefly}
	return it.kind == value && p.value(it, previewDepth-1) && p.room >= 0
}

// peek returns the first children of a value, and whether they are all there are.
func (it *item) peek() (first []*item, all bool) {
	if !it.peeked {
		children, err := it.node.Children(0, previewItems)
		for i := range children {
			it.beginning = append(it.beginning, &item{kind: value, node: children[i], index: -1})
		}
		it.peeked, it.all = true, err == nil && len(children) == it.node.Count
	}
	return it.beginning, it.all
}

// previewer draws a preview.
type previewer struct {
	pen
	room int // cells left
}

func (p *previewer) put(text string, style draw.Style) {
	p.pen.put(text, style)
	p.room -= draw.Width(text)
}

// value draws a value and reports whether all of it is there.
func (p *previewer) value(it *item, depth int) (whole bool) {
	n := &it.node
	switch n.Kind {
	case decode.Object, decode.Array:
		return p.container(it, depth)
	}
	open, end := quotes(n.Kind)
	text := draw.Cut(n.Value, max(1, p.room-len(open+end)-depth))
	whole = !n.Cut && text == n.Value
	if n.Cut && text == n.Value {
		text += "…"
	}
	p.put(open+text+end, leafStyle(n.Kind))
	return whole
}

func (p *previewer) container(it *item, depth int) (whole bool) {
	open, end := brackets(it.node.Kind)
	switch {
	case it.node.Count == 0:
		p.put(open+end, draw.Punct)
		return true
	case depth == previewDepth:
		p.put(open+"…"+end, draw.Punct)
		return false
	}
	p.put(open, draw.Punct)
	first, whole := it.peek()
	for i, kid := range first {
		if p.room < previewLeast && i > 0 {
			p.put("…"+end, draw.Punct)
			return false
		}
		key := pen{}
		kid.key(&key, max(1, p.room/2))
		for _, s := range key.line {
			p.put(s.Text, s.Style)
		}
		whole = p.value(kid, depth+1) && whole
		if i < len(first)-1 {
			p.put(", ", draw.Punct)
		}
	}
	if _, all := it.peek(); !all {
		p.put(", …", draw.Punct)
	}
	p.put(end, draw.Punct)
	return whole
}
