package frame

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"
)

// object writes one JSON object, field by field. Writing by hand keeps the order
// of the fields, leaves <, > and & as they are, and takes no reflection for what
// runs once for every message.
type object struct {
	dst   []byte
	first bool
}

func openObject(dst []byte) object { return object{append(dst, '{'), true} }

func (o *object) close() []byte { return append(o.dst, '}') }

// name begins a field. Names need no escaping.
func (o *object) name(name string) {
	if !o.first {
		o.dst = append(o.dst, ',')
	}
	o.first = false
	o.dst = append(o.dst, '"')
	o.dst = append(o.dst, name...)
	o.dst = append(o.dst, '"', ':')
}

func (o *object) uint(name string, v uint64) {
	o.name(name)
	o.dst = strconv.AppendUint(o.dst, v, 10)
}

func (o *object) bool(name string, v bool) {
	o.name(name)
	o.dst = strconv.AppendBool(o.dst, v)
}

func (o *object) time(name string, t time.Time) {
	o.name(name)
	o.dst = append(o.dst, '"')
	o.dst = t.UTC().AppendFormat(o.dst, time.RFC3339Nano)
	o.dst = append(o.dst, '"')
}

func (o *object) string(name, v string) {
	o.name(name)
	o.dst = appendString(o.dst, v)
}

// set writes a field only when v is not empty.
func (o *object) set(name, v string) {
	if v != "" {
		o.string(name, v)
	}
}

// setBool writes a field only when v is true.
func (o *object) setBool(name string, v bool) {
	if v {
		o.bool(name, v)
	}
}

func (o *object) text(name string, v []byte) {
	o.name(name)
	o.dst = appendString(o.dst, v)
}

func (o *object) base64(name string, v []byte) {
	o.name(name)
	o.dst = append(o.dst, '"')
	o.dst = base64.StdEncoding.AppendEncode(o.dst, v)
	o.dst = append(o.dst, '"')
}

func (o *object) hex(name string, v []byte) {
	o.name(name)
	o.dst = append(o.dst, '"')
	o.dst = hex.AppendEncode(o.dst, v)
	o.dst = append(o.dst, '"')
}

// plain marks the bytes that stand for themselves in a JSON string.
var plain = func() (t [utf8.RuneSelf]bool) {
	for c := byte(' '); c < 0x7F; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// AppendString appends s as a JSON string in the manner of all JSON of this
// package: harmless to look at on a terminal, <, > and & as they are.
func AppendString(dst []byte, s string) []byte { return appendString(dst, s) }

// appendString appends s as a JSON string. What a terminal could take for a
// command, or what would reorder or hide the text around it, is escaped like
// the control characters, so that a line of JSON is harmless to look at. Bytes
// that are not UTF-8 become U+FFFD.
func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if !plain[c] {
				dst = append(dst, s[start:i]...)
				dst = appendEscape(dst, c)
				start = i + 1
			}
			i++
			continue
		}
		// A copy of at most four bytes decodes both types without allocating.
		var b [utf8.UTFMax]byte
		r, size := utf8.DecodeRune(b[:copy(b[:], s[i:])])
		if r == utf8.RuneError && size == 1 || risky(r) {
			dst = append(dst, s[start:i]...)
			dst = appendUnicodeEscape(dst, uint16(r))
			start = i + size
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return appendUnicodeEscape(dst, uint16(c))
}

func appendUnicodeEscape(dst []byte, u uint16) []byte {
	dst = append(dst, '\\', 'u')
	return hex.AppendEncode(dst, []byte{byte(u >> 8), byte(u)})
}

// risky reports whether r, over 0x7F, is a C1 control, a line separator, or an
// invisible character that changes how its neighbours are shown.
func risky(r rune) bool {
	switch {
	case r < 0xA0:
		return true
	case r < 0x200B:
		return r == 0x61C
	case r <= 0x206F:
		return r <= 0x200F || r >= 0x2028 && r <= 0x202E || r >= 0x2060
	}
	return r == 0xFEFF || r >= 0xFFF9 && r <= 0xFFFB
}
