package rows_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsluice/wsluice/inspector/rows"
)

// told is a list that can be waited for.
type told struct {
	*rows.List
	changed chan struct{}
}

func newTold(source rows.Source, q rows.Query) *told {
	changed := make(chan struct{}, 1)
	return &told{changed: changed, List: rows.New(source, q, func() { changed <- struct{}{} })}
}

// arrive waits until the screen is there.
func (l *told) arrive() {
	for l.Scan().Active {
		<-l.changed
		l.Update()
	}
	l.Rows()
}

// rest waits until nothing is under way.
func (l *told) rest() {
	for l.Busy() {
		select {
		case <-l.changed:
			l.Update()
		case <-time.After(100 * time.Microsecond):
		}
	}
}

// BenchmarkMoves is what keys take among ten million messages, from the key until
// the rows that are shown and those around them are there.
func BenchmarkMoves(b *testing.B) {
	for _, bench := range []struct {
		name string
		do   func(l *told, i int)
	}{
		{"row", func(l *told, i int) { l.Move(1) }},
		{"page-down", func(l *told, i int) { l.Page(1) }},
		{"page-up", func(l *told, i int) { l.Page(-1) }},
		{"home-end", func(l *told, i int) {
			l.First()
			l.arrive()
			l.Last()
		}},
		{"number", func(l *told, i int) { l.To(uint64(i*1_234_567%(10*million)) + 1) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			l := newTold(newEndless(10*million, 1000), rows.Query{Conn: 1})
			defer l.Close()
			l.SetHeight(60)
			l.To(5 * million)
			l.arrive()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				bench.do(l, i)
				l.rest()
			}
		})
	}
}

// BenchmarkDraw is what a list adds to the drawing of a screen.
func BenchmarkDraw(b *testing.B) {
	l := newTold(newEndless(10*million, 1000), rows.Query{Conn: 1})
	defer l.Close()
	l.SetHeight(60)
	l.arrive()
	b.ReportAllocs()
	for b.Loop() {
		l.Update()
		l.Rows()
		l.Cursor()
		l.Counts()
	}
}

// TestAllocations would catch a list that takes more memory for a screen the more
// comes: it follows 50,000 messages a second.
func TestAllocations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndless(10*million, 1000)
		l := rows.New(e, rows.Query{Conn: 1}, func() {})
		t.Cleanup(l.Close)
		l.SetHeight(60)
		settle(t, l)
		const screens = 100
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range screens {
			e.grow(1667)
			time.Sleep(time.Second / 30)
			l.Update()
			l.Rows()
		}
		runtime.ReadMemStats(&after)
		mallocs, bytes := (after.Mallocs-before.Mallocs)/screens, (after.TotalAlloc-before.TotalAlloc)/screens
		if mallocs > 60*3+100 || bytes > 100<<10 {
			t.Errorf("%d allocations, %d bytes a screen", mallocs, bytes)
		}
		t.Logf("%d allocations, %d bytes a screen", mallocs, bytes)
		if got := l.Rows(); len(got) != 60 || got[59].Message.Seq < 10*million+1667*(screens-3) {
			t.Errorf("the list is\n%s", lines(got))
		}
	})
}
