package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// repaired repairs the capture at path into a new one, which must be whole.
func repaired(t *testing.T, path string) (Salvage, string) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "repaired.db")
	s, err := Repair(t.Context(), path, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	if report := verify(t, to); report.Frames != s.Frames || report.Connections != s.Connections {
		t.Fatalf("%+v was saved, the new capture has %+v", s, report)
	}
	return s, to
}

// TestRepairWhole repairs a capture nothing is wrong with, out of one that was
// pruned, deleted from and left by a killed recorder. It would catch a repair
// that loses or changes something, or brings back what is gone.
func TestRepairWhole(t *testing.T) {
	m := newTide(t, 13)
	m.session(Options{MaxSize: minRing}, 40<<20, func() {})
	m.delete(func(ids ...uint64) (Pruned, error) {
		return Delete(t.Context(), m.path, ids...)
	}, func(fn func(*Reader)) {
		r := openReader(t, m.path)
		fn(r)
		closeAll(t, r)
	})
	r := openReader(t, m.path)
	edge := m.check(r)
	closeAll(t, r)
	// A copy of a live capture is what a killed recorder leaves.
	killed := capturePath(t)
	m.rec = create(t, m.path, Options{})
	m.rec.Log(Event{Message: "an event"})
	m.connect(frame.Open)
	m.connect(frame.Refused)
	for range 50 {
		m.send(m.open[0])
	}
	open := m.open[0]
	synced(t, m.rec)
	live := m.rec.Reader()
	f, err := os.Create(killed)
	if err != nil {
		t.Fatal(err)
	}
	if err := live.Snapshot(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	closeAll(t, live, f)
	m.end(0)
	closeAll(t, m.rec)
	verify(t, killed)
	s, to := repaired(t, killed)
	if !s.Whole() || s.Pages != 0 {
		t.Errorf("saved %+v", s)
	}
	m.compacted(edge)
	reader := openReader(t, to)
	m.check(reader)
	before := openReader(t, killed)
	want, err := before.Conn(t.Context(), open.id)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := reader.Conn(t.Context(), open.id); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the open connection is\n%+v, want\n%+v, %v", got, want, err)
	}
	if list := events(t, reader, 0); len(list) != 1 || list[0].Message != "an event" {
		t.Errorf("events are %v", list)
	}
	closeAll(t, reader, before)
	m.path = to
	m.session(Options{}, 1<<20, func() {})
	verify(t, to)
	m.check(openReader(t, to))
}

// contents are the records and payloads of a capture by connection and seq.
func contents(t *testing.T, path string) map[[2]uint64]frame.Record {
	t.Helper()
	r := openReader(t, path)
	defer closeAll(t, r)
	all := make(map[[2]uint64]frame.Record)
	for _, rec := range scan(t, r, 0, 1) {
		if rec.Stored > uint64(len(rec.Payload)) {
			rec.Payload = payload(t, r, rec.Global)
		}
		rec.Global = 0
		all[[2]uint64{rec.Conn, rec.Seq}] = rec
	}
	return all
}

