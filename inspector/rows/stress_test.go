package rows_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/rows"
)

// adjacent fails when rows are not neighbours among the messages of a tape.
func adjacent(t *testing.T, tape *tape, q rows.Query, list []rows.Row) {
	t.Helper()
	all := tape.list(q)
	for i, r := range list {
		if r.Kind != rows.Message {
			continue
		}
		at, found := slices.BinarySearchFunc(all, r.Position, func(m message, p rows.Position) int { return m.seq.Compare(p) })
		if !found || i > 0 && r.Before != nil && r.Before.Seq != all[at-1].Seq {
			t.Fatalf("%v does not belong here:\n%s", r.Position, lines(list))
		}
	}
}

// TestStress moves, filters and follows without ever waiting while frames come.
// It would catch races, a selection that something else than the user moves, and
// rows with a gap between them.
func TestStress(t *testing.T) {
	tape := numbered(5000)
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			for range 5 {
				tape.add(1, frame.Side(i%2), frame.Text, true, fmt.Sprint("more ", i))
			}
			tape.changed()
		}
	})
	defer writer.Wait()
	defer close(stop)

	rng := rand.New(rand.NewPCG(7, 8))
	queries := []rows.Query{{Conn: 1}, {Conn: 1, Filter: parse(t, "7")}, {Conn: 1, Filter: parse(t, "more 1")}}
	l := rows.New(tape, queries[0], func() {})
	defer l.Close()
	l.SetHeight(20)
	checked := 0
	under := true // way to another place
	poll := time.NewTicker(50 * time.Microsecond)
	defer poll.Stop()
	for range 3000 {
		before, known := l.Selected()
		switch n := rng.IntN(40); n {
		case 0:
			l.SetQuery(queries[rng.IntN(len(queries))])
			under = true
		case 1:
			l.To(1 + rng.Uint64N(6000))
			under = true
		case 2:
			[]func(){l.First, l.Last, l.Unfollow, l.Cancel, func() { l.Pause(true) }, func() { l.Pause(false) }}[rng.IntN(6)]()
			under = true
		case 3, 4, 5:
			l.Move(rng.IntN(100) - 50)
		case 6:
			l.Page(rng.IntN(9) - 4)
		default:
			<-poll.C
			l.Update()
			list := l.Rows()
			if under {
				under = l.Busy()
				break
			}
			if after, _ := l.Selected(); known && !l.Following() && after.Position != before.Position {
				t.Fatalf("%v is selected instead of %v", after.Position, before.Position)
			}
			adjacent(t, tape, l.Query(), list)
			checked++
		}
	}
	if checked < 100 {
		t.Errorf("only %d updates were looked at", checked)
	}
}
