package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// TestPrune prunes by time and by size, at rest and live. It would catch frames
// that go although they are within the bound, ones that stay beyond it, and a
// connection of which too much or too little is left.
func TestPrune(t *testing.T) {
	for _, live := range []bool{false, true} {
		t.Run(map[bool]string{false: "at rest", true: "live"}[live], func(t *testing.T) {
			m := newTide(t, 5)
			var pruned Pruned
			prune := func(b Bound) {
				var done Pruned
				var err error
				if live {
					done, err = m.rec.Prune(t.Context(), b)
				} else {
					done, err = Prune(t.Context(), m.path, b, nil)
				}
				if err != nil {
					t.Fatal(err)
				}
				pruned.add(done)
			}
			var half time.Time
			care := func() {
				before := pruned
				if prune(Bound{Before: epoch}); pruned != before {
					t.Fatalf("pruned what is after the bound: %+v", pruned)
				}
				prune(Bound{Before: half})
				prune(Bound{Before: half})
			}
			m.session(Options{}, 20<<20, func() { half = m.now })
			m.session(Options{}, 20<<20, func() {
				if live && pruned.Frames == 0 {
					care()
				}
			})
			if !live {
				care()
			}
			verify(t, m.path)
			r := openReader(t, m.path)
			got := scan(t, r, 0, 1)
			if m.check(r) != pruned.Frames || pruned.Frames == 0 {
				t.Errorf("pruned %+v", pruned)
			}
			// The first block may hold older frames besides newer ones.
			if n := len(got); n < len(m.all)/4 || got[min(n-1, 700)].Time.Before(half) {
				t.Errorf("%d of %d frames are left", n, len(m.all))
			}
			conns, err := r.Conns(t.Context(), 0, 1000)
			for _, c := range conns {
				if c.Frames == [2]uint64{} && c.End.Before(half) {
					t.Errorf("connection %d of %v is left", c.ID, c.End)
				}
			}
			if uint64(len(conns))+pruned.Connections != m.last {
				t.Errorf("%d connections are left (%v), %d went, there were %d", len(conns), err, pruned.Connections, m.last)
			}
			closeAll(t, r)
			if live {
				return
			}
			prune(Bound{Size: 5 << 20})
			k, err := openKept(m.path)
			if err != nil {
				t.Fatal(err)
			}
			used, err := k.used()
			if closeAll(t, k.file.db); err != nil || used > 5<<20 || used < 1<<20 {
				t.Errorf("%d bytes are in use (%v), want 5 MiB", used, err)
			}
			verify(t, m.path)
			r = openReader(t, m.path)
			m.check(r)
			closeAll(t, r)
			// Nothing at all may be left, and the numbers go on all the same.
			prune(Bound{Before: m.now.Add(time.Hour)})
			verify(t, m.path)
			r = openReader(t, m.path)
			if edge := m.check(r); edge != uint64(len(m.all)) {
				t.Errorf("%d of %d frames are gone", edge, len(m.all))
			}
			if n, err := r.Count(t.Context(), 0); err != nil || n != uint64(len(m.all)) {
				t.Errorf("the capture counts %d frames (%v), want %d", n, err, len(m.all))
			}
			closeAll(t, r)
			m.session(Options{}, 1<<20, func() {})
			verify(t, m.path)
			r = openReader(t, m.path)
			m.check(r)
		})
	}
}