// TestRepair damages a capture in many ways and repairs it. It would catch a
// panic, a hang, a new capture that is not whole, a frame in it that was not in
// the old one, losses that are not counted, and one damaged page that costs more
// than what was on it.
func TestRepair(t *testing.T) {
	source := sample(t)
	original := contents(t, source)
	whole, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	reader := openReader(t, source)
	if err := reader.source.(*local).view(func(tx *bolt.Tx) error { whole = whole[:tx.Size()]; return nil }); err != nil {
		t.Fatal(err)
	}
	const page = 4096
	rng := rand.New(rand.NewPCG(5, 6))
	for _, d := range []struct {
		name   string
		copies int
		harm   func([]byte) []byte
		most   int // frames that may be lost
	}{
		{"nothing", 1, func(p []byte) []byte { return p }, 0},
		{"both meta pages", 1, func(p []byte) []byte { clear(p[:2*page]); return p }, 0},
		{"one meta page", 2, func(p []byte) []byte { clear(p[rng.IntN(2)*page:][:page]); return p }, 400},
		{"a byte", 12, func(p []byte) []byte { p[rng.IntN(len(p))] ^= byte(1 + rng.IntN(255)); return p }, 8000},
		{"a page", 16, func(p []byte) []byte { clear(p[rng.IntN(len(p)/page)*page:][:page]); return p }, 8000},
		{"page heads", 16, func(p []byte) []byte {
			for range 5 {
				at := rng.IntN(len(p)/page) * page
				for range 4 {
					p[at+rng.IntN(16)] = byte(rng.Uint32())
				}
			}
			return p
		}, 8000},
		{"page contents", 16, func(p []byte) []byte {
			for range 5 {
				at := rng.IntN(len(p)/page)*page + 16
				for range 8 {
					p[at+rng.IntN(200)] = byte(rng.Uint32())
				}
			}
			return p
		}, 8000},
		{"the second half", 1, func(p []byte) []byte { return p[:len(p)/2] }, 8000},
		{"the first half", 1, func(p []byte) []byte { clear(p[:len(p)/2]); return p }, 8000},
	} {
		t.Run(d.name, func(t *testing.T) {
			saved := 0
			for range d.copies {
				path := capturePath(t)
				if err := os.WriteFile(path, d.harm(bytes.Clone(whole)), 0o600); err != nil {
					t.Fatal(err)
				}
				s, to := repaired(t, path)
				got := contents(t, to)
				for key, rec := range got {
					want, ok := original[key]
					if rec.Stored < want.Stored && s.Cut > 0 {
						want.Stored, want.Payload, want.Incomplete = rec.Stored, want.Payload[:rec.Stored], frame.Cut
					}
					if !ok {
						t.Fatalf("frame %v is new", key)
					}
					same(t, rec, want)
				}
				lost := len(original) - len(got)
				if lost > d.most || lost > 0 && s.Whole() {
					t.Errorf("%d frames are lost, the repair says %+v", lost, s)
				}
				saved += len(got)
			}
			t.Logf("%d of %d frames were saved", saved, d.copies*len(original))
			if saved < len(original)*d.copies/4 {
				t.Errorf("only %d of %d frames were saved", saved, d.copies*len(original))
			}
		})
	}
}

// TestRepairCounts takes single things out of a capture. It would catch a loss
// that is counted wrongly.
func TestRepairCounts(t *testing.T) {
	second := func(tx *bolt.Tx, bucket []byte, change func(k, v []byte) error) error {
		c := tx.Bucket(bucket).Cursor()
		c.First()
		k, v := c.Next()
		return change(bytes.Clone(k), bytes.Clone(v))
	}
	for _, c := range []struct {
		name string
		harm func(*bolt.Tx) error
		ok   func(s Salvage) bool
	}{
		{"nothing", func(*bolt.Tx) error { return nil }, func(s Salvage) bool { return s.Whole() && s.Frames == 8000 && s.Connections == 20 }},
		{"the index", func(tx *bolt.Tx) error {
			return errors.Join(tx.DeleteBucket(bucketCidx), tx.DeleteBucket(bucketCstat))
		}, func(s Salvage) bool { return s.Whole() && s.Frames == 8000 }},
		{"a broken block", func(tx *bolt.Tx) error {
			return second(tx, bucketBlocks, func(k, v []byte) error {
				v[len(v)/2] ^= 1
				return tx.Bucket(bucketBlocks).Put(k, v)
			})
		}, func(s Salvage) bool { return s.Broken == 1 && s.Lost > 0 && s.Lost == 8000-s.Frames }},
		{"a missing block", func(tx *bolt.Tx) error {
			return second(tx, bucketBlocks, func(k, _ []byte) error { return tx.Bucket(bucketBlocks).Delete(k) })
		}, func(s Salvage) bool { return s.Broken == 0 && s.Lost > 0 && s.Lost == 8000-s.Frames }},
		{"the last block", func(tx *bolt.Tx) error {
			k, _ := tx.Bucket(bucketBlocks).Cursor().Last()
			return tx.Bucket(bucketBlocks).Delete(bytes.Clone(k))
		}, func(s Salvage) bool { return s.Lost > 0 && s.Lost == 8000-s.Frames }},
		{"a connection", func(tx *bolt.Tx) error {
			return second(tx, bucketConns, func(k, _ []byte) error { return tx.Bucket(bucketConns).Delete(k) })
		}, func(s Salvage) bool { return s.Unnamed == 1 && s.Frames == 8000 && s.Connections == 20 }},
		{"a part of a payload", func(tx *bolt.Tx) error {
			return second(tx, bucketChunks, func(k, _ []byte) error { return tx.Bucket(bucketChunks).Delete(k) })
		}, func(s Salvage) bool { return s.Cut == 1 && s.Broken == 0 && s.Frames == 8000 }},
		{"a broken first part", func(tx *bolt.Tx) error {
			k, v := tx.Bucket(bucketChunks).Cursor().First()
			v = bytes.Clone(v)
			v[100] ^= 1
			return tx.Bucket(bucketChunks).Put(bytes.Clone(k), v)
		}, func(s Salvage) bool { return s.Cut == 1 && s.Broken == 1 && s.Frames == 8000 }},
		{"what was pruned", func(tx *bolt.Tx) error {
			return tx.Bucket(bucketMeta).Put(keyPruned, u64(1<<40))
		}, func(s Salvage) bool { return s.Whole() && s.Frames == 8000 }},
		{"what is indexed", func(tx *bolt.Tx) error {
			return tx.Bucket(bucketMeta).Put(keyIndexed, u64(1<<40))
		}, func(s Salvage) bool { return s.Whole() && s.Frames == 8000 }},
		{"meta", func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketMeta) }, func(s Salvage) bool { return s.Whole() && s.Frames == 8000 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := sample(t)
			db, err := bolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Update(c.harm); err != nil {
				t.Fatal(err)
			}
			closeAll(t, db)
			if s, _ := repaired(t, path); !c.ok(s) {
				t.Errorf("the repair says %+v", s)
			}
		})
	}
}

