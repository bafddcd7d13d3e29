package edit

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/wsluice/wsluice/decode"
)

// cell is what the cursor goes over in one step: a character with the marks on it,
// a line end, or a byte that is no text.
type cell struct {
	size  int  // bytes
	width int  // terminal cells
	stand bool // something else stands in its place, see appendCell
	end   bool // a line ends with it
}

// maxMarks is how many marks can be on a character; more stand for themselves. As
// many are drawn.
const maxMarks = 4

// cellAt returns the cell that begins at data[at].
func cellAt(data []byte, at int) cell {
	c := data[at]
	if c >= ' ' && c < 0x7F && (at+1 == len(data) || data[at+1] < utf8.RuneSelf) {
		return cell{size: 1, width: 1}
	}
	switch {
	case c == '\n':
		return cell{size: 1, end: true}
	case c == '\r' && at+1 < len(data) && data[at+1] == '\n':
		return cell{size: 2, width: 1, stand: true, end: true}
	case c == '\r':
		return cell{size: 1, width: 1, stand: true, end: true}
	case c < ' ' || c == 0x7F:
		return cell{size: 1, width: 1, stand: true}
	}
	r, size := utf8.DecodeRune(data[at:])
	first := data[at : at+size]
	if standIn(r, first) {
		return cell{size: size, width: escapeWidth(r, size), stand: true}
	}
	whole := cell{size: size}
	for n := 0; n < maxMarks && at+whole.size < len(data); n++ {
		mark, size := utf8.DecodeRune(data[at+whole.size:])
		if !unicode.Is(unicode.M, mark) || !shown(append([]byte{'a'}, data[at+whole.size:at+whole.size+size]...)) {
			break
		}
		whole.size += size
	}
	whole.width = decode.Width(data[at : at+whole.size])
	return whole
}

// standIn reports whether something must stand in the place of a character beyond
// ASCII: it cannot be seen, is no character, or looks like a stand-in itself.
func standIn(r rune, raw []byte) bool {
	return r == '‹' || r >= '␀' && r <= '␡' || !shown(raw)
}

// shown reports whether text is visible as it is.
func shown(text []byte) bool {
	var room [32]byte
	out, _ := decode.AppendVisible(room[:0], text, len(room))
	return bytes.Equal(out, text)
}

// appendEscape appends what stands in the place of a character that has no picture.
func appendEscape(dst []byte, r rune, raw []byte) []byte {
	if len(raw) == 1 {
		return fmt.Appendf(dst, "‹%02x›", raw[0])
	}
	return fmt.Appendf(dst, "‹u%04x›", r)
}

// escapeWidth is how many terminal cells that takes.
func escapeWidth(r rune, size int) int {
	const brackets = 2
	if size == 1 {
		return brackets + 2
	}
	digits := 4
	for r>>(4*digits) > 0 {
		digits++
	}
	return brackets + 1 + digits
}

// appendCell appends what is shown of the cell c at data[at]. Control characters
// have their pictures (␀ to ␡); what else cannot be seen is a number in brackets,
// ‹ff› for a byte and ‹u202e› for a character, as are characters that would look
// like one of these. A line feed is not shown.
func appendCell(dst, data []byte, at int, c cell) []byte {
	raw := data[at : at+c.size]
	switch r, _ := utf8.DecodeRune(raw); {
	case !c.stand && c.end:
		return dst
	case !c.stand:
		return append(dst, raw...)
	case r == 0x7F:
		return utf8.AppendRune(dst, '␡')
	case r < ' ':
		return utf8.AppendRune(dst, '␀'+r)
	default:
		return appendEscape(dst, r, raw)
	}
}
