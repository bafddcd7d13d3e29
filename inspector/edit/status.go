package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// judgement is what was found about a text, of one version of the buffer.
type judgement struct {
	version int
	json    string // "" for a text that does not try to be JSON, "ok" when it is
	utf8    string // where it is not, or ""
}

// Status says how many bytes there are, and whether they are JSON and UTF-8.
func (e *Editor) Status() draw.Line {
	if e.note != "" {
		return draw.Text(e.note, draw.Warning)
	}
	if e.large != nil {
		return draw.Line{
			{Text: draw.Counted(uint64(len(e.large)), "byte")},
			{Text: ", more than " + draw.Bytes(Max) + ": $EDITOR can edit them", Style: draw.Warning},
		}
	}
	if e.binary {
		return e.hexStatus()
	}
	if e.judged.version != e.buf.version {
		e.judged = judge(e.buf.data)
		e.judged.version = e.buf.version
	}
	line := draw.Text(draw.Counted(uint64(len(e.buf.data)), "byte"), draw.Plain)
	switch e.judged.json {
	case "":
	case "ok":
		line = append(line, draw.Span{Text: "  JSON ok", Style: draw.Good})
	default:
		line = append(line, draw.Span{Text: "  " + e.judged.json, Style: draw.Bad})
	}
	if e.judged.utf8 != "" {
		return append(line, draw.Span{Text: "  " + e.judged.utf8, Style: draw.Bad})
	}
	return append(line, draw.Span{Text: "  UTF-8", Style: draw.Dim})
}

func (e *Editor) hexStatus() draw.Line {
	line := draw.Text(draw.Counted(uint64(len(e.buf.data)/2), "byte"), draw.Plain)
	if i := bytes.IndexByte(e.buf.data, missing); i >= 0 {
		return append(line, draw.Span{Text: fmt.Sprintf("  the byte at %#x has only one digit", i/2), Style: draw.Bad})
	}
	if e.insert {
		return append(line, draw.Span{Text: "  digits are inserted, i: overwritten", Style: draw.Dim})
	}
	return append(line, draw.Span{Text: "  digits are overwritten, i: inserted", Style: draw.Dim})
}

// judge looks whether a text is UTF-8, and JSON if it begins as an object or a
// list.
func judge(text []byte) (j judgement) {
	if begin := bytes.TrimLeft(text, " \t\r\n"); len(begin) > 0 && (begin[0] == '{' || begin[0] == '[') {
		j.json = "ok"
		var raw json.RawMessage
		if err := json.Unmarshal(text, &raw); err != nil {
			j.json = "JSON error: " + decode.Visible(err.Error())
			if fault := new(json.SyntaxError); errors.As(err, &fault) {
				at := int(fault.Offset)
				if err.Error() != "unexpected end of JSON input" {
					at-- // it is the byte that was read last
				}
				j.json = fmt.Sprintf("JSON error at %s: %s", position(text, at), decode.Visible(err.Error()))
			}
		}
	}
	if at := invalid(text); at >= 0 {
		j.utf8 = "not UTF-8 at " + position(text, at)
	}
	return j
}

// invalid returns where text is not UTF-8, -1 if it is.
func invalid(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// position returns the line and the character in it where at is, from 1.
func position(text []byte, at int) string {
	line, character := 1, 1
	for i := 0; i < min(at, len(text)); {
		c := cellAt(text, i)
		if i += c.size; i > at {
			break
		}
		if character++; c.end {
			line, character = line+1, 1
		}
	}
	return strconv.Itoa(line) + ":" + strconv.Itoa(character)
}

// visible returns a character in quotes.
func visible(r rune) string { return decode.Visible(strconv.QuoteRune(r)) }
