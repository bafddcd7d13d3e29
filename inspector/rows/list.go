package rows

import (
	"context"
	"sync"
)

// List is the list of the messages a query selects. Its methods belong to one
// goroutine, the one that draws, and return at once; only Busy may be called
// from any.
type List struct {
	source  Source
	changed func()
	end     context.CancelFunc
	wg      sync.WaitGroup

	root       context.Context
	cancelGen  context.CancelFunc
	cancelWalk context.CancelFunc

	// The list as it is shown, which belongs to the goroutine that draws.
	query     Query
	gen       uint64 // of the window that is wanted
	win       *window
	jump      *jump // under way, nil when win is the one that is wanted
	sel, top  spot
	placed    Position // of the selection when it was last known
	height    int
	following bool
	pause     pause
	scan      Scan
	count     tallied
	total     uint64
	err       error
	folds     folds
	rows      []Row

	mu                        sync.Mutex
	demand                    demand
	news                      news
	reader, counter, unfolder bell
}

// New returns a list of what q selects, which follows the end. It calls changed,
// from any goroutine, when Update has something to take over: once until Update
// is called. Changed must not call the list. Close ends the list.
func New(source Source, q Query, changed func()) *List {
	ctx, cancel := context.WithCancel(context.Background())
	l := &List{
		source: source, changed: changed, end: cancel, root: ctx,
		height: 1, win: &window{}, following: true, query: q,
		reader: newBell(), counter: newBell(), unfolder: newBell(),
	}
	l.recount(&l.demand)
	l.restart(&jump{to: goal{kind: toLast}})
	for _, run := range []func(context.Context){l.read, l.tally, l.unfold, l.watch} {
		l.wg.Go(func() { run(ctx) })
	}
	return l
}

// Close ends what is under way and waits for it. The list must not be used any
// more.
func (l *List) Close() {
	l.end()
	l.wg.Wait()
}

// Update takes over what was read since it was called last, and reports whether
// there was something. It is called before a draw and nowhere else: rows do not
// change in between but by what the user does.
func (l *List) Update() bool {
	l.mu.Lock()
	n := l.news
	l.news.told, l.news.opened = false, nil
	l.mu.Unlock()
	if !n.told {
		return false
	}
	l.total, l.count, l.scan, l.err = n.total, n.count, n.scan, n.failure()
	if n.win != nil && n.win != l.win {
		l.adopt(n.win)
	}
	l.pause.update(l.count)
	for _, f := range n.opened {
		l.folds.fill(f)
	}
	l.settle()
	l.post()
	return true
}

// Query returns what the list selects.
func (l *List) Query() Query { return l.query }

// SetQuery lists other messages. The selection stays on its message if that one
// is among them, otherwise it goes to the next one behind it, or the last one
// before. Until they are found the list stays as it is. A query for another
// connection follows the end and is not paused, as a new list.
func (l *List) SetQuery(q Query) {
	to := goal{kind: toSelected, position: l.place()}
	if q.Conn != l.query.Conn {
		l.following, l.folds, l.pause, l.total = true, folds{}, pause{}, 0
	}
	if l.following {
		to = goal{kind: toLast}
	}
	l.query, l.count = q, tallied{}
	l.pause.baseline = nil
	l.cancelWalk()
	l.mu.Lock()
	l.recount(&l.demand)
	l.demand.ready, l.news.total = false, l.total
	l.mu.Unlock()
	l.restart(&jump{to: to})
}

// Cancel ends the search for rows if one is under way, and the count of matches
// if that has not come to the end. What was found is shown then. No other rows are
// searched for until the query is set or the list is told to go to a place, and
// matches are counted again when the query is set or Count is called.
func (l *List) Cancel() {
	l.mu.Lock()
	d := &l.demand
	d.uncounted = !l.news.count.done
	if d.stopped = l.jump != nil || l.scan.long; d.stopped {
		l.following = false
		l.cancelGen()
	}
	if d.uncounted {
		l.cancelWalk()
	}
	l.reader.ring()
	l.counter.ring()
	l.mu.Unlock()
}

// Scan says how the search for the rows that are shown stands.
type Scan struct {
	// Active is whether rows that ought to be shown are still searched for,
	// Cancelled whether that was cancelled.
	Active, Cancelled bool
	// From and To are the numbers of the records searched without a gap: From is
	// the first, To the one behind the last.
	From, To uint64
	// Progress is how much of the capture that is, from 0 to 1.
	Progress float64

	long bool // it takes long enough to be cancelled
}

