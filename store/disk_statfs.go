//go:build linux || darwin || freebsd

package store

import "syscall"

// freeSpace returns how many bytes may still be written to the disk a folder is
// on.
func freeSpace(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
