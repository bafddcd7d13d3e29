package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever pipes a live source into an import ends both with Ctrl-C, and wants what
// came until then.
func TestImportOfInterruptedPipe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	path := filepath.Join(t.TempDir(), "c.db")
	in, pipe := io.Pipe()
	defer pipe.Close()
	go func() {
		// The second write is taken when the first one is kept.
		_, _ = io.WriteString(pipe, `{"from":"client","text":"hello"}`+"\n")
		_, _ = io.WriteString(pipe, "\n")
		cancel()
	}()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, []string{"import", "-", "--capture", path}, in, &stdout, &stderr); code != exitDone {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if !strings.Contains(stderr.String(), "imported 1 connection (number 1), 1 message into") {
		t.Errorf("%s", &stderr)
	}

	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	silent, never := io.Pipe()
	defer never.Close()
	if code := run(ctx, []string{"import", "-", "--capture", path}, silent, &stdout, &stderr); code != exitInterrupted {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}
