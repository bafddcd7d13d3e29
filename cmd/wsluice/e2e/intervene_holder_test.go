//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"
)

// holder is a running wsluice hold.
type holder struct {
	*process
	mu      sync.Mutex
	held    []heldLine
	gone    []goneLine
	ready   bool
	changed chan struct{}
}

type heldLine struct {
	ID      int     `json:"id"`
	Conn    int     `json:"conn"`
	Message message `json:"message"`
}

type goneLine struct {
	ID     int    `json:"id"`
	Action string `json:"action"`
	Cause  string `json:"cause"`
}

// hold begins to hold messages and returns when it does.
func (s *sluice) hold(t testing.TB, args ...string) *holder {
	t.Helper()
	h := &holder{changed: make(chan struct{})}
	h.process = start(t, s.env(), func(line []byte) {
		var e struct {
			Hold *int      `json:"hold"`
			Held *heldLine `json:"held"`
			Gone *goneLine `json:"gone"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Errorf("wsluice hold printed %q: %v", line, err)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		switch {
		case e.Hold != nil:
			h.ready = true
		case e.Held != nil:
			h.held = append(h.held, *e.Held)
		case e.Gone != nil:
			h.gone = append(h.gone, *e.Gone)
		}
		close(h.changed)
		h.changed = make(chan struct{})
	}, wsluice, append(append([]string{"hold"}, args...), "--capture", s.capture)...)
	h.until(t, "the hold", func() bool { return h.ready })
	return h
}

// until waits until ok, which is called with the lock held.
func (h *holder) until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	timeout := time.After(3 * patience)
	for {
		h.mu.Lock()
		yes, changed := ok(), h.changed
		h.mu.Unlock()
		if yes {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("wsluice hold: no sign of %s; held %d, gone %d\n%s", what, len(h.held), len(h.gone), h.stderr.tail())
		}
	}
}

// take waits for the nth message that is held, from 1.
func (h *holder) take(t testing.TB, n int) (l heldLine) {
	t.Helper()
	h.until(t, fmt.Sprint("held message ", n), func() bool { return len(h.held) >= n })
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held[n-1]
}

// leave waits for the end of the nth message that is gone, from 1.
func (h *holder) leave(t testing.TB, n int) (l goneLine) {
	t.Helper()
	h.until(t, fmt.Sprint("gone message ", n), func() bool { return len(h.gone) >= n })
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gone[n-1]
}

// say writes a verdict.
func (h *holder) say(t testing.TB, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(h.stdin, format+"\n", args...); err != nil {
		t.Fatal(err)
	}
}

// end ends it as the end of its input does.
func (h *holder) end(t testing.TB) {
	t.Helper()
	_ = h.stdin.(io.Closer).Close()
	if code := h.wait(t); code != 0 {
		t.Errorf("wsluice hold ended with %d\n%s", code, h.stderr.tail())
	}
}
