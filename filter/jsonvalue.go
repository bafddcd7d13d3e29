package filter

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// value returns the value of node i.
func (d *document) value(s *scope, i uint32) value {
	n := &d.nodes[i]
	switch n.kind {
	case nodeTrue:
		return yes
	case nodeFalse:
		return no
	case nodeInt, nodeFloat:
		return d.number(s, n)
	case nodeText:
		return words(d.text[n.start:n.end])
	case nodeEscaped:
		return unescape(s, d.text[n.start:n.end])
	case nodeArray:
		return value{kind: kindArray, number: int64(i), ref: d}
	case nodeObject:
		return value{kind: kindObject, number: int64(i), ref: d}
	}
	return none
}

// number returns integers that an int64 holds as such, all else as a float64.
func (d *document) number(s *scope, n *node) value {
	digits := d.text[n.start:n.end]
	if !s.read(len(digits)) {
		return unevaluated
	}
	if n.kind == nodeInt {
		if i, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return whole(i)
		}
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil && !math.IsInf(f, 0) {
		return unevaluated
	}
	return floating(f)
}

// member returns the value of a key of object i, nil when it has none.
func (d *document) member(s *scope, i uint32, key string) value {
	switch at := d.find(s, i, key); {
	case s.spent():
		return unevaluated
	case at == 0:
		return none
	default:
		return d.value(s, at)
	}
}

// find returns the node of the value under a key of object i, 0 when it has none.
func (d *document) find(s *scope, i uint32, key string) (found uint32) {
	for at := i + 1; at < d.nodes[i].next && s.spend(1); at = d.nodes[at+1].next {
		n := &d.nodes[at]
		name := d.text[n.start:n.end]
		if n.kind == nodeEscaped {
			name = unescape(s, name).text
		}
		if name == key {
			found = at + 1
		}
	}
	return found
}

// unescape returns a JSON string with its escapes undone. Half a surrogate pair
// becomes U+FFFD.
func unescape(s *scope, raw string) value {
	if !s.take(len(raw)) {
		return unevaluated
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			out = append(out, c)
			i++
			continue
		}
		c = raw[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			n, _ := hex4(raw[i:])
			i += 4
			r := rune(n)
			if utf16.IsSurrogate(r) {
				r = utf8.RuneError
				if len(raw) >= i+6 && raw[i] == '\\' && raw[i+1] == 'u' {
					low, _ := hex4(raw[i+2:])
					if pair := utf16.DecodeRune(rune(n), rune(low)); pair != utf8.RuneError {
						r, i = pair, i+6
					}
				}
			}
			out = utf8.AppendRune(out, r)
			continue
		}
		out = append(out, c)
	}
	return words(view(out))
}
