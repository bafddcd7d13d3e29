package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// rest makes a capture that nobody records, with a few connections.
func rest(t testing.TB, path string, seed uint64, frames int) {
	t.Helper()
	r := record(t, path, Options{})
	r.mixed(t, seed, frames)
	r.close(t)
}

func open(t testing.TB, path string) *store.Reader {
	t.Helper()
	r, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// follower reads messages as they come.
type follower struct {
	t       *testing.T
	r       *store.Reader
	seen    []string
	version uint64
	cursor  *store.Messages
}

func follow(t *testing.T, ctx context.Context, path string) *follower {
	t.Helper()
	f := &follower{t: t, r: open(t, path)}
	f.cursor = f.r.Messages(ctx, store.Query{})
	t.Cleanup(func() { f.cursor.Close() })
	return f
}

// until follows until a message says the given text.
func (f *follower) until(ctx context.Context, text string) {
	f.t.Helper()
	for !f.has(text) {
		version, err := f.r.Wait(ctx, f.version)
		if err != nil {
			f.t.Fatalf("wait after %d messages: %v", len(f.seen), err)
		}
		f.version = version
		f.all()
	}
}

// has reports whether text was seen, looking from the end.
func (f *follower) has(text string) bool {
	for i := len(f.seen) - 1; i >= 0; i-- {
		if f.seen[i] == text {
			return true
		}
	}
	return false
}

// all reads to the end.
func (f *follower) all() {
	f.t.Helper()
	for f.cursor.Next() {
		m := f.cursor.Message()
		f.seen = append(f.seen, string(m.Payload))
	}
	if err := f.cursor.Err(); err != nil {
		f.t.Fatalf("read after %d messages: %v", len(f.seen), err)
	}
}

// TestRecordersComeAndGo has two readers follow a capture while recorders in
// other processes begin, end and are killed. It would catch a reader that keeps
// a recorder from starting, that stops when one ends, or that reads a message
// twice or never.
func TestRecordersComeAndGo(t *testing.T) {
	path := capturePath(t)
	rest(t, path, 3, 200)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	followers := []*follower{follow(t, ctx, path), follow(t, ctx, path)}
	both := func(text string) {
		var work sync.WaitGroup
		for _, f := range followers {
			work.Go(func() { f.until(ctx, text) })
		}
		work.Wait()
	}
	for round := range 4 {
		name := fmt.Sprintf("round-%d", round)
		p := startPlayer(t, path, name)
		p.until(2000)
		if round == 1 {
			// One that comes while there is a recorder.
			followers = append(followers, follow(t, ctx, path))
		}
		both(fmt.Sprintf("%s %d", name, p.last))
		if round%2 == 0 {
			p.stop()
		} else {
			p.kill()
		}
		// What was durable when it ended is there.
		both(fmt.Sprintf("%s %d", name, p.last))
	}
	var want []string
	r := open(t, path)
	messages := r.Messages(ctx, store.Query{})
	defer messages.Close()
	for messages.Next() {
		want = append(want, string(messages.Message().Payload))
	}
	if err := messages.Err(); err != nil {
		t.Fatal(err)
	}
	for i, f := range followers {
		f.all()
		if len(f.seen) != len(want) {
			t.Fatalf("follower %d has seen %d messages of %d", i, len(f.seen), len(want))
		}
		for n := range want {
			if f.seen[n] != want[n] {
				t.Fatalf("follower %d: message %d is %.80q, want %.80q", i, n, f.seen[n], want[n])
			}
		}
	}
}

// TestRecorderGetsIn starts recorders, and kills them, while readers are as busy
// as they can be. It would catch one that does not let go of the file in time,
// and one that does not go on when its recorder dies.
func TestRecorderGetsIn(t *testing.T) {
	path := capturePath(t)
	rest(t, path, 4, 2000)
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	var scanned [3]atomic.Int64 // records of the last scan, by reader
	for i := range scanned {
		r := open(t, path)
		work.Go(func() {
			for ctx.Err() == nil {
				n := 0
				c := r.Scan(ctx, 0, 1)
				for c.Next() {
					n++
				}
				if err := c.Err(); err != nil && ctx.Err() == nil {
					t.Errorf("scan: %v", err)
					scanned[i].Store(math.MaxInt64)
					return
				}
				c.Close()
				scanned[i].Store(int64(n))
			}
		})
	}
	for round := range 3 {
		p := startPlayer(t, path, fmt.Sprintf("late-%d", round))
		there := scanned[0].Load()
		p.until(1000)
		for i := range scanned {
			for scanned[i].Load() <= there && !t.Failed() {
				time.Sleep(time.Millisecond)
			}
		}
		// All readers read through it now.
		p.kill()
	}
	stop()
	work.Wait()
}

// TestIdleReaderLetsGo waits until an open reader does not hold the file.
func TestIdleReaderLetsGo(t *testing.T) {
	path := capturePath(t)
	rest(t, path, 5, 20)
	r := open(t, path)
	if _, err := r.Count(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	// Create waits for the reader's idle time.
	recorder, err := store.Create(path, store.Options{})
	if err != nil {
		t.Fatalf("a recorder cannot start: %v", err)
	}
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Count(t.Context(), 0); err != nil {
		t.Errorf("the reader does not come back: %v", err)
	}
}

// TestLocked opens a capture that a process has which is no recorder, and one
// whose recorder is only just starting.
func TestLocked(t *testing.T) {
	path := capturePath(t)
	recorder, err := store.Create(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, store.ErrLocked) {
		t.Fatalf("error %v, want ErrLocked", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(canceled, path); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	opened := make(chan error, 1)
	go func() {
		r, err := Open(t.Context(), path)
		if err == nil {
			err = r.Close()
		}
		opened <- err
	}()
	server, err := Listen(Options{Path: path, Recorder: recorder})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("open while the recorder starts: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := recorder.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Open(t.Context(), path+".missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want ErrNotExist", err)
	}
}

// TestReplaced puts another capture in the place of one that is read, as
// compacting does.
func TestReplaced(t *testing.T) {
	path := capturePath(t)
	other := path + ".new"
	rest(t, path, 6, 20)
	rest(t, other, 7, 50)
	r := open(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	before, err := r.Wait(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	fresh := open(t, other)
	want := everything(t, t.Context(), fresh)
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	if after, err := r.Wait(ctx, before); err != nil || after == before {
		t.Fatalf("waited for version %d, %v", after, err)
	}
	same(t, "what is read after another file took the place", everything(t, t.Context(), r), want)
}

// TestCareUnderReader deletes from a capture and compacts it while a reader has
// it open. It would catch a reader that keeps others from the file, or goes on
// with the old one.
func TestCareUnderReader(t *testing.T) {
	path := capturePath(t)
	rest(t, path, 15, 500)
	r := open(t, path)
	if _, err := r.Conn(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Delete(t.Context(), path, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Conn(t.Context(), 1); !errors.Is(err, store.ErrNoConnection) {
		t.Errorf("error %v for a deleted connection, want ErrNoConnection", err)
	}
	if err := store.Compact(t.Context(), path, store.Zstd, nil); err != nil {
		t.Fatal(err)
	}
	fresh, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	same(t, "what is read after compacting", everything(t, t.Context(), r), everything(t, t.Context(), fresh))
}

// TestNames reads a capture by other names than the recorder's.
func TestNames(t *testing.T) {
	path := capturePath(t)
	r := record(t, path, Options{})
	r.mixed(t, 8, 10)
	symbolic, hard := path+".symbolic", path+".hard"
	if err := os.Symlink(path, symbolic); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, hard); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{symbolic, hard} {
		client, err := Dial(t.Context(), name)
		if err != nil {
			t.Errorf("dial %s: %v", name, err)
			continue
		}
		client.Close()
	}
	// A file that takes the recorder's place has nothing to do with it.
	rest(t, path+".other", 9, 10)
	if err := os.Rename(path+".other", path); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(t.Context(), path); !errors.Is(err, ErrNotRecording) {
		t.Errorf("error %v from the recorder of another file, want ErrNotRecording", err)
	}
	if n, err := open(t, path).Count(t.Context(), 0); err != nil || n != 10 {
		t.Errorf("count %d, %v, want 10 from the file", n, err)
	}
}

// TestWaitHoldsNothing checks that who waits at rest for a recorder to come does
// not keep one out, and learns of it.
func TestWaitHoldsNothing(t *testing.T) {
	path := capturePath(t)
	rest(t, path, 10, 10)
	r := open(t, path)
	version, err := r.Wait(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	changed := make(chan error, 1)
	go func() {
		_, err := r.Wait(t.Context(), version)
		changed <- err
	}()
	live := record(t, path, Options{})
	if err := <-changed; err != nil {
		t.Errorf("wait: %v", err)
	}
	tape := live.tape(t, 1)
	tape.Append(frame.Server, epoch, text("hello"))
	live.sync(t)
	if n, err := r.Count(t.Context(), 0); err != nil || n != 11 {
		t.Errorf("count %d, %v, want 11", n, err)
	}
}
