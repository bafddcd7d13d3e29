package inspector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// diff is the screen of a comparison: the pairs of messages in order, those that are
// the same folded, and below in what the selected pair differs.
type diff struct {
	r           *root
	left, right uint64
	order       DiffOrder
	worker      *worker // compares
	reader      *worker // reads the messages of the rows
	changer     *worker // finds the changes of the selected pair

	result Comparison // nil until there is one
	facts  []DiffFact
	notes  []string
	err    error
	part   float64 // how far the comparison has come
	turn   int     // which comparison it is

	items  []diffItem
	at     int // of items, the selected one
	top    int
	side   int               // cells the previews are scrolled by
	texts  map[int][2]string // of pairs, by their number
	asked  [2]int            // the items that texts were asked for
	where  rect              // of the rows at the last draw
	placed []int             // the item in each line of it
	two    bool              // both sides stand beside each other

	pair diffPairView
}

func newDiff(r *root, left, right uint64) *diff {
	d := &diff{
		r: r, left: left, right: right, worker: r.i.start(), reader: r.i.start(), changer: r.i.start(),
		texts: make(map[int][2]string),
	}
	d.pair = newDiffPairView(r)
	d.compare()
	return d
}

// compare compares the connections.
func (d *diff) compare() {
	d.take(nil, nil)
	d.turn++
	order, turn := d.order, d.turn
	d.worker.do(0, func(ctx context.Context) {
		var told time.Time
		result, err := d.r.i.o.Actions.Diff(ctx, d.left, d.right, order, func(part float64) {
			if now := time.Now(); now.Sub(told) > 100*time.Millisecond {
				told = now
				d.r.i.post(func() { d.part = part })
			}
		})
		if errors.Is(err, context.Canceled) {
			err = errStopped
		}
		d.r.i.post(func() {
			if d.turn == turn {
				d.take(result, err)
			}
		})
	})
}

// errStopped is for a comparison that somebody stopped.
var errStopped = errors.New("the comparison was stopped")

// take takes over what came of a comparison; before it has ended both are nil.
func (d *diff) take(result Comparison, err error) {
	d.result, d.err, d.part = nil, err, 0
	d.items, d.facts, d.notes = nil, nil, nil
	d.at, d.top, d.asked = 0, 0, [2]int{}
	clear(d.texts)
	if err == nil && result != nil {
		d.result = result
		d.facts, d.notes = result.Facts(), result.Notes()
		d.items = diffItems(result, d.facts, d.notes)
		d.at = max(0, d.different(-1, 1))
	}
	d.pair.forget()
	d.want()
}

func (d *diff) keys() keys.Screen {
	if d.pair.pane != 0 {
		return keys.Pair
	}
	return keys.Diff
}

func (d *diff) crumbs() []string { return []string{fmt.Sprintf("diff #%d #%d", d.left, d.right)} }

func (d *diff) update() { d.pair.update() }

func (d *diff) busy() bool {
	return d.worker.busy() || d.reader.busy() || d.changer.busy() || d.pair.busy()
}

func (d *diff) close() {
	d.worker.close()
	d.reader.close()
	d.changer.close()
	d.pair.close()
}

// different returns the next item behind at, or before it, that is no message that is
// the same, -1 for none.
func (d *diff) different(at, step int) int {
	for at += step; at >= 0 && at < len(d.items); at += step {
		if kind := d.items[at].kind; kind == diffPairItem || kind == diffFactItem {
			return at
		}
	}
	return -1
}

// move selects another item.
func (d *diff) move(to int) {
	d.at = max(0, min(to, len(d.items)-1))
	d.want()
}

// want shows the changes of the selected item.
func (d *diff) want() {
	if d.result == nil || d.at >= len(d.items) {
		d.changer.stop()
		d.pair.show(d, diffItem{}, nil, nil)
		return
	}
	item, result := d.items[d.at], d.result
	if item.kind != diffPairItem {
		d.changer.stop()
		d.pair.show(d, item, nil, nil)
		return
	}
	if d.pair.of == item {
		return
	}
	d.pair.show(d, item, nil, draw.Text(" reading…", draw.Dim))
	d.changer.do(0, func(ctx context.Context) {
		changes, more, err := result.Changes(ctx, item.first)
		if ctx.Err() != nil {
			return
		}
		d.r.i.post(func() {
			if d.result != result || d.at >= len(d.items) || d.items[d.at] != item {
				return
			}
			var note draw.Line
			if err != nil {
				note = draw.Text(" "+decode.Visible(err.Error()), draw.Bad)
			} else if more > 0 {
				note = draw.Text(" and "+draw.Counted(uint64(more), "more change"), draw.Dim)
			}
			d.pair.show(d, item, changes, note)
		})
	})
}

