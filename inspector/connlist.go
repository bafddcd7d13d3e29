package inspector

import (
	"context"
	"slices"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// connList is the list of connections, newest first: a window of them around the
// one that is selected.
type connList struct {
	r      *root
	worker *worker
	filter *filter.Connections

	list     []frame.Connection // the window, newest first
	newest   bool               // nothing newer than the window
	oldest   bool               // nothing older
	selected uint64             // id, 0 before anything was loaded
	top      int                // index of the first row shown
	height   int
	follow   bool // the newest is selected and stays so
	last     uint64
	loaded   bool
	wanted   uint64 // the id the window is loaded around, 0 for the newest
	err      error
}

const (
	// connWindow is how many connections are held at most.
	connWindow = 1000
	// connBrink is how near the selection comes to the end of the window before
	// another one is loaded.
	connBrink = 100
)

func newConnList(r *root) *connList {
	l := &connList{r: r, worker: r.i.start(), follow: true}
	l.load(0)
	return l
}

// load reads the window around a connection, 0 for the newest, and reads it anew
// whenever the capture has changed, but no more than twice a second.
func (l *connList) load(around uint64) {
	l.wanted = around
	source, want := l.r.i.o.Source, l.filter
	l.worker.do(0, func(ctx context.Context) {
		var version uint64
		for {
			next, err := source.Wait(ctx, version)
			var found window
			if err == nil {
				found, err = readWindow(ctx, source, want, around)
			}
			if ctx.Err() != nil {
				return
			}
			version = next
			l.r.i.post(func() { l.take(around, found, err) })
			select {
			case <-ctx.Done():
				return
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
}

// window is what was read of the connections of a capture.
type window struct {
	list           []frame.Connection
	newest, oldest bool
	last           uint64 // id of the newest connection there is
}

// readWindow reads up to connWindow connections that match, half of them newer
// than the one asked for.
func readWindow(ctx context.Context, source Source, want *filter.Connections, around uint64) (window, error) {
	w := window{newest: true}
	before := uint64(0)
	first, err := source.Conns(ctx, 0, 1)
	if err != nil || len(first) == 0 {
		w.oldest = true
		return w, err
	}
	if w.last = first[0].ID; around > 0 && around+connWindow/2 < w.last {
		before, w.newest = around+connWindow/2, false
	}
	for len(w.list) < connWindow {
		const page = 200
		conns, err := source.Conns(ctx, before, page)
		if err != nil {
			return w, err
		}
		for _, c := range conns {
			if want == nil || want.Match(&c) {
				w.list = append(w.list, c)
			}
		}
		if len(conns) < page {
			w.oldest = true
			break
		}
		before = conns[len(conns)-1].ID
	}
	w.list = w.list[:min(len(w.list), connWindow)]
	return w, nil
}

// take shows what was read. The selected connection stays where it is on the
// screen.
func (l *connList) take(around uint64, w window, err error) {
	if around != l.wanted {
		return
	}
	l.loaded = true
	if l.err = err; err != nil {
		return
	}
	row := l.index() - l.top
	l.list, l.newest, l.oldest, l.last = w.list, w.newest, w.oldest, w.last
	if len(l.list) == 0 {
		return
	}
	if l.follow || l.selected == 0 {
		l.selected, l.top = l.list[0].ID, 0
		return
	}
	i := l.index()
	l.selected = l.list[i].ID
	l.top = i - row
	l.clamp()
}

// index is where the selected connection stands in the window, or the next older
// one when it is gone.
func (l *connList) index() int {
	i, _ := slices.BinarySearchFunc(l.list, l.selected, func(c frame.Connection, id uint64) int {
		switch {
		case c.ID > id:
			return -1
		case c.ID < id:
			return 1
		}
		return 0
	})
	return max(0, min(i, len(l.list)-1))
}

// current returns the selected connection, nil when there is none.
func (l *connList) current() *frame.Connection {
	if len(l.list) == 0 {
		return nil
	}
	return &l.list[l.index()]
}

// move selects the connection so many rows below.
func (l *connList) move(n int) {
	if len(l.list) == 0 {
		return
	}
	if n != 0 {
		l.follow = false
	}
	i := min(max(l.index()+n, 0), len(l.list)-1)
	l.selected = l.list[i].ID
	if i < connBrink && !l.newest || i >= len(l.list)-connBrink && !l.oldest {
		if l.wanted != l.selected {
			l.load(l.selected)
		}
	}
	l.clamp()
}

func (l *connList) clamp() {
	i := l.index()
	l.top = max(min(l.top, i), i-l.height+1)
	l.top = max(0, min(l.top, len(l.list)-l.height))
}

// first goes to the newest, last to the oldest connection.
func (l *connList) first() {
	l.follow = false
	if !l.newest {
		l.selected = l.last
		l.load(0)
		return
	}
	l.move(-len(l.list))
}

func (l *connList) end() {
	l.follow = false
	if !l.oldest {
		l.selected = 1
		l.load(1)
		return
	}
	l.move(len(l.list))
}

// go selects a connection by its number.
func (l *connList) jump(id uint64) {
	l.follow = false
	l.selected = id
	if i := l.index(); len(l.list) == 0 || l.list[i].ID != id {
		l.load(id)
	}
	l.clamp()
}

// setFilter shows only connections that match, nil for all.
func (l *connList) setFilter(f *filter.Connections) {
	l.filter = f
	l.load(l.selected)
}

// setFollow keeps the newest connection selected, or no longer.
func (l *connList) setFollow(on bool) {
	l.follow = on
	if on {
		l.top = 0
		if !l.newest {
			l.load(0)
		} else if len(l.list) > 0 {
			l.selected = l.list[0].ID
		}
	}
}

// open counts the connections of the window that are under way.
func (l *connList) open() (n int) {
	for i := range l.list {
		if l.list[i].State == frame.Open {
			n++
		}
	}
	return n
}
