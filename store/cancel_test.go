package store

import (
	"context"
	"errors"
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
			w.at = func(n int32) {
				if n == c.enough {
					cancel()
				}
			}
			reader := NewReader(w)
			m := reader.Messages(ctx, c.q)
			if m.Next() || !errors.Is(m.Err(), context.Canceled) {
				t.Fatalf("the walk ends with %v", m.Err())
			}
			if p := m.Progress(); p <= 0 || p >= 0.9 {
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
	tape := compressed(t, r, 1, 12_000)[0]
	tape.Close(frame.End{Time: epoch})
	closeAll(t, r)
	source, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{Source: source}
	reader := NewReader(w)
	for enough := int32(1); enough < 12; enough++ {
		ctx, cancel := context.WithCancel(t.Context())
		w.asked.Store(0)
		w.at = func(n int32) {
			if n == enough {
				cancel()
			}
		}
		m := reader.Messages(ctx, Query{Conn: 1})
		for m.Next() {
		}
		closeAll(t, m)
		cancel()
	}
	w.at = func(int32) {}
	comparePages(t, reader, openReader(t, path), 1, 10)
	closeAll(t, reader)
}
