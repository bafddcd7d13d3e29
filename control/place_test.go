//go:build unix

package control

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestFolder checks which folders are trusted with sockets. It would catch a
// socket that another user can reach, or has put there.
func TestFolder(t *testing.T) {
	owner := os.Getuid()
	for name, c := range map[string]struct {
		owner int
		make  func(folder string) error
		good  bool
	}{
		"missing":         {owner, func(string) error { return nil }, true},
		"ours":            {owner, func(f string) error { return os.Mkdir(f, 0o700) }, true},
		"open to a group": {owner, func(f string) error { return errors.Join(os.Mkdir(f, 0o700), os.Chmod(f, 0o750)) }, false},
		"open to all":     {owner, func(f string) error { return errors.Join(os.Mkdir(f, 0o700), os.Chmod(f, 0o777)) }, false},
		"a file":          {owner, func(f string) error { return os.WriteFile(f, nil, 0o700) }, false},
		"a symbolic link": {owner, func(f string) error { return errors.Join(os.Mkdir(f+"-", 0o700), os.Symlink(f+"-", f)) }, false},
		"another user's":  {owner + 1, func(f string) error { return os.Mkdir(f, 0o700) }, false},
		"a dangling link": {owner, func(f string) error { return os.Symlink(f+"-", f) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := place{owner: c.owner, folder: filepath.Join(t.TempDir(), "folder")}
			if err := c.make(p.folder); err != nil {
				t.Fatal(err)
			}
			err := p.make()
			if (err == nil) != c.good || (p.check() == nil) != c.good {
				t.Errorf("make: %v, check: %v, want good %v", err, p.check(), c.good)
			}
		})
	}
}

// TestSocket checks the modes of folder and socket, the socket's length, and
// that it goes with the server and takes the place of a dead one.
func TestSocket(t *testing.T) {
	path := capturePath(t)
	rest(t, path, 20, 5)
	at, err := locate(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(at.socket()); n > 90 {
		t.Errorf("%s is %d bytes long", at.socket(), n)
	}
	if err := at.make(); err != nil {
		t.Fatal(err)
	}
	// What a killed process leaves.
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: at.socket(), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	if _, err := Dial(t.Context(), path); !errors.Is(err, ErrNotRecording) {
		t.Errorf("error %v from a dead socket, want ErrNotRecording", err)
	}
	if n, err := open(t, path).Count(t.Context(), 0); err != nil || n == 0 {
		t.Errorf("count %d, %v of a capture with a dead socket", n, err)
	}
	r := record(t, path, Options{})
	for name, mode := range map[string]os.FileMode{at.folder: os.ModeDir | 0o700, at.socket(): os.ModeSocket | 0o600} {
		if info, err := os.Lstat(name); err != nil || info.Mode() != mode {
			t.Errorf("%s: mode %v, %v, want %v", name, info.Mode(), err, mode)
		}
	}
	// Somebody who has the lock by other means does not take over.
	if _, err := Listen(Options{Path: path, Recorder: r.Recorder}); err == nil {
		t.Error("two servers on one capture")
	}
	r.close(t)
	if _, err := os.Lstat(at.socket()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket stays behind: %v", err)
	}
}

// TestSweep catches dead sockets that pile up, and live or new ones that are
// removed.
func TestSweep(t *testing.T) {
	p := place{owner: os.Getuid(), folder: filepath.Join(t.TempDir(), "sockets")}
	if err := p.make(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ live, old, stays bool }{
		"dead.sock": {false, true, false},
		"new.sock":  {false, false, true},
		"live.sock": {true, true, true},
	} {
		path := filepath.Join(p.folder, name)
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		if l.SetUnlinkOnClose(false); c.live {
			defer l.Close()
		} else {
			l.Close()
		}
		if c.old {
			if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		p.sweep()
		if _, err := os.Lstat(path); (err == nil) != c.stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}
