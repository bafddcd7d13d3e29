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
	goleak.VerifyTestMain(m)
}
