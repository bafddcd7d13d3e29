package detail

import (
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// originalView shows what an edited message was before: as text if that can be
// read, otherwise as bytes. Nothing is found in it, for it is another payload that
// is searched.
type originalView struct{ view }

func newOriginalView(d *Document) originalView {
	if d.Message().Type == frame.Text || d.readable() {
		return originalView{newTextView(d)}
	}
	return originalView{&hexView{doc: d, src: d.Message().Payload}}
}

func (originalView) name() string { return "original" }

func (v originalView) lines(s *sight) []draw.Line {
	plain := *s
	plain.found, plain.hit = nil, -1
	return v.view.lines(&plain)
}

func (originalView) reveal(*sight, int, int) bool { return false }
