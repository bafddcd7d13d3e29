package store

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// file is an open capture file.
type file struct {
	db   *bolt.DB
	path string
}

// openFile opens the database at path, waiting for its lock at most the given
// time. Open may be nil.
func openFile(path string, readOnly bool, wait time.Duration, open func(string, int, os.FileMode) (*os.File, error)) (*file, error) {
	for {
		f, handle, err := tryOpen(path, readOnly, wait, open)
		if err != nil {
			return nil, err
		}
		// Whoever had the lock may have put another file in its place.
		opened, err := handle.Stat()
		if err == nil {
			var named os.FileInfo
			if named, err = os.Stat(path); err == nil && os.SameFile(opened, named) {
				return f, nil
			}
		}
		f.close()
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("open capture %s: %w", path, err)
		}
	}
}

// tryOpen opens the database that path names at first, and returns its file too.
func tryOpen(path string, readOnly bool, wait time.Duration, open func(string, int, os.FileMode) (*os.File, error)) (*file, *os.File, error) {
	if err := preflight(path, readOnly, wait); err != nil {
		return nil, nil, fmt.Errorf("open capture %s: %w", path, err)
	}
	if open == nil {
		open = os.OpenFile
	}
	var handle *os.File
	o := bolt.Options{
		Timeout:      wait,
		ReadOnly:     readOnly,
		FreelistType: bolt.FreelistMapType,
		NoStatistics: readOnly,
		OpenFile: func(path string, flag int, mode os.FileMode) (f *os.File, err error) {
			handle, err = open(path, flag, mode)
			return handle, err
		},
	}
	if !readOnly {
		o.InitialMmapSize = mapSize
	}
	f := &file{path: path}
	for {
		err := guard("open", func() (err error) {
			f.db, err = bolt.Open(path, 0o600, &o)
			return err
		})
		switch {
		case err == nil:
			return f, handle, nil
		case outOfAddresses(err) && o.InitialMmapSize > 1<<30:
			o.InitialMmapSize /= 2
			continue
		case errors.Is(err, berrors.ErrTimeout):
			err = ErrLocked
		case errors.Is(err, ErrCorrupt) && handle != nil:
			// After a panic bbolt still holds the lock, and the mapping keeps it
			// even when the file is closed.
			unlock(handle)
			handle.Close()
		case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
			err = corrupt("%w", err)
		}
		return nil, nil, fmt.Errorf("open capture %s: %w", path, err)
	}
}

func (f *file) close() error {
	if f.db.NoFreelistSync {
		f.db.NoFreelistSync = false
		// Without the list the next open takes longer, no more.
		_ = f.update(func(*bolt.Tx) error { return nil })
	}
	return guard("close", f.db.Close)
}

// view runs fn in a read transaction. What fn sees of the database is gone when
// it returns.
func (f *file) view(fn func(*bolt.Tx) error) error {
	return guard("read", func() error { return f.db.View(fn) })
}

// update runs fn in a transaction that is committed unless fn returns an error.
func (f *file) update(fn func(*bolt.Tx) error) error {
	return guard("write", func() error { return f.db.Update(fn) })
}

// bulkyFreelist is the number of free pages at which their list, of 8 bytes
// each, is no longer written with every commit.
const bulkyFreelist = 16 << 10

// lightenFreelist decides whether the next commit writes the list of free pages.
// Where it does not, an open after a crash has to look for them in all pages.
func (f *file) lightenFreelist() {
	s := f.db.Stats()
	f.db.NoFreelistSync = s.FreePageN+s.PendingPageN >= bulkyFreelist
}

// used returns how many bytes of the file are in use, as of the last commit.
// It is for a file that is open for writing.
func (f *file) used() (used int64, err error) {
	err = f.view(func(tx *bolt.Tx) error {
		used = f.usedBy(tx)
		return nil
	})
	return used, err
}

// usedBy is used within a transaction.
func (f *file) usedBy(tx *bolt.Tx) int64 {
	s := f.db.Stats()
	return tx.Size() - int64(s.FreePageN+s.PendingPageN)*int64(f.db.Info().PageSize)
}

// guard runs fn, which touches a mapped file, and turns what a damaged one can
// do, panics and memory faults, into ErrCorrupt.
func guard(doing string, fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = corrupt("%s: %v", doing, p)
		}
	}()
	return fn()
}
