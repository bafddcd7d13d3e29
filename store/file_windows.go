package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// mapSize is 0: Windows would make the file as large as its map.
const mapSize = 0

// outOfAddresses reports whether the map was too large for the system.
func outOfAddresses(error) bool { return false }

// diskFull reports whether a write may succeed when room has been made.
func diskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

// lockedByte is the one bbolt locks, the last one a file can have.
var lockedByte = windows.Overlapped{Offset: 1<<32 - 1, OffsetHigh: 1<<32 - 1}

// tryShare takes a lock on f that bbolt's readers share and its writers do not,
// until f is closed. It reports false when a writer has the file.
func tryShare(f *os.File) (bool, error) {
	at := lockedByte
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// tryOwn takes a lock on f that nobody shares, until f is closed. It reports
// false when someone else has the file.
func tryOwn(f *os.File) (bool, error) {
	at := lockedByte
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY | windows.LOCKFILE_EXCLUSIVE_LOCK)
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// unlock lets go of the lock that bbolt took on f.
func unlock(f *os.File) {
	at := lockedByte
	windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &at)
}

// mapMemory returns n bytes that belong to no one but the caller.
func mapMemory(n int) []byte { return make([]byte, n) }

// unmapMemory gives back what mapMemory returned.
func unmapMemory([]byte) {}
