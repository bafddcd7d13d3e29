package decode

import (
	"unicode"
	"unicode/utf8"
)

// summaryCells is how many terminal cells a Summary takes at most.
const summaryCells = 200

// summary is the line that is written of a tree.
type summary struct {
	text  []byte
	cells int
	full  bool
}

// summarize returns the tree in one line, in the way of JSON.
func summarize(root *Node) string {
	var s summary
	s.node(root, 0)
	return string(s.text)
}

// add appends what fits of text, which is harmless.
func (s *summary) add(text string) {
	for _, r := range text {
		if s.full {
			return
		}
		width := runeWidth(r)
		if unicode.Is(unicode.M, r) {
			width = markWidth(r)
		}
		if s.cells+width >= summaryCells {
			s.text, s.full = append(s.text, "…"...), true
			return
		}
		s.text = utf8.AppendRune(s.text, r)
		s.cells += width
	}
}

func (s *summary) node(n *Node, depth int) {
	const deepest = 8
	switch n.Kind {
	case Object, Array:
		ends := "{}"
		if n.Kind == Array {
			ends = "[]"
		}
		s.add(ends[:1])
		if depth < deepest {
			s.children(n, depth+1)
		} else if n.Count != 0 {
			s.add("…")
		}
		s.add(ends[1:])
	case String:
		s.add(`"` + n.Value + `"`)
	case Bytes:
		s.add("0x" + n.Value)
	default:
		s.add(n.Value)
	}
}

func (s *summary) children(n *Node, depth int) {
	const page = 16
	for from := 0; ; from += page {
		kids, err := n.Children(from, page)
		for i := range kids {
			if from+i > 0 {
				s.add(",")
			}
			if s.full {
				return
			}
			switch kids[i].KeyKind {
			case None:
			case String:
				s.add(`"` + kids[i].Key + `":`)
			default:
				s.add(kids[i].Key + ":")
			}
			s.node(&kids[i], depth)
		}
		if err != nil || len(kids) < page {
			return
		}
	}
}
