//go:build !windows

package certs

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFirstBundle would catch a system without roots, or one whose roots cannot
// be read, taken for the other.
func TestFirstBundle(t *testing.T) {
	dir := t.TempDir()
	second, third := filepath.Join(dir, "2"), filepath.Join(dir, "3")
	for _, path := range []string{second, third} {
		if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := firstBundle([]string{filepath.Join(dir, "1"), second, third}); err != nil || !bytes.Equal(got, []byte(second)) {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := firstBundle([]string{filepath.Join(dir, "1")}); got != nil || err != nil {
		t.Errorf("without any: %q, %v", got, err)
	}
	if _, err := firstBundle([]string{dir, second}); err == nil {
		t.Error("passed over a file that is there")
	}
}
