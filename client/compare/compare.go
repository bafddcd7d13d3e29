package compare

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/wsluice/wsluice/frame"
)

// comparison holds two messages against each other, any number of times.
type comparison struct {
	rules       *Rules
	left, right document
	out         Difference
	leftMessage *frame.Message
	path        []byte
	// paired, when not nil, is told of each pair of JSON values that differ, and of
	// the key of the member they are in; those it takes are no change.
	paired func(path, key, left, right []byte) (taken bool)
}

// differ returns in what a and b differ, and whether they are the same.
func (c *comparison) differ(a, b *frame.Message) (Difference, bool) {
	c.out, c.leftMessage = Difference{}, a
	if a.Type != b.Type {
		c.fact("type", a.Type.String(), b.Type.String())
	}
	if completeness(a) != completeness(b) {
		c.fact("completeness", completion(a), completion(b))
	}
	if a.Type == frame.Close && b.Type == frame.Close {
		c.out.Form = Closing
		if a.Code != b.Code {
			c.fact("code", strconv.Itoa(int(a.Code)), strconv.Itoa(int(b.Code)))
		}
		if a.Reason != b.Reason {
			c.fact("reason", a.Reason, b.Reason)
		}
		return c.out, len(c.out.Changes) == 0
	}
	switch leftJSON := c.left.parse(a); {
	case leftJSON && c.right.parse(b):
		c.out.Form = JSON
		c.json()
	case leftJSON || isText(a) && isText(b):
		c.out.Form = Text
		c.text(a.Payload, b.Payload)
	case len(a.Payload) == 0 && len(b.Payload) == 0:
	default:
		c.out.Form = Binary
		c.bytes(a.Payload, b.Payload)
	}
	return c.out, len(c.out.Changes) == 0
}

// completion says what a message lacks.
func completion(m *frame.Message) string {
	switch {
	case m.Error != "":
		return m.Error
	case m.Incomplete != 0:
		return m.Incomplete.String()
	case m.Truncated:
		return "truncated"
	}
	return "complete"
}

// fact adds a change that is not in the payload.
func (c *comparison) fact(what, left, right string) {
	c.change(Change{Path: what, Left: Part{Text: left}, Right: Part{Text: right}})
}

func (c *comparison) change(change Change) {
	if len(c.out.Changes) == MaxChanges {
		c.out.More++
		return
	}
	c.out.Changes = append(c.out.Changes, change)
}

func part(payload []byte, start, end int) Part {
	return Part{Bytes: payload[start:end:end], Offset: start}
}

// json compares two documents.
func (c *comparison) json() {
	a, b := &c.left, &c.right
	leftSpans, rightSpans := c.rules.spans(a.data), c.rules.spans(b.data)
	if hashParts(&spanCursor{spans: leftSpans}, a.data, 0, int(a.prefix)) !=
		hashParts(&spanCursor{spans: rightSpans}, b.data, 0, int(b.prefix)) {
		c.change(Change{Path: "prefix", Left: part(a.data, 0, int(a.prefix)), Right: part(b.data, 0, int(b.prefix))})
	}
	if a.hash(c.rules, leftSpans, -1) == b.hash(c.rules, rightSpans, -1) {
		return
	}
	c.path = append(c.path[:0], '$')
	c.values(a.root, b.root, nil)
}

// values adds in what two values differ. Key is that of the member they are in.
func (c *comparison) values(i, j int32, key []byte) {
	v, w := &c.left.values[i], &c.right.values[j]
	switch {
	case v.hash == w.hash:
	case v.kind == object && w.kind == object:
		c.members(i, j)
	case v.kind == array && w.kind == array:
		c.elements(i, j, key)
	default:
		left, right := c.left.raw(i), c.right.raw(j)
		if c.paired == nil || !c.paired(c.path, key, left, right) {
			c.change(Change{Path: string(c.path), Left: part(c.left.data, int(v.start), int(v.end)), Right: part(c.right.data, int(w.start), int(w.end))})
		}
	}
}

