package rows_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsluice/wsluice/inspector/rows"
)

// look takes over what there is, though more may be under way.
func look(l *rows.List) {
	synctest.Wait()
	l.Update()
	synctest.Wait()
}

// TestPending would catch a list that waits for a read, and rows that are others
// than those the user went to when they come.
func TestPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(2000)
		l := newList(t, tape, rows.Query{Conn: 1}, 10)
		l.To(1800)
		settle(t, l)
		gate := tape.shut()
		for range 100 {
			l.Page(-1)
			look(l)
		}
		if _, ok := l.Selected(); ok || l.Cursor() < 0 || !l.Busy() || !strings.HasPrefix(lines(l.Rows()), "?\n") {
			t.Errorf("row %d is selected of\n%s", l.Cursor(), lines(l.Rows()))
		}
		close(gate.open)
		settle(t, l)
		if got := selected(t, l); got != 1800-100*9 {
			t.Errorf("after 100 pages up %d is selected", got)
		}
	})
}

// TestJump would catch keys that are lost while a list goes somewhere, and rows
// that go away before there are others.
func TestJump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(2000)
		l := newList(t, tape, rows.Query{Conn: 1}, 10)
		before := lines(l.Rows())
		gate := tape.shut()
		l.First()
		l.Move(3)
		l.Page(2)
		look(l)
		if got := selected(t, l); got != 2000 || lines(l.Rows()) != before || l.Following() {
			t.Errorf("%d is selected of\n%s", got, lines(l.Rows()))
		}
		close(gate.open)
		settle(t, l)
		if got := selected(t, l); got != 1+3+18 {
			t.Errorf("%d is selected", got)
		}
	})
}

// TestSearch would catch a search that does not tell how far it is, and one that
// cannot be ended.
func TestSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(3000)
		l := newList(t, tape, rows.Query{Conn: 1}, 10)
		l.To(1500)
		settle(t, l)
		before, at := lines(l.Rows()), selected(t, l)
		gate := tape.shut()
		l.SetQuery(rows.Query{Conn: 1, Filter: parse(t, "nothing")})
		look(l)
		if s := l.Scan(); lines(l.Rows()) != before || selected(t, l) != at || s.Cancelled {
			t.Errorf("%+v, the list is\n%s", s, lines(l.Rows()))
		}
		l.Cancel()
		look(l)
		s := l.Scan()
		if len(l.Rows()) > 0 || l.Busy() || !s.Cancelled || s.Active || s.Progress != 0 || l.Err() != nil {
			t.Errorf("%+v, %v, the list is\n%s", s, l.Err(), lines(l.Rows()))
		}
		tick(t, l, tape)
		if s := l.Scan(); !s.Cancelled {
			t.Errorf("what comes takes up a search that was cancelled: %+v", s)
		}
		close(gate.open)
		l.SetQuery(rows.Query{Conn: 1, Filter: parse(t, "/1234|1700/")})
		settle(t, l)
		if got := selected(t, l); got != 1700 {
			t.Errorf("%d is selected", got)
		}
		if s, c := l.Scan(), l.Counts(); s.Cancelled || s.Active || s.Progress != 1 || c.Selected != 2 || c.Matched != 2 || !c.Complete {
			t.Errorf("%+v, %+v", s, c)
		}
	})
}

// TestErr would catch an error that takes rows away, stays when it is over, or is
// tried again without a pause.
func TestErr(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(2000)
		l := newList(t, tape, rows.Query{Conn: 1}, 10)
		l.Unfollow()
		settle(t, l)
		failure := errors.New("no such disk")
		before := lines(l.Rows())
		tape.failWith(failure)
		l.Page(-100)
		settle(t, l)
		if err := l.Err(); !errors.Is(err, failure) || !strings.HasPrefix(lines(l.Rows()), "?\n") {
			t.Errorf("%v, the list is\n%s", err, lines(l.Rows()))
		}
		l.Page(100)
		settle(t, l)
		if lines(l.Rows()) != before {
			t.Errorf("the list is\n%s", lines(l.Rows()))
		}
		l.Page(-100)
		tape.failWith(nil)
		tick(t, l, tape)
		if err := l.Err(); err != nil || selected(t, l) != 2000-900 {
			t.Errorf("%v, the list is\n%s", err, lines(l.Rows()))
		}
	})
}

