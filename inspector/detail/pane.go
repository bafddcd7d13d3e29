package detail

import (
	"slices"

	"github.com/wsluice/wsluice/inspector/draw"
)

// Pane is somebody looking at a Document: in which view, at which place, with
// what unfolded and found. The zero Pane shows nothing and wraps lines. Its
// methods take no longer than a screen takes to draw, and belong to one goroutine.
type Pane struct {
	doc    *Document
	views  []view
	at     int    // the current one of views
	chosen string // the view somebody asked for
	w, h   int
	cut    bool // long lines are cut, not wrapped
	found  *Found
	hit    int // the current one of found, -1 for none
}

// view is one way to look at a Document. Places are kept as offsets and nodes, so
// that they outlive a change of size.
type view interface {
	name() string
	// lines returns at most s.h lines.
	lines(s *sight) []draw.Line
	// move goes down by rows, or up.
	move(s *sight, rows int)
	home(s *sight)
	end(s *sight)
	sideways(s *sight, cells int)
	// reveal goes to where the payload's bytes from from to to are shown, and
	// reports whether there is such a place.
	reveal(s *sight, from, to int) bool
}

// sight is what a view needs to know of its pane.
type sight struct {
	w, h  int
	wrap  bool
	found *Found
	hit   int
}

// folder is a view whose rows fold.
type folder interface {
	toggle(s *sight)
	foldAll(s *sight)
	// cursor returns on which of the lines the cursor stands.
	cursor(s *sight) int
	value() (name string, data []byte)
}

// Show shows another Document, nil for none. A view that somebody chose stays
// where there is such a view of d, as does a decoder's; otherwise d's best view is
// shown. Every view begins at its top, and what was found is forgotten.
func (p *Pane) Show(d *Document) {
	before := p.View()
	p.doc, p.views, p.at = d, nil, 0
	p.ShowFound(nil)
	if d == nil {
		return
	}
	p.views = d.views()
	p.at = d.best()
	if i := p.index(p.chosen); i >= 0 {
		p.at = i
	} else if i := p.index(before); i >= 0 && d.reads(before) {
		p.at = i
	}
}

// Document returns what is shown, nil for nothing.
func (p *Pane) Document() *Document { return p.doc }

// Resize sets the size in cells of what Lines returns; less than 1 counts as 1.
func (p *Pane) Resize(width, height int) { p.w, p.h = max(1, width), max(1, height) }

func (p *Pane) index(name string) int {
	return slices.IndexFunc(p.views, func(v view) bool { return v.name() == name })
}

// View returns the name of the current view: "text", "hex", "header" or that of a
// decoder; "" when nothing is shown.
func (p *Pane) View() string {
	if len(p.views) == 0 {
		return ""
	}
	return p.views[p.at].name()
}

// Views returns the names of the views there are, in the order of their tabs.
func (p *Pane) Views() []string {
	var names []string
	for _, v := range p.views {
		names = append(names, v.name())
	}
	return names
}

// SetView goes to a view and reports whether there is one of that name. It is kept
// for Documents to come.
func (p *Pane) SetView(name string) bool {
	i := p.index(name)
	if i < 0 {
		return false
	}
	p.at, p.chosen = i, name
	if p.hit >= 0 {
		m := p.found.spans[p.hit]
		p.with(func(v view, s *sight) { v.reveal(s, m.from, m.to) })
	}
	return true
}

// NextView goes to the view of the next tab, from the last to the first.
func (p *Pane) NextView() { p.turn(1) }

// PreviousView goes to the view of the tab before, from the first to the last.
func (p *Pane) PreviousView() { p.turn(-1) }

func (p *Pane) turn(by int) {
	if n := len(p.views); n > 0 {
		p.SetView(p.views[(p.at+by+n)%n].name())
	}
}

// Wrapped reports whether long lines go on in the next row. It is so at first.
func (p *Pane) Wrapped() bool { return !p.cut }

// Wrap sets whether long lines go on in the next row, or beyond the edge, where
// Sideways goes.
func (p *Pane) Wrap(on bool) { p.cut = !on }

// Move goes down by so many rows, up when negative: the cursor where the view has
// one, otherwise the text.
func (p *Pane) Move(rows int) {
	p.with(func(v view, s *sight) { v.move(s, rows) })
}

// Page goes down by so many screens less a row, up when negative.
func (p *Pane) Page(pages int) {
	p.with(func(v view, s *sight) { v.move(s, pages*max(1, s.h-1)) })
}

// Home goes to the first row.
func (p *Pane) Home() { p.with(func(v view, s *sight) { v.home(s) }) }

// End goes to the last row.
func (p *Pane) End() { p.with(func(v view, s *sight) { v.end(s) }) }

// Sideways goes to the right by so many cells, to the left when negative, where
// lines are not wrapped. In a tree right unfolds and left folds, or goes to what
// the row is part of.
func (p *Pane) Sideways(cells int) {
	p.with(func(v view, s *sight) { v.sideways(s, cells) })
}

// Toggle unfolds what the cursor stands on, or folds it. It reports whether the
// view has anything to fold.
func (p *Pane) Toggle() bool { return p.folding(folder.toggle) }

// ToggleAll unfolds all below what the cursor stands on, 10,000 rows at most, or
// folds it when it is unfolded to the leaves. It reports whether the view has
// anything to fold.
func (p *Pane) ToggleAll() bool { return p.folding(folder.foldAll) }

func (p *Pane) folding(do func(folder, *sight)) (can bool) {
	p.with(func(v view, s *sight) {
		var f folder
		if f, can = v.(folder); can {
			do(f, s)
		}
	})
	return can
}

// Cursor returns on which of Lines the cursor stands, -1 in a view without one.
func (p *Pane) Cursor() int {
	at := -1
	p.with(func(v view, s *sight) {
		if f, ok := v.(folder); ok {
			at = len(p.notes()) + f.cursor(s)
		}
	})
	return at
}

// Value returns what is to be copied: the value under the cursor of a tree with
// its path for a name, such as "bids[3].price", and in other views the payload. The
// data is as it was captured, not harmless for a terminal, and must not be
// changed; the text of a value of many megabytes takes a moment. It is nil when
// nothing is shown.
func (p *Pane) Value() (name string, data []byte) {
	p.with(func(v view, _ *sight) {
		if f, ok := v.(folder); ok {
			name, data = f.value()
		} else {
			name, data = "payload", p.doc.Message().Payload
		}
	})
	return name, data
}

// Lines returns the lines to show, as many as the pane is high and none wider than
// it is wide.
func (p *Pane) Lines() []draw.Line {
	lines := make([]draw.Line, 0, p.h)
	p.with(func(v view, s *sight) {
		lines = append(lines, p.notes()...)
		lines = append(lines, v.lines(s)...)
	})
	for len(lines) < p.h {
		lines = append(lines, nil)
	}
	return lines[:p.h]
}

// with calls f for the current view, if there is one.
func (p *Pane) with(f func(view, *sight)) {
	if len(p.views) > 0 {
		f(p.views[p.at], p.sight())
	}
}

func (p *Pane) sight() *sight {
	return &sight{max(1, p.w), max(1, p.h-len(p.notes())), !p.cut, p.found, p.hit}
}
