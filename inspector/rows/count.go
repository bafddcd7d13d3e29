package rows

import (
	"context"
	"fmt"
)

const (
	// few is up to how many records matches are counted though all match.
	few = 1 << 16
	// leg is how many records are looked at before progress is told.
	leg = 1 << 17
)

// tallied is how a count stands.
type tallied struct {
	counting bool
	done     bool // all there was has been looked at
	matched  uint64
	looked   uint64 // number of the last record looked at
	pruned   uint64
	marks    *marks
	// before is how many matched up to the horizon of a pause.
	before  uint64
	horizon *uint64
}

// tally counts the matches of the query, from the first record on and as more
// come.
func (l *List) tally(ctx context.Context) {
	t := &counter{list: l}
	defer t.close()
	l.serve(ctx, &l.counter, t.work)
}

// counter is the state of a count.
type counter struct {
	list   *List
	walk   uint64
	cursor Messages
	tallied
}

func (t *counter) close() {
	if t.cursor != nil {
		t.cursor.Close()
		t.cursor = nil
	}
	t.tallied = tallied{}
}

// work counts what there is to count.
func (t *counter) work() {
	for {
		d := t.list.wanted()
		if d.walk != t.walk {
			t.close()
			t.walk = d.walk
		}
		if d.uncounted || !d.ready {
			return
		}
		more, err := t.step(&d)
		if d.walkCtx.Err() != nil {
			t.close()
			return // for another one the bell has rung
		}
		if err != nil {
			t.close()
			err = fmt.Errorf("count messages: %w", err)
		}
		t.list.tell(func(n *news) bool {
			now := t.tallied
			if t.list.demand.walk != t.walk {
				now = n.count
			}
			known := n.errs[counting] == nil && err == nil && n.count == now
			n.errs[counting], n.count = err, now
			return !known
		})
		if err != nil || !more {
			t.list.mu.Lock()
			t.list.reader.ring() // it may have waited for the marks
			t.list.mu.Unlock()
			return
		}
	}
}

// step looks at some more records, and reports whether there are others.
func (t *counter) step(d *demand) (more bool, err error) {
	last, err := t.list.source.Count(d.walkCtx, d.query.Conn)
	if err != nil {
		return false, err
	}
	if !d.query.chooses() && !d.asked && last > few {
		t.close()
		return false, nil
	}
	if t.cursor == nil {
		q := d.query
		q.Start, q.Limit = 1, 1
		t.cursor = t.list.source.Messages(d.walkCtx, q)
		t.tallied = tallied{counting: true, marks: new(marks)}
	}
	bound := min(last, t.looked+leg)
	switch h := d.horizon; {
	case h == nil:
	case *h > t.looked:
		bound = min(bound, *h)
	case *h == t.looked:
		t.before, t.horizon = t.matched, h
	}
	t.cursor.Until(bound + 1)
	for t.cursor.Next() {
		t.marks.add(place(t.cursor))
		t.matched++
	}
	if err := t.cursor.Err(); err != nil {
		return false, err
	}
	t.looked, t.pruned = bound, t.cursor.Pruned()
	t.marks.look(bound)
	t.done = t.done || bound == last
	return bound < last, nil
}