func (d *diff) act(a keys.Action) bool {
	page := max(1, d.where.height-1)
	if d.pair.pane != 0 {
		if done, known := d.inPair(a); known {
			return done
		}
	}
	switch a {
	case keys.Down:
		d.move(d.at + 1)
	case keys.Up:
		d.move(d.at - 1)
	case keys.PageDown:
		d.move(d.at + page)
	case keys.PageUp:
		d.move(d.at - page)
	case keys.First:
		d.move(0)
	case keys.Last:
		d.move(len(d.items))
	case keys.Left:
		d.side = max(0, d.side-8)
	case keys.Right:
		d.side = min(d.side+8, 512)
	case keys.NextMatch, keys.PrevMatch:
		d.next(a == keys.NextMatch)
	case keys.NextPane, keys.PreviousPane:
		if len(d.items) > 0 {
			d.pair.pane = 1
		}
	case keys.Open:
		d.open()
	case keys.Ignore:
		d.ignore()
	case keys.Unignore:
		if n := len(d.order.Ignore); n > 0 {
			d.r.tell(draw.Plain, decode.Visible(d.order.Ignore[n-1])+" counts again")
			d.order.Ignore = d.order.Ignore[:n-1]
			d.compare()
		}
	case keys.Copy:
		d.r.copy("the changes", []byte(d.pair.text()))
	case keys.Export:
		d.save()
	case keys.Back:
		if !d.worker.busy() {
			return false
		}
		d.worker.stop()
	default:
		return false
	}
	return true
}

// next goes to another difference.
func (d *diff) next(forward bool) {
	step := 1
	if !forward {
		step = -1
	}
	if at := d.different(d.at, step); at >= 0 {
		d.move(at)
	} else if d.result != nil {
		d.r.tell(draw.Plain, "there is no other difference that way")
	}
}

// open shows both messages of a pair, or unfolds what is the same.
func (d *diff) open() {
	if d.at >= len(d.items) {
		return
	}
	switch item := d.items[d.at]; {
	case item.kind == diffPairItem:
		d.pair.pane, d.pair.whole = 2, true
	case item.kind == diffSameItem && item.count > 1:
		d.unfold()
	case item.kind == diffSameItem:
		d.pair.pane, d.pair.whole = 2, true
		d.pair.both(d, item)
	}
}

// ignore asks for a path that is not to count.
func (d *diff) ignore() {
	text := "$."
	if offers := d.pair.paths(); len(offers) > 0 {
		text = offers[0]
	}
	d.r.enter(&line{label: "leave out the JSON path: ", complete: func(string) []string { return d.pair.paths() }, done: func(text string) bool {
		if text = strings.TrimSpace(text); text == "" {
			return false
		}
		d.order.Ignore = append(d.order.Ignore[:len(d.order.Ignore):len(d.order.Ignore)], text)
		d.pair.pane, d.pair.whole = 0, false
		d.compare()
		return true
	}}, decode.Visible(text))
}

// save asks for a file and writes the comparison to it.
func (d *diff) save() {
	result := d.result
	if result == nil {
		d.r.tell(draw.Warning, "there is no comparison yet")
		return
	}
	d.r.file("write the differences as JSON to: ", fmt.Sprintf("diff-%d-%d.jsonl", d.left, d.right), func(ctx context.Context, _ *progress) func(io.Writer) error {
		return func(w io.Writer) error { return result.WriteJSON(ctx, w) }
	})
}

func (d *diff) mouse(action tview.MouseAction, x, y int) {
	switch {
	case d.pair.mouse(action, x, y):
	case action == tview.MouseScrollUp:
		d.move(d.at - 3)
	case action == tview.MouseScrollDown:
		d.move(d.at + 3)
	case d.where.holds(x, y) && y-d.where.y < len(d.placed):
		d.pair.pane = 0
		d.move(d.placed[y-d.where.y])
		if action == tview.MouseLeftDoubleClick {
			d.open()
		}
	}
}
