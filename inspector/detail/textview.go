package detail

import (
	"math"

	"github.com/wsluice/wsluice/inspector/draw"
)

// textView shows the payload as lines of text.
type textView struct {
	doc  *Document
	lay  layout
	top  int // offset of the first row shown
	left int // cells out of sight on the left
}

func newTextView(d *Document) *textView {
	return &textView{doc: d, lay: layout{text: d.text}}
}

func (v *textView) name() string { return "text" }

// settle makes top the beginning of a row at the width there is now, and no row
// empty that could be full.
func (v *textView) settle(s *sight) {
	v.lay.set(s.w, s.wrap)
	if s.wrap {
		v.left = 0
	}
	v.top, _ = v.lay.row(v.top)
	if at, ok := v.lay.skip(v.top, s.h-1); !ok {
		v.top, _ = v.lay.skip(at, 1-s.h)
	}
}

func (v *textView) lines(s *sight) []draw.Line {
	if len(v.lay.src) == 0 {
		return []draw.Line{cut(draw.Text(v.doc.nothing(), draw.Dim), s.w)}
	}
	v.settle(s)
	lines := make([]draw.Line, 0, s.h)
	for at := v.top; at >= 0 && len(lines) < s.h; at = v.lay.next(at) {
		_, end := v.lay.row(at)
		lines = append(lines, v.row(s, at, end))
	}
	return lines
}

// row draws the bytes from start to end with what was found in them.
func (v *textView) row(s *sight, start, end int) draw.Line {
	first, found := s.found.within(start+v.doc.textAt, end+v.doc.textAt)
	ranges := make([]span, len(found))
	for i, f := range found {
		ranges[i] = span{max(start, f.from-v.doc.textAt), min(end, f.to-v.doc.textAt)}
	}
	text, places := v.lay.show(start, end, v.left+s.w, ranges...)
	var line draw.Line
	done := 0
	for i, at := range places {
		if at.from = max(at.from, done); at.to <= at.from {
			continue
		}
		line = append(line, draw.Span{Text: text[done:at.from], Style: draw.Plain}, draw.Span{Text: text[at.from:at.to], Style: s.matched(first + i)})
		done = at.to
	}
	line = append(line, draw.Span{Text: text[done:], Style: draw.Plain})
	return line.Skip(v.left)
}

func (v *textView) move(s *sight, rows int) {
	v.settle(s)
	v.top, _ = v.lay.skip(v.top, rows)
	v.settle(s)
}

func (v *textView) home(*sight) { v.top, v.left = 0, 0 }

func (v *textView) end(s *sight) {
	v.top = v.lay.last()
	v.settle(s)
}

func (v *textView) sideways(s *sight, cells int) {
	if v.settle(s); s.wrap {
		return
	}
	v.left += cells
	if cells > 0 {
		// No further than the longest row in sight.
		widest, at := 0, v.top
		for range s.h {
			if at < 0 {
				break
			}
			start, end := v.lay.row(at)
			text, _ := v.lay.show(start, end, math.MaxInt)
			widest, at = max(widest, draw.Width(text)), v.lay.next(at)
		}
		v.left = min(v.left, widest-s.w)
	}
	v.left = max(0, v.left)
}

func (v *textView) reveal(s *sight, from, to int) bool {
	if from -= v.doc.textAt; from < 0 {
		return false
	}
	v.settle(s)
	last, _ := v.lay.skip(v.top, s.h-1)
	row, end := v.lay.row(from)
	if row < v.top || row > last {
		v.top, _ = v.lay.skip(row, -(s.h / 3))
		v.settle(s)
	}
	if !s.wrap {
		text, at := v.lay.show(row, end, math.MaxInt, span{from, min(end, to-v.doc.textAt)})
		begin, stop := draw.Width(text[:at[0].from]), draw.Width(text[:at[0].to])
		if begin < v.left || stop > v.left+s.w {
			v.left = max(0, begin-s.w/3)
		}
	}
	return true
}
