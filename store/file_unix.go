//go:build unix

package store

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

// mapSize is how much address space a recorder reserves for its file. A map
// that is outgrown makes commits wait for readers. It costs no memory.
const mapSize = 64 << (30 * (strconv.IntSize / 64))

// outOfAddresses reports whether the map was too large for the system.
func outOfAddresses(err error) bool { return errors.Is(err, syscall.ENOMEM) }

// diskFull reports whether a write may succeed when room has been made.
func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// tryShare takes a lock on f that bbolt's readers share and its writers do not,
// until f is closed. It reports false when a writer has the file.
func tryShare(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// tryOwn takes a lock on f that nobody shares, until f is closed. It reports
// false when someone else has the file.
func tryOwn(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// unlock lets go of the lock that bbolt took on f.
func unlock(f *os.File) { syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

// mapMemory returns n bytes that belong to no one but the caller.
func mapMemory(n int) []byte {
	p, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]byte, n)
	}
	return p
}

// unmapMemory gives back what mapMemory returned.
func unmapMemory(p []byte) { syscall.Munmap(p) }