// TestClose would catch goroutines that are left, and one that waits for a read.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(100)
		tape.shut()
		l := rows.New(tape, rows.Query{Conn: 1, Filter: parse(t, "5")}, func() {})
		l.First()
		synctest.Wait()
		l.Close()
	})
}

// TestPause would catch a frozen list that goes on, and messages that are not
// counted.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(100)
		l := newList(t, tape, rows.Query{Conn: 1, Filter: parse(t, "message")}, 10)
		l.Pause(true)
		before := lines(l.Rows())
		for range 7 {
			tape.add(1, 0, 1, true, "message")
		}
		tape.add(1, 0, 1, true, "other")
		tick(t, l, tape)
		if came, on := l.Paused(); came != 7 || !on || lines(l.Rows()) != before || !l.Following() {
			t.Errorf("%d came, paused is %v, the list is\n%s", came, on, lines(l.Rows()))
		}
		l.Last()
		l.First()
		l.Last()
		settle(t, l)
		if lines(l.Rows()) != before {
			t.Errorf("the list is\n%s", lines(l.Rows()))
		}
		l.Pause(false)
		settle(t, l)
		if came, on := l.Paused(); came != 0 || on || selected(t, l) != 107 {
			t.Errorf("%d came, paused is %v, the list is\n%s", came, on, lines(l.Rows()))
		}
	})
}

// TestPauseEmpty would catch a pause before there is anything that does not hold.
func TestPauseEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := newTape()
		l := newList(t, tape, rows.Query{Conn: 1}, 10)
		l.Pause(true)
		tape.add(1, 0, 1, true, "message")
		tick(t, l, tape)
		if came, on := l.Paused(); came != 1 || !on || len(l.Rows()) > 0 {
			t.Errorf("%d came, paused is %v, the list is\n%s", came, on, lines(l.Rows()))
		}
		l.Pause(false)
		settle(t, l)
		if selected(t, l) != 1 {
			t.Errorf("the list is\n%s", lines(l.Rows()))
		}
	})
}

// TestPauseEarly would catch messages that came before a pause among those that
// came since, when they are counted later.
func TestPauseEarly(t *testing.T) {
	for _, counts := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) { pauseEarly(t, counts) })
	}
}

// pauseEarly pauses while the counting walk is held up, or every walk.
func pauseEarly(t *testing.T, counts bool) {
	want := uint64(0) // the list learns of what came when it reads again
	if counts {
		want = 14 // records: they are not counted as messages yet
	}
	tape := numbered(100)
	gate := tape.shut()
	gate.counts = counts
	l := rows.New(tape, rows.Query{Conn: 1, Filter: parse(t, "message")}, func() {})
	defer l.Close()
	look(l)
	l.Pause(true)
	synctest.Wait() // what the list asks because of that it asks before more comes
	for range 7 {
		tape.add(1, 0, 1, true, "message")
		tape.add(1, 0, 1, true, "other")
	}
	tape.changed()
	time.Sleep(time.Second)
	look(l)
	if came, on := l.Paused(); came != want || !on {
		t.Errorf("%d records came with counts %v, want %d, paused is %v", came, counts, want, on)
	}
	close(gate.open)
	settle(t, l)
	if came, on := l.Paused(); came != 7 || !on {
		t.Errorf("%d came, paused is %v", came, on)
	}
}

// TestRefresh would catch a list that asks its source, or is drawn, more often
// than 30 times a second.
func TestRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(100)
		told := make(chan struct{}, 1)
		l := rows.New(tape, rows.Query{Conn: 1}, func() { told <- struct{}{} })
		defer l.Close()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		var writer sync.WaitGroup
		writer.Go(func() {
			for ctx.Err() == nil {
				tape.add(1, 0, 1, true, "message")
				tape.changed()
				time.Sleep(time.Millisecond)
			}
		})
		defer writer.Wait()
		updates := 0
		for ctx.Err() == nil {
			select {
			case <-told:
				synctest.Wait()
				l.Update()
				updates++
			case <-ctx.Done():
			}
		}
		if updates < 25 || updates > 70 {
			t.Errorf("%d updates in a second", updates)
		}
	})
}
