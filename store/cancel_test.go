package store

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// watched is a Source that calls at before every request for blocks.
type watched struct {
	Source
	asked atomic.Int32
	at    func(n int32)
}

func (w *watched) Blocks(ctx context.Context, ask Request, out *Blocks) error {
	w.at(w.asked.Add(1))
	return w.Source.Blocks(ctx, ask, out)
}

// TestCancelWalk ends the context of walks in the middle of what takes them long.
// It would catch one that goes on all the same, or leaves a goroutine behind.
func TestCancelWalk(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape := compressed(t, r, 1, 40_000)[0]
	tape.Close(frame.End{Time: epoch})
	plain, _ := openTape(t, r)
	for range 200_000 {
		plain.Append(frame.Client, epoch, text(frame.Client, "no more than hay, hay, hay, hay, hay"))
	}
	plain.Close(frame.End{Time: epoch})
	closeAll(t, r)
	needle, err := filter.ParseMessages("needle")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		q      Query
		enough int32 // requests before it is given up
	}{
		{"priming", Query{Conn: 1, Start: 39_000, Filter: needle}, 3},
		{"skipping blocks", Query{Conn: 2, Filter: needle}, 5},
		{"skipping blocks by what they hold", Query{Conn: 2, Opcodes: 1 << frame.Close}, 5},
		{"going through messages that nobody wants", Query{Conn: 1, Opcodes: 1 << frame.Close}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			source, err := OpenFile(path)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w := &watched{Source: source}
			reader := NewReader(w)
			m := reader.Messages(ctx, c.q)
			w.at = func(n int32) {
				// Whoever waits for the walk looks from elsewhere.
				if p := m.Progress(); p < 0 || p > 1 {
					t.Errorf("progress is %v", p)
				}
				if n == c.enough {
					cancel()
				}
			}
			if m.Next() || !errors.Is(m.Err(), context.Canceled) {
				t.Fatalf("the walk ends with %v", m.Err())
			}
			if p := m.Progress(); p >= 0.9 {
				t.Errorf("it has come as far as %v", p)
			}
			closeAll(t, m)
			if n := w.asked.Load(); n > c.enough+1 {
				t.Errorf("it has asked for blocks %d times", n)
			}
			closeAll(t, reader)
		})
	}
}

// TestCancelBookmark ends walks anywhere, and compares what others with the same
// reader find after them. It would catch a bookmark that was made of a walk that
// had been given up.
func TestCancelBookmark(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape := compressed(t, r, 1, 9_000)[0]
	tape.Close(frame.End{Time: epoch})
	closeAll(t, r)
	reader := openReader(t, path)
	for enough := 1; enough < 9_000; enough += 700 {
		ctx, cancel := context.WithCancel(t.Context())
		m := reader.Messages(ctx, Query{Conn: 1})
		for n := 1; m.Next(); n++ {
			if e := m.Message().Error; e != "" {
				t.Fatalf("message %d, given up at %d, has the error %q", n, enough, e)
			}
			if n == enough {
				cancel()
			}
		}
		if !errors.Is(m.Err(), context.Canceled) {
			t.Errorf("the walk ends with %v", m.Err())
		}
		closeAll(t, m)
		cancel()
	}
	comparePages(t, reader, openReader(t, path), 1, 10)
}

// TestPrimingProgress catches a walk that does not tell how far it has come while
// it looks at what its first message depends on.
func TestPrimingProgress(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape := compressed(t, r, 1, 40_000)[0]
	tape.Close(frame.End{Time: epoch})
	closeAll(t, r)
	reader := openReader(t, path)
	m := reader.Messages(t.Context(), Query{Conn: 1, Start: 39_000})
	first := make(chan bool, 1)
	go func() { first <- m.Next() }()
	early := false
	for waiting := true; waiting; runtime.Gosched() {
		select {
		case ok := <-first:
			if waiting = false; !ok {
				t.Fatal(m.Err())
			}
		default:
			p := m.Progress()
			early = early || p > 0 && p < 0.9
		}
	}
	if !early {
		t.Error("there was no progress before the first message")
	}
	for m.Next() {
	}
	if p := m.Progress(); p < 0.99 {
		t.Errorf("at the end progress is %v", p)
	}
	closeAll(t, m, reader)
}

// TestCancelScan catches a cursor that goes on behind the block it is in.
func TestCancelScan(t *testing.T) {
	path := capturePath(t)
	talks(t, path, 2, 10_000)
	reader := openReader(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	c := reader.Scan(ctx, 0, 1)
	c.Next()
	cancel()
	last := c.w.b.last
	for c.Next() {
		if c.Record().Global > last {
			t.Fatalf("frame %d comes, the block ends with %d", c.Record().Global, last)
		}
	}
	if !errors.Is(c.Err(), context.Canceled) {
		t.Errorf("the scan ends with %v", c.Err())
	}
	closeAll(t, c)
}
