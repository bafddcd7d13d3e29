package proxy

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Catches a goroutine that outlives Serve.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wsluice-proxy-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	authorityDir = dir
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}
