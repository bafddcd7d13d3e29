package store

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// TestNoCapture opens what is no capture. It would catch a foreign file that is
// written to, an empty one that reads as an empty capture, and errors nobody
// can branch on.
func TestNoCapture(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, p []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, p, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	other := filepath.Join(dir, "other.db")
	db, err := bolt.Open(other, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("users")); return err }); err != nil {
		t.Fatal(err)
	}
	closeAll(t, db)
	for _, c := range []struct {
		name, path string
		read       error
		record     error
	}{
		{"missing", filepath.Join(dir, "missing"), fs.ErrNotExist, nil},
		{"empty", write("empty", nil), ErrNotCapture, nil},
		{"text", write("text", []byte(strings.Repeat("not a database ", 9999))), ErrNotCapture, ErrNotCapture},
		{"short", write("short", []byte("x")), ErrNotCapture, ErrNotCapture},
		{"another program's", other, ErrNotCapture, ErrNotCapture},
		{"folder", dir, ErrNotCapture, ErrNotCapture},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Open(c.path); !errors.Is(err, c.read) || !strings.Contains(err.Error(), c.path) {
				t.Errorf("open: %v, want %v and the path", err, c.read)
			}
			if _, err := Verify(t.Context(), c.path, nil); !errors.Is(err, c.read) {
				t.Errorf("verify: %v, want %v", err, c.read)
			}
			r, err := Create(c.path, Options{})
			if !errors.Is(err, c.record) {
				t.Errorf("create: %v, want %v", err, c.record)
			}
			if err == nil {
				closeAll(t, r)
			}
		})
	}
}

// TestVersions opens captures of other versions. It would catch one that is
// misread or refused for nothing (pitfall S2).
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		name         string
		major, minor uint16
		features     string
		refused      []string // words of the error
	}{
		{name: "newer minor", major: schemaMajor, minor: schemaMinor + 7},
		{name: "newer major", major: schemaMajor + 1, minor: 3, refused: []string{"2.3", "1."}},
		{name: "unknown feature", major: schemaMajor, features: "encrypted\n", refused: []string{"encrypted", "1.0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := sample(t)
			db, err := bolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(func(tx *bolt.Tx) error {
				version := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, c.major), c.minor)
				meta := tx.Bucket(bucketMeta)
				return errors.Join(meta.Put(keySchema, version), meta.Put(keyFeatures, []byte(c.features)))
			})
			if err != nil {
				t.Fatal(err)
			}
			closeAll(t, db)
			reader, readErr := Open(path)
			if readErr == nil {
				closeAll(t, reader)
			}
			recorder, recordErr := Create(path, Options{})
			if recordErr == nil {
				closeAll(t, recorder)
			}
			for _, err := range []error{readErr, recordErr} {
				if c.refused == nil && err != nil || c.refused != nil && !errors.Is(err, ErrVersion) {
					t.Fatalf("error is %v", err)
				}
				for _, word := range c.refused {
					if !strings.Contains(err.Error(), word) {
						t.Errorf("%q does not say %q", err, word)
					}
				}
			}
		})
	}
}

// TestLocks opens a capture twice. It would catch two recorders of one file,
// and a reader that sees a file while it changes.
func TestLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // so that the five seconds pass at once
		path := capturePath(t)
		r := create(t, path, Options{})
		if _, err := Open(path); !errors.Is(err, ErrLocked) {
			t.Errorf("open while recorded: %v", err)
		}
		if _, err := Create(path, Options{}); !errors.Is(err, ErrLocked) {
			t.Errorf("second recorder: %v", err)
		}
		closeAll(t, r)
		first, second := openReader(t, path), openReader(t, path)
		if _, err := Create(path, Options{}); !errors.Is(err, ErrLocked) {
			t.Errorf("recorder of a capture that is read: %v", err)
		}
		// A recorder waits for readers that go.
		time.AfterFunc(3*time.Second, func() { first.Close(); second.Close() })
		closeAll(t, create(t, path, Options{}))
	})
}

// TestModes would catch captures others may read.
func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // its files have no such modes
	}
	path := filepath.Join(t.TempDir(), "state", "wsluice", "capture.db")
	closeAll(t, create(t, path, Options{}))
	for p, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700 | fs.ModeDir} {
		if info, err := os.Stat(p); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v (%v), want %v", p, info.Mode(), err, want)
		}
	}
}

// TestClosed would catch a recorder or reader that panics when used too late.
func TestClosed(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape, _ := openTape(t, r)
	live := r.Reader()
	closeAll(t, live, r)
	tape.Append(frame.Client, epoch, []byte("late"))
	tape.Close(frame.End{})
	if _, err := r.Open(&frame.Connection{}); !errors.Is(err, ErrClosed) {
		t.Errorf("open: %v", err)
	}
	if err := r.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("close: %v", err)
	}
	if _, err := live.Count(t.Context(), 0); !errors.Is(err, ErrClosed) {
		t.Errorf("count: %v", err)
	}
	if r.Stats().Discarded != 4 {
		t.Errorf("stats are %+v", r.Stats())
	}
}
