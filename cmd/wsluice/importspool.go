package main

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
)

// spooled is a file that keeps what can be read only once.
type spooled struct {
	mu     sync.Mutex
	file   *os.File
	size   int64
	closed bool // nothing more is taken
}

// spool copies from into a file that is gone when it is closed or, where files
// that are open cannot be removed, with the temporary folder. The end of ctx ends
// that too: the file has what came before, and the error is that of ctx when it
// was nothing. A read that waits cannot be ended: then its goroutine ends with the
// process.
func spool(ctx context.Context, from io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "wsluice-import-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	s := &spooled{file: f}
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(s, from)
		done <- err
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
	}
	size := s.finish()
	if err == nil && size == 0 {
		err = ctx.Err()
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Write implements io.Writer.
func (s *spooled) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errors.New("nothing more is taken")
	}
	n, err := s.file.Write(p)
	s.size += int64(n)
	return n, err
}

// finish takes nothing more and returns how many bytes came.
func (s *spooled) finish() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.size
}
