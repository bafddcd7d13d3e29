package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// compressed records n messages of each of several connections with context
// takeover, with fragments, pings and a few that are not compressed between.
func compressed(t testing.TB, r *Recorder, conns, n int) (tapes []*Tape) {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 6))
	deflaters := make([][2]*frame.Deflater, conns)
	for i := range conns {
		c := &frame.Connection{State: frame.Open, URL: fmt.Sprintf("wss://example.org/%d", i), Start: epoch, Extensions: "permessage-deflate"}
		tape, err := r.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		tapes = append(tapes, tape)
		for side := range 2 {
			if deflaters[i][side], err = frame.NewDeflater(true, 15); err != nil {
				t.Fatal(err)
			}
		}
	}
	for k := range n * conns {
		i, side := k%conns, frame.Side(rng.IntN(2))
		at := epoch.Add(time.Duration(k) * time.Millisecond)
		said := fmt.Appendf(nil, `{"n":%d,"word":%q,"price":%d}`, k, vocabulary[rng.IntN(len(vocabulary))], rng.IntN(1000))
		if rng.IntN(500) == 0 {
			said = bytes.Repeat(said, 1+rng.IntN(2000))
		}
		switch rng.IntN(20) {
		case 0:
			tapes[i].Append(side, at, wire(side, frame.Header{Fin: true, Opcode: frame.Ping}, nil))
		case 1:
			tapes[i].Append(side, at, text(side, string(said)))
		case 2, 3, 4, 5, 6, 7:
			p := deflaters[i][side].Append(nil, said)
			half := len(p) / 2
			tapes[i].Append(side, at, wire(side, frame.Header{Opcode: frame.Text, RSV: frame.RSV1}, p[:half]))
			tapes[i].Append(side.Peer(), at, wire(side.Peer(), frame.Header{Fin: true, Opcode: frame.Pong}, nil))
			tapes[i].Append(side, at, wire(side, frame.Header{Fin: true}, p[half:]))
		default:
			p := deflaters[i][side].Append(nil, said)
			tapes[i].Append(side, at, wire(side, frame.Header{Fin: true, Opcode: frame.Text, RSV: frame.RSV1}, p))
		}
	}
	return tapes
}

// comparePages compares pages from random places with the whole walk that reader w does.
func comparePages(t *testing.T, r, w *Reader, conns uint64, n int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 8))
	buy, err := filter.ParseMessages("buy")
	if err != nil {
		t.Fatal(err)
	}
	for conn := range conns + 1 {
		count, err := w.Count(t.Context(), conn)
		if err != nil && !errors.Is(err, ErrNoConnection) {
			t.Fatal(err)
		}
		if count == 0 {
			continue
		}
		for _, q := range []Query{{Conn: conn}, {Conn: conn, Limit: 10}, {Conn: conn, Filter: buy, Limit: 10}} {
			all := walked(t, w, q)
			// Behind a bookmark that is wrong it soon does not show any more.
			starts := []uint64{count - min(count, 20)}
			if s := r.bookmarks.shelves[conn]; s != nil {
				for _, m := range s.marks {
					starts = append(starts, m.seq+rng.Uint64N(3))
				}
			}
			for range n {
				starts = append(starts, 1+rng.Uint64N(count))
			}
			for _, q.Start = range starts {
				m := r.Messages(t.Context(), q)
				var page []placed
				for len(page) < 30 && m.Next() {
					p := placed{line: string(m.Message().AppendJSON(nil))}
					p.number, p.part = m.Position()
					page = append(page, p)
				}
				if err := m.Err(); err != nil {
					t.Fatal(err)
				}
				m.Close()
				i, _ := slices.BinarySearchFunc(all, q.Start, func(p placed, n uint64) int {
					if p.number < n {
						return -1
					}
					return 1
				})
				comparePlaced(t, fmt.Sprintf("a page of %+v", q), page, all[i:min(len(all), i+30)])
			}
		}
	}
}