// Scan returns how the search for rows stands.
func (l *List) Scan() Scan {
	s := l.scan
	s.Active = s.Active || l.jump != nil
	return s
}

// Counts says how many messages there are.
type Counts struct {
	// Counting is whether matches are counted at all. Those of a query that
	// selects everything are counted when there are few, or Count was called.
	Counting bool
	// Matched is how many messages matched among the records counted so far,
	// Looked the number of the last of those, Total the number of the last record
	// there is.
	Matched, Looked, Total uint64
	// Complete is whether that is all, Progress how much it is, from 0 to 1.
	Complete bool
	Progress float64
	// Selected is which of the matches the selected one is, from 1, and 0 when
	// that is not known.
	Selected uint64
	// Pruned is how many records the count found gone on its way.
	Pruned uint64
}

// Counts returns how many messages there are.
func (l *List) Counts() Counts {
	c := Counts{
		Counting: l.count.counting, Matched: l.count.matched, Looked: l.count.looked,
		Total: l.total, Pruned: l.count.pruned, Complete: l.count.counting && l.count.looked >= l.total,
	}
	switch {
	case c.Complete:
		c.Progress = 1
	case c.Total > 0:
		c.Progress = float64(c.Looked) / float64(c.Total)
	}
	if n := l.count.marks.ordinal(l.win, l.sel.ord); n <= c.Matched && l.win.at(l.sel.ord) != nil {
		c.Selected = n
	}
	return c
}

// Count has matches counted though the query selects everything, or the count
// was cancelled.
func (l *List) Count() {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := &l.demand
	if d.uncounted {
		l.recount(d)
	}
	d.asked = true
	l.counter.ring()
}

// Busy reports whether something is under way or ready for Update. It may be
// called from any goroutine. A list at rest becomes busy again when the capture
// grows.
func (l *List) Busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reader.busy || l.counter.busy || l.unfolder.busy || l.news.told
}

// Err returns why reading failed, nil after it has succeeded again. What was
// read before is still there. Reading is tried again when the capture changes or
// other rows are wanted.
func (l *List) Err() error { return l.err }

// Height returns how many rows are shown at most.
func (l *List) Height() int { return l.height }

// SetHeight sets how many rows are shown at most, from 1 to 1,000.
func (l *List) SetHeight(rows int) {
	if rows = min(max(rows, 1), maxHeight); rows != l.height {
		l.height = rows
		l.settle()
		l.post()
	}
}

// Following reports whether the selection stays on the last row as rows come.
func (l *List) Following() bool { return l.following }

// Follow goes to the last row and stays there as rows come. Any move upwards
// ends that.
func (l *List) Follow() { l.Last() }

// Unfollow stays where the selection is.
func (l *List) Unfollow() {
	if l.following {
		l.following = false
		l.hold()
	}
}

// Paused returns whether the list is paused and how many messages came since.
// When they are not counted, it is records.
func (l *List) Paused() (came uint64, paused bool) {
	return l.pause.came(l.count, l.total), l.pause.horizon != nil
}

// Pause freezes the list: it ends where it ended, whatever comes, until it is
// called with false. It can be moved in, filtered and folded meanwhile.
func (l *List) Pause(on bool) {
	if on == (l.pause.horizon != nil) {
		return
	}
	l.pause = pause{}
	if on {
		horizon := max(l.total, l.win.reach())
		l.pause.horizon = &horizon
		l.pause.update(l.count)
	}
	l.hold()
}

// pause is the state of a paused list.
type pause struct {
	// horizon is the number of the last record that counts, nil when the list is
	// not paused.
	horizon *uint64
	// baseline is how many matches there are up to there, once it is known.
	baseline *uint64
}

func (p *pause) update(c tallied) {
	switch {
	case p.horizon == nil || p.baseline != nil || !c.counting || c.looked < *p.horizon:
	case c.horizon == p.horizon:
		p.baseline = &c.before
	default:
		p.baseline = &c.matched
	}
}

func (p *pause) came(c tallied, total uint64) uint64 {
	switch {
	case p.horizon == nil:
		return 0
	case c.counting && p.baseline != nil:
		return c.matched - *p.baseline
	}
	return total - min(total, *p.horizon)
}
