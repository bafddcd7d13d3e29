package decode

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// note joins what there is to say.
func note(first, second string) string {
	if first == "" || second == "" {
		return first + second
	}
	return first + ", " + second
}

func (n *Node) setInt(v int64) {
	n.Kind, n.Value, n.Note = Number, strconv.FormatInt(v, 10), integerHint(v)
}

func (n *Node) setUint(v uint64) {
	n.Kind, n.Value, n.Note = Number, strconv.FormatUint(v, 10), beyondDouble
	if v <= math.MaxInt64 {
		n.Note = integerHint(int64(v))
	} else if v == 1<<63 {
		n.Note = ""
	}
}

// setFloat shows v with the digits a number of so many bits needs, and always as
// one with a fraction or exponent.
func (n *Node) setFloat(v float64, bits int) {
	n.Kind, n.Value = Number, formatFloat(v, bits)
	if bits == 64 {
		n.Note = fractionHint(v)
	}
}

func formatFloat(v float64, bits int) string {
	s := strconv.FormatFloat(v, 'g', -1, bits)
	if isInteger(s) {
		s += ".0"
	}
	return s
}

// setText shows text, which may be invalid.
func (n *Node) setText(s scope, text []byte) {
	n.Kind = String
	n.text = func() []byte { return text }
	n.Value, n.Cut = visible(text)
	head, whole := text[:min(len(text), headSize)], len(text) <= headSize
	s.look(n, head, whole)
	if whole && !utf8.Valid(text) {
		n.Note = note(n.Note, "not valid UTF-8")
	}
}

// setBytes shows bytes.
func (n *Node) setBytes(s scope, content []byte) {
	n.Kind = Bytes
	n.text = func() []byte { return content }
	n.Value, n.Cut = hexadecimal(content)
	s.look(n, content[:min(len(content), headSize)], len(content) <= headSize)
}
