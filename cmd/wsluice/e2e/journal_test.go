//go:build e2e

package e2e

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen. It is long, since
// running out of it only ever fails a test.
const patience = 30 * time.Second

// event is one line a peer reports; see doc.go.
type event struct {
	Case        string         `json:"case"`
	Event       string         `json:"event"`
	Type        string         `json:"type"`
	Size        int            `json:"size"`
	SHA256      string         `json:"sha256"`
	Code        int            `json:"code"`
	Reason      string         `json:"reason"`
	Status      int            `json:"status"`
	Body        string         `json:"body"`
	Error       string         `json:"error"`
	Subprotocol string         `json:"subprotocol"`
	Extensions  string         `json:"extensions"`
	Headers     []string       `json:"headers"`
	Ports       map[string]int `json:"ports"`
}

// journal holds the events of a peer by case, in the order they were reported.
type journal struct {
	mu      sync.Mutex
	events  map[string][]event
	changed chan struct{} // closed and replaced when an event comes
}

func newJournal() *journal {
	return &journal{events: map[string][]event{}, changed: make(chan struct{})}
}

func (j *journal) add(e event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events[e.Case] = append(j.events[e.Case], e)
	close(j.changed)
	j.changed = make(chan struct{})
}

// await returns the events of a case once one of them has one of the names.
func (j *journal) await(t testing.TB, name string, events ...string) []event {
	t.Helper()
	timeout := time.After(patience)
	for {
		j.mu.Lock()
		got, changed := slices.Clone(j.events[name]), j.changed
		j.mu.Unlock()
		if slices.ContainsFunc(got, func(e event) bool { return slices.Contains(events, e.Event) }) {
			return got
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("case %s: none of %v after %v; events: %+v", name, events, patience, got)
		}
	}
}

// whole returns the events of a case once it is over.
func (j *journal) whole(t testing.TB, name string) []event {
	t.Helper()
	return j.await(t, name, "closed", "refused", "failed")
}
