package compare

import (
	"bytes"
	"math"

	"github.com/wsluice/wsluice/frame"
)

// valueKind is what kind of JSON value a value is.
type valueKind uint8

const (
	object valueKind = iota
	array
	text
	number
	literal
)

// value is one value of a document, or the key of a member. The members of an
// object and the elements of an array follow it, each key before its value.
type value struct {
	start, end int32 // where it is written
	next       int32 // the value behind it and all within it
	kind       valueKind
	ignored    bool
	hash       uint64 // of what it says, by the rules
}

// document is the JSON of a payload. Its root is an array of the texts when there
// are several in a row.
type document struct {
	data []byte
	// prefix is how many bytes there are before the JSON, as in Socket.IO.
	prefix int32
	root   int32
	values []value
}

const (
	// maxPrefix is how long a prefix is at most.
	maxPrefix = 64
	// recordSeparator ends the texts of SignalR, and begins those of RFC 7464.
	recordSeparator = 0x1E
)

// parse reads the JSON of m into d, whose memory it uses again. It reports false
// when there is none: objects and arrays only, since there is nothing to tell
// within other values.
func (d *document) parse(m *frame.Message) bool {
	d.data, d.values, d.prefix = m.Payload, d.values[:0], 0
	if len(d.data) > math.MaxInt32-1 || m.Type != frame.Text && m.Type != frame.Binary {
		return false
	}
	begin := bytes.IndexAny(d.data[:min(len(d.data), maxPrefix+1)], "{[")
	if begin < 0 {
		return false
	}
	for _, c := range d.data[:begin] {
		if !isSpace(c) && c != recordSeparator {
			d.prefix = int32(begin)
		}
	}
	if d.prefix > 0 && m.Type != frame.Text {
		return false
	}
	d.values = append(d.values, value{start: int32(begin), end: int32(len(d.data)), kind: array})
	texts := 0
	for at := begin; at < len(d.data); texts++ {
		if c := d.data[at]; c != '{' && c != '[' {
			return false
		}
		var ok bool
		if at, ok = d.value(at, 0); !ok {
			return false
		}
		for at < len(d.data) && (isSpace(d.data[at]) || d.data[at] == recordSeparator) {
			at++
		}
	}
	d.values[0].next = int32(len(d.values))
	if d.root = 0; texts == 1 {
		d.root = 1
	}
	return true
}

// value reads the value at at and returns where it ends.
func (d *document) value(at, depth int) (int, bool) {
	if at >= len(d.data) || depth > MaxDepth || len(d.values) >= MaxValues {
		return at, false
	}
	i := len(d.values)
	v := value{start: int32(at)}
	ok := false
	switch c := d.data[at]; c {
	case '{', '[':
		if v.kind = array; c == '{' {
			v.kind = object
		}
		d.values = append(d.values, v)
		at, ok = d.within(at+1, depth, v.kind)
	case '"':
		v.kind = text
		d.values = append(d.values, v)
		at, ok = scanString(d.data, at)
	case 't', 'f', 'n':
		v.kind = literal
		d.values = append(d.values, v)
		at, ok = scanWord(d.data, at)
	default:
		v.kind = number
		d.values = append(d.values, v)
		at, ok = scanNumber(d.data, at)
	}
	d.values[i].end, d.values[i].next = int32(at), int32(len(d.values))
	return at, ok
}

// within reads the members or elements of a container and returns where it ends.
func (d *document) within(at, depth int, kind valueKind) (int, bool) {
	closer := byte(']')
	if kind == object {
		closer = '}'
	}
	at = skipSpace(d.data, at)
	if at < len(d.data) && d.data[at] == closer {
		return at + 1, true
	}
	for {
		ok := false
		if kind == object {
			if at, ok = d.key(at); !ok {
				return at, false
			}
		}
		if at, ok = d.value(at, depth+1); !ok {
			return at, false
		}
		if at = skipSpace(d.data, at); at == len(d.data) {
			return at, false
		}
		switch d.data[at] {
		case closer:
			return at + 1, true
		case ',':
			at = skipSpace(d.data, at+1)
		default:
			return at, false
		}
	}
}

// key reads the key of a member and returns where its value begins.
func (d *document) key(at int) (int, bool) {
	if at >= len(d.data) || d.data[at] != '"' || len(d.values) >= MaxValues {
		return at, false
	}
	end, ok := scanString(d.data, at)
	if !ok {
		return at, false
	}
	d.values = append(d.values, value{start: int32(at), end: int32(end), next: int32(len(d.values) + 1), kind: text})
	end = skipSpace(d.data, end)
	if end == len(d.data) || d.data[end] != ':' {
		return end, false
	}
	return skipSpace(d.data, end+1), true
}

// raw returns a value as it is written.
func (d *document) raw(i int32) []byte { return d.data[d.values[i].start:d.values[i].end] }

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func skipSpace(data []byte, at int) int {
	for at < len(data) && isSpace(data[at]) {
		at++
	}
	return at
}

// scanString returns where the string at at ends.
func scanString(data []byte, at int) (int, bool) {
	for at++; at < len(data); at++ {
		switch c := data[at]; {
		case c == '"':
			return at + 1, true
		case c < ' ':
			return at, false
		case c == '\\':
			if at++; at == len(data) {
				return at, false
			}
			switch data[at] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for end := at + 4; at < end; {
					if at++; at >= len(data) || !isHex(data[at]) {
						return at, false
					}
				}
			default:
				return at, false
			}
		}
	}
	return at, false
}

func scanWord(data []byte, at int) (int, bool) {
	for _, word := range [...]string{"true", "false", "null"} {
		if rest := data[at:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			return at + len(word), true
		}
	}
	return at, false
}

// scanNumber returns where the number at at ends (RFC 8259 section 6).
func scanNumber(data []byte, at int) (int, bool) {
	if at < len(data) && data[at] == '-' {
		at++
	}
	whole := skipDigits(data, at)
	if whole == at || data[at] == '0' && whole > at+1 {
		return at, false
	}
	at = whole
	if at < len(data) && data[at] == '.' {
		end := skipDigits(data, at+1)
		if end == at+1 {
			return at, false
		}
		at = end
	}
	if at < len(data) && data[at]|0x20 == 'e' {
		at++
		if at < len(data) && (data[at] == '+' || data[at] == '-') {
			at++
		}
		end := skipDigits(data, at)
		if end == at {
			return at, false
		}
		at = end
	}
	return at, true
}

func skipDigits(data []byte, at int) int {
	for at < len(data) && isDigit(data[at]) {
		at++
	}
	return at
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
