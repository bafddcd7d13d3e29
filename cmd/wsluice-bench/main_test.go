package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the tests start this program in its roles.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == roleRelay || os.Args[1] == roleLoad) {
		main()
		return
	}
	// Under the race detector every process sleeps for a second when it ends, and
	// the tests start more than a hundred.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	goleak.VerifyTestMain(m)
}
