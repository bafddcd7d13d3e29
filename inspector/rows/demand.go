package rows

import "context"

// demand is what the goroutines of a list are to read.
type demand struct {
	// gen counts windows, walk counts. Their contexts end when what was read for
	// them is not wanted any more.
	gen, walk uint64
	ctx       context.Context
	walkCtx   context.Context
	query     Query
	// seed is the window to go on from, nil for a new one at goal.
	seed *window
	goal goal
	// follow is set when only the last rows are wanted, whatever comes.
	follow bool
	// horizon is the number of the last record that counts, nil for no such bound.
	horizon *uint64
	// low and high are the ordinals of the rows that are shown, high not
	// included. Page is how many a screen has.
	low, high int64
	page      int
	// stopped is set when rows are not to be searched for any more, uncounted when
	// matches are not to be counted any more, and asked when they are in any case.
	stopped, uncounted, asked bool
	// ready is set when the first rows that the query selects are there.
	ready bool
	ticks uint64 // counts changes of the capture
	// open are the messages that are unfolded.
	open []*fold
}

// news is what they have read.
type news struct {
	// told is set when changed was called and Update has not been since.
	told bool
	// win is a window of the demand's gen, scan its search.
	win    *window
	scan   Scan
	count  tallied
	total  uint64
	opened []unfolded
	errs   [tasks]error // why a task failed
}

// The tasks of the goroutines.
const (
	reading = iota
	counting
	unfolding
	waiting
	tasks
)

func (n *news) failure() error {
	for _, err := range n.errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// tell changes the news, and says so when change reports that they have.
func (l *List) tell(change func(*news) bool) {
	l.mu.Lock()
	first := change(&l.news) && !l.news.told
	l.news.told = l.news.told || first
	l.mu.Unlock()
	if first {
		l.changed()
	}
}

// report tells how a task went, if that is news.
func (l *List) report(task int, err error) {
	l.tell(func(n *news) bool {
		known := n.errs[task] == nil && err == nil
		n.errs[task] = err
		return !known
	})
}

// bell wakes a goroutine. All but out is guarded by the list's mutex.
type bell struct {
	out  chan struct{}
	busy bool // it is awake, or going to be
}

func newBell() bell { return bell{out: make(chan struct{}, 1)} }

func (b *bell) ring() {
	b.busy = true
	select {
	case b.out <- struct{}{}:
	default:
	}
}

// serve calls work whenever the bell rings, until ctx ends.
func (l *List) serve(ctx context.Context, b *bell, work func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.out:
		}
		work()
		l.mu.Lock()
		b.busy = len(b.out) > 0
		l.mu.Unlock()
	}
}

// wanted returns the demand as it is now.
func (l *List) wanted() demand {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.demand
}
