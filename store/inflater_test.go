package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// after asks for an inflater that stands before one of the compressed messages a
// side has sent, and inflates that and a few more by it.
func (s *stage) after(from frame.Side, i int) error {
	said := s.sides[from].said[i:]
	f, err := s.tape.Inflater(s.t.Context(), from, said[0].after)
	if err != nil {
		return err
	}
	for j, m := range said[:min(len(said), 4)] {
		got, _, err := f.Append(nil, m.payload, 1<<20)
		if err != nil || string(got) != m.text {
			return fmt.Errorf("message %d behind frame %d of the %s: %q, want %q, %v", j, said[0].after, from, got, m.text, err)
		}
	}
	return nil
}

// TestInflater asks for inflaters anywhere in the traffic of TestInsert while it is
// recorded, by several at once. It would catch one that counts what its side did
// not send, or does not count what was dropped, and one that is not of its own.
func TestInflater(t *testing.T) {
	r := create(t, capturePath(t), Options{})
	stages := []*stage{newStage(t, r, 21), newStage(t, r, 22)}
	// Some begin at bookmarks, and those are few.
	r.reader.bookmarks.limit = 400 << 10
	for i := range 4000 {
		s := stages[i%2]
		s.step()
		if i < 100 || i%100 > 1 {
			continue
		}
		asked := make(chan error, 1)
		go func() { asked <- s.after(frame.Client, len(s.sides[frame.Client].said)-1) }()
		if err := s.after(frame.Server, s.rng.IntN(len(s.sides[frame.Server].said))); err != nil {
			t.Error(err)
		}
		if err := <-asked; err != nil {
			t.Error(err)
		}
	}
	for _, s := range stages {
		for side := range s.sides {
			if f, err := s.tape.Inflater(t.Context(), frame.Side(side), s.sides[side].frames+1); err == nil {
				t.Errorf("%+v behind a frame that was not sent", f)
			}
		}
		s.tape.Close(frame.End{Time: epoch})
	}
	if n := len(r.reader.bookmarks.shelves); n != 2 {
		t.Errorf("bookmarks of %d connections", n)
	}
	closeAll(t, r)
}

// TestInflaterAtOnce has nothing to inflate by. It would catch a call that reads a
// capture all the same.
func TestInflaterAtOnce(t *testing.T) {
	r := create(t, capturePath(t), Options{})
	for _, c := range []struct {
		extensions string
		n          uint64
		takeover   bool
	}{
		{"", 5, false},
		{"permessage-deflate; client_no_context_takeover", 5, false},
		{"permessage-deflate", 0, true},
	} {
		tape, err := r.Open(&frame.Connection{State: frame.Open, Start: epoch, Extensions: c.extensions})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			// The recorder is closed: nothing could be read any more.
			if f, err := tape.Inflater(t.Context(), frame.Client, c.n); err != nil || f.Takeover != c.takeover {
				t.Errorf("%q behind %d: %+v, %v", c.extensions, c.n, f, err)
			}
		}()
	}
	closeAll(t, r)
}

// TestInflaterRefused catches an inflater that would make something else of what
// comes than its sender meant.
func TestInflaterRefused(t *testing.T) {
	s := newStage(t, create(t, capturePath(t), Options{}), 31)
	for len(s.sides[frame.Client].said) < 50 {
		s.step()
	}
	n := s.sides[frame.Client].said[40].after
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.tape.Inflater(done, frame.Client, n); !errors.Is(err, context.Canceled) {
		t.Errorf("for somebody who has left: %v", err)
	}
	if err := s.after(frame.Client, 40); err != nil {
		t.Error(err)
	}

	// A message that is none.
	junk := wire(frame.Client, frame.Header{Fin: true, Opcode: frame.Text, RSV: frame.RSV1}, []byte{7, 7})
	for len(s.sides[frame.Client].rest) > 0 {
		s.next(frame.Client, epoch)
	}
	n = s.sides[frame.Client].frames
	s.tape.Append(frame.Client, epoch, junk)
	if _, err := s.tape.Inflater(t.Context(), frame.Client, n+1); err == nil {
		t.Error("behind a message that cannot be inflated")
	}
	if _, err := s.tape.Inflater(t.Context(), frame.Client, n); err != nil {
		t.Errorf("before that message: %v", err)
	}
	closeAll(t, s.tape.rec)
	if _, err := s.tape.Inflater(t.Context(), frame.Client, n); err == nil {
		t.Error("of a recorder that is closed")
	}
}

// TestInflaterOfPruned catches an inflater made of what is left.
func TestInflaterOfPruned(t *testing.T) {
	r := create(t, capturePath(t), Options{})
	s := newStage(t, r, 41)
	for range 5000 {
		s.step()
	}
	if err := s.after(frame.Client, len(s.sides[frame.Client].said)-1); err != nil {
		t.Error(err)
	}
	if _, err := r.Prune(t.Context(), Bound{Before: epoch.Add(time.Second)}); err != nil {
		t.Fatal(err)
	}
	conn, err := r.reader.Conn(t.Context(), s.id)
	if err != nil || conn.Missing == 0 {
		t.Fatalf("%d frames were pruned, %v", conn.Missing, err)
	}
	if _, err := s.tape.Inflater(t.Context(), frame.Client, s.sides[frame.Client].frames); err == nil {
		t.Error("an inflater of which the beginning was pruned")
	}
	closeAll(t, r)
}
