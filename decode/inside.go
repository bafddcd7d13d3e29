package decode

import (
	"errors"
	"fmt"
)

const (
	// maxInside is how many formats may lie in each other.
	maxInside = 8
	// maxMade is how many bytes that are not in the payload a Reading may hold:
	// inflated, decoded from base64, or freed from escapes.
	maxMade = 64 << 20
)

// scope is what the trees of one Reading share.
type scope struct {
	depth int  // how many formats lie around this one
	made  *int // how many bytes were made in all of the Reading
}

func newScope() scope { return scope{made: new(int)} }

// left returns how many more bytes the Reading may make.
func (s scope) left() int { return maxMade - *s.made }

// within returns the scope of what is inside.
func (s scope) within() scope { return scope{s.depth + 1, s.made} }

// format is one that is found inside of text and bytes.
type format struct {
	name string
	// fits guesses from the beginning of a value, or the whole of it.
	fits func(s scope, head []byte, whole bool) bool
	// open returns the tree.
	open func(s scope, data []byte) (Node, error)
}

// formats are those looked for inside of values, the surest first. It is filled by
// init as the formats look for each other.
var formats []format

func init() {
	formats = []format{
		{"JSON", fitsJSON, openJSON},
		{"JWT", fitsJWT, openJWT},
		{"gzip", fitsGzip, openGzip},
		{"zlib", fitsZlib, openZlib},
		{"base64", fitsBase64, openBase64},
	}
}

// find returns the format that fits the beginning of a value, nil when none does.
func (s scope) find(head []byte, whole bool) *format {
	if s.depth >= maxInside {
		return nil
	}
	for i := range formats {
		if formats[i].fits(s, head, whole) {
			return &formats[i]
		}
	}
	return nil
}

// look gives a String or Bytes the child that is inside, if there is one, or else
// a hint. head is the beginning of the value's data.
func (s scope) look(node *Node, head []byte, whole bool) {
	if f := s.find(head, whole); f != nil {
		node.Count = 1
		node.within = &inside{scope: s, format: f, data: node.Data}
		return
	}
	if node.Note == "" && whole && node.Kind == String {
		node.Note = numberHint(head)
	}
}

// inside makes the one child of a value another format is in, once.
type inside struct {
	scope  scope
	format *format
	data   func() []byte
	done   bool
	node   Node
	err    error
}

func (i *inside) children(dst []Node, from, n int) ([]Node, error) {
	if from > 0 {
		return dst, nil
	}
	if !i.done {
		i.done = true
		i.node, i.err = i.format.open(i.scope.within(), i.data())
		i.node.Key, i.node.KeyKind = i.format.name, Inside
		i.data = nil
	}
	if i.err != nil {
		return dst, fmt.Errorf("%s inside: %w", i.format.name, i.err)
	}
	return append(dst, i.node), nil
}

var errNotInside = errors.New("only the beginning looks like it")

// content returns the node of bytes that were made, as text where they are.
func (s scope) content(data []byte) Node {
	head, whole := data[:min(len(data), headSize)], len(data) <= headSize
	node := Node{Offset: -1, Size: len(data), raw: data}
	if isText(head, whole) {
		node.Kind = String
		node.Value, node.Cut = visible(data)
	} else {
		node.Kind = Bytes
		node.Value, node.Cut = hexadecimal(data)
	}
	s.look(&node, head, whole)
	return node
}

func fitsJSON(_ scope, head []byte, whole bool) bool {
	off := textGap(head, 0)
	if off == len(head) || head[off] != '{' && head[off] != '[' {
		return false
	}
	if scan := scanJSON(head); scan.wrong != nil {
		return !whole && scan.wrong.off == len(head)
	}
	return len(head)-off > len("{}")
}

func openJSON(s scope, data []byte) (Node, error) {
	scan := scanJSON(data)
	if scan == nil || scan.wrong != nil && !scan.member {
		return Node{}, errNotInside
	}
	node := scan.root(s, -1)
	if scan.wrong != nil {
		node.Note = "breaks off: " + scan.wrong.String()
	}
	return node, nil
}
