package decode

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks stay on one character. No script needs
// more; a pile of them would cover the lines above and below.
const maxMarks = 4

// AppendVisible appends src to dst in a form that is valid UTF-8, is on one line
// and cannot act on a terminal. It stops before the text is wider than cells
// terminal cells, and returns how many bytes of src are shown; a character or
// escape is never cut in two.
//
// Characters that can be seen stay as they are. Written as in Go source are line
// ends and tabs (\n, \r, \t), other control characters and bytes that are not
// UTF-8 (\x1b), and what is invisible or turns the writing direction, unassigned
// or private (\u202e, \U000e0041). A backslash is doubled where it would
// otherwise read as the beginning of such a form.
func AppendVisible(dst, src []byte, cells int) (out []byte, shown int) {
	marks := maxMarks // a mark needs a character before it
	for shown < len(src) {
		c := src[shown]
		if c >= ' ' && c < 0x7F && c != '\\' {
			if cells--; cells < 0 {
				return dst, shown
			}
			dst = append(dst, c)
			shown++
			marks = 0
			continue
		}
		r, size := utf8.DecodeRune(src[shown:])
		before := len(dst)
		var width int
		switch {
		case r == '\\':
			dst = append(dst, `\\`...)
			if !escapes(src[shown+1:]) {
				dst = dst[:len(dst)-1]
			}
			width, marks = len(dst)-before, 0
		case r == utf8.RuneError && size == 1, !graphic(r), marks >= maxMarks && unicode.Is(unicode.M, r):
			dst = appendEscape(dst, r, src[shown:shown+size])
			width, marks = len(dst)-before, maxMarks
		case unicode.Is(unicode.M, r):
			dst = append(dst, src[shown:shown+size]...)
			width = markWidth(r)
			marks++
		default:
			dst = append(dst, src[shown:shown+size]...)
			width, marks = runeWidth(r), 0
		}
		if cells -= width; cells < 0 {
			return dst[:before], shown
		}
		shown += size
	}
	return dst, shown
}

// Visible returns the whole of s as AppendVisible writes it.
func Visible(s string) string {
	out, _ := AppendVisible(nil, []byte(s), math.MaxInt)
	return string(out)
}

// Width returns how many terminal cells text takes that is visible as it is, such
// as what AppendVisible returned.
func Width(text []byte) (cells int) {
	for _, r := range string(text) {
		if unicode.Is(unicode.M, r) {
			cells += markWidth(r)
		} else {
			cells += runeWidth(r)
		}
	}
	return cells
}

// escapes reports whether a backslash before rest could read as an escape,
// either with the text that follows or with an escape made of it.
func escapes(rest []byte) bool {
	if len(rest) == 0 {
		return false
	}
	switch c := rest[0]; c {
	case '\\', 'n', 'r', 't', 'x', 'u', 'U':
		return true
	default:
		return c < ' ' || c >= 0x7F
	}
}

const digits = "0123456789abcdef"

// appendEscape appends the visible form of r, which raw encodes.
func appendEscape(dst []byte, r rune, raw []byte) []byte {
	switch {
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == '\t':
		return append(dst, `\t`...)
	case len(raw) == 1:
		return append(dst, '\\', 'x', digits[raw[0]>>4], digits[raw[0]&0xF])
	case r <= math.MaxUint16:
		return appendHex(append(dst, `\u`...), r, 4)
	}
	return appendHex(append(dst, `\U`...), r, 8)
}

func appendHex(dst []byte, r rune, n int) []byte {
	for n--; n >= 0; n-- {
		dst = append(dst, digits[r>>(4*n)&0xF])
	}
	return dst
}

// graphic reports whether r can be seen. Beyond what Unicode calls graphic there
// are letters, marks and symbols that leave no trace.
func graphic(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.Is(unseen, r)
}

