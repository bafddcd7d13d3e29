//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// wsluice is the binary under test.
var wsluice = os.Getenv("WSLUICE_BIN")

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if wsluice == "" {
		dir, err := os.MkdirTemp("", "wsluice-e2e-")
		if err != nil {
			return fatal(err)
		}
		defer os.RemoveAll(dir)
		wsluice = filepath.Join(dir, "wsluice")
		build := exec.Command("go", "build", "-o", wsluice, "github.com/wsluice/wsluice/cmd/wsluice")
		if out, err := build.CombinedOutput(); err != nil {
			return fatal(fmt.Errorf("%v: %w\n%s", build.Args, err, out))
		}
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			return fatal(err)
		}
	}
	return code
}

func fatal(err error) int {
	fmt.Fprintln(os.Stderr, "e2e:", err)
	return 1
}
