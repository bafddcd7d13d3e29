package decode

import (
	"bytes"
	"unicode/utf8"
)

// jsonDoc is JSON text that was looked through.
type jsonDoc struct {
	scope
	// data ends where reading stopped.
	data  []byte
	index *index
	// home is where data begins in the payload, -1 when it is not part of it.
	home int
}

// jsonBranch makes the children of an object, an array, or of a list of texts
// that follow each other.
type jsonBranch struct {
	doc    *jsonDoc
	extent extent
	first  int // where the first child begins
	object bool
}

func (b *jsonBranch) children(dst []Node, from, n int) ([]Node, error) {
	data := b.doc.data
	i, off := b.extent.near(from, b.first)
	for ; len(dst) < n; i++ {
		off = jsonGap(data, off)
		if off >= b.extent.end || data[off] == '}' || data[off] == ']' {
			break
		}
		if i < from {
			off, _ = b.doc.skipMember(off, b.object)
			continue
		}
		var node Node
		node, off = b.doc.member(off, b.object)
		dst = append(dst, node)
	}
	return dst, nil
}

// jsonGap returns where the next value, key or end of container begins.
func jsonGap(data []byte, off int) int {
	for off < len(data) && (isSpace(data[off]) || data[off] == ',' || data[off] == ':' || data[off] == recordSeparator) {
		off++
	}
	return off
}

// skipMember returns where the member or value at off ends and the value begins.
func (d *jsonDoc) skipMember(off int, object bool) (end, value int) {
	if object {
		off = jsonGap(d.data, d.quotedEnd(off))
	}
	end, _ = d.skip(off)
	return end, off
}

// skip returns where the value at off ends, and how many children it has.
func (d *jsonDoc) skip(off int) (end, count int) {
	if off == len(d.data) {
		return off, 0
	}
	switch d.data[off] {
	case '"':
		return d.quotedEnd(off), 0
	case '{', '[':
		if e, ok := d.index.at(off); ok {
			return e.end, e.count
		}
		return d.skipContainer(off)
	}
	for end = off; end < len(d.data); end++ {
		switch d.data[end] {
		case ',', ']', '}', ' ', '\n', '\r', '\t', recordSeparator, '{', '[', '"':
			return end, 0
		}
	}
	return end, 0
}

// skipContainer is skip for a container the index does not know.
func (d *jsonDoc) skipContainer(off int) (end, count int) {
	depth := 0
	value := false // whether a value stands before the next comma
	for off < len(d.data) {
		switch d.data[off] {
		case '"':
			value = value || depth == 1
			off = d.quotedEnd(off)
			continue
		case '{', '[':
			value = value || depth == 1
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				if value {
					count++
				}
				return off + 1, count
			}
		case ',':
			if depth == 1 {
				count++
				value = false
			}
		case ' ', '\n', '\r', '\t':
		default:
			value = value || depth == 1
		}
		off++
	}
	if value {
		count++
	}
	return off, count
}

// quotedEnd returns where the string at off ends.
func (d *jsonDoc) quotedEnd(off int) int {
	for off++; off < len(d.data); {
		off = plain(d.data, off)
		switch {
		case off == len(d.data):
		case d.data[off] == '"':
			return off + 1
		default:
			off += 2
		}
	}
	return len(d.data)
}

// member makes the Node of the member or value at off.
func (d *jsonDoc) member(off int, object bool) (Node, int) {
	if !object {
		return d.node(off)
	}
	keyEnd := d.quotedEnd(off)
	key, _ := unquote(d.data[off:keyEnd], 2*headSize)
	node, end := d.node(jsonGap(d.data, keyEnd))
	node.Key, node.KeyKind = visibleKey(key), String
	return node, end
}

// node makes the Node of the value at off, and returns where it ends.
func (d *jsonDoc) node(off int) (Node, int) {
	end, count := d.skip(off)
	node := Node{Offset: -1, Size: end - off, raw: d.data[off:end:end]}
	if d.home >= 0 {
		node.Offset = d.home + off
	}
	if off == end {
		node.Note = "the value is missing"
		return node, end
	}
	switch c := d.data[off]; {
	case c == '{' || c == '[':
		e, ok := d.index.at(off)
		if !ok {
			e = extent{start: off, end: end, count: count}
		}
		node.Kind, node.Count = Array, count
		if c == '{' {
			node.Kind = Object
		}
		node.within = &jsonBranch{doc: d, extent: e, first: off + 1, object: c == '{'}
	case c == '"':
		d.fillString(&node)
	case c == '-' || c >= '0' && c <= '9':
		node.Kind = Number
		node.Value, node.Cut = visible(node.raw)
		node.Note = numberHint(node.raw)
	default:
		node.Kind = Literal
		node.Value, node.Cut = visible(node.raw)
	}
	return node, end
}

func (d *jsonDoc) fillString(node *Node) {
	raw := node.raw
	node.Kind = String
	node.text = func() []byte {
		text, _ := unquote(raw, len(raw))
		return text
	}
	head, odd := unquote(raw, headSize)
	whole := len(raw) <= headSize
	node.Value, node.Cut = visible(head)
	node.Cut = node.Cut || !whole
	switch {
	case len(raw) == 1 || raw[len(raw)-1] != '"':
		node.Note = "the end is missing"
	case odd:
		node.Note = "half a surrogate pair stands alone, shown as U+FFFD"
	}
	if node.Note == "" {
		d.look(node, head, whole)
	}
}

// unquote returns the text of the string raw, of which it reads n bytes and never
// part of an escape; odd is whether a half of a surrogate pair stands alone.
// Text without escapes is a part of raw.
func unquote(raw []byte, n int) (text []byte, odd bool) {
	src := raw[min(1, len(raw)):]
	if len(raw) > n {
		src = wholeRunes(src[:n])
	} else if end := len(src) - 1; end >= 0 && src[end] == '"' {
		src = src[:end]
	}
	next := bytes.IndexByte(src, '\\')
	if next < 0 {
		return src[:len(src):len(src)], false
	}
	text = make([]byte, 0, len(src))
	for next >= 0 {
		text = append(text, src[:next]...)
		src = src[next:]
		if len(src) < 2 {
			return text, odd
		}
		size := 2
		switch src[1] {
		case 'b':
			text = append(text, '\b')
		case 'f':
			text = append(text, '\f')
		case 'n':
			text = append(text, '\n')
		case 'r':
			text = append(text, '\r')
		case 't':
			text = append(text, '\t')
		case 'u':
			if len(src) < 6 {
				return text, odd
			}
			r := hexRune(src[2:6])
			size = 6
			if 0xD800 <= r && r < 0xDC00 && len(src) >= 12 && src[6] == '\\' && src[7] == 'u' {
				if low := hexRune(src[8:12]); 0xDC00 <= low && low < 0xE000 {
					r = 0x10000 + (r-0xD800)<<10 + (low - 0xDC00)
					size = 12
				}
			}
			odd = odd || 0xD800 <= r && r < 0xE000
			text = utf8.AppendRune(text, r)
		default:
			text = append(text, src[1])
		}
		src = src[size:]
		next = bytes.IndexByte(src, '\\')
	}
	return append(text, src...), odd
}

// hexRune reads four hexadecimal digits.
func hexRune(p []byte) (r rune) {
	for _, c := range p {
		switch {
		case c <= '9':
			c -= '0'
		default:
			c = c | 0x20 - 'a' + 10
		}
		r = r<<4 | rune(c)
	}
	return r
}
