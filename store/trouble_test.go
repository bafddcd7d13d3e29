package store

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// failing returns a commit that makes all changes and then fails with err, so
// that they are rolled back.
func failing(err error) func(*Recorder, *batch) error {
	return func(r *Recorder, b *batch) error {
		return r.file.db.Update(func(tx *bolt.Tx) error {
			return errors.Join(b.apply(tx), err)
		})
	}
}

// TestDiskFull fills the disk for a while. It would catch a batch that is lost
// or written twice, and a full disk nobody is told of (pitfall B2).
func TestDiskFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := capturePath(t)
		attempts := 0
		r := create(t, path, Options{commit: func(r *Recorder, b *batch) error {
			if attempts++; attempts <= 3 {
				if full := r.Stats().Full; attempts > 1 && !errors.Is(full, syscall.ENOSPC) {
					t.Errorf("attempt %d: stats say %v", attempts, full)
				}
				return failing(syscall.ENOSPC)(r, b)
			}
			return r.transact(b)
		}})
		tape, c := openTape(t, r)
		for i := range 1000 {
			tape.Append(frame.Client, epoch, text(frame.Client, fmt.Sprint(i)))
		}
		synced(t, r)
		if s := r.Stats(); s.Full != nil || s.Err != nil || s.Frames != 1000 {
			t.Errorf("stats are %+v", s)
		}
		tape.Close(frame.End{Time: epoch})
		closeAll(t, r)
		for i, rec := range scan(t, openReader(t, path), c.ID, 1) {
			if string(rec.Payload) != fmt.Sprint(i) {
				t.Fatalf("frame %d is %q", i+1, rec.Payload)
			}
		}
		verify(t, path)
	})
}

// TestDiskStaysFull closes a recorder that cannot write. It would catch a
// Close that waits for ever or hides what was lost.
func TestDiskStaysFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := create(t, capturePath(t), Options{commit: failing(syscall.ENOSPC)})
		tape, _ := openTape(t, r)
		tape.Append(frame.Client, epoch, text(frame.Client, "lost"))
		if err := r.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("close: %v", err)
		}
		if s := r.Stats(); s.Lost != 1 || s.Frames != 0 {
			t.Errorf("stats are %+v", s)
		}
	})
}

// TestWriteError breaks the disk. It would catch a recorder that blocks the
// traffic, or goes on as if nothing were.
func TestWriteError(t *testing.T) {
	broken := errors.New("input/output error")
	r := create(t, capturePath(t), Options{commit: failing(broken), queue: 1 << 20})
	tape, _ := openTape(t, r)
	tape.Append(frame.Client, epoch, text(frame.Client, "lost"))
	if err := r.Sync(t.Context()); !errors.Is(err, broken) {
		t.Fatalf("sync: %v", err)
	}
	big := text(frame.Client, string(make([]byte, 100_000)))
	for range 100 { // far more than the queue holds
		tape.Append(frame.Client, epoch, big)
	}
	tape.Close(frame.End{})
	if s := r.Stats(); !errors.Is(s.Err, broken) || s.Lost != 1 || s.Discarded != uint64(100*len(big)) {
		t.Fatalf("stats are %+v", s)
	}
	if err := r.Close(); !errors.Is(err, broken) {
		t.Fatalf("close: %v", err)
	}
}

// TestStuckCommit lets a commit hang. It would catch a queue that grows without
// bound or loses what it cannot hold (pitfalls B1, B2).
func TestStuckCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bound = 1 << 20
		path := capturePath(t)
		stuck := make(chan struct{})
		r := create(t, path, Options{queue: bound, commit: func(r *Recorder, b *batch) error {
			<-stuck
			return r.transact(b)
		}})
		tape, c := openTape(t, r)
		sent, done := 0, make(chan struct{})
		go func() {
			defer close(done)
			for ; sent < 10_000; sent++ {
				tape.Append(frame.Server, epoch, text(frame.Server, fmt.Sprintf("%d %01000d", sent, 0)))
			}
		}()
		synctest.Wait()
		if s := r.Stats(); s.Queued > bound || s.Queued < bound/2 || s.Stalls == 0 {
			t.Errorf("stats are %+v", s)
		}
		if sent > bound/1000 {
			t.Errorf("%d frames went into a queue of %d bytes", sent, bound)
		}
		close(stuck)
		<-done
		tape.Close(frame.End{})
		closeAll(t, r)
		if n, err := openReader(t, path).Count(t.Context(), c.ID); n != 10_000 || err != nil {
			t.Errorf("%d frames, %v", n, err)
		}
	})
}

