package rows_test

import (
	"fmt"
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

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := numbered(1000)
		l := newList(t, tape, rows.Query{Conn: 1}, 10)
		if got := selected(t, l); got != 1000 {
			t.Errorf("%d is selected", got)
		}
		tape.add(1, frame.Client, frame.Text, true, "more")
		tick(t, l, tape)
		if got := selected(t, l); got != 1001 {
			t.Errorf("%d is selected", got)
		}
		l.Move(-1)
		settle(t, l)
		if got := selected(t, l); got != 1000 {
			t.Errorf("%d is selected", got)
		}
		tape.add(1, frame.Client, frame.Text, true, "more")
		tick(t, l, tape)
		if got := selected(t, l); got != 1000 || l.Following() {
			t.Errorf("%d is selected", got)
		}
		if len(l.Rows()) != 10 {
			t.Error(lines(l.Rows()))
		}
	})
}
