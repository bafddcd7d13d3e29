package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// compacted takes the frames that are gone out of the model, as Compact does.
func (m *tide) compacted(edge uint64) {
	left := m.all[:0:0]
	for _, f := range m.all[edge:] {
		if m.conns[f.conn] != nil {
			left = append(left, f)
		}
	}
	m.all = left
}

func size(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestCompact compacts a capture of which things were pruned and deleted, and
// carries it on. It would catch a frame that is lost, numbered wrongly or comes
// back, and bytes of what was deleted that stay in the file.
func TestCompact(t *testing.T) {
	for _, codec := range []Codec{Kept, Zstd} {
		t.Run([]string{"kept", "zstd"}[codec], func(t *testing.T) {
			m := newTide(t, 9)
			var half time.Time
			m.session(Options{}, 20<<20, func() {
				if len(m.all) < 150 {
					half = m.now
				}
			})
			if p, err := Prune(t.Context(), m.path, Bound{Before: half}, nil); err != nil || p.Frames == 0 {
				t.Fatal(p, err)
			}
			m.delete(func(ids ...uint64) (Pruned, error) {
				return Delete(t.Context(), m.path, ids...)
			}, func(fn func(*Reader)) {
				r := openReader(t, m.path)
				fn(r)
				closeAll(t, r)
			})
			secret := []byte("wss://secret.example/of-a-deleted-connection")
			r := create(t, m.path, Options{})
			tape, err := r.Open(&frame.Connection{State: frame.Open, URL: string(secret), Start: m.now})
			if err != nil {
				t.Fatal(err)
			}
			m.last++
			tape.Append(frame.Server, m.now, text(frame.Server, strings.Repeat("noise ", 5)+string(secret)))
			tape.Close(frame.End{Time: m.now})
			closeAll(t, r)
			if _, err := Delete(t.Context(), m.path, m.last); err != nil {
				t.Fatal(err)
			}
			m.all = append(m.all, tideFrame{conn: m.last, seq: 1})
			reader := openReader(t, m.path)
			edge := m.check(reader)
			closeAll(t, reader)
			before := size(t, m.path)
			var done, total int64
			if err := Compact(t.Context(), m.path, codec, func(d, n int64) { done, total = d, n }); err != nil {
				t.Fatal(err)
			}
			m.compacted(edge)
			if done != total || done == 0 {
				t.Errorf("progress ended at %d of %d", done, total)
			}
			if after := size(t, m.path); after > before*3/4 {
				t.Errorf("the file had %d bytes and has %d", before, after)
			}
			raw, err := os.ReadFile(m.path)
			if err != nil || bytes.Contains(raw, secret) {
				t.Errorf("the deleted connection is in the file, %v", err)
			}
			if names, err := filepath.Glob(filepath.Join(filepath.Dir(m.path), "*")); len(names) != 1 || err != nil {
				t.Errorf("the folder holds %q", names)
			}
			report := verify(t, m.path)
			if report.Deleted != 0 || report.Pruned != 0 || report.Missing == 0 {
				t.Errorf("report is %+v", report)
			}
			reader = openReader(t, m.path)
			if edge := m.check(reader); edge != 0 {
				t.Errorf("frames begin behind %d", edge)
			}
			closeAll(t, reader)
			// It can be carried on, pruned and compacted again.
			m.session(Options{MaxSize: minRing}, 30<<20, func() {})
			verify(t, m.path)
			reader = openReader(t, m.path)
			edge = m.check(reader)
			closeAll(t, reader)
			if err := Compact(t.Context(), m.path, Kept, nil); err != nil {
				t.Fatal(err)
			}
			m.compacted(edge)
			verify(t, m.path)
			m.check(openReader(t, m.path))
		})
	}
}

// TestCompactZstd would catch a codec that saves nothing, or that an older
// wsluice would take for damage.
func TestCompactZstd(t *testing.T) {
	path := sample(t)
	read := func() []frame.Record {
		r := openReader(t, path)
		defer closeAll(t, r)
		return scan(t, r, 0, 1)
	}
	if err := Compact(t.Context(), path, Kept, nil); err != nil {
		t.Fatal(err)
	}
	want, before := read(), size(t, path)
	if err := Compact(t.Context(), path, Zstd, nil); err != nil {
		t.Fatal(err)
	}
	got := read()
	for i := range want {
		same(t, got[i], want[i])
	}
	if after := size(t, path); after > before*9/10 {
		t.Errorf("the file had %d bytes and has %d", before, after)
	}
	verify(t, path)
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error {
		if names := string(tx.Bucket(bucketMeta).Get(keyFeatures)); names != featureZstd {
			t.Errorf("features are %q", names)
		}
		return require(tx, "later")
	}); err != nil {
		t.Fatal(err)
	}
	closeAll(t, db)
	if _, err := Open(path); !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), `["later"]`) {
		t.Errorf("a capture with an unknown feature: %v", err)
	}
}

