package rows_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsluice/wsluice/inspector/rows"
)

// arrive spins until a list is at rest.
func arrive(l *rows.List) {
	for l.Busy() {
		if !l.Update() {
			runtime.Gosched()
		}
	}
	l.Rows()
}

// BenchmarkMoves is what keys take among ten million messages, from the key to
// the last of the rows it shows and those around them.
func BenchmarkMoves(b *testing.B) {
	for _, bench := range []struct {
		name string
		do   func(l *rows.List, i int)
	}{
		{"row", func(l *rows.List, i int) { l.Move(1) }},
		{"page-down", func(l *rows.List, i int) { l.Page(1) }},
		{"page-up", func(l *rows.List, i int) { l.Page(-1) }},
		{"home-end", func(l *rows.List, i int) {
			l.First()
			arrive(l)
			l.Last()
		}},
		{"number", func(l *rows.List, i int) { l.To(uint64(i*1_234_567%(10*million)) + 1) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			l := rows.New(newEndless(10*million, 1000), rows.Query{Conn: 1}, func() {})
			defer l.Close()
			l.SetHeight(60)
			l.To(5 * million)
			arrive(l)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				bench.do(l, i)
				arrive(l)
			}
		})
	}
}

// BenchmarkDraw is what a list adds to the drawing of a screen.
func BenchmarkDraw(b *testing.B) {
	l := rows.New(newEndless(10*million, 1000), rows.Query{Conn: 1}, func() {})
	defer l.Close()
	l.SetHeight(60)
	arrive(l)
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
