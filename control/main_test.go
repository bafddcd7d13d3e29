package control

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(playPath); path != "" {
		play(path, os.Args[1:])
		return
	}
	goleak.VerifyTestMain(m)
}
