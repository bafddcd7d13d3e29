package decode

import (
	"encoding/binary"
	"fmt"
)

// breach is where a payload stops being what it seemed, and why.
type breach struct {
	off  int
	what string
}

func (b *breach) String() string { return fmt.Sprintf("%s at byte %d", b.what, b.off) }

// jsonScanner looks JSON text through once (RFC 8259).
type jsonScanner struct {
	data  []byte
	index *indexer
}

// What the scanner waits for.
const (
	wantValue    = iota
	wantFirst    // a value, or the end of an array that is empty
	wantKey      // the key of a member
	wantFirstKey // a key, or the end of an object that is empty
	wantMore     // a comma, or the end of the container
)

// value scans the value that begins at off or after white space, and returns
// where it ends. When it breaks off, that is where the last good token ends, and
// the containers around it stay open in the index.
func (s *jsonScanner) value(off int) (int, *breach) {
	data, index := s.data, s.index
	base := len(index.open)
	state, object := wantValue, false
	for {
		for off < len(data) && isSpace(data[off]) {
			off++
		}
		if off == len(data) {
			return off, &breach{off, "the text ends too early"}
		}
		c := data[off]
		closes := false
		switch state {
		case wantMore:
			if c == ',' {
				off++
				if state = wantValue; object {
					state = wantKey
				}
				continue
			}
			if closes = c == closer(object); !closes {
				return off, &breach{off, "a comma or " + string(closer(object)) + " is missing"}
			}
		case wantFirst:
			closes = c == ']'
		case wantFirstKey:
			closes = c == '}'
		}
		if closes {
			off++
			index.leave(off)
			if len(index.open) == base {
				return off, nil
			}
			object = data[index.open[len(index.open)-1].start] == '{'
			state = wantMore
			continue
		}
		if state == wantKey || state == wantFirstKey {
			end, wrong := s.key(off)
			if wrong != nil {
				return off, wrong
			}
			index.value(off)
			off, state = end, wantValue
			continue
		}
		inArray := !object && len(index.open) > base
		if c == '{' || c == '[' {
			if inArray {
				index.value(off)
			}
			if err := index.enter(off); err != nil {
				return off, &breach{off, err.Error()}
			}
			off++
			if object = c == '{'; object {
				state = wantFirstKey
			} else {
				state = wantFirst
			}
			continue
		}
		end, wrong := off, (*breach)(nil)
		switch {
		case c == '"':
			end, wrong = s.quoted(off)
		case c == '-' || c >= '0' && c <= '9':
			end = s.number(off)
		default:
			end = s.word(off)
		}
		if end == off {
			if wrong == nil {
				wrong = &breach{off, "there is no JSON value"}
			}
			return off, wrong
		}
		if inArray {
			index.value(off)
		}
		if off = end; wrong != nil || len(index.open) == base {
			return off, wrong
		}
		if state = wantMore; inArray && off < len(data) && data[off] == ',' {
			off, state = off+1, wantValue
		}
	}
}

func closer(object bool) byte {
	if object {
		return '}'
	}
	return ']'
}

// key scans the key of a member and its colon.
func (s *jsonScanner) key(off int) (int, *breach) {
	if s.data[off] != '"' {
		return off, &breach{off, "a key in quotes is missing"}
	}
	end, wrong := s.quoted(off)
	if wrong != nil {
		return off, wrong
	}
	for end < len(s.data) && isSpace(s.data[end]) {
		end++
	}
	if end == len(s.data) {
		return off, &breach{end, "the text ends too early"}
	}
	if s.data[end] != ':' {
		return off, &breach{end, "a colon is missing"}
	}
	return end + 1, nil
}

// word returns where true, false or null ends, off when there is none of them.
func (s *jsonScanner) word(off int) int {
	for _, word := range [...]string{"true", "false", "null"} {
		if rest := s.data[off:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			return off + len(word)
		}
	}
	return off
}

// quoted scans a string. One the payload cuts off ends there, with a breach; one
// that is broken ends where it begins.
func (s *jsonScanner) quoted(off int) (int, *breach) {
	data := s.data
	for i := off + 1; ; {
		i = plain(data, i)
		if i == len(data) {
			return i, &breach{i, "the text ends within a string"}
		}
		switch c := data[i]; {
		case c == '"':
			return i + 1, nil
		case c != '\\':
			return off, &breach{i, "there is a control character within a string"}
		case i+1 == len(data):
			return i + 1, &breach{i + 1, "the text ends within a string"}
		}
		switch data[i+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i += 2
		case 'u':
			for j := i + 2; j < i+6; j++ {
				if j == len(data) {
					return j, &breach{j, "the text ends within a string"}
				}
				if !isHex(data[j]) {
					return off, &breach{i, "there is an escape JSON does not know"}
				}
			}
			i += 6
		default:
			return off, &breach{i, "there is an escape JSON does not know"}
		}
	}
}

// number returns where a number ends, off when there is none.
func (s *jsonScanner) number(off int) int {
	i := off
	if s.data[i] == '-' {
		i++
	}
	whole := s.digits(i) // the part before the point
	if whole == i || s.data[i] == '0' && whole > i+1 {
		return off
	}
	i = whole
	if i < len(s.data) && s.data[i] == '.' {
		fraction := s.digits(i + 1)
		if fraction == i+1 {
			return off
		}
		i = fraction
	}
	if i < len(s.data) && s.data[i]|0x20 == 'e' {
		i++
		if i < len(s.data) && (s.data[i] == '+' || s.data[i] == '-') {
			i++
		}
		exponent := s.digits(i)
		if exponent == i {
			return off
		}
		i = exponent
	}
	return i
}

func (s *jsonScanner) digits(off int) int {
	for off < len(s.data) && s.data[off] >= '0' && s.data[off] <= '9' {
		off++
	}
	return off
}

// plain returns where the next quote, backslash or control character is.
func plain(data []byte, off int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for off+8 <= len(data) {
		// Subtracting borrows into a byte's high bit only where the byte is
		// smaller; a borrow from a byte below can only add a false alarm, which
		// the slow loop clears.
		x := binary.LittleEndian.Uint64(data[off:])
		quote, slash := x^ones*'"', x^ones*'\\'
		if ((x-ones*' ')&^x|(quote-ones)&^quote|(slash-ones)&^slash)&highs != 0 {
			break
		}
		off += 8
	}
	for off < len(data) && data[off] >= ' ' && data[off] != '"' && data[off] != '\\' {
		off++
	}
	return off
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}