// TestPruneLong prunes a capture of long payloads by a little. It would catch
// much more going than was asked for.
func TestPruneLong(t *testing.T) {
	m := newTide(t, 6)
	m.rec = create(t, m.path, Options{})
	m.connect(frame.Open)
	for range 200 {
		m.sendSize(m.open[0], partSize+10)
	}
	m.end(0)
	closeAll(t, m.rec)
	used := func() int64 {
		k, err := openKept(m.path)
		if err != nil {
			t.Fatal(err)
		}
		defer k.file.close()
		n, err := k.used()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := used()
	if _, err := Prune(t.Context(), m.path, Bound{Size: before - 1<<20}, nil); err != nil {
		t.Fatal(err)
	}
	if after := used(); after > before-1<<20 || after < before-4<<20 {
		t.Errorf("%d bytes were in use, %d are", before, after)
	}
	verify(t, m.path)
	m.check(openReader(t, m.path))
}

// TestTrimSafe prunes all it may of a capture whose recorder was killed before
// it wrote the index. It would catch frames that go before the index and the
// counters know of them, after which nobody could tell how many there were.
func TestTrimSafe(t *testing.T) {
	m := newTide(t, 8)
	m.rec = create(t, m.path, Options{})
	m.connect(frame.Open)
	for range 100 {
		m.sendSize(m.open[0], 20_000)
	}
	if err := m.rec.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		m.sendSize(m.open[0], 20_000)
	}
	synced(t, m.rec)
	killed := capturePath(t)
	f, err := os.Create(killed)
	if err != nil {
		t.Fatal(err)
	}
	live := m.rec.Reader()
	if err := live.Snapshot(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	m.end(0)
	closeAll(t, f, live, m.rec)
	db, err := bolt.Open(killed, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error {
		w, err := trimmer{before: math.MaxInt64}.trim(tx, 0)
		if err == nil && w.done.Frames != 100 {
			t.Errorf("pruned %+v, want 100 frames", w.done)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	closeAll(t, db)
	verify(t, killed)
	c, err := openReader(t, killed).Conn(t.Context(), 1)
	if err != nil || c.Frames[frame.Server] != 200 || c.Missing != 100 {
		t.Errorf("connection is %+v, %v", c, err)
	}
}

// TestPruneFull prunes a capture whose recorder waits for room on the disk. It
// would catch a recorder that cannot be helped, and a deletion that hangs.
func TestPruneFull(t *testing.T) {
	path := sample(t)
	r := create(t, path, Options{commit: func(r *Recorder, b *batch) error {
		if r.Stats().Pruned == 0 {
			return failing(syscall.ENOSPC)(r, b)
		}
		return r.transact(b)
	}})
	tape, c := openTape(t, r)
	tape.Append(frame.Client, epoch.Add(2*time.Hour), text(frame.Client, "waiting"))
	if _, err := r.Delete(t.Context(), 2); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("delete on a full disk: %v", err)
	}
	p, err := r.Prune(t.Context(), Bound{Before: epoch.Add(time.Hour)})
	if err != nil || p.Frames != 8000 {
		t.Errorf("pruned %+v, %v", p, err)
	}
	synced(t, r)
	tape.Close(frame.End{Time: epoch})
	closeAll(t, r)
	verify(t, path)
	if got := scan(t, openReader(t, path), 0, 1); len(got) != 1 || got[0].Conn != c.ID {
		t.Errorf("%d frames are left", len(got))
	}
}

// TestPruneErrors would catch a bound that bounds nothing, a capture that is
// created by pruning it, and one that is pruned under its recorder.
func TestPruneErrors(t *testing.T) {
	path := sample(t)
	for _, b := range []Bound{{}, {Size: -1}} {
		if _, err := Prune(t.Context(), path, b, nil); err == nil {
			t.Errorf("prune to %+v went well", b)
		}
	}
	bound := Bound{Before: epoch.Add(time.Hour)}
	missing := capturePath(t)
	if _, err := Prune(t.Context(), missing, bound, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("prune of a missing file: %v", err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("prune made a file")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Prune(ctx, path, bound, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("prune that was interrupted: %v", err)
	}
	r := create(t, path, Options{})
	closeAll(t, r)
	if _, err := r.Prune(t.Context(), bound); !errors.Is(err, ErrClosed) {
		t.Errorf("prune of a closed recorder: %v", err)
	}
	var done, total int64
	p, err := Prune(t.Context(), path, bound, func(d, n int64) { done, total = d, n })
	if err != nil || done != total || total != 8000 || p.Frames != 8000 {
		t.Errorf("pruned %+v, progress ended at %d of %d, %v", p, done, total, err)
	}
}

// TestDelete deletes connections, at rest and live. It would catch a frame that
// can still be seen by any way there is, a payload that stays in the file, one
// that goes with its neighbour, and an id that is given again.
func TestDelete(t *testing.T) {
	t.Run("at rest", func(t *testing.T) {
		m := newTide(t, 7)
		m.session(Options{}, 8<<20, func() {})
		m.delete(func(ids ...uint64) (Pruned, error) {
			return Delete(t.Context(), m.path, ids...)
		}, func(fn func(*Reader)) {
			r := openReader(t, m.path)
			fn(r)
			closeAll(t, r)
		})
	})
	t.Run("live", func(t *testing.T) {
		m := newTide(t, 7)
		m.session(Options{}, 30<<20, func() {
			if len(m.open) == 0 || m.last < 10 || m.conns[m.open[0].id] == nil || len(m.all) < 150 || m.deleted {
				return
			}
			if _, err := m.rec.Delete(t.Context(), m.open[0].id); !errors.Is(err, ErrOpen) {
				t.Fatalf("delete of an open connection: %v", err)
			}
			live := m.rec.Reader() // whose cache knows the blocks as they were
			m.delete(func(ids ...uint64) (Pruned, error) {
				return m.rec.Delete(t.Context(), ids...)
			}, func(fn func(*Reader)) {
				synced(t, m.rec)
				fn(live)
			})
			closeAll(t, live)
		})
		if !m.deleted {
			t.Fatal("nothing was deleted")
		}
		m.carryOn()
	})
}

// delete deletes a connection with a long payload and the newest one.
func (m *tide) delete(remove func(...uint64) (Pruned, error), look func(func(*Reader))) {
	t := m.t
	m.deleted = true
	var long, newest, global uint64
	left := make(map[uint64]uint64)
	look(func(r *Reader) {
		m.check(r)
		for _, rec := range scan(t, r, 0, 1) {
			if m.conns[rec.Conn].end.IsZero() {
				continue
			}
			if rec.Stored > partSize && long == 0 {
				long, global = rec.Conn, rec.Global
			}
			newest = max(newest, rec.Conn)
			left[rec.Conn]++
		}
	})
	if long == 0 || long == newest {
		t.Fatalf("connections %d and %d are no good example", long, newest)
	}
	if _, err := remove(long, 1<<40); !errors.Is(err, ErrNoConnection) {
		t.Fatalf("delete of an unknown connection: %v", err)
	}
	look(func(r *Reader) { m.check(r) })
	done, err := remove(long, newest, long)
	if err != nil || done.Frames != left[long]+left[newest] || done.Connections != 2 {
		t.Fatalf("deleted %+v, %v", done, err)
	}
	m.conns[long], m.conns[newest] = nil, nil
	look(func(r *Reader) {
		m.check(r)
		if _, err := r.Payload(t.Context(), global); !errors.Is(err, ErrNoFrame) {
			t.Errorf("the payload of frame %d is there: %v", global, err)
		}
		if part, err := r.source.Part(t.Context(), global, 0); part != nil || err != nil {
			t.Errorf("a part of frame %d is there, %v", global, err)
		}
		if page, err := r.Page(t.Context(), 0, global, 1); err != nil || len(page) == 1 && page[0].Global == global {
			t.Errorf("frame %d is there, %v", global, err)
		}
	})
	if _, err := remove(long); !errors.Is(err, ErrNoConnection) {
		t.Fatalf("delete of a connection that was deleted: %v", err)
	}
}

// carryOn records a little more, after which everything is to be right.
func (m *tide) carryOn() {
	m.t.Helper()
	for range 2 {
		if report := verify(m.t, m.path); report.Deleted != 2 {
			m.t.Errorf("%d connections are noted as deleted", report.Deleted)
		}
		m.session(Options{}, 1<<20, func() {})
		r := openReader(m.t, m.path)
		m.check(r)
		closeAll(m.t, r)
	}
}

// TestDeleteInterrupted ends a deletion half way, in a capture where it takes
// several transactions. It would catch a connection that is half there, and room
// that is never free again.
func TestDeleteInterrupted(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape, c := openTape(t, r)
	p := make([]byte, 1<<20)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 40 {
		for i := range p {
			p[i] = byte(rng.Uint32())
		}
		tape.Append(frame.Server, epoch, wire(frame.Server, frame.Header{Fin: true, Opcode: frame.Binary}, p))
	}
	tape.Close(frame.End{Time: epoch})
	closeAll(t, r)
	k, err := openKept(path)
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	_, err = bury(t.Context(), stopping{k, &steps}, []uint64{c.ID})
	if closeAll(t, k.file.db); !errors.Is(err, context.Canceled) {
		t.Fatalf("delete that was interrupted: %v", err)
	}
	verify(t, path)
	reader := openReader(t, path)
	if n := len(scan(t, reader, 0, 1)); n > 0 {
		t.Errorf("%d frames are left", n)
	}
	closeAll(t, reader)
	if _, err := Delete(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if k, err = openKept(path); err != nil {
		t.Fatal(err)
	}
	if used, err := k.used(); err != nil || used > 1<<20 {
		t.Errorf("%d bytes are in use, %v", used, err)
	}
	closeAll(t, k.file.db)
	verify(t, path)
}

// stopping is a keeper that fails after three transactions.
type stopping struct {
	keeper
	steps *int
}

func (s stopping) update(ctx context.Context, fn func(*bolt.Tx) error) error {
	if *s.steps++; *s.steps > 3 {
		return context.Canceled
	}
	return s.keeper.update(ctx, fn)
}

// TestRingKill kills a process that records into a ring, again and again. It
// would catch an edge that is not clean after a crash, and a frame behind it
// that is missing although it was acknowledged.
func TestRingKill(t *testing.T) {
	path := capturePath(t)
	pruned := false
	for range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), victimPath+"="+path, victimSize+"="+fmt.Sprint(minRing))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acked := make(map[uint64]uint64)
		lines, stop := bufio.NewScanner(out), 5+rand.IntN(20)
		for n := 0; lines.Scan(); n++ {
			var id, frames uint64
			for rest := bytes.NewBuffer(lines.Bytes()); ; {
				if _, err := fmt.Fscan(rest, &id, &frames); err != nil {
					break
				}
				acked[id] = frames
			}
			if n == stop {
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
		pruned = verify(t, path).Pruned > 0 || pruned
		r := openReader(t, path)
		for id, n := range acked {
			c, err := r.Conn(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			count, err := r.Count(t.Context(), id)
			if err != nil || count < n || c.Frames[frame.Server] != count {
				t.Fatalf("connection %d has %d frames and counts %v (%v), %d were acknowledged", id, count, c.Frames, err, n)
			}
			next := c.Missing + 1
			for _, rec := range scan(t, r, id, 1) {
				if rec.Seq != next || !bytes.HasPrefix(noisy(id, rec.Seq-1), rec.Payload) {
					t.Fatalf("connection %d: frame %d where %d is due", id, rec.Seq, next)
				}
				next++
			}
			if next != count+1 {
				t.Fatalf("connection %d ends with frame %d, counts %d", id, next-1, count)
			}
		}
		closeAll(t, r)
	}
	if !pruned {
		t.Error("the capture never became too large")
	}
}
