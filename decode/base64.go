package decode

import (
	"encoding/base64"
	"unicode/utf8"
)

// minBase64 is how many characters there must be for a guess: shorter words often
// are base64 of something by chance.
const minBase64 = 16

// encodingOf returns the way head is written in base64 (RFC 4648): which alphabet,
// and whether padded. Line ends are passed over. It is nil when head is not
// base64; the end of one that is not whole decides nothing.
func encodingOf(head []byte, whole bool) *base64.Encoding {
	chars, pads, url, std := 0, 0, false, false
	for _, c := range head {
		switch {
		case c == '\r' || c == '\n':
		case c == '=':
			pads++
		case pads > 0:
			return nil
		case c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z':
			chars++
		case c == '-' || c == '_':
			chars++
			url = true
		case c == '+' || c == '/':
			chars++
			std = true
		default:
			return nil
		}
	}
	if url && std || chars < minBase64 || pads > 2 || pads > 0 && (chars+pads)%4 != 0 || whole && chars%4 == 1 {
		return nil
	}
	encoding := base64.StdEncoding
	if url {
		encoding = base64.URLEncoding
	}
	if pads == 0 && chars%4 != 0 || !whole && pads == 0 {
		encoding = encoding.WithPadding(base64.NoPadding)
	}
	return encoding
}

func fitsBase64(s scope, head []byte, whole bool) bool {
	encoding := encodingOf(head, whole)
	if encoding == nil {
		return false
	}
	if !whole {
		head = quads(head)
	}
	made := make([]byte, encoding.DecodedLen(len(head)))
	n, err := encoding.Decode(made, head)
	if err != nil {
		return false
	}
	made = made[:n]
	return isText(made, whole) && speaks(made) || s.within().find(made, whole) != nil
}

// quads returns the part of head that can be decoded by itself.
func quads(head []byte) []byte {
	chars, end := 0, 0
	for i, c := range head {
		if c == '\r' || c == '\n' {
			continue
		}
		if chars++; chars%4 == 0 {
			end = i + 1
		}
	}
	return head[:end]
}

// speaks reports whether text is no chance: short text in other letters than
// ASCII may be random bytes.
func speaks(text []byte) bool {
	const enough = 48
	return len(text) >= enough || utf8.RuneCount(text) == len(text)
}

func openBase64(s scope, data []byte) (Node, error) {
	short := ""
	encoding := encodingOf(data, true)
	if encoding == nil {
		if encoding = encodingOf(data, false); encoding == nil {
			return Node{}, errNotInside
		}
		data, short = quads(data), "the end is missing"
	}
	size := encoding.DecodedLen(len(data))
	if size > s.left() {
		return Node{}, errMade
	}
	made := make([]byte, size)
	*s.made += size
	n, err := encoding.Decode(made, data)
	if err != nil {
		return Node{}, err
	}
	node := s.content(made[:n:n])
	node.Note = note(note(count(n, "byte"), short), node.Note)
	return node, nil
}
