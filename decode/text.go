package decode

import (
	"strconv"
	"unicode/utf8"
)

// headSize is how many bytes of a value are looked at to show its beginning and
// to guess what is inside.
const headSize = 16 << 10

// visible returns the beginning of src as text of a Node, and whether there is
// more.
func visible(src []byte) (text string, cut bool) {
	head := src
	if len(src) > headSize {
		head = wholeRunes(src[:headSize])
	}
	out, shown := AppendVisible(make([]byte, 0, min(len(head), 64)), head, MaxText)
	return string(out), shown < len(src)
}

// wholeRunes returns src without the part of a character it may end with.
func wholeRunes(src []byte) []byte {
	for i := len(src) - 1; i >= max(0, len(src)-utf8.UTFMax); i-- {
		if utf8.RuneStart(src[i]) {
			if !utf8.FullRune(src[i:]) {
				return src[:i]
			}
			break
		}
	}
	return src
}

// visibleKey returns src as text of a key, which ends in an ellipsis where it is cut.
func visibleKey(src []byte) string {
	text, cut := visible(src)
	if cut {
		text += "…"
	}
	return text
}

// hexadecimal returns the beginning of src as text of a Node, and whether there is
// more.
func hexadecimal(src []byte) (text string, cut bool) {
	n := min(len(src), MaxText/2)
	out := make([]byte, 0, 2*n)
	for _, c := range src[:n] {
		out = append(out, digits[c>>4], digits[c&0xF])
	}
	return string(out), n < len(src)
}

// isText reports whether head can be read by people: UTF-8 without other control
// characters than white space. When it is not whole a character may be cut.
func isText(head []byte, whole bool) bool {
	for len(head) > 0 {
		if c := head[0]; c < utf8.RuneSelf {
			if c < ' ' && !isSpace(c) || c == 0x7F {
				return false
			}
			head = head[1:]
			continue
		}
		r, size := utf8.DecodeRune(head)
		if r == utf8.RuneError && size == 1 {
			return !whole && !utf8.FullRune(head)
		}
		if !graphic(r) && r != '\u200d' && r != '\ufe0f' && r != '\ufeff' {
			return false
		}
		head = head[size:]
	}
	return true
}

// count writes a number of things, such as "1 byte" or "12,345 bytes".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return grouped(n) + " " + thing + "s"
}

// grouped writes n, which is not negative, with a comma every three digits.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
