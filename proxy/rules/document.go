package rules

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"unicode/utf8"
)

// document is JSON text (RFC 8259) of which values are found and exchanged in
// place: every byte that belongs to nothing else stays as it is.
type document struct{ text []byte }

// span is where something is in a text.
type span struct{ start, end int }

// maxLooked is how many bytes of a document are looked at to find what is sought
// in it. Each step of a path looks at all of the value it begins in.
const maxLooked = 1 << 29

// open returns the document that text is, to go so many steps in it, or why it
// cannot be looked at.
func open(text []byte, steps int) (d *document, why string) {
	switch {
	case steps > maxLooked/max(len(text), 1):
		return nil, tooFar
	case !json.Valid(text):
		return nil, notJSON
	}
	return &document{text}, ""
}

// at returns the value a path leads to. Of equal keys the last one counts.
func (d *document) at(p path) (value []byte, ok bool) {
	found, ok := d.find(p)
	return d.text[found.start:found.end], ok
}

// find returns where the value is that a path leads to.
func (d *document) find(p path) (found span, ok bool) {
	start := d.blank(0)
	for _, s := range p {
		if start, ok = d.enter(start, s); !ok {
			return span{}, false
		}
	}
	return span{start, d.skip(start)}, true
}

// enter returns where the value begins that a step leads to from the value at
// start.
func (d *document) enter(start int, s step) (int, bool) {
	found := -1
	if (d.text[start] == '{') != (s.index < 0) || d.text[start] != '{' && d.text[start] != '[' {
		return 0, false
	}
	n := 0
	for m := range d.members(start) {
		if s.index < 0 && d.isKey(m, s.key) || s.index >= 0 && n == s.index {
			found = m.value.start
			if s.index >= 0 {
				break
			}
		}
		n++
	}
	return found, found >= 0
}

// member is one of an object's, or an element of an array, whose key is empty.
type member struct{ key, value span }

// members goes through the object or array at start.
func (d *document) members(start int) iter.Seq[member] {
	return func(yield func(member) bool) {
		object := d.text[start] == '{'
		at := d.blank(start + 1)
		for d.text[at] != '}' && d.text[at] != ']' {
			m := member{key: span{at, at}}
			if object {
				m.key.end = d.skip(at)
				at = d.blank(d.blank(m.key.end) + 1)
			}
			m.value = span{at, d.skip(at)}
			if !yield(m) {
				return
			}
			if at = d.blank(m.value.end); d.text[at] == ',' {
				at = d.blank(at + 1)
			}
		}
	}
}

func (d *document) isKey(m member, key string) bool {
	raw := d.text[m.key.start+1 : m.key.end-1]
	if !bytes.Contains(raw, []byte{'\\'}) {
		return string(raw) == key
	}
	return string(appendText(nil, d.text[m.key.start:m.key.end])) == key
}

// blank returns where the next token begins.
func (d *document) blank(at int) int {
	for at < len(d.text) && (d.text[at] == ' ' || d.text[at] == '\t' || d.text[at] == '\n' || d.text[at] == '\r') {
		at++
	}
	return at
}

// skip returns where the value at a place ends.
func (d *document) skip(at int) int {
	depth := 0
	for ; at < len(d.text); at++ {
		switch d.text[at] {
		case '"':
			for at++; d.text[at] != '"'; at++ {
				if d.text[at] == '\\' {
					at++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth > 0 {
				continue
			}
			return d.word(at)
		}
		if depth == 0 {
			return at + 1
		}
	}
	return at
}

// word returns where a number, true, false or null ends.
func (d *document) word(at int) int {
	for at < len(d.text) && !bytes.ContainsRune([]byte(",]} \t\r\n"), rune(d.text[at])) {
		at++
	}
	return at
}

// set returns the text with a value in place of the one a path leads to. Where
// only the last step leads nowhere, a member is added to the end of its object,
// or an element right behind the last one of its array.
func (d *document) set(p path, value []byte) (text []byte, ok bool) {
	if found, ok := d.find(p); ok {
		return d.exchange(found, value), true
	}
	parent, ok := d.find(p[:len(p)-1])
	if !ok {
		return nil, false
	}
	last, count, end := p[len(p)-1], 0, parent.start+1
	if c := d.text[parent.start]; c != '{' && c != '[' || (c == '{') != (last.index < 0) {
		return nil, false
	}
	for m := range d.members(parent.start) {
		count++
		end = m.value.end
	}
	if last.index > count {
		return nil, false
	}
	var added []byte
	if count > 0 {
		added = append(added, ',')
	}
	if last.index < 0 {
		added = append(appendQuoted(added, []byte(last.key)), ':')
	}
	return d.exchange(span{end, end}, append(added, value...)), true
}

// exchange returns the text with something else in place of a part of it.
func (d *document) exchange(s span, with []byte) []byte {
	return slices.Concat(d.text[:s.start], with, d.text[s.end:])
}

// remove returns the text without what the path leads to. Of equal keys all are
// removed, or else another one would come to light.
func (d *document) remove(p path) (text []byte, ok bool) {
	parent, ok := d.find(p[:len(p)-1])
	if !ok {
		return nil, false
	}
	last := p[len(p)-1]
	if c := d.text[parent.start]; c != '{' && c != '[' || (c == '{') != (last.index < 0) {
		return nil, false
	}
	text = make([]byte, 0, len(d.text))
	n, kept, removed, begin, end := 0, 0, 0, parent.start+1, parent.start+1
	for m := range d.members(parent.start) {
		if n == 0 {
			begin = m.key.start
			text = append(text, d.text[:begin]...)
		}
		if last.index < 0 && d.isKey(m, last.key) || last.index == n {
			removed++
		} else {
			if kept > 0 {
				text = append(text, d.text[end:m.key.start]...)
			}
			text = append(text, d.text[m.key.start:m.value.end]...)
			kept++
		}
		n++
		end = m.value.end
	}
	return append(text, d.text[end:]...), removed > 0
}

// appendText appends what a JSON value says as text: a string without quotes and
// escapes, all else as it is written. Half a surrogate pair becomes U+FFFD.
func appendText(dst, value []byte) []byte {
	if value[0] != '"' {
		return append(dst, value...)
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return append(dst, value...)
	}
	return append(dst, s...)
}

// appendQuoted appends text as a JSON string.
func appendQuoted(dst, text []byte) []byte {
	return append(appendEscaped(append(dst, '"'), text), '"')
}

// appendEscaped appends text as it stands in a JSON string. Bytes that are no
// UTF-8 become U+FFFD.
func appendEscaped(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	for len(text) > 0 {
		c, size := utf8.DecodeRune(text)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', byte(c))
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = utf8.AppendRune(dst, c)
		}
		text = text[size:]
	}
	return dst
}
