//go:build e2e

package e2e

import (
	"encoding/json"
	"sync"
	"testing"
	"time"
)

// teller is a process that writes JSON lines.
type teller[L any] struct {
	*process
	mu      sync.Mutex
	lines   []L
	changed chan struct{}
}

func listenTo[L any](t testing.TB, env []string, name string, args ...string) *teller[L] {
	t.Helper()
	s := &teller[L]{changed: make(chan struct{})}
	s.process = start(t, env, func(p []byte) {
		var line L
		if err := json.Unmarshal(p, &line); err != nil {
			t.Errorf("%s wrote %q: %v", name, p, err)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lines = append(s.lines, line)
		close(s.changed)
		s.changed = make(chan struct{})
	}, name, args...)
	return s
}

// all returns the lines so far that are as wanted.
func (s *teller[L]) all(wanted func(L) bool) (found []L) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		if wanted(l) {
			found = append(found, l)
		}
	}
	return found
}

// await waits for the nth line that is as wanted, from 1.
func (s *teller[L]) await(t testing.TB, what string, nth int, wanted func(L) bool) L {
	t.Helper()
	timeout := time.After(3 * patience)
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		found := s.all(wanted)
		if len(found) >= nth {
			return found[nth-1]
		}
		select {
		case <-changed:
			continue
		case <-s.exited:
			if len(s.all(wanted)) >= nth {
				continue
			}
		case <-timeout:
		}
		t.Fatalf("%d times %s, want %d; it said %+v\n%s", len(found), what, nth, s.all(func(L) bool { return true }), s.stderr.tail())
	}
}

// tell writes a line to the process.
func (s *teller[L]) tell(t testing.TB, line any) {
	t.Helper()
	if err := json.NewEncoder(s.stdin).Encode(line); err != nil {
		t.Fatalf("tell %v: %v\n%s", s.cmd.Args, err, s.stderr.tail())
	}
}
