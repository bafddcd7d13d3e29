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

// unlock lets go of the lock that bbolt took on f.
func unlock(f *os.File) {
	const last = 1<<32 - 1 // the byte bbolt locks
	windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{Offset: last, OffsetHigh: last})
}

// mapMemory returns n bytes that belong to no one but the caller.
func mapMemory(n int) []byte { return make([]byte, n) }

// unmapMemory gives back what mapMemory returned.
func unmapMemory([]byte) {}
