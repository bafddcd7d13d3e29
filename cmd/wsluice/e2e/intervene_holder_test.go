//go:build e2e

package e2e

import (
	"fmt"
	"testing"
)

// holder is a running wsluice hold.
type holder struct{ *teller[holdLine] }

// holdLine is one line it prints.
type holdLine struct {
	Hold int `json:"hold"`
	Held *struct {
		ID      int     `json:"id"`
		Conn    int     `json:"conn"`
		Message message `json:"message"`
	} `json:"held"`
	Gone *struct {
		ID     int    `json:"id"`
		Action string `json:"action"`
		Cause  string `json:"cause"`
	} `json:"gone"`
}

// hold begins to hold messages and returns when it does.
func (s *sluice) hold(t testing.TB, args ...string) holder {
	t.Helper()
	h := holder{listenTo[holdLine](t, s.env(), wsluice, append(append([]string{"hold"}, args...), "--capture", s.capture)...)}
	h.await(t, "the hold", 1, func(l holdLine) bool { return l.Hold > 0 })
	return h
}

// take waits for the nth message that is held, from 1, and returns its ID.
func (h holder) take(t testing.TB, nth int) int {
	t.Helper()
	return h.await(t, "a held message", nth, func(l holdLine) bool { return l.Held != nil }).Held.ID
}

// leave waits until the nth message is gone, from 1, and checks why.
func (h holder) leave(t testing.TB, nth, id int, cause string) {
	t.Helper()
	gone := h.await(t, "the end of a held message", nth, func(l holdLine) bool { return l.Gone != nil }).Gone
	if gone.ID != id || gone.Cause != cause {
		t.Errorf("message %d is gone, %s by %q; want %d by %q", gone.ID, gone.Action, gone.Cause, id, cause)
	}
}

// say writes a verdict.
func (h holder) say(t testing.TB, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(h.stdin, format+"\n", args...); err != nil {
		t.Fatal(err)
	}
}

// end ends it as the end of its input does.
func (h holder) end(t testing.TB) {
	t.Helper()
	h.stdin.Close()
	if code := h.wait(t); code != 0 {
		t.Errorf("wsluice hold ended with %d\n%s", code, h.stderr.tail())
	}
}
