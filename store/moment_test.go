package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// TestAt compares the moments it finds with what a look at every record finds.
func TestAt(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	var tapes [3]*Tape
	for i := range tapes {
		tapes[i], _ = openTape(t, r)
	}
	for i := range 5000 {
		tapes[i%2].Append(frame.Client, epoch.Add(time.Duration(i/3)*time.Millisecond), text(frame.Client, strings.Repeat("x", i%500)))
	}
	for _, tape := range tapes {
		tape.Close(frame.End{Time: epoch})
	}
	closeAll(t, r)
	check := func() {
		t.Helper()
		reader := openReader(t, path)
		defer reader.Close()
		for conn := range uint64(4) {
			all := scan(t, reader, conn, 1)
			count, err := reader.Count(t.Context(), conn)
			if errors.Is(err, ErrNoConnection) {
				continue // it had no frames and was pruned
			}
			if err != nil {
				t.Fatal(err)
			}
			for ms := -1; ms < 1700; ms += 13 {
				for _, nano := range []time.Duration{-1, 0, 1} {
					at := epoch.Add(time.Duration(ms)*time.Millisecond + nano)
					want := count + 1
					if i := slices.IndexFunc(all, func(r frame.Record) bool { return !r.Time.Before(at) }); i >= 0 {
						if want = all[i].Seq; conn == 0 {
							want = all[i].Global
						}
					}
					if got, err := reader.At(t.Context(), conn, at); err != nil || got != want {
						t.Fatalf("connection %d at %v: %d, %v, want %d of %d", conn, at, got, err, want, count)
					}
				}
			}
		}
		if _, err := reader.At(t.Context(), 9, epoch); !errors.Is(err, ErrNoConnection) {
			t.Errorf("unknown connection: %v", err)
		}
	}
	check()
	if done, err := Prune(t.Context(), path, Bound{Before: epoch.Add(800 * time.Millisecond)}, nil); err != nil || done.Frames == 0 {
		t.Fatalf("pruned %+v, %v", done, err)
	}
	check()
}
