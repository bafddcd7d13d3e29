package rows_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/rows"
)

// settle brings a list to rest.
func settle(t *testing.T, l *rows.List) {
	t.Helper()
	for range 1000 {
		synctest.Wait()
		l.Update()
		synctest.Wait()
		if !l.Busy() {
			return
		}
	}
	t.Fatal("the list does not come to rest")
}

// tick lets the list see what has come.
func tick(t *testing.T, l *rows.List, tape *tape) {
	t.Helper()
	tape.changed()
	time.Sleep(time.Second)
	settle(t, l)
}

// numbered is a tape of so many messages of one connection.
func numbered(n int) *tape {
	t := newTape()
	for i := range n {
		t.add(1, frame.Side(i%2), frame.Text, true, fmt.Sprintf("message %d", i+1))
	}
	return t
}

func parse(t testing.TB, text string) *filter.Messages {
	f, err := filter.ParseMessages(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func newList(t *testing.T, source rows.Source, q rows.Query, height int) *rows.List {
	l := rows.New(source, q, func() {})
	t.Cleanup(l.Close)
	l.SetHeight(height)
	settle(t, l)
	return l
}

func selected(t *testing.T, l *rows.List) uint64 {
	t.Helper()
	r, ok := l.Selected()
	if !ok {
		t.Fatalf("nothing is selected among\n%s", lines(l.Rows()))
	}
	if i := l.Cursor(); l.Rows()[i] != r {
		t.Fatalf("row %d is not the one that is selected", i)
	}
	return r.Message.Seq
}

// TestFollow would catch a list that does not stay at the end, and one that does
// after the user has left it.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(0)
		l := newList(t, tape, rows.Query{Conn: 1}, 10)
		if _, ok := l.Selected(); ok || l.Cursor() != -1 || len(l.Rows()) > 0 || !l.Following() {
			t.Errorf("a list of nothing is\n%s", lines(l.Rows()))
		}
		more := func(n int) {
			for range n {
				tape.add(1, frame.Client, frame.Text, true, "more")
			}
			tick(t, l, tape)
		}
		check := func(want uint64, following bool) {
			t.Helper()
			if got := selected(t, l); got != want || l.Following() != following {
				t.Errorf("%d is selected, following is %v", got, l.Following())
			}
		}
		more(1)
		check(1, true)
		more(999)
		check(1000, true)
		l.Move(1)
		check(1000, true)
		l.Move(-1)
		check(999, false)
		more(5000)
		check(999, false)
		l.Select(0)
		check(991, false)
		l.Select(10)
		check(991, false)
		l.Follow()
		settle(t, l)
		check(6000, true)
		l.Unfollow()
		more(1)
		check(6000, false)
		l.Last()
		settle(t, l)
		check(6001, true)
	})
}

// TestFold would catch frames that are not those of the message, and a message
// of many that is shown whole.
func TestFold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(100)
		for i := range 1500 {
			op := frame.Continuation
			if i == 0 {
				op = frame.Binary
			}
			tape.add(1, frame.Client, op, i == 1499, strings.Repeat("x", i))
			tape.add(1, frame.Server, frame.Text, true, "between")
		}
		l := newList(t, tape, rows.Query{Conn: 1}, 5000)
		if l.Height() != 1000 {
			t.Errorf("the height is %d", l.Height())
		}
		if l.Fold() {
			t.Error("a message of one frame is unfolded")
		}
		l.To(101)
		settle(t, l)
		failure := errors.New("no such disk")
		tape.failWith(failure)
		if !l.Fold() {
			t.Errorf("the list is\n%s", lines(l.Rows()))
		}
		l.Move(1000)
		l.Move(1)
		if got := lines(l.Rows()); !strings.HasPrefix(got, "?\n?\n") || !strings.HasSuffix(got, "?\n  + 500\n") {
			t.Errorf("the list is\n%s", got)
		}
		settle(t, l)
		if err := l.Err(); !errors.Is(err, failure) {
			t.Error(err)
		}
		tape.failWith(nil)
		tick(t, l, tape)
		shown := l.Rows()
		for i, r := range shown[:999] {
			if r.Kind != rows.Frame || r.Frame.Seq != uint64(103+2*i) || r.Message.Seq != 101 || len(r.Frame.Payload) != min(i+1, 512) {
				t.Fatalf("row %d is %+v", i, r)
			}
		}
		if r := shown[999]; l.Err() != nil || l.Cursor() != 999 || r.Kind != rows.Rest || r.Rest != 500 {
			t.Errorf("%v, behind the frames comes %+v", l.Err(), r)
		}
		l.Fold()
		if r, _ := l.Selected(); r.Kind != rows.Message || r.Unfolded || r.Message.Seq != 101 {
			t.Errorf("%+v is selected", r)
		}
	})
}

// TestFoldPruned would catch rows that never come, since the frames they are for
// are gone.
func TestFoldPruned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(0)
		tape.add(1, frame.Client, frame.Text, false, "gone")
		tape.add(1, frame.Client, frame.Continuation, false, "left")
		tape.add(1, frame.Client, frame.Continuation, true, "left")
		l := newList(t, tape, rows.Query{Conn: 1}, 10)
		tape.prune(2)
		l.Fold()
		l.Unfollow()
		l.Move(3)
		settle(t, l)
		if got := lines(l.Rows()); got != "3.0 1#1 text \"goneleftleft\" -\n  1#2\n  1#3\n" || l.Cursor() != 2 {
			t.Errorf("row %d is selected of\n%s", l.Cursor(), got)
		}
	})
}

// TestCount would catch a list that counts what nobody asked for, does not when
// somebody did, and does not stop when that is cancelled.
func TestCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndless(10*million, 3)
		l := newList(t, e, rows.Query{Conn: 1}, 50)
		l.To(6 * million)
		settle(t, l)
		if c := l.Counts(); c != (rows.Counts{Total: 10 * million}) {
			t.Errorf("%+v", c)
		}
		l.Count()
		settle(t, l)
		all := rows.Counts{Counting: true, Matched: 10 * million, Looked: 10 * million, Total: 10 * million, Complete: true, Progress: 1, Selected: 6 * million}
		if c := l.Counts(); c != all {
			t.Errorf("%+v", c)
		}
		l.SetQuery(rows.Query{Conn: 1, Opcodes: 1 << frame.Text})
		settle(t, l)
		all.Matched, all.Selected = 10*million*2/3+1, 4*million+1
		if c := l.Counts(); c != all {
			t.Errorf("%+v", c)
		}
		l.SetQuery(rows.Query{Conn: 1})
		settle(t, l)
		if c := l.Counts(); c.Counting {
			t.Errorf("%+v", c)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(3000)
		gate := tape.shut()
		gate.counts = true
		l := rows.New(tape, rows.Query{Conn: 1, Filter: parse(t, "message")}, func() {})
		defer l.Close()
		look(l)
		look(l)
		if c := l.Counts(); c.Complete || !l.Busy() || selected(t, l) != 3000 {
			t.Errorf("%+v", c)
		}
		l.Cancel()
		settle(t, l)
		close(gate.open)
		tick(t, l, tape)
		if c := l.Counts(); c.Complete || l.Scan().Cancelled {
			t.Errorf("%+v", c)
		}
		l.Count()
		settle(t, l)
		if c := l.Counts(); !c.Complete || c.Matched != 3000 {
			t.Errorf("%+v", c)
		}
		l.Cancel()
		tape.add(1, frame.Client, frame.Text, true, "a message")
		tick(t, l, tape)
		if c := l.Counts(); !c.Complete || c.Matched != 3001 {
			t.Errorf("%+v", c)
		}
	})
}