// TestCompactFails would catch a compaction that harms the capture it fails on,
// or leaves something behind.
func TestCompactFails(t *testing.T) {
	path := sample(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	untouched := func(what string) {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
		hidden, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
		if len(names) != 1 || len(hidden) != 0 || err != nil {
			t.Errorf("%s left %q %q", what, names, hidden)
		}
		verify(t, path)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = Compact(ctx, path, Kept, func(done, _ int64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("compact that was interrupted: %v", err)
	}
	untouched("an interruption")
	r := create(t, path, Options{})
	locked := make(chan error)
	go func() { locked <- Compact(t.Context(), path, Kept, nil) }()
	if err := <-locked; !errors.Is(err, ErrLocked) {
		t.Errorf("compact of a live capture: %v", err)
	}
	closeAll(t, r)
	untouched("a lock")
	if err := CheckSpace(path, 1<<62); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("room for a file of any size: %v", err)
	}
	// A block that is damaged must not get a checksum that is right.
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error {
		blocks := tx.Bucket(bucketBlocks)
		k, v := blocks.Cursor().Last()
		v = bytes.Clone(v)
		v[len(v)-1] ^= 1
		return blocks.Put(bytes.Clone(k), v)
	}); err != nil {
		t.Fatal(err)
	}
	closeAll(t, db)
	if err := Compact(t.Context(), path, Kept, nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("compact of a damaged capture: %v", err)
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	// What a crash left is in nobody's way.
	if err := os.WriteFile(draftPath(path), []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Compact(t.Context(), path, Kept, nil); err != nil {
		t.Error(err)
	}
	untouched("compact")
	// A capture that is reached by another name stays where it is.
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := Compact(t.Context(), link, Kept, nil); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
	untouched("compact by a link")
}

// TestReplaced puts another file in the place of a capture at the moment a
// recorder opens it, as Compact does. It would catch frames that are recorded
// into a file that has no name any more.
func TestReplaced(t *testing.T) {
	path := sample(t)
	times := 0
	r := create(t, path, Options{openFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, flag, mode)
		if times++; times == 1 && err == nil {
			err = os.Rename(sample(t), path)
		}
		return f, err
	}})
	tape, c := openTape(t, r)
	tape.Append(frame.Client, epoch, text(frame.Client, "kept"))
	tape.Close(frame.End{Time: epoch})
	closeAll(t, r)
	if n := len(scan(t, openReader(t, path), c.ID, 1)); n != 1 || times != 2 {
		t.Errorf("%d frames were recorded, the file was opened %d times", n, times)
	}
}

// TestReplacedUnderReader puts another capture in the place of one that a reader
// has in its cache. It would catch frames of the old one.
func TestReplacedUnderReader(t *testing.T) {
	record := func(word string) string {
		path := capturePath(t)
		r := create(t, path, Options{})
		tape, _ := openTape(t, r)
		for range 1000 {
			tape.Append(frame.Server, epoch, text(frame.Server, word))
		}
		closeAll(t, r)
		return path
	}
	before, err := OpenFile(record("before"))
	if err != nil {
		t.Fatal(err)
	}
	after, err := OpenFile(record("behind"))
	if err != nil {
		t.Fatal(err)
	}
	moving := &moved{Source: before}
	r := NewReader(moving)
	word := func() string {
		page, err := r.Page(t.Context(), 1, 5, 3)
		if err != nil || len(page) != 3 {
			t.Fatalf("page has %d frames, %v", len(page), err)
		}
		return string(page[1].Payload)
	}
	first := word()
	moving.Source = after
	if second := word(); first != "before" || second != "behind" || word() != "behind" {
		t.Errorf("read %q, then %q", first, second)
	}
	closeAll(t, before, after)
}

// moved is a Source that becomes another.
type moved struct{ Source }
