package rows_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/rows"
	"github.com/wsluice/wsluice/store"
)

// capture is a stored capture.
type capture struct{ *store.Reader }

func (c capture) Messages(ctx context.Context, q rows.Query) rows.Messages {
	return c.Reader.Messages(ctx, store.Query{
		Conn: q.Conn, Start: q.Start, Side: q.Side, Opcodes: q.Opcodes, Filter: q.Filter, Limit: q.Limit,
	})
}

// rest brings a list to rest, in real time.
func rest(t *testing.T, l *rows.List) {
	t.Helper()
	poll := time.NewTicker(100 * time.Microsecond)
	defer poll.Stop()
	for l.Busy() {
		l.Update()
		<-poll.C
	}
}

// writer records random traffic of one connection.
type writer struct {
	*store.Tape
	rng    *rand.Rand
	now    time.Time
	midway [2]bool
}

func (w *writer) write(frames int) {
	for i := range frames {
		from := frame.Side(w.rng.IntN(2))
		h := frame.Header{Fin: w.rng.IntN(4) > 0, Opcode: frame.Text, Masked: from == frame.Client}
		switch {
		case w.rng.IntN(12) == 0:
			h.Fin, h.Opcode = true, frame.Ping
		case w.midway[from] && w.rng.IntN(30) > 0:
			h.Opcode = frame.Continuation
		}
		if h.Opcode != frame.Ping {
			w.midway[from] = !h.Fin
		}
		payload := fmt.Appendf(nil, "%s %d %0*d", []string{"alpha", "beta"}[w.rng.IntN(2)], i, w.rng.IntN(200), 0)
		if h.Opcode == frame.Ping {
			payload = payload[:4]
		}
		h.Length = uint64(len(payload))
		r := frame.Record{Header: h, Payload: payload}
		w.now = w.now.Add(time.Millisecond)
		w.Append(from, w.now, r.AppendWire(nil))
	}
}

// positions walks over all messages of a capture.
func positions(t *testing.T, r *store.Reader, q store.Query) (all []string) {
	t.Helper()
	m := r.Messages(t.Context(), q)
	defer m.Close()
	for m.Next() {
		number, part := m.Position()
		all = append(all, fmt.Sprint(number, part, m.Message().Conn, m.Message().Seq))
	}
	if m.Err() != nil {
		t.Fatal(m.Err())
	}
	return all
}

// scroll collects rows from one end to the other.
func scroll(t *testing.T, l *rows.List, page int) (all []string) {
	t.Helper()
	for {
		rest(t, l)
		var screen []string
		for _, r := range l.Rows() {
			if r.Kind != rows.Message {
				t.Fatalf("a row is %+v", r)
			}
			screen = append(screen, fmt.Sprint(r.Position.Number, r.Position.Part, r.Message.Conn, r.Message.Seq))
		}
		fresh := slices.DeleteFunc(slices.Clone(screen), func(s string) bool { return slices.Contains(all[max(0, len(all)-100):], s) })
		if len(fresh) == 0 {
			return all
		}
		if page < 0 {
			slices.Reverse(fresh)
		}
		all = append(all, fresh...)
		l.Page(page)
	}
}

// TestCapture lists real captures, at rest and while they are recorded. It would
// catch rows that are not what a walk over all of a capture finds.
func TestCapture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "capture.db")
	rec, err := store.Create(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	var writers []*writer
	for range 3 {
		tape, err := rec.Open(&frame.Connection{State: frame.Open, URL: "wss://example.org/", Start: epoch})
		if err != nil {
			t.Fatal(err)
		}
		writers = append(writers, &writer{Tape: tape, rng: rng, now: epoch})
	}
	record := func() {
		t.Helper()
		for range 40 {
			writers[rng.IntN(len(writers))].write(rng.IntN(200))
		}
		if err := rec.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	record()
	reader := rec.Reader()
	live := rows.New(capture{reader}, rows.Query{Conn: 2}, func() {})
	live.SetHeight(20)
	rest(t, live)
	record()
	for _, w := range writers {
		w.Close(frame.End{Time: w.now, EndedBy: frame.ByClient, How: frame.ByFIN})
	}
	if err := rec.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole := positions(t, reader, store.Query{Conn: 2})
	for last := ""; last != whole[len(whole)-1]; {
		rest(t, live)
		r, _ := live.Selected()
		last = fmt.Sprint(r.Position.Number, r.Position.Part, r.Message.Conn, r.Message.Seq)
		if t.Context().Err() != nil {
			t.Fatalf("the last row is %s", last)
		}
	}
	back := scroll(t, live, -1)
	slices.Reverse(back)
	if !slices.Equal(back, whole) {
		t.Errorf("going back there are %d rows, want %d", len(back), len(whole))
	}
	live.Close()
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}

	reader, err = store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, q := range []rows.Query{{}, {Conn: 1}, {Conn: 3, Filter: parse(t, "alpha")}, {Opcodes: 1 << frame.Ping}, {Filter: parse(t, "size > 300")}} {
		whole := positions(t, reader, store.Query{Conn: q.Conn, Opcodes: q.Opcodes, Filter: q.Filter})
		l := rows.New(capture{reader}, q, func() {})
		l.SetHeight(30)
		back := scroll(t, l, -1)
		slices.Reverse(back)
		if !slices.Equal(back, whole) {
			t.Errorf("going back there are %d rows, want %d", len(back), len(whole))
		}
		l.First()
		if down := scroll(t, l, 1); !slices.Equal(down, whole) {
			t.Errorf("there are %d rows, want %d", len(down), len(whole))
		}
		if c := l.Counts(); c.Matched != uint64(len(whole)) || !c.Complete {
			t.Errorf("%+v, want %d", c, len(whole))
		}
		l.Close()
	}
}