// TestRepairMiddle takes the first block and two in the middle from a connection
// of many. It would catch gaps that are not noted, or that a reader trips over.
func TestRepairMiddle(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape, c := openTape(t, r)
	const frames = 30_000
	for i := range uint64(frames) {
		tape.Append(frame.Server, epoch, text(frame.Server, string(numbered(c.ID, i*1000))))
	}
	tape.Close(frame.End{Time: epoch})
	closeAll(t, r)
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	var gone []gap
	if err := db.Update(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketBlocks).Cursor()
		n := 0
		for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
			if n++; n == 1 || n == 5 || n == 6 {
				places, _, err := blockPlaces(nil, keyOf(k), v)
				if err != nil {
					return err
				}
				gone = append(gone, gap{places[0].first, places[0].count})
			}
		}
		for _, g := range gone { // global numbers and seqs are the same here
			if err := tx.Bucket(bucketBlocks).Delete(u64(g.first)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	closeAll(t, db)
	missing := gone[0].count + gone[1].count + gone[2].count
	s, to := repaired(t, path)
	if s.Lost != missing || s.Frames != frames-missing || s.Broken != 0 {
		t.Errorf("the repair says %+v, %d frames are missing", s, missing)
	}
	if report := verify(t, to); report.Missing != missing {
		t.Errorf("verify says %+v", report)
	}
	check := func() {
		t.Helper()
		reader := openReader(t, to)
		defer closeAll(t, reader)
		got, err := reader.Conn(t.Context(), c.ID)
		if n, counting := reader.Count(t.Context(), c.ID); err != nil || counting != nil || n != frames || got.Missing != missing {
			t.Errorf("connection counts %d, misses %d, %v %v", n, got.Missing, err, counting)
		}
		all := scan(t, reader, c.ID, 1)
		if uint64(len(all)) != frames-missing || all[0].Seq != gone[0].end() {
			t.Errorf("%d frames from %d", len(all), all[0].Seq)
		}
		page, err := reader.Page(t.Context(), c.ID, gone[1].first-2, 4)
		if err != nil || len(page) != 4 || page[1].Seq != gone[1].first-1 || page[2].Seq != gone[2].end() ||
			!bytes.HasPrefix(numbered(c.ID, (page[2].Seq-1)*1000), page[2].Payload) {
			t.Errorf("page has %d frames, %v; the gap is from %d to %d", len(page), err, gone[1].first, gone[2].end())
		}
	}
	check()
	// The gaps stay whatever is done next.
	closeAll(t, create(t, to, Options{}))
	check()
	if err := Compact(t.Context(), to, Zstd, nil); err != nil {
		t.Fatal(err)
	}
	verify(t, to)
	check()
	if s, again := repaired(t, to); !s.Whole() {
		t.Errorf("a second repair says %+v", s)
	} else {
		to = again
	}
	check()
}

func keyOf(k []byte) uint64 {
	n, _ := number("blocks", k)
	return n
}

// TestRepairInPlace would catch a damaged original that is not kept, one that is
// overwritten, and a repair that begins although it cannot end.
func TestRepairInPlace(t *testing.T) {
	path := sample(t)
	damaged, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	clear(damaged[:8192])
	harm := func() {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	harm()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Repair(ctx, path, path, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("repair that was interrupted: %v", err)
	}
	if s, err := Repair(t.Context(), path, path, nil); err != nil || !s.Whole() {
		t.Fatalf("repair: %+v, %v", s, err)
	}
	verify(t, path)
	if kept, err := os.ReadFile(DamagedPath(path)); err != nil || !bytes.Equal(kept, damaged) {
		t.Errorf("the damaged file was not kept: %v", err)
	}
	harm()
	if _, err := Repair(t.Context(), path, path, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("repair where a damaged file is kept already: %v", err)
	}
	// A repair that was killed between its two renames can be done again.
	os.Remove(DamagedPath(path))
	if err := os.Link(path, DamagedPath(path)); err != nil {
		t.Fatal(err)
	}
	if _, err := Repair(t.Context(), path, path, nil); err != nil {
		t.Error(err)
	}
	verify(t, path)
	if names, err := os.ReadDir(filepath.Dir(path)); len(names) != 2 || err != nil {
		t.Errorf("the folder holds %v", names)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Repair(t.Context(), path, other, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("repair onto another file: %v", err)
	}
	r := create(t, path, Options{})
	if _, err := Repair(t.Context(), path, other+"2", nil); !errors.Is(err, ErrLocked) {
		t.Errorf("repair of a live capture: %v", err)
	}
	closeAll(t, r)
}

// TestRepairForeign would catch a repair that makes a capture of what is none.
func TestRepairForeign(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	foreign := filepath.Join(dir, "bolt")
	db, err := bolt.Open(foreign, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("users"))
		return errors.Join(err, b.Put([]byte("12345678"), []byte("somebody")))
	}); err != nil {
		t.Fatal(err)
	}
	closeAll(t, db)
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	newer := sample(t)
	if db, err = bolt.Open(newer, 0o600, nil); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error { return require(tx, "later") }); err != nil {
		t.Fatal(err)
	}
	closeAll(t, db)
	for path, want := range map[string]error{
		file("empty", nil):                   ErrNotCapture,
		file("text", []byte("a letter")):     ErrNotCapture,
		file("zeros", make([]byte, 100_000)): ErrNotCapture,
		file("noise", noise):                 ErrNotCapture,
		foreign:                              ErrNotCapture,
		dir:                                  ErrNotCapture,
		filepath.Join(dir, "missing"):        fs.ErrNotExist,
		newer:                                ErrVersion,
	} {
		to := filepath.Join(t.TempDir(), "to")
		if _, err := Repair(t.Context(), path, to, nil); !errors.Is(err, want) {
			t.Errorf("repair of %s: %v, want %v", path, err, want)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("repair of %s made a file", path)
		}
	}
}

// FuzzRepair repairs arbitrary files. It would catch a panic, a hang, or a new
// capture that is not whole.
func FuzzRepair(f *testing.F) {
	path := capturePath(f)
	r := create(f, path, Options{})
	tape, _ := openTape(f, r)
	for i := range 30 {
		tape.Append(frame.Server, epoch, text(frame.Server, fmt.Sprint("frame ", i)))
	}
	closeAll(f, r)
	p, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bytes.TrimRight(p, "\x00"), uint(0), uint64(0))
	f.Add(bytes.TrimRight(p, "\x00"), uint(5000), uint64(1<<40))
	f.Fuzz(func(t *testing.T, p []byte, at uint, change uint64) {
		if len(p) > 1<<20 || len(p) < 8 {
			return
		}
		p = append(bytes.Clone(p), make([]byte, 4096-len(p)%4096)...)
		for i := range 8 {
			p[(int(at%uint(len(p)))+i)%len(p)] ^= byte(change >> (8 * i))
		}
		dir := t.TempDir()
		path, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
		if err := os.WriteFile(path, p, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Repair(t.Context(), path, to, nil); err == nil {
			verify(t, to)
		}
	})
}
