package control

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/wsluice/wsluice/store"
)

func marks(t *testing.T, r *store.Reader) []store.Mark {
	t.Helper()
	marks, err := r.Marks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return marks
}

// TestSetMark marks messages of a capture that is recorded, and of the same one
// at rest while readers of this process are busy with it. It would catch a mark
// that does not arrive, changes on its way, or wakes nobody.
func TestSetMark(t *testing.T) {
	path := capturePath(t)
	r := record(t, path, Options{})
	r.mixed(t, 1, 3000)
	reader := open(t, path)
	at := time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)
	want := []store.Mark{
		{Conn: 1, Seq: 3, Label: "<a>", Note: "\x1b]8;;evil\x07 & \"ünïcode\"\n", Time: at},
		{Conn: 2, Seq: 1, Note: "two", Time: at},
	}
	version, err := reader.Wait(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []store.Mark{want[1], want[0], {Conn: 3, Seq: 1, Label: "x"}, {Conn: 3, Seq: 1}} {
		if err := SetMark(t.Context(), path, m); err != nil {
			t.Fatalf("%+v: %v", m, err)
		}
	}
	if version, err = reader.Wait(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	if got := marks(t, reader); !slices.Equal(got, want) {
		t.Fatalf("marks are %+v, want %+v", got, want)
	}
	check := func() {
		t.Helper()
		for _, c := range []struct {
			m    store.Mark
			want error
		}{
			{store.Mark{Conn: 99, Seq: 1, Note: "x"}, store.ErrNoConnection},
			{store.Mark{Conn: 1, Seq: 1 << 40, Note: "x"}, store.ErrNoFrame},
			{store.Mark{Conn: 1, Seq: 1, Label: "\n"}, store.ErrMark},
		} {
			if err := SetMark(t.Context(), path, c.m); !errors.Is(err, c.want) {
				t.Errorf("%+v: %v, want %v", c.m, err, c.want)
			}
		}
	}
	check()
	r.close(t)
	check()

	// Two readers that never rest.
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for range cap(done) {
		busy := open(t, path)
		go func() {
			for ctx.Err() == nil {
				if _, err := busy.Page(ctx, 0, 1, 100); err != nil && ctx.Err() == nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for i := range 5 {
		want[1].Time = at.Add(time.Duration(i) * time.Hour)
		if err := SetMark(t.Context(), path, want[1]); err != nil {
			t.Fatal(err)
		}
		if got := marks(t, reader); !slices.Equal(got, want) {
			t.Fatalf("at rest the marks are %+v, want %+v", got, want)
		}
	}
	stop()
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	woken, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := reader.Wait(woken, version); err != nil {
		t.Errorf("nobody was woken: %v", err)
	}
	if err := SetMark(t.Context(), filepath.Join(t.TempDir(), "no.db"), want[0]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a capture that is missing: %v", err)
	}
	if err := SetMark(ctx, path, want[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

// TestMakeWay catches a reader that holds its file although it is asked to let go,
// and one that does not come back.
func TestMakeWay(t *testing.T) {
	path := capturePath(t)
	rest(t, path, 2, 100)
	reader, closed := open(t, path), open(t, path)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := reader.Count(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		back, err := makeWay(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		// Nobody else has the file, so nothing is waited for here.
		if _, err := store.Delete(t.Context(), path, 1000); !errors.Is(err, store.ErrNoConnection) {
			t.Fatal(err)
		}
		waiting, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := reader.Count(waiting, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("a reader that was asked to let go: %v", err)
		}
		back()
	}
	opened.Lock()
	defer opened.Unlock()
	if len(opened.captures) != 1 {
		t.Errorf("%d captures are open, want 1", len(opened.captures))
	}
}
