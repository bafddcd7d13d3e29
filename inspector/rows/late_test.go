package rows_test

import (
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/rows"
)

// TestUnfinished would catch a message that is not listed because it comes out
// when its connection ends, with a record that was read before.
func TestUnfinished(t *testing.T) {
	for _, flood := range []int{0, 1000} {
		synctest.Test(t, func(t *testing.T) {
			tape := numbered(50)
			l := newList(t, tape, rows.Query{Conn: 1}, 10)
			for range flood {
				tape.add(1, frame.Server, frame.Text, true, "other")
			}
			tape.add(1, frame.Client, frame.Text, false, "unfinished")
			tape.add(1, frame.Client, frame.Ping, true, "ping")
			tick(t, l, tape)
			if got := selected(t, l); got != uint64(52+flood) {
				t.Errorf("%d is selected", got)
			}
			tape.end(1)
			tick(t, l, tape)
			if got := selected(t, l); got != uint64(51+flood) || l.Counts().Matched != uint64(52+flood) {
				t.Errorf("%d is selected, %+v", got, l.Counts())
			}
		})
	}
}

// TestInsert would catch a selection that moves because a message comes out late,
// among others that have been read.
func TestInsert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := newTape()
		l := newList(t, tape, rows.Query{}, 10)
		tape.add(2, frame.Client, frame.Text, true, "first")
		tape.add(1, frame.Client, frame.Text, false, "unfinished")
		for range 20 {
			tape.add(2, frame.Client, frame.Text, true, "other")
		}
		tick(t, l, tape)
		l.Move(-3)
		settle(t, l)
		before := lines(l.Rows())
		tape.end(1)
		tick(t, l, tape)
		if got := selected(t, l); got != 18 || lines(l.Rows()) != before {
			t.Errorf("%d is selected of\n%s", got, lines(l.Rows()))
		}
		l.Page(-2)
		settle(t, l)
		if got := lines(l.Rows()); !strings.Contains(got, "1.0 2#1 text \"first\"\n2.0 1#1 text \"unfinished\"\n3.0") {
			t.Errorf("the list is\n%s", got)
		}
		if c := l.Counts(); c.Matched != 22 || !c.Complete || c.Selected != 0 {
			t.Errorf("%+v", c)
		}
	})
}

// TestInterrupted would catch a number that leads to another message because its
// own comes out later, and not with its last frame.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(100)
		tape.add(1, frame.Client, frame.Text, false, "interrupted") // 101
		tape.add(1, frame.Client, frame.Ping, true, "")
		tape.add(1, frame.Client, frame.Continuation, false, "") // 103
		tape.add(1, frame.Server, frame.Text, true, "")
		tape.add(1, frame.Client, frame.Text, true, "by this") // 105
		l := newList(t, tape, rows.Query{Conn: 1}, 10)
		for number, want := range map[uint64]uint64{100: 100, 101: 101, 102: 102, 103: 101, 104: 104, 105: 105, 999: 105} {
			l.To(number)
			settle(t, l)
			if got := selected(t, l); got != want {
				t.Errorf("number %d leads to message %d", number, got)
			}
		}
	})
}

// TestInjectedBetween would catch a number that leads to what was injected between
// the fragments of the message it belongs to.
func TestInjectedBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(100)
		tape.add(1, frame.Client, frame.Text, false, "fragmented") // 101
		tape.inject(1, frame.Client, "injected")
		tape.add(1, frame.Client, frame.Continuation, true, "") // 103
		tape.inject(1, frame.Client, "more")
		l := newList(t, tape, rows.Query{Conn: 1}, 10)
		for number, want := range map[uint64]uint64{101: 101, 102: 102, 103: 101, 104: 104} {
			l.To(number)
			settle(t, l)
			if got := selected(t, l); got != want {
				t.Errorf("number %d leads to message %d", number, got)
			}
		}
	})
}

// heap returns how much memory is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestLong would catch a list that does not let go of rows it has left far behind,
// and one that loses its way when it does.
func TestLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newList(t, newEndless(100_000, 10), rows.Query{Conn: 1}, 60)
		l.First()
		settle(t, l)
		before := heap()
		for i := range 1000 {
			l.Page(1)
			settle(t, l)
			if got := selected(t, l); got != uint64(1+59*(i+1)) {
				t.Fatalf("%d is selected after %d pages", got, i+1)
			}
		}
		if more := int64(heap() - before); more > 4<<20 {
			t.Errorf("a thousand pages take %d bytes", more)
		}
		for i := range 1000 {
			l.Page(-1)
			settle(t, l)
			if got := selected(t, l); got != uint64(1+59*(999-i)) {
				t.Fatalf("%d is selected after %d pages up", got, i+1)
			}
		}
		l.Page(-1)
		settle(t, l)
		if got := selected(t, l); got != 1 || l.Cursor() != 0 {
			t.Errorf("%d is selected", got)
		}
	})
}
