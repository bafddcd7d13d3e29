package detail

import (
	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// treeView shows what a decoder made of the payload.
type treeView struct {
	reading *decode.Reading
}

func newTreeView(r *decode.Reading) *treeView { return &treeView{reading: r} }

func (v *treeView) name() string                { return v.reading.Decoder }
func (v *treeView) lines(s *sight) []draw.Line  { return nil }
func (v *treeView) move(*sight, int)            {}
func (v *treeView) home(*sight)                 {}
func (v *treeView) end(*sight)                  {}
func (v *treeView) sideways(*sight, int)        {}
func (v *treeView) reveal(*sight, int, int) bool { return false }
