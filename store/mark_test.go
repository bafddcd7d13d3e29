package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// marked returns the marks of a capture, and verifies it.
func marked(t *testing.T, path string) []Mark {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	marks, err := r.Marks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeAll(t, r)
	if report := verify(t, path); report.Marks != uint64(len(marks)) {
		t.Fatalf("verify counts %d marks of %d", report.Marks, len(marks))
	}
	return marks
}

func noon(n int) time.Time { return epoch.Add(time.Duration(n) * time.Hour) }

// talks records n frames each on so many connections.
func talks(t *testing.T, path string, conns, n int) {
	t.Helper()
	r := create(t, path, Options{})
	var tapes []*Tape
	for range conns {
		tape, _ := openTape(t, r)
		tapes = append(tapes, tape)
	}
	for i := range n * conns {
		tapes[i%conns].Append(frame.Server, epoch.Add(time.Duration(i)*time.Millisecond), text(frame.Server, fmt.Sprintf("%d %s", i, strings.Repeat("x", i%300))))
	}
	for _, tape := range tapes {
		tape.Close(frame.End{Time: epoch})
	}
	closeAll(t, r)
}

// TestMarks sets, replaces and takes away marks, live and at rest. It would catch
// one that is lost, on another message, or seen too late.
func TestMarks(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape, _ := openTape(t, r)
	for range 10 {
		tape.Append(frame.Client, epoch, text(frame.Client, "hello"))
	}
	synced(t, r)
	live := r.Reader()
	version, err := live.Wait(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	woken := make(chan error, 1)
	go func() {
		_, err := live.Wait(t.Context(), version)
		woken <- err
	}()
	want := []Mark{
		{Conn: 1, Seq: 2, Label: "a", Time: noon(1)},
		{Conn: 1, Seq: 7, Note: "what is\x1b[31m this?\nör that", Time: noon(2)},
		{Conn: 1, Seq: 10, Label: "a", Note: strings.Repeat("n", maxNote), Time: noon(3)},
	}
	for _, m := range []Mark{want[2], {Conn: 1, Seq: 2, Label: "old"}, want[1], {Conn: 1, Seq: 3, Label: "gone"}, want[0], {Conn: 1, Seq: 3}, {Conn: 1, Seq: 4}} {
		if err := r.SetMark(t.Context(), m); err != nil {
			t.Fatalf("%+v: %v", m, err)
		}
	}
	if err := <-woken; err != nil {
		t.Fatal(err)
	}
	if marks, err := live.Marks(t.Context()); err != nil || !slices.Equal(marks, want) {
		t.Fatalf("live marks are %+v, %v", marks, err)
	}
	for _, c := range []struct {
		m    Mark
		want error
	}{
		{Mark{Conn: 2, Seq: 1, Note: "x"}, ErrNoConnection},
		{Mark{Conn: 1, Seq: 11, Note: "x"}, ErrNoFrame},
		{Mark{Conn: 1, Note: "x"}, ErrMark},
		{Mark{Seq: 1, Note: "x"}, ErrMark},
		{Mark{Conn: 1, Seq: 1, Label: strings.Repeat("x", maxLabel+1)}, ErrMark},
		{Mark{Conn: 1, Seq: 1, Label: "a\tb"}, ErrMark},
		{Mark{Conn: 1, Seq: 1, Note: strings.Repeat("x", maxNote+1)}, ErrMark},
	} {
		if err := r.SetMark(t.Context(), c.m); !errors.Is(err, c.want) {
			t.Errorf("%.60v: %v, want %v", c.m, err, c.want)
		}
	}
	if err := SetMark(t.Context(), path, Mark{Conn: 1}); !errors.Is(err, ErrMark) {
		t.Errorf("a mark on nothing: %v", err)
	}
	tape.Close(frame.End{Time: epoch})
	closeAll(t, live, r)

	if got := marked(t, path); !slices.Equal(got, want) {
		t.Fatalf("marks are %+v", got)
	}
	before := time.Now()
	if err := SetMark(t.Context(), path, Mark{Conn: 1, Seq: 1, Note: "not \xFF UTF-8"}); err != nil {
		t.Fatal(err)
	}
	if err := SetMark(t.Context(), path, Mark{Conn: 1, Seq: 7}); err != nil {
		t.Fatal(err)
	}
	got := marked(t, path)
	if len(got) != 3 || got[0].Note != "not \uFFFD UTF-8" || got[0].Time.Before(before.Add(-time.Second)) || got[1] != want[0] || got[2] != want[2] {
		t.Fatalf("marks are %+v", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := SetMark(ended, path, Mark{Conn: 1, Seq: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

// TestTooManyMarks catches a capture that keeps marks without end, or in which one
// cannot be replaced any more.
func TestTooManyMarks(t *testing.T) {
	path := capturePath(t)
	talks(t, path, 1, maxMarks+1)
	k, err := openKept(path)
	if err != nil {
		t.Fatal(err)
	}
	err = k.update(t.Context(), func(tx *bolt.Tx) error {
		bucket, err := tx.CreateBucket(bucketMarks)
		for seq := uint64(1); seq <= maxMarks && err == nil; seq++ {
			err = bucket.Put(pair(1, seq), appendMark(nil, &Mark{Conn: 1, Seq: seq, Label: "x", Time: epoch}))
		}
		return err
	})
	if err := k.finish("mark", err); err != nil {
		t.Fatal(err)
	}
	if err := SetMark(t.Context(), path, Mark{Conn: 1, Seq: maxMarks + 1, Label: "y"}); !errors.Is(err, ErrMark) {
		t.Errorf("one too many: %v", err)
	}
	if err := SetMark(t.Context(), path, Mark{Conn: 1, Seq: maxMarks, Label: "y"}); err != nil {
		t.Errorf("one in place of another: %v", err)
	}
	if got := marked(t, path); len(got) != maxMarks || got[maxMarks-1].Label != "y" {
		t.Errorf("%d marks, the last is %+v", len(got), got[len(got)-1])
	}
}

// TestMarksAreCaredFor deletes, prunes, compacts and repairs a capture with
// marks. It would catch one that gets lost on the way, or outlives its message.
func TestMarksAreCaredFor(t *testing.T) {
	path := capturePath(t)
	talks(t, path, 3, 4000)
	all := []Mark{
		{Conn: 1, Seq: 1, Label: "b", Time: noon(1)}, {Conn: 1, Seq: 4000, Label: "e", Time: noon(2)},
		{Conn: 2, Seq: 1, Note: "begins", Time: noon(3)}, {Conn: 2, Seq: 2000, Note: "is in the middle", Time: noon(4)},
		{Conn: 3, Seq: 3, Label: "z", Note: "another", Time: noon(5)}, {Conn: 3, Seq: 3999, Label: "z", Time: noon(6)},
	}
	for _, m := range all {
		if err := SetMark(t.Context(), path, m); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, want ...Mark) {
		t.Helper()
		if got := marked(t, path); !slices.Equal(got, want) {
			t.Fatalf("%s: marks are %+v, want %+v", what, got, want)
		}
	}
	expect("at first", all...)
	if err := Compact(t.Context(), path, Zstd, nil); err != nil {
		t.Fatal(err)
	}
	expect("compacted", all...)

	// Repair, of one that is whole, and of one whose trees are lost.
	for _, lost := range []bool{false, true} {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lost {
			for _, page := range []int{0, 1} {
				clear(whole[page*os.Getpagesize():][:128])
			}
		}
		from, to := filepath.Join(t.TempDir(), "broken.db"), filepath.Join(t.TempDir(), "saved.db")
		if err := os.WriteFile(from, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Repair(t.Context(), from, to, nil); err != nil {
			t.Fatal(err)
		}
		if got := marked(t, to); !slices.Equal(got, all) {
			t.Fatalf("repaired, trees lost %v: marks are %+v", lost, got)
		}
	}

	if _, err := Delete(t.Context(), path, 1); err != nil {
		t.Fatal(err)
	}
	expect("deleted", all[2:]...)
	done, err := Prune(t.Context(), path, Bound{Before: epoch.Add(3 * time.Second)}, nil)
	if err != nil || done.Frames == 0 {
		t.Fatalf("pruned %+v, %v", done, err)
	}
	expect("pruned", all[3], all[5])
	if n := stored(t, path); n != 2 {
		t.Errorf("%d marks are still stored", n)
	}
	if _, err := Prune(t.Context(), path, Bound{Before: epoch.Add(time.Hour)}, nil); err != nil {
		t.Fatal(err)
	}
	expect("all pruned")
	if n := stored(t, path); n != 0 {
		t.Errorf("%d marks are still stored", n)
	}
}

// stored returns how many marks are in the file, of whatever.
func stored(t *testing.T, path string) (n int) {
	t.Helper()
	l, err := openLocal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = l.view(func(tx *bolt.Tx) error {
		return eachMark(tx, func(Mark) error {
			n++
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestBrokenMark catches a mark that is believed although it is damaged, and one
// that keeps its capture from being read.
func TestBrokenMark(t *testing.T) {
	path := capturePath(t)
	talks(t, path, 1, 10)
	k, err := openKept(path)
	if err != nil {
		t.Fatal(err)
	}
	err = k.update(t.Context(), func(tx *bolt.Tx) error {
		value := appendMark(nil, &Mark{Conn: 1, Seq: 2, Note: "note", Time: epoch})
		value[len(value)-1]++
		marks, err := tx.CreateBucket(bucketMarks)
		if err != nil {
			return err
		}
		return marks.Put(pair(1, 2), value)
	})
	if err := k.finish("damage", err); err != nil {
		t.Fatal(err)
	}
	r := openReader(t, path)
	if marks, err := r.Marks(t.Context()); !errors.Is(err, ErrCorrupt) || len(marks) > 0 {
		t.Errorf("marks %+v, %v", marks, err)
	}
	if n := len(scan(t, r, 0, 1)); n != 10 {
		t.Errorf("%d frames are left", n)
	}
	closeAll(t, r)
	report, err := Verify(t.Context(), path, nil)
	if err != nil || report.Found != 1 || !strings.Contains(report.Problems[0], "mark on frame 2 of connection 1 is broken") {
		t.Errorf("verify says %q, %v", report.Problems, err)
	}
}

// FuzzMark catches a stored mark that is read as something that could not be set,
// or makes the reader panic.
func FuzzMark(f *testing.F) {
	for _, m := range []Mark{{Conn: 1, Seq: 2, Label: "a", Note: "b", Time: epoch}, {Conn: 1, Seq: 1 << 63, Time: noon(1)}} {
		f.Add(m.Conn, m.Seq, appendMark(nil, &m)[markSum:])
	}
	f.Add(uint64(1), uint64(1), []byte{0x12, 0xFF})
	f.Fuzz(func(t *testing.T, conn, seq uint64, fields []byte) {
		key := pair(conn, seq)
		p := binary.BigEndian.AppendUint32(nil, noteSum(key, fields))
		m, err := parseMark(key, append(p, fields...))
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again, err := parseMark(key, appendMark(nil, &m))
		if err != nil || again != m {
			t.Fatalf("%+v is read back as %+v, %v", m, again, err)
		}
	})
}