var unseen = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034F, Hi: 0x034F, Stride: 1}, // combining grapheme joiner
		{Lo: 0x115F, Hi: 0x1160, Stride: 1}, // Hangul fillers
		{Lo: 0x17B4, Hi: 0x17B5, Stride: 1}, // Khmer inherent vowels
		{Lo: 0x180B, Hi: 0x180F, Stride: 1}, // Mongolian variation selectors
		{Lo: 0x2800, Hi: 0x2800, Stride: 1}, // blank Braille pattern
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, // Hangul filler
		{Lo: 0xFE00, Hi: 0xFE0F, Stride: 1}, // variation selectors
		{Lo: 0xFFA0, Hi: 0xFFA0, Stride: 1}, // half-width Hangul filler
	},
	R32: []unicode.Range32{
		{Lo: 0xE0100, Hi: 0xE01EF, Stride: 1}, // variation selectors
	},
}

// markWidth is the width of a combining mark: spacing ones take a cell.
func markWidth(r rune) int {
	if unicode.Is(unicode.Mc, r) {
		return 1
	}
	return 0
}

// runeWidth is how many terminal cells a visible character takes.
func runeWidth(r rune) int {
	if r >= 0x1100 && unicode.Is(wide, r) {
		return 2
	}
	return 1
}

// wide holds the characters that take two cells: East Asian wide and full-width
// ones, and emoji.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115F, Stride: 1}, // Hangul initial consonants
		{Lo: 0x231A, Hi: 0x231B, Stride: 1}, // watch, hourglass
		{Lo: 0x23E9, Hi: 0x23F3, Stride: 1}, // media buttons, clocks
		{Lo: 0x25FD, Hi: 0x25FE, Stride: 1}, // small squares
		{Lo: 0x2614, Hi: 0x2615, Stride: 1},
		{Lo: 0x2648, Hi: 0x2653, Stride: 1}, // zodiac
		{Lo: 0x26A1, Hi: 0x26FD, Stride: 1}, // emoji among the symbols
		{Lo: 0x2705, Hi: 0x2705, Stride: 1},
		{Lo: 0x270A, Hi: 0x270B, Stride: 1},
		{Lo: 0x2728, Hi: 0x2728, Stride: 1},
		{Lo: 0x274C, Hi: 0x274E, Stride: 1},
		{Lo: 0x2753, Hi: 0x2757, Stride: 1},
		{Lo: 0x2795, Hi: 0x2797, Stride: 1},
		{Lo: 0x27B0, Hi: 0x27BF, Stride: 1},
		{Lo: 0x2B1B, Hi: 0x2B1C, Stride: 1},
		{Lo: 0x2B50, Hi: 0x2B55, Stride: 1},
		{Lo: 0x2E80, Hi: 0x303E, Stride: 1}, // CJK radicals, punctuation
		{Lo: 0x3041, Hi: 0xA4CF, Stride: 1}, // kana to Yi
		{Lo: 0xA960, Hi: 0xA97C, Stride: 1}, // Hangul
		{Lo: 0xAC00, Hi: 0xD7A3, Stride: 1}, // Hangul
		{Lo: 0xF900, Hi: 0xFAFF, Stride: 1}, // CJK compatibility
		{Lo: 0xFE10, Hi: 0xFE6B, Stride: 1}, // vertical and small forms
		{Lo: 0xFF01, Hi: 0xFF60, Stride: 1}, // full-width forms
		{Lo: 0xFFE0, Hi: 0xFFE6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x16FE0, Hi: 0x18DFF, Stride: 1}, // Tangut, Khitan
		{Lo: 0x1AFF0, Hi: 0x1B2FB, Stride: 1}, // kana, Nushu
		{Lo: 0x1F004, Hi: 0x1F004, Stride: 1},
		{Lo: 0x1F0CF, Hi: 0x1F0CF, Stride: 1},
		{Lo: 0x1F18E, Hi: 0x1F320, Stride: 1}, // emoji
		{Lo: 0x1F32D, Hi: 0x1F64F, Stride: 1}, // emoji
		{Lo: 0x1F680, Hi: 0x1F6FF, Stride: 1}, // transport
		{Lo: 0x1F7E0, Hi: 0x1F7F0, Stride: 1}, // coloured shapes
		{Lo: 0x1F90C, Hi: 0x1FAFF, Stride: 1}, // emoji
		{Lo: 0x20000, Hi: 0x3FFFD, Stride: 1}, // CJK
	},
}
