package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
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
	if err := preflight(path, readOnly); err != nil {
		return nil, fmt.Errorf("open capture %s: %w", path, err)
	}
	if open == nil {
		open = os.OpenFile
	}
	var handle *os.File
	o := bolt.Options{
		Timeout:      wait,
		ReadOnly:     readOnly,
		FreelistType: bolt.FreelistMapType,
		NoStatistics: true,
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
			return f, nil
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
		return nil, fmt.Errorf("open capture %s: %w", path, err)
	}
}

func (f *file) close() error {
	return guard("close", f.db.Close)
}

// view runs fn in a read transaction. What fn sees of the database is gone when
// it returns.
func (f *file) view(fn func(*bolt.Tx) error) error {
	return guard("read", func() error { return f.db.View(fn) })
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

// The parts of a bbolt file that preflight looks at.
const (
	pageHeader = 16
	metaSize   = 64
	boltMagic  = 0xED0CDAED
)

// preflight looks at a file before bbolt maps it: bbolt trusts the sizes in its
// two meta pages, and a truncated file would fault wherever it is touched. A
// file that is missing or empty passes unless mustExist.
func preflight(path string, mustExist bool) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) && !mustExist {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is no regular file", ErrNotCapture)
	case info.Size() == 0 && !mustExist:
		return nil
	case info.Size() == 0:
		return fmt.Errorf("%w: the file is empty", ErrNotCapture)
	}
	return checkMetas(f, info.Size())
}

// checkMetas returns an error unless the newest valid meta page of a file fits
// its size.
func checkMetas(f io.ReaderAt, size int64) error {
	foreign := true
	newest, end := uint64(0), uint64(0)
	page := make([]byte, pageHeader+metaSize)
	// The second meta page begins at the page size, which only the first one
	// tells; without it all sizes bbolt knows are tried.
	for offset := int64(0); offset <= 64<<10; offset = max(1<<10, offset*2) {
		if _, err := f.ReadAt(page, offset); err != nil {
			break
		}
		meta := page[pageHeader:]
		le := binary.NativeEndian
		if le.Uint32(meta) != boltMagic {
			continue
		}
		foreign = false
		sum := fnv.New64a()
		sum.Write(meta[:metaSize-8])
		pageSize := le.Uint32(meta[8:])
		if sum.Sum64() != le.Uint64(meta[metaSize-8:]) || offset != 0 && int64(pageSize) != offset {
			continue
		}
		if tx := le.Uint64(meta[48:]); tx >= newest {
			newest, end = tx, le.Uint64(meta[40:])*uint64(pageSize)
		}
	}
	switch {
	case foreign:
		return ErrNotCapture
	case end == 0:
		return corrupt("both meta pages are broken")
	case end > uint64(size):
		return corrupt("the file has %d bytes, its meta page says %d", size, end)
	}
	return nil
}
