package detail

import (
	"slices"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// treeView shows what a decoder made of the payload, and folds it.
type treeView struct {
	doc     *Document
	reading *decode.Reading
	root    *item
	rows    []*item // those unfolded
	at      *item   // under the cursor
	row     int     // its index in rows
	top     int     // index of the first row shown
	w       int     // that text is laid out for
}

func newTreeView(d *Document, r *decode.Reading, root *item) *treeView {
	return &treeView{doc: d, reading: r, root: root, at: root}
}

func (v *treeView) name() string { return v.reading.Decoder }

// settle makes rows of what is unfolded and keeps the cursor in sight.
func (v *treeView) settle(s *sight) {
	if v.w != s.w {
		v.w = s.w
		v.refold(v.root)
		v.list()
	}
	v.top = min(v.top, v.row)
	v.top = max(v.top, v.row-s.h+1)
	v.top = max(0, min(v.top, len(v.rows)-s.h))
}

// list makes rows anew. When the row of the cursor is folded away, the cursor goes
// to what it was folded into.
func (v *treeView) list() {
	v.rows = v.root.appendRows(v.rows[:0])
	for it := v.at; ; it = it.up {
		if i := slices.Index(v.rows, it); i >= 0 {
			v.at, v.row = it, i
			return
		}
		if it.up == nil {
			v.at, v.row = v.root, 0
			return
		}
	}
}

// refold folds texts, whose rows were made for another width.
func (v *treeView) refold(it *item) {
	if it.rest != nil {
		*it = item{kind: value, up: it.up, depth: it.depth, node: it.node, index: it.index}
		return
	}
	for _, kid := range it.kids {
		v.refold(kid)
	}
}

func (v *treeView) lines(s *sight) []draw.Line {
	v.settle(s)
	var lines []draw.Line
	for _, it := range v.rows[v.top:min(len(v.rows), v.top+s.h)] {
		lines = append(lines, v.line(s, it))
	}
	return lines
}

func (v *treeView) place(row int) {
	v.row = max(0, min(row, len(v.rows)-1))
	v.at = v.rows[v.row]
}

func (v *treeView) move(s *sight, rows int) {
	v.settle(s)
	v.place(v.row + max(-len(v.rows), min(rows, len(v.rows))))
}

func (v *treeView) home(s *sight) {
	v.settle(s)
	v.place(0)
}

func (v *treeView) end(s *sight) {
	v.settle(s)
	v.place(len(v.rows) - 1)
}

// sideways unfolds to the right; to the left it folds, or goes to what the row is
// part of.
func (v *treeView) sideways(s *sight, cells int) {
	v.settle(s)
	switch it := v.at; {
	case cells > 0 && it.folds(s.w) && !it.open, cells < 0 && it.open:
		v.toggle(s)
	case cells < 0 && it.up != nil:
		v.at = it.up
		v.list()
	}
}

func (v *treeView) toggle(s *sight) {
	v.settle(s)
	switch it := v.at; {
	case !it.folds(s.w):
		return
	case it.kind == more:
		v.at = it.extend()
	case it.open:
		it.open = false
	default:
		it.unfold(s.w)
		v.list()
		// Something of what was unfolded comes into sight.
		v.top = max(v.top, v.row+min(len(it.kids), s.h/2)-s.h+1)
	}
	v.list()
}

func (v *treeView) foldAll(s *sight) {
	v.settle(s)
	if !v.unfoldAll(s, v.at) {
		fold(v.at)
	}
	v.list()
}

// unfoldAll unfolds all below it and reports whether anything was folded.
func (v *treeView) unfoldAll(s *sight, it *item) (changed bool) {
	left := maxOpened
	for level := []*item{it}; len(level) > 0; {
		var next []*item
		for _, it := range level {
			inside := it.kind == value && it.node.Count != 0 && it.node.Size <= maxInside
			if !inside && !it.container() || it.kind == value && it.node.Count == 0 {
				continue
			}
			if !it.open && left > 0 {
				it.unfold(s.w)
				left -= len(it.kids)
				changed = true
			}
			if it.open {
				next = append(next, it.kids...)
			}
		}
		level = next
	}
	return changed
}

func fold(it *item) {
	it.open = false
	for _, kid := range it.kids {
		fold(kid)
	}
}

func (v *treeView) cursor(s *sight) int {
	v.settle(s)
	return v.row - v.top
}

func (v *treeView) value() (name string, data []byte) {
	it := v.at.owner()
	if name = it.path(); name == "" {
		name = "payload"
	}
	return name, it.node.Data()
}

// reveal goes to the innermost value that is written at from, or whose key is.
func (v *treeView) reveal(s *sight, from, _ int) bool {
	v.settle(s)
	if v.root.node.Offset < 0 {
		return false
	}
	it := v.root
	for it.container() {
		it.unfold(s.w)
		kid := it.holding(from)
		if kid == nil {
			break
		}
		it = kid
	}
	v.at = it
	v.list()
	v.settle(s)
	return true
}

// holding returns the kid of it that is written at a place in the payload: the
// first that ends behind it.
func (it *item) holding(at int) *item {
	if len(it.kids) == 0 {
		return nil
	}
	i, _ := slices.BinarySearchFunc(it.kids, at, func(kid *item, at int) int {
		if kid.ends() > at {
			return 1
		}
		return -1
	})
	kid := it.kids[min(i, len(it.kids)-1)]
	if kid.kind == value && kid.node.Offset < 0 || kid.kind != value && kid.kind != valueSpan {
		return nil
	}
	return kid
}

// ends returns where in the payload an item ends.
func (it *item) ends() int {
	switch it.kind {
	case value:
		return it.node.Offset + it.node.Size
	case valueSpan:
		last, _ := it.owner().node.Children(it.to-1, 1)
		if len(last) == 1 {
			return last[0].Offset + last[0].Size
		}
	}
	return 1 << 62
}
