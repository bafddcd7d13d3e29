package edit

import (
	"bytes"
	"encoding/hex"
	"fmt"
)

// dumpRow is how many bytes a line of a dump has.
const dumpRow = 16

// maxDump bounds the bytes of a dump that is read.
const maxDump = 6 * MaxFile

// dump writes bytes as lines of an offset, hexadecimal digits, and characters
// between bars.
func dump(payload []byte) []byte {
	var out []byte
	for at := 0; at < len(payload); at += dumpRow {
		row := payload[at:min(at+dumpRow, len(payload))]
		out = fmt.Appendf(out, "%08x:", at)
		for i := range dumpRow {
			if i%8 == 0 {
				out = append(out, ' ')
			}
			if i < len(row) {
				out = append(out, hexDigits[row[i]>>4], hexDigits[row[i]&0xF], ' ')
			} else {
				out = append(out, "   "...)
			}
		}
		out = append(out, ' ', '|')
		for _, c := range row {
			if c < ' ' || c >= 0x7F {
				c = '.'
			}
			out = append(out, c)
		}
		out = append(out, "|\n"...)
	}
	return out
}

// undump reads what dump wrote and somebody edited. Only the digits count: an
// offset before a colon and the characters behind a bar can be wrong or missing.
func undump(text []byte) (payload []byte, err error) {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		row, _, _ := bytes.Cut(line, []byte("|"))
		if _, rest, ok := bytes.Cut(row, []byte(":")); ok {
			row = rest
		}
		var found []byte
		for _, word := range bytes.Fields(row) {
			for _, c := range word {
				if _, ok := digit(rune(c)); !ok {
					return nil, fmt.Errorf("line %d: %q is not hexadecimal", number, word[:min(len(word), 16)])
				}
			}
			found = append(found, word...)
		}
		if len(found)%2 != 0 {
			return nil, fmt.Errorf("line %d: %d hexadecimal digits, an odd number", number, len(found))
		}
		// No error is left that could come.
		payload, _ = hex.AppendDecode(payload, found)
	}
	if len(payload) > MaxFile {
		return nil, fmt.Errorf("%d bytes are more than %d", len(payload), MaxFile)
	}
	return payload, nil
}