// TestBookmarks reads pages from the middle of compressed connections with a
// reader that has been everywhere, one with little room for bookmarks, and one
// that begins with them. It would catch a bookmark that is not what a walk from
// the beginning would have there.
func TestBookmarks(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	for _, tape := range compressed(t, r, 2, 5000) {
		tape.Close(frame.End{Time: epoch})
	}
	closeAll(t, r)
	w := openReader(t, path)
	warm, fresh, small := openReader(t, path), openReader(t, path), openReader(t, path)
	small.bookmarks.limit = 300 << 10
	walked(t, warm, Query{})
	if s := warm.bookmarks.shelves[1]; s == nil || len(s.marks) < 4 {
		t.Fatalf("a whole walk leaves the bookmarks %+v", s)
	}
	for _, r := range []*Reader{warm, fresh, small} {
		comparePages(t, r, w, 2, 8)
		held := 0
		for _, s := range r.bookmarks.shelves {
			for _, m := range s.marks {
				held += m.size
			}
		}
		if b := &r.bookmarks; held != b.size || b.limit > 0 && b.size > b.limit {
			t.Errorf("bookmarks hold %d bytes, count %d, may have %d", held, b.size, b.limit)
		}
	}
	if s := small.bookmarks.shelves[1]; s != nil && s.step == bookmarkStep {
		t.Errorf("bookmarks without room are as near to each other as ever")
	}
}

// swapped is a Source that can become another.
type swapped struct{ Source }

// TestBookmarksOfAnotherCapture compacts, prunes and replaces a capture under a
// reader that has bookmarks of it. It would catch one that goes on from what is
// there no more.
func TestBookmarksOfAnotherCapture(t *testing.T) {
	record := func(seed int) string {
		path := capturePath(t)
		r := create(t, path, Options{})
		if seed > 0 { // so that the same numbers stand for others
			tape, _ := openTape(t, r)
			tape.Close(frame.End{Time: epoch})
			tapes := compressed(t, r, 1, 4000+seed)
			tapes[0].Close(frame.End{Time: epoch})
		}
		for _, tape := range compressed(t, r, 2, 5000) {
			tape.Close(frame.End{Time: epoch})
		}
		closeAll(t, r)
		return path
	}
	source := func(path string) Source {
		s, err := OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	compare := func(r *Reader, path string) {
		t.Helper()
		w, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		comparePages(t, r, w, 4, 5)
		walked(t, r, Query{})
		closeAll(t, w)
	}
	one, other := record(0), record(1)
	at := &swapped{source(one)}
	r := NewReader(at)
	walked(t, r, Query{})

	at.Source = source(other)
	compare(r, other)

	// Nothing is left of what later messages build on.
	closeAll(t, at.Source)
	done, err := Prune(t.Context(), other, Bound{Before: epoch.Add(4 * time.Second)}, nil)
	if err != nil || done.Frames == 0 {
		t.Fatalf("pruned %+v, %v", done, err)
	}
	at.Source = source(other)
	compare(r, other)

	// Global numbers are others.
	closeAll(t, at.Source)
	if err := Compact(t.Context(), other, Kept, nil); err != nil {
		t.Fatal(err)
	}
	at.Source = source(other)
	compare(r, other)
}

// TestBookmarksOfLive prunes a capture while it is recorded, and has a frame
// arrive slowly.
func TestBookmarksOfLive(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tapes := compressed(t, r, 1, 9_000)
	synced(t, r)
	live := r.Reader()
	walked(t, live, Query{Conn: 1})
	comparePages(t, live, r.Reader(), 1, 5)

	// The beginning of a compressed frame, which is not complete for long.
	d, err := frame.NewDeflater(false, 15)
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 3*partSize)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	long := wire(frame.Server, frame.Header{Fin: true, Opcode: frame.Binary, RSV: frame.RSV1}, d.Append(nil, noise))
	tapes[0].Append(frame.Server, epoch, long[:2*partSize])
	for range 3000 {
		tapes[0].Append(frame.Client, epoch, text(frame.Client, "meanwhile, "+string(noise[:100])))
	}
	synced(t, r)
	walked(t, live, Query{Conn: 1})
	tapes[0].Append(frame.Server, epoch, long[2*partSize:])
	for range 500 {
		tapes[0].Append(frame.Server, epoch, wire(frame.Server, frame.Header{Fin: true, Opcode: frame.Text, RSV: frame.RSV1}, d.Append(nil, []byte("behind it"))))
	}
	synced(t, r)
	comparePages(t, live, r.Reader(), 1, 8)

	done, err := r.Prune(t.Context(), Bound{Size: 16 << 10})
	if err != nil || done.Frames == 0 {
		t.Fatalf("pruned %+v, %v", done, err)
	}
	comparePages(t, live, r.Reader(), 1, 8)
	tapes[0].Close(frame.End{Time: epoch})
	closeAll(t, r)
}
