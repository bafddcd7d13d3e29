package inspector

import (
	"fmt"
	"strings"

	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// diffPairView is in what a pair differs, and its two messages.
type diffPairView struct {
	of      diffItem
	changes []DiffChange
	note    draw.Line
	pager   pager
	title   string
	sides   [2]message
	at      [2]place // the messages
	pane    int      // that has the keys: 0 for none, 1 the changes, 2 the left message, 3 the right one
	whole   bool     // it has the whole screen
	places  [4]rect  // of the panes at the last draw
}

func newDiffPairView(r *root) diffPairView {
	return diffPairView{sides: [2]message{newMessage(r), newMessage(r)}}
}

func (v *diffPairView) busy() bool { return v.sides[0].busy() || v.sides[1].busy() }

func (v *diffPairView) close() {
	v.sides[0].close()
	v.sides[1].close()
}

// forget has the next item be shown, even if it is at the same place.
func (v *diffPairView) forget() { v.of, v.pane, v.whole = diffItem{}, 0, false }

// update has the messages read that are to be shown.
func (v *diffPairView) update() {
	for i := range v.sides {
		switch at := v.at[i]; {
		case !v.whole:
		case at.seq == 0:
			if v.sides[i].at != at {
				v.sides[i].clear()
			}
		default:
			v.sides[i].want(at.conn, at.seq)
		}
	}
}

// both has the messages of an item be shown.
func (v *diffPairView) both(d *diff, item diffItem) {
	v.at = [2]place{}
	if item.kind == diffPairItem || item.kind == diffSameItem && item.count == 1 {
		p := d.result.Pair(item.first)
		v.at = [2]place{{d.left, p.Left}, {d.right, p.Right}}
	}
}

// show shows an item and its changes.
func (v *diffPairView) show(d *diff, item diffItem, changes []DiffChange, note draw.Line) {
	if v.of != item {
		v.pager.top, v.pager.side = 0, 0
	}
	v.of, v.changes, v.note = item, changes, note
	var lines []draw.Line
	v.title = "changes"
	switch item.kind {
	case diffNoItem:
	case diffFactItem:
		f := d.facts[item.first]
		lines = changeLines([]DiffChange{{Path: f.Name, Left: &f.Left, Right: &f.Right}})
	case diffNoteItem:
		lines = []draw.Line{draw.Text(" "+decode.Visible(d.notes[item.first]), draw.Plain)}
	case diffSameItem:
		lines = []draw.Line{draw.Text(" "+draw.Counted(uint64(item.count), "message")+" the same", draw.Dim)}
	case diffPairItem:
		switch p := d.result.Pair(item.first); p.Outcome {
		case DiffLeft:
			lines = []draw.Line{draw.Text(fmt.Sprintf(" only #%d has this message", d.left), draw.Bad)}
		case DiffRight:
			lines = []draw.Line{draw.Text(fmt.Sprintf(" only #%d has this message", d.right), draw.Good)}
		case DiffMoved:
			lines = []draw.Line{draw.Text(fmt.Sprintf(" moved from #%s to #%s", draw.Grouped(p.Left), draw.Grouped(p.Right)), draw.Accent)}
		default:
			v.title = fmt.Sprintf("changes between #%s and #%s", draw.Grouped(p.Left), draw.Grouped(p.Right))
			lines = changeLines(changes)
		}
	}
	if note != nil {
		lines = append(lines, note)
	}
	v.pager.set(lines)
	v.both(d, item)
}

// changeLines are the lines that changes take.
func changeLines(changes []DiffChange) (lines []draw.Line) {
	for _, c := range changes {
		lines = append(lines, draw.Text(" "+decode.Visible(c.Path), draw.Name))
		if c.Left != nil {
			lines = append(lines, draw.Line{{Text: "   - ", Style: draw.Bad}, {Text: decode.Visible(*c.Left)}})
		}
		if c.Right != nil {
			lines = append(lines, draw.Line{{Text: "   + ", Style: draw.Good}, {Text: decode.Visible(*c.Right)}})
		}
	}
	return lines
}

// text is what is shown of the changes.
func (v *diffPairView) text() string {
	var b strings.Builder
	for _, l := range v.pager.lines {
		b.WriteString(l.String() + "\n")
	}
	return b.String()
}

// paths are JSON paths that could be left out: those that changed, and the same
// members anywhere.
func (v *diffPairView) paths() (paths []string) {
	const most = 20
	for _, c := range v.changes {
		if !c.JSON || !strings.HasPrefix(c.Path, "$") || len(paths) >= most {
			continue
		}
		paths = append(paths, c.Path)
		if at := strings.LastIndexByte(c.Path, '.'); at > 1 && !strings.ContainsAny(c.Path[at:], `]"'`) {
			paths = append(paths, "$."+c.Path[at:])
		}
	}
	return paths
}

// inPair does what a key asks for while a pane of the pair has the keys. It reports
// whether that was done, and whether the key is known here.
func (d *diff) inPair(a keys.Action) (done, known bool) {
	v := &d.pair
	switch a {
	case keys.Back:
		if v.pane > 1 && v.sides[v.pane-2].act(a) {
			return true, true
		}
		v.pane, v.whole = 0, false
		return true, true
	case keys.NextPane, keys.PreviousPane:
		panes := 2
		if v.whole {
			panes = 4
		}
		step := 1
		if a == keys.PreviousPane {
			step = panes - 1
		}
		v.pane = (v.pane + step) % panes
		if v.whole && v.pane == 0 {
			v.pane = 1
			if step > 1 {
				v.pane = 3
			}
		}
		return true, true
	case keys.NextMatch, keys.PrevMatch:
		if v.pane > 1 && v.sides[v.pane-2].pane.Finding() != "" {
			break
		}
		d.next(a == keys.NextMatch)
		return true, true
	case keys.Ignore, keys.Unignore:
		return false, false
	case keys.Open:
		if !v.whole {
			d.open()
			return true, true
		}
	case keys.Copy:
		if v.pane == 1 {
			return false, false
		}
	}
	if v.pane > 1 {
		return v.sides[v.pane-2].act(a), true
	}
	return v.pager.act(a), true
}

// drawChanges draws the changes alone.
func (v *diffPairView) drawChanges(p draw.Painter, r rect) {
	v.places[1] = r
	v.pager.draw(p, pane(p, r, draw.Text(v.title, draw.Title), nil, v.pane == 1))
}

// drawWhole draws the changes and both messages.
func (v *diffPairView) drawWhole(p draw.Painter, r rect, two bool) {
	v.places = [4]rect{}
	if r.height < 14 || r.width < 60 {
		if v.pane == 1 {
			v.drawChanges(p, r)
		} else {
			v.drawSide(p, r, v.pane-2)
		}
		return
	}
	upper, lower := r.split(false, 35)
	v.drawChanges(p, upper)
	left, right := lower.split(two, 50)
	if !two && lower.height < 16 {
		left, right = lower, rect{}
		if v.pane == 3 {
			left, right = rect{}, lower
		}
	}
	v.drawSide(p, left, 0)
	v.drawSide(p, right, 1)
}

func (v *diffPairView) drawSide(p draw.Painter, r rect, side int) {
	if r.height == 0 {
		return
	}
	v.places[2+side] = r
	if v.at[side].seq == 0 {
		inner := pane(p, r, draw.Text(fmt.Sprintf("#%d", v.at[side].conn), draw.Title), nil, v.pane == 2+side)
		for y := range inner.height {
			var l draw.Line
			if y == 0 {
				l = draw.Text(" there is no such message", draw.Dim)
			}
			p.Line(inner.x, inner.y+y, inner.width, l, draw.Normal)
		}
		return
	}
	v.sides[side].draw(p, r, v.pane == 2+side, true)
}

// mouse gives the keys to the pane at a place, or scrolls it, and reports whether
// there is one.
func (v *diffPairView) mouse(action tview.MouseAction, x, y int) bool {
	for n := 1; n < len(v.places); n++ {
		if !v.places[n].holds(x, y) {
			continue
		}
		v.pane = n
		switch {
		case n > 1:
			v.sides[n-2].mouse(action)
		case action == tview.MouseScrollUp:
			v.pager.scroll(-3)
		case action == tview.MouseScrollDown:
			v.pager.scroll(3)
		}
		return true
	}
	return false
}
