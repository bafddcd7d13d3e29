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
func preview(n *decode.Node, room int) (line draw.Line, whole bool) {
	p := previewer{room: room}
	whole = p.node(n, 0)
	return p.line, whole && p.room >= 0
}

// brief reports whether a container holds only leaves and is seen whole in its row.
func (it *item) brief(width int) bool {
	p := previewer{room: min(briefly, width-it.prefix())}
	return it.kind == value && p.node(&it.node, previewDepth-1) && p.room >= 0
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

// node draws a value and reports whether all of it is there.
func (p *previewer) node(n *decode.Node, depth int) (whole bool) {
	switch n.Kind {
	case decode.Object, decode.Array:
		return p.container(n, depth)
	}
	quote := ""
	if n.Kind == decode.String {
		quote = `"`
	}
	text := draw.Cut(n.Value, max(1, p.room-2*len(quote)-depth))
	whole = !n.Cut && text == n.Value
	if n.Cut && text == n.Value {
		text += "…"
	}
	p.put(quote+text+quote, leafStyle(n.Kind))
	return whole
}

func (p *previewer) container(n *decode.Node, depth int) (whole bool) {
	open, end := brackets(n.Kind)
	switch {
	case n.Count == 0:
		p.put(open+end, draw.Punct)
		return true
	case depth == previewDepth:
		p.put(open+"…"+end, draw.Punct)
		return false
	}
	p.put(open, draw.Punct)
	children, err := n.Children(0, previewItems)
	whole = err == nil && len(children) == n.Count
	for i := range children {
		if p.room < previewLeast && i > 0 {
			p.put("…"+end, draw.Punct)
			return false
		}
		key := pen{}
		(&item{node: children[i], index: -1}).key(&key, max(1, p.room/2))
		for _, s := range key.line {
			p.put(s.Text, s.Style)
		}
		whole = p.node(&children[i], depth+1) && whole
		if i < len(children)-1 {
			p.put(", ", draw.Punct)
		}
	}
	if len(children) != n.Count {
		p.put(", …", draw.Punct)
	}
	p.put(end, draw.Punct)
	return whole
}
