package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	bolt "go.etcd.io/bbolt"
)

// events returns the events of a capture behind the given one.
func events(t testing.TB, r *Reader, after uint64) []Event {
	t.Helper()
	list, err := r.Events(t.Context(), after, maxEvents+1)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestEvents logs events over two sessions. It would catch events that are lost,
// renumbered or out of order, live or at rest.
func TestEvents(t *testing.T) {
	path := capturePath(t)
	want := []Event{
		{Number: 1, Time: epoch, Level: LevelInfo, Message: "began"},
		{Number: 2, Time: epoch.Add(time.Second), Level: LevelWarning, Message: "a <host> & more", Attrs: []Attr{{"z", "1"}, {"a", ""}, {"m", "päth"}}},
		{Number: 3, Time: epoch.Add(2 * time.Second), Level: LevelError, Message: "ended"},
	}
	for i := range want {
		r := create(t, path, Options{})
		r.Log(want[i])
		synced(t, r)
		live := r.Reader()
		closeAll(t, live, r)
		rest := openReader(t, path)
		got := events(t, rest, 0)
		closeAll(t, rest)
		if len(got) != i+1 || fmt.Sprint(got) != fmt.Sprint(want[:i+1]) {
			t.Fatalf("events are %v, want %v", got, want[:i+1])
		}
	}
	if got := events(t, openReader(t, path), 2); len(got) != 1 || got[0].Number != 3 {
		t.Errorf("events behind 2 are %v", got)
	}
	verify(t, path)
}

// TestEventAlone logs an event while no frame passes. It would catch one that
// waits for traffic, and a commit for every event.
func TestEventAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := create(t, capturePath(t), Options{})
		live := r.Reader()
		for i := range 100 {
			r.Log(Event{Message: fmt.Sprint(i)})
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if got := events(t, live, 0); len(got) != 100 {
			t.Errorf("%d events, want 100", len(got))
		}
		if n := r.Stats().Commits; n > 8 {
			t.Errorf("%d commits in 6 seconds", n)
		}
		closeAll(t, live, r)
	})
}

// TestEventFlood logs faster than events are committed. It would catch a queue
// without bound, and events that vanish without a word.
func TestEventFlood(t *testing.T) {
	path := capturePath(t)
	stuck := make(chan struct{})
	r := create(t, path, Options{commit: func(r *Recorder, b *batch) error {
		<-stuck
		return r.transact(b)
	}})
	const sent = 5000
	for i := range sent {
		r.Log(Event{Message: fmt.Sprint(i)})
	}
	close(stuck)
	closeAll(t, r)
	kept, lost := 0, 0
	for _, e := range events(t, openReader(t, path), 0) {
		if len(e.Attrs) == 0 {
			kept++
			continue
		}
		var n int
		fmt.Sscan(e.Attrs[0].Value, &n)
		lost += n
	}
	if kept+lost != sent || lost == 0 || kept < journalLimit {
		t.Errorf("%d events are kept and %d counted of %d", kept, lost, sent)
	}
}

// TestEventsTrimmed would catch a log that grows for ever, or loses its end.
func TestEventsTrimmed(t *testing.T) {
	path := capturePath(t)
	closeAll(t, create(t, path, Options{}))
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b := &batch{}
		e := newEncoder(b, position{event: 5})
		e.note(make([]Event, maxEvents+20))
		return b.apply(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAll(t, db)
	got := events(t, openReader(t, path), 0)
	if len(got) != maxEvents || got[0].Number != 26 || got[maxEvents-1].Number != maxEvents+25 {
		t.Errorf("%d events from %d", len(got), got[0].Number)
	}
}

// TestEventBounded would catch an event of any size that gets into a capture.
func TestEventBounded(t *testing.T) {
	long := strings.Repeat("ä", maxEventText)
	e := Event{Message: "bad \xff byte", Attrs: []Attr{{"a", long}, {"b", "gone"}}}
	for range 100 {
		e.Attrs = append(e.Attrs, Attr{"k", "v"})
	}
	e = e.bounded()
	if p := appendEvent(nil, &e); len(p) > maxEventText+maxAttrs*8 || !utf8.ValidString(e.Message+e.Attrs[0].Value) {
		t.Errorf("event has %d bytes", len(p))
	}
	if e.Message != "bad \uFFFD byte" || len(e.Attrs) != 1 || !strings.HasSuffix(e.Attrs[0].Value, "ä…") {
		t.Errorf("event is %.200v", e)
	}
}

// TestEventJSON would catch a form that cannot be read back, or whose
// attributes change their order.
func TestEventJSON(t *testing.T) {
	e := Event{Number: 7, Time: epoch, Level: LevelWarning, Message: `odd "host" <b>`, Attrs: []Attr{{"z", "1"}, {"a", "\x1b\u2028"}}}
	p, err := e.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"number":7,"time":"2026-01-02T03:04:05.000000006Z","level":"warning","message":"odd \"host\" <b>","attrs":{"z":"1","a":"\u001b\u2028"}}`
	if string(p) != want {
		t.Errorf("event is\n%s, want\n%s", p, want)
	}
	var back Event
	if err := json.Unmarshal(p, &back); err != nil || !reflect.DeepEqual(back, e) {
		t.Errorf("event comes back as %+v, %v", back, err)
	}
	for _, bad := range []string{`[]`, `{"attrs":[]}`, `{"attrs":{"a":1}}`, `{"number":-1}`, `{"time":"now"}`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s is an event", bad)
		}
	}
}

// FuzzEvent reads arbitrary bytes as an event. It would catch a panic.
func FuzzEvent(f *testing.F) {
	f.Add(appendEvent(nil, &Event{Time: epoch, Level: LevelError, Message: "m", Attrs: []Attr{{"k", "v"}}}))
	f.Fuzz(func(t *testing.T, p []byte) {
		e, err := parseEvent(1, p)
		if err != nil {
			return
		}
		e = e.bounded()
		if again, err := parseEvent(1, appendEvent(nil, &e)); err != nil || again.Message != e.Message {
			t.Fatalf("event %+v comes back as %+v, %v", e, again, err)
		}
	})
}
