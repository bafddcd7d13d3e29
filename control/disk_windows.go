package control

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// diskFree returns how many bytes the disk that holds path has room for, 0 when
// that cannot be told.
func diskFree(path string) uint64 {
	folder, err := windows.UTF16PtrFromString(filepath.Dir(path))
	if err != nil {
		return 0
	}
	var free uint64
	if windows.GetDiskFreeSpaceEx(folder, &free, nil, nil) != nil {
		return 0
	}
	return free
}
