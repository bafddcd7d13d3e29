package store

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// CheckSpace returns an error that wraps syscall.ENOSPC unless the disk of the
// file at path, which need not exist, has room for so many bytes more.
func CheckSpace(path string, need int64) error {
	free, err := freeSpace(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("look for room for %s: %w", path, err)
	}
	if free < need {
		return fmt.Errorf("%s needs up to %d MiB, %d MiB are free: %w", path, need>>20, free>>20, syscall.ENOSPC)
	}
	return nil
}

// draftPath returns where the file that is to take the place of path is written.
// Whoever writes it holds the lock of path, so that one found there is left over
// from a crash.
func draftPath(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
}

// replaceOpen is whether a file that is open can be replaced.
const replaceOpen = runtime.GOOS != "windows"

// replace makes the file at draft the one at path, for good.
func replace(draft, path string) error {
	if err := os.Rename(draft, path); err != nil {
		return err
	}
	return syncFolder(path)
}

// syncFolder makes the names in the folder of path durable.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be opened there
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
