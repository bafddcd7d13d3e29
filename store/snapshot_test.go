package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// TestSnapshot copies a capture at rest, and again and again while it is
// recorded. It would catch a copy that is not consistent, lacks what was
// durable, or holds other readers up.
func TestSnapshot(t *testing.T) {
	path := capturePath(t)
	copied := func(r *Reader) string {
		to := filepath.Join(t.TempDir(), "copy.db")
		f, err := os.Create(to)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Snapshot(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		closeAll(t, f)
		return to
	}
	r := create(t, path, Options{})
	tape, c := openTape(t, r)
	live := r.Reader()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := uint64(0); ; i++ {
			select {
			case <-stop:
				return
			default:
				tape.Append(frame.Server, epoch, text(frame.Server, string(numbered(c.ID, i))))
			}
		}
	}()
	for range 5 {
		synced(t, r)
		durable := r.Acked()
		to := copied(live)
		if n, err := openReader(t, to).Count(t.Context(), 0); err != nil || n < durable {
			t.Errorf("copy has %d frames (%v), %d were durable", n, err, durable)
		}
		verify(t, to)
	}
	close(stop)
	<-stopped
	closeAll(t, live, r)
	reader := openReader(t, path)
	to := copied(reader)
	verify(t, to)
	if a, b := scan(t, reader, 0, 1), scan(t, openReader(t, to), 0, 1); len(a) != len(b) {
		t.Errorf("copy at rest has %d frames of %d", len(b), len(a))
	}
}

// writer is an io.Writer.
type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// TestSnapshotFails would catch a copy that goes on after its writer failed or
// its time was up, and one that ends well without being whole.
func TestSnapshotFails(t *testing.T) {
	r := openReader(t, sample(t))
	full := errors.New("no room")
	var b bytes.Buffer
	err := r.Snapshot(t.Context(), writer(func(p []byte) (int, error) {
		if b.Len() > 100_000 {
			return 0, full
		}
		return b.Write(p)
	}))
	if !errors.Is(err, full) {
		t.Errorf("snapshot into a full disk: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = r.Snapshot(ctx, writer(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("snapshot that was interrupted: %v", err)
	}
	closeAll(t, r)
	if err := r.Snapshot(t.Context(), &b); !errors.Is(err, ErrClosed) {
		t.Errorf("snapshot of a closed capture: %v", err)
	}
}

// TestSnapshotStalls lets the writer of a copy hang. It would catch a
// transaction that is held for ever, which makes the file grow.
func TestSnapshotStalls(t *testing.T) {
	path := sample(t)
	synctest.Test(t, func(t *testing.T) {
		r := create(t, path, Options{})
		l := r.Source().(*local)
		stuck := make(chan struct{})
		result := make(chan error)
		go func() {
			result <- l.Snapshot(t.Context(), writer(func(p []byte) (int, error) {
				<-stuck
				return len(p), nil
			}))
		}()
		time.Sleep(snapshotPatience + time.Second)
		closeAll(t, r) // which waits for transactions
		close(stuck)
		if err := <-result; err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("stalled snapshot: %v", err)
		}
	})
}
