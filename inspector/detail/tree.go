package detail

import (
	"context"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

const (
	// fan is how many values are unfolded at once; more are put into ranges of so
	// many, and those into ranges of ranges.
	fan = 100
	// maxOpened is how many rows ToggleAll unfolds at most.
	maxOpened = 10_000
	// firstRows is how many rows are unfolded of a message nobody looked at yet.
	firstRows = 60
	// maxInside is how large in bytes a value may be for ToggleAll to look inside
	// it.
	maxInside = 64 << 10
	// maxText is how large in bytes a text may be that is unfolded.
	maxText = 8 << 20
	// textRows is how many rows of a long text are unfolded at once.
	textRows = 200
)

// item is a row of a tree with what it unfolds to.
type item struct {
	kind  itemKind
	up    *item
	depth int
	open  bool
	kids  []*item // what it unfolds to, once it was unfolded
	ready bool    // kids are there

	node  decode.Node // of a value
	index int         // of a value in its Array, -1 elsewhere

	// from and to are the indices of a range's children in the value above; from
	// is where in the text a rest begins.
	from, to int

	text string // of a piece, a fault: what to show

	rest *layout // of a value with long text: its rows

	beginning   []*item // first children of a value, for its preview
	peeked, all bool    // whether they were asked for, and are all there are
}

type itemKind uint8

const (
	value     itemKind = iota
	valueSpan          // some of the children of a large value
	more               // the rest of a long text
	piece              // a row of a long text
	fault              // why there are no more children
)

// owner returns the value that a range or rest belongs to.
func (it *item) owner() *item {
	for it.kind != value {
		it = it.up
	}
	return it
}

// folds reports whether there is something to unfold. width is that of the pane.
func (it *item) folds(width int) bool {
	switch it.kind {
	case value:
		return it.node.Count != 0 || it.node.Kind == decode.String && it.long(width)
	case valueSpan, more:
		return true
	}
	return false
}

// long reports whether a text is more than a row.
func (it *item) long(width int) bool {
	// What has lines shows them when unfolded.
	return it.node.Cut || strings.Contains(it.node.Value, `\n`) || it.prefix()+draw.Width(it.node.Value)+len(`""`) > width
}

// container reports whether the value is an object, an array or a range of one.
func (it *item) container() bool {
	return it.kind == valueSpan || it.kind == value && (it.node.Kind == decode.Object || it.node.Kind == decode.Array)
}

// unfold makes the kids of an item. Text is laid out for that width.
func (it *item) unfold(width int) {
	it.open = true
	if it.ready {
		return
	}
	it.ready = true
	switch it.kind {
	case value:
		if n := it.node.Count; n > fan {
			it.kids = it.spans(0, n)
		} else {
			it.load(0, n)
		}
		if it.node.Kind == decode.String && it.long(width) {
			it.addText(width)
		}
	case valueSpan:
		if it.to-it.from > fan {
			it.kids = it.spans(it.from, it.to)
		} else {
			it.load(it.from, it.to)
		}
	}
}

// spans divides the children from from to to into ranges, as few as can be.
func (it *item) spans(from, to int) (kids []*item) {
	step := fan
	for (to-from+step-1)/step > fan {
		step *= fan
	}
	for ; from < to; from += step {
		kids = append(kids, &item{kind: valueSpan, up: it, depth: it.depth + 1, from: from, to: min(from+step, to)})
	}
	return kids
}

// load makes kids of the children from from to to.
func (it *item) load(from, to int) {
	node := &it.owner().node
	children, err := node.Children(from, to-from)
	for i := range children {
		kid := &item{kind: value, up: it, depth: it.depth + 1, node: children[i], index: -1}
		if node.Kind == decode.Array {
			kid.index = from + i
		}
		it.kids = append(it.kids, kid)
	}
	if err != nil {
		it.kids = append(it.kids, &item{kind: fault, up: it, depth: it.depth + 1, text: decode.Visible(err.Error())})
	}
}

// addText adds the value's text to its kids, folded where there is something better
// to see.
func (it *item) addText(width int) {
	if it.node.Size > maxText {
		text := "more than " + sized(maxText) + ": the text view has it all"
		it.kids = append(it.kids, &item{kind: fault, up: it, depth: it.depth + 1, text: text})
		return
	}
	it.rest = &layout{text: textOf(it.node.Data())}
	it.rest.set(max(1, width-min(2*it.depth+2, width/2)-markerCells), true)
	if len(it.kids) > 0 {
		it.kids = append(it.kids, &item{kind: more, up: it, depth: it.depth + 1})
	} else {
		it.addRows(0)
	}
}

// addRows adds rows of the value's text to its kids, from the one at at on.
func (it *item) addRows(at int) {
	for n := 0; at >= 0; n++ {
		if n == textRows {
			it.kids = append(it.kids, &item{kind: more, up: it, depth: it.depth + 1, from: at})
			return
		}
		start, end := it.rest.row(at)
		text, _ := it.rest.show(start, end, it.rest.w)
		it.kids = append(it.kids, &item{kind: piece, up: it, depth: it.depth + 1, text: text})
		at = it.rest.next(at)
	}
}

// extend puts rows of text in the place of the rest, which is the last kid of its
// value, and returns the first of them.
func (it *item) extend() (first *item) {
	up := it.up
	last := len(up.kids) - 1
	up.kids = up.kids[:last]
	up.addRows(it.from)
	return up.kids[last]
}

// appendRows appends the item and what is unfolded below it.
func (it *item) appendRows(rows []*item) []*item {
	rows = append(rows, it)
	if it.open {
		for _, kid := range it.kids {
			rows = kid.appendRows(rows)
		}
	}
	return rows
}

// newTree makes the tree of a reading and unfolds level by level as much of it as
// makes a screen. What is seen whole in one row stays folded.
func newTree(ctx context.Context, r *decode.Reading) (*item, error) {
	root := &item{kind: value, node: r.Root, index: -1}
	rows := 1
	for level := []*item{root}; len(level) > 0; {
		var next []*item
		for _, it := range level {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if !it.container() || it.node.Count == 0 || it != root && it.brief() {
				continue
			}
			if n := it.node.Count; it != root && rows+n > firstRows {
				it.preview(briefly) // which may take a moment the first time
				continue
			}
			it.unfold(briefly)
			rows += len(it.kids)
			next = append(next, it.kids...)
		}
		level = next
	}
	// Of a large root its first values.
	for it := root; len(it.kids) > 0 && it.kids[0].kind == valueSpan; {
		it = it.kids[0]
		it.unfold(briefly)
	}
	return root, nil
}

// path writes the way to a value, such as bids[3].price.
func (it *item) path() string {
	it = it.owner()
	if it.up == nil {
		return ""
	}
	above := it.up.path()
	switch {
	case it.index >= 0:
		return above + "[" + strconv.Itoa(it.index) + "]"
	case it.node.KeyKind == decode.None:
		return above
	case it.node.KeyKind == decode.Inside:
		return above + "(" + it.node.Key + ")"
	case above == "":
		return it.node.Key
	}
	return above + "." + it.node.Key
}