func (c *comparison) members(i, j int32) {
	left, _ := c.left.children(i)
	right, _ := c.right.children(j)
	partner := pairKeys(&c.left, left, &c.right, right)
	there := make([]bool, len(right))
	for n, at := range left {
		key := c.left.raw(at - 1)
		depth := c.enterMember(key)
		if p := partner[n]; p >= 0 {
			there[p] = true
			c.values(at, right[p], key)
		} else {
			c.one(Removed, &c.left, at)
		}
		c.path = c.path[:depth]
	}
	for n, at := range right {
		if !there[n] {
			depth := c.enterMember(c.right.raw(at - 1))
			c.one(Added, &c.right, at)
			c.path = c.path[:depth]
		}
	}
}

// one adds a value that is on one side only.
func (c *comparison) one(kind Kind, d *document, at int32) {
	change := Change{Kind: kind, Path: string(c.path)}
	p := part(d.data, int(d.values[at].start), int(d.values[at].end))
	if kind == Added {
		change.Right = p
	} else {
		change.Left = p
	}
	c.change(change)
}

// children returns the values of the members, or the elements, that are not ignored,
// and how many come before each, ignored or not.
func (d *document) children(i int32) (values []int32, index []int) {
	v := &d.values[i]
	for at, n := i+1, 0; at < v.next; at, n = d.values[at].next, n+1 {
		if v.kind == object {
			at++
		}
		if !d.values[at].ignored {
			values, index = append(values, at), append(index, n)
		}
	}
	return values, index
}

func (c *comparison) elements(i, j int32, key []byte) {
	left, leftIndex := c.left.children(i)
	right, rightIndex := c.right.children(j)
	a, b := 0, 0
	upTo := func(aEnd, bEnd int) {
		for ; a < aEnd && b < bEnd; a, b = a+1, b+1 {
			depth := c.enterElement(leftIndex[a])
			c.values(left[a], right[b], key)
			c.path = c.path[:depth]
		}
		for ; a < aEnd; a++ {
			depth := c.enterElement(leftIndex[a])
			c.one(Removed, &c.left, left[a])
			c.path = c.path[:depth]
		}
		for ; b < bEnd; b++ {
			depth := c.enterElement(rightIndex[b])
			c.one(Added, &c.right, right[b])
			c.path = c.path[:depth]
		}
	}
	for _, r := range align(c.left.hashes(left), c.right.hashes(right)) {
		upTo(r.left, r.right)
		a, b = a+r.n, b+r.n
	}
	upTo(len(left), len(right))
}

func (d *document) hashes(at []int32) []uint64 {
	out := make([]uint64, len(at))
	for n, i := range at {
		out[n] = d.values[i].hash
	}
	return out
}

// maxPath bounds the length of a path in bytes.
const maxPath = 4096

// enterMember puts a key, as it is written, on the path and returns the length it
// had before.
func (c *comparison) enterMember(key []byte) int {
	depth := len(c.path)
	if depth+len(key) > maxPath {
		return depth
	}
	if plain := key[1 : len(key)-1]; isName(plain) {
		c.path = append(append(c.path, '.'), plain...)
	} else {
		c.path = append(append(append(c.path, '['), key...), ']')
	}
	return depth
}

func (c *comparison) enterElement(n int) int {
	depth := len(c.path)
	if depth < maxPath {
		c.path = fmt.Appendf(c.path, "[%d]", n)
	}
	return depth
}

// isName reports whether a key can stand in a path as it is.
func isName(key []byte) bool {
	return len(key) > 0 && bytes.IndexFunc(key, func(r rune) bool {
		return r != '_' && r != '-' && r != '$' && r != '@' && (r >= 0x80 || !isDigit(byte(r)) && !isLetter(byte(r)))
	}) < 0
}
