//go:build unix

package control

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// diskFree returns how many bytes the disk that holds path has room for, 0 when
// that cannot be told.
func diskFree(path string) uint64 {
	var s unix.Statfs_t
	if unix.Statfs(filepath.Dir(path), &s) != nil {
		return 0
	}
	return uint64(s.Bavail) * uint64(s.Bsize)
}
