package edit

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/wsluice/wsluice/inspector/draw"
)

// textLines draws a text. A row leaves its last cell to the cursor, or to the sign
// of a line end.
func (e *Editor) textLines(lines []draw.Line) []draw.Line {
	data := e.buf.data
	e.lay.fit(e.w - 1)
	row := e.lay.row(data, e.at)
	e.scroll(row)
	for n := e.top; len(lines) < e.h && e.lay.has(data, n); n++ {
		start, end := e.lay.bounds(data, n)
		lines = append(lines, e.textRow(start, end).Take(e.w))
	}
	e.place = [2]int{min(e.lay.column(data, e.at), e.w-1), row - e.top}
	return lines
}

func (e *Editor) textRow(start, end int) draw.Line {
	var line draw.Line
	var text []byte
	style := draw.Plain
	flush := func(next draw.Style) {
		if style != next && len(text) > 0 {
			line = append(line, draw.Span{Text: string(text), Style: style})
			text = text[:0]
		}
		style = next
	}
	for at := start; at < end; {
		c := cellAt(e.buf.data, at)
		switch {
		case e.all:
			flush(draw.Match)
		case c.end:
			flush(draw.Dim)
		case c.stand:
			flush(draw.Accent)
		default:
			flush(draw.Plain)
		}
		text = appendCell(text, e.buf.data, at, c)
		at += c.size
	}
	return append(line, draw.Span{Text: string(text), Style: style})
}

// ending is the line end that the text uses: its first.
func (e *Editor) ending() []byte {
	at := bytes.IndexAny(e.buf.data, "\r\n")
	if at < 0 {
		return []byte("\n")
	}
	return e.buf.data[at : at+cellAt(e.buf.data, at).size]
}

// insertText puts a text in at the cursor, or in place of all when that is
// selected.
func (e *Editor) insertText(text []byte, join bool) {
	from, to := e.at, e.at
	if e.all {
		from, to, join = 0, len(e.buf.data), false
	}
	e.put(from, to, text, join)
}

// pasteText inserts what was pasted. A terminal tells nothing of the line ends it
// had.
func (e *Editor) pasteText(text string) {
	pasted := []byte(text)
	pasted = bytes.ReplaceAll(pasted, []byte("\r\n"), []byte("\n"))
	pasted = bytes.ReplaceAll(pasted, []byte("\r"), []byte("\n"))
	pasted = bytes.ReplaceAll(pasted, []byte("\n"), bytes.Clone(e.ending()))
	e.insertText(pasted, false)
}

// Between words there are spaces, and what is neither a letter nor a digit.
const (
	space = iota
	word
	sign
)

func class(r rune) int {
	switch {
	case unicode.IsSpace(r):
		return space
	case r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r):
		return word
	}
	return sign
}

// wordBefore returns where the word begins that ends at the cursor or before it.
func (e *Editor) wordBefore() int {
	at, of := e.at, space
	for at > 0 {
		r, size := utf8.DecodeLastRune(e.buf.data[:at])
		if is := class(r); of == space {
			of = is
		} else if is != of {
			break
		}
		at -= size
	}
	return e.lay.snap(e.buf.data, at)
}

// wordBehind returns where the word ends that begins at the cursor or behind it.
func (e *Editor) wordBehind() int {
	at, of := e.at, space
	for at < len(e.buf.data) {
		r, size := utf8.DecodeRune(e.buf.data[at:])
		if is := class(r); of == space {
			of = is
		} else if is != of {
			break
		}
		at += size
	}
	if to := e.lay.snap(e.buf.data, at); to > e.at {
		return to
	}
	return behind(e.buf.data, e.at)
}

// home returns where the row begins, or the line when the cursor stands there
// already.
func (e *Editor) home() int {
	data := e.buf.data
	if start, _ := e.lay.bounds(data, e.lay.row(data, e.at)); start < e.at {
		return start
	}
	return e.lineStart()
}

// end returns where the row ends, or the line when the cursor stands there
// already.
func (e *Editor) end() int {
	data := e.buf.data
	if at := e.lay.place(data, e.lay.row(data, e.at), len(data)*8); at > e.at {
		return at
	}
	return e.lineEnd()
}

func (e *Editor) lineStart() int {
	return bytes.LastIndexAny(e.buf.data[:e.at], "\r\n") + 1
}

func (e *Editor) lineEnd() int {
	if n := bytes.IndexAny(e.buf.data[e.at:], "\r\n"); n >= 0 {
		return e.at + n
	}
	return len(e.buf.data)
}