// TestShed overloads a recorder that may shed, at every point of a frame. It
// would catch frames that vanish without a mark, payloads that land in another
// frame, and a recorder that makes the traffic wait.
func TestShed(t *testing.T) {
	for step := 1; step < 40; step += 3 {
		t.Run(fmt.Sprint(step), func(t *testing.T) { shed(t, step) })
	}
}

func shed(t *testing.T, step int) {
	path := capturePath(t)
	stuck, once := make(chan struct{}), false
	r := create(t, path, Options{Overload: Shed, queue: 64 << 10, commit: func(r *Recorder, b *batch) error {
		if !once {
			once = true
			<-stuck
		}
		return r.transact(b)
	}})
	tape, c := openTape(t, r)
	var total uint64
	sent := 0
	var stream []byte
	pass := func() {
		for p := stream; len(p) > 0; {
			n := min(len(p), step*7)
			tape.Append(frame.Client, epoch, p[:n])
			p = p[n:]
		}
		stream = stream[:0]
	}
	send := func(frames int) {
		for range frames {
			p := text(frame.Client, fmt.Sprintf("frame %06d %0*d", sent, sent%50, 0))
			total += uint64(len(p))
			stream = append(stream, p...)
			if sent++; sent%9 == 3 {
				pass()
			}
			if sent%9 == 5 { // two at once, as if they had been injected
				tape.Insert(frame.Passage{From: frame.Client, Time: epoch, Origin: frame.Injected}, stream)
				stream = stream[:0]
			}
		}
		pass()
	}
	send(10_000) // more than the queue holds, even of headers
	overloaded := sent
	if held := r.Stats().Queued; held > 64<<10+3*runCost {
		t.Errorf("%d bytes are queued", held)
	}
	close(stuck)
	synced(t, r)
	send(50)
	tape.Close(frame.End{Time: epoch})
	closeAll(t, r)
	var whole, headers, gaps, seen int
	inserted := make(map[frame.Incomplete]int)
	var bytes uint64
	for _, rec := range scan(t, openReader(t, path), c.ID, 1) {
		switch {
		case rec.Opaque && rec.Incomplete == frame.Shed:
			gaps++
			bytes += rec.Header.Length
			seen = -1
			continue
		case rec.Incomplete == frame.Shed:
			headers++
			inserted[frame.Shed] += int(rec.Origin)
			if rec.Stored != 0 {
				t.Fatalf("frame %d kept %d bytes of a shed payload", rec.Seq, rec.Stored)
			}
		default:
			whole++
			inserted[frame.Whole] += int(rec.Origin)
			var n int
			if _, err := fmt.Sscanf(string(rec.Payload), "frame %d", &n); err != nil || seen >= 0 && n != seen {
				t.Fatalf("frame %d is %q, %d before", rec.Seq, rec.Payload, seen)
			}
			seen = n
		}
		if seen >= 0 {
			seen++
		}
		bytes += rec.WireSize()
	}
	if bytes != total {
		t.Errorf("records stand for %d bytes, %d passed", bytes, total)
	}
	if whole < 50 || headers == 0 || gaps == 0 || whole+headers >= overloaded {
		t.Errorf("%d frames are whole, %d without payload, %d gaps", whole, headers, gaps)
	}
	if inserted[frame.Whole] < 10 || inserted[frame.Shed] == 0 {
		t.Errorf("of what was inserted %d are whole, %d without payload", inserted[frame.Whole], inserted[frame.Shed])
	}
	if got := r.Stats().Shed; got != uint64(headers+gaps) {
		t.Errorf("stats count %d shed, want %d", got, headers+gaps)
	}
	verify(t, path)
}
