package certs

import (
	"fmt"
	"os"
	"testing"
)

// openIn names the folder in which a child of this test program opens the
// authority instead of running tests.
const openIn = "WSLUICE_TEST_OPEN_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(openIn); dir != "" {
		// The parent closes stdin to let all its children go at once.
		os.Stdin.Read(make([]byte, 1))
		a, err := Open(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Stdout.Write(a.PEM())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// open opens an authority in dir.
func open(t testing.TB, dir string) *Authority {
	t.Helper()
	a, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
