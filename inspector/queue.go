package inspector

import (
	"context"
	"slices"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/inspector/detail"
	"github.com/wsluice/wsluice/inspector/keys"
)

// queue is the screen of the messages that are held, oldest first, with the
// selected one below or beside.
type queue struct {
	r       *root
	hold    *holding
	at      uint64 // the ID of the selected message, 0 for none
	place   int    // where it stands, or stood when it went
	top     int
	side    int // cells the previews are scrolled by
	detail  message
	shown   *Held   // the message in detail, which may be held no more
	ticker  *worker // has the ages drawn anew
	inner   bool    // the keys go to the detail
	zoomed  bool    // one pane has the whole screen
	alone   bool    // there is room for one pane only
	writing bool    // the keys go to the editor
	where   rect    // of the rows at the last draw
	lower   rect    // of the detail
	written rect    // of the editor
}

// queueTick is how often ages are drawn anew.
const queueTick = 500 * time.Millisecond

func newQueue(r *root) *queue {
	q := &queue{r: r, hold: r.hold, place: len(r.hold.kept), detail: newMessage(r), ticker: r.i.start()}
	q.ticker.do(0, func(ctx context.Context) {
		tick := time.NewTicker(queueTick)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if r.hold.some.Load() {
					r.i.changed()
				}
			}
		}
	})
	return q
}

func (q *queue) keys() keys.Screen {
	switch {
	case q.writing:
		return keys.HeldEdit
	case q.inner:
		return keys.Held
	}
	return keys.Queue
}

func (q *queue) crumbs() []string { return []string{"queue"} }

func (q *queue) busy() bool { return q.detail.busy() }

func (q *queue) close() {
	q.ticker.close()
	q.detail.close()
}

// update finds the selected message again, or selects the one that took its place.
func (q *queue) update() {
	listed := q.hold.rows()
	at := slices.IndexFunc(listed, func(h Held) bool { return h.ID == q.at })
	if at < 0 {
		q.writing = false
		at = min(q.place, len(listed)-1)
	}
	if len(listed) == 0 {
		q.at, q.place, q.shown, q.inner, q.zoomed = 0, 0, nil, false, false
		q.detail.clear()
		return
	}
	q.place = at
	q.at = listed[at].ID
	q.want(&listed[at])
}

// want shows a message in the detail.
func (q *queue) want(h *Held) {
	if q.shown != nil && q.shown.ID == h.ID {
		return
	}
	of := *h
	q.shown = &of
	q.detail.read(place{of.Message.Conn, of.ID}, 0, func(ctx context.Context) (*detail.Document, error) {
		return readHeld(ctx, q.r.i, &of)
	})
}

// edit returns the edit of the message that is shown, or nil.
func (q *queue) edit() *heldEdit {
	if q.shown == nil {
		return nil
	}
	return q.hold.edits[q.shown.ID]
}

// move selects another message.
func (q *queue) move(n int) {
	if listed := q.hold.rows(); len(listed) > 0 {
		q.place = max(0, min(q.place+n, len(listed)-1))
		q.at = listed[q.place].ID
		q.want(&listed[q.place])
	}
}

func (q *queue) act(a keys.Action) bool {
	if q.judge(a) || q.inner && a != keys.Back && q.detail.act(a) {
		return true
	}
	page := max(1, q.where.height-1)
	switch a {
	case keys.Down:
		q.move(1)
	case keys.Up:
		q.move(-1)
	case keys.PageDown:
		q.move(page)
	case keys.PageUp:
		q.move(-page)
	case keys.First:
		q.move(-len(q.hold.rows()))
	case keys.Last:
		q.move(len(q.hold.rows()))
	case keys.Left:
		q.side = max(0, q.side-8)
	case keys.Right:
		q.side = min(q.side+8, 512)
	case keys.NextPane, keys.PreviousPane:
		q.inner = !q.inner && q.shown != nil
	case keys.Open:
		q.inner, q.zoomed = q.shown != nil, true
	case keys.Zoom:
		q.zoomed = !q.zoomed
	case keys.Back:
		return q.back()
	default:
		return q.shown != nil && q.detail.act(a)
	}
	return true
}

// back undoes what was set last, or reports that there is nothing of it.
func (q *queue) back() bool {
	switch {
	case q.inner && q.detail.act(keys.Back):
	case q.inner || q.zoomed:
		q.inner, q.zoomed = false, false
	default:
		return false
	}
	return true
}

func (q *queue) mouse(action tview.MouseAction, x, y int) {
	switch e := q.edit(); {
	case q.writing && e != nil && q.written.holds(x, y):
		switch action {
		case tview.MouseScrollUp:
			e.text.Scroll(-3)
		case tview.MouseScrollDown:
			e.text.Scroll(3)
		default:
			e.text.Click(x-q.written.x, y-q.written.y)
		}
	case q.writing:
	case q.lower.holds(x, y) && (q.inner || !q.where.holds(x, y)):
		q.inner = q.shown != nil
		q.detail.mouse(action)
	case action == tview.MouseScrollUp:
		q.move(-3)
	case action == tview.MouseScrollDown:
		q.move(3)
	default:
		q.inner = false
		q.move(q.top + y - q.where.y - q.place)
		if action == tview.MouseLeftDoubleClick {
			q.act(keys.Open)
		}
	}
}

// write implements writer.
func (q *queue) write(e *tcell.EventKey) bool {
	edit := q.edit()
	if !q.writing || edit == nil {
		return false
	}
	typed := e.Key() == tcell.KeyRune && e.Modifiers()&tcell.ModAlt == 0
	if !typed && q.r.i.o.Keys.Action(keys.HeldEdit, e) != "" {
		return false
	}
	edit.text.Key(e)
	return true
}

// paste implements writer.
func (q *queue) paste(text string) bool {
	edit := q.edit()
	if !q.writing || edit == nil {
		return false
	}
	edit.text.Paste(text)
	return true
}
