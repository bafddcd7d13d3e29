//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"
)

// streamEvent is one line of peers/stream_ws.mjs.
type streamEvent struct {
	Case       string `json:"case"`
	Event      string `json:"event"`
	Port       int    `json:"port"`
	Extensions string `json:"extensions"`
	Count      int    `json:"count"`
	Sent       int    `json:"sent"`
	Right      int    `json:"right"`
	Wrong      []struct {
		Expected int    `json:"expected"`
		Got      string `json:"got"`
	} `json:"wrong"`
	Wrongs int    `json:"wrongs"`
	Gap    int    `json:"gap"`  // ms
	Took   int    `json:"took"` // ms to send
	Whole  bool   `json:"whole"`
	Pings  int    `json:"pings"`
	Code   int    `json:"code"`
	Reason string `json:"reason"`
	Error  string `json:"error"`
}

// streamer is a process of one end of busy connections.
type streamer struct {
	*process
	mu      sync.Mutex
	events  []streamEvent
	changed chan struct{}
}

func newStreamer(t testing.TB, via string, plan any) *streamer {
	t.Helper()
	s := &streamer{changed: make(chan struct{})}
	s.process = start(t, []string{"PROXY=" + via}, func(line []byte) {
		var e streamEvent
		if err := json.Unmarshal(line, &e); err != nil {
			t.Errorf("a stream reported %q: %v", line, err)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
		close(s.changed)
		s.changed = make(chan struct{})
	}, "node", "peers/stream_ws.mjs")
	if err := json.NewEncoder(s.stdin).Encode(plan); err != nil {
		t.Fatal(err)
	}
	return s
}

// await waits until so many events have come of a case, and returns the last.
func (s *streamer) await(t testing.TB, name, event string, count int) streamEvent {
	t.Helper()
	timeout := time.After(3 * patience)
	for {
		s.mu.Lock()
		found, changed := s.find(name, event), s.changed
		s.mu.Unlock()
		if len(found) >= count {
			return found[len(found)-1]
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("%d times %s of %s, want %d\n%s", len(found), event, name, count, s.stderr.tail())
		}
	}
}

// count returns how many events have come of a case.
func (s *streamer) count(name, event string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.find(name, event))
}

func (s *streamer) find(name, event string) (found []streamEvent) {
	for _, e := range s.events {
		if e.Case == name && e.Event == event {
			found = append(found, e)
		}
	}
	return found
}

// streams are both ends of busy connections.
type streams struct{ server, client *streamer }

// streaming starts a server of busy connections, and returns its address.
func streaming(t testing.TB) (s *streams, address string) {
	t.Helper()
	s = &streams{server: newStreamer(t, "", map[string]any{"serve": map[string]int{"ping": 100}})}
	return s, fmt.Sprintf("127.0.0.1:%d", s.server.await(t, "", "listening", 1).Port)
}

// flow is what the server sends on a connection; without a count, until the client
// has heard all of another one. The client sends a tenth of the first one's rate.
type flow struct {
	name        string
	rate, count int
}

// connect opens busy connections and returns when both ends know of them.
func (s *streams) connect(t testing.TB, via, address string, flows ...flow) {
	t.Helper()
	var urls []string
	for _, f := range flows {
		urls = append(urls, fmt.Sprintf("ws://%s/%s?rate=%d&count=%d", address, f.name, f.rate, f.count))
	}
	s.client = newStreamer(t, via, map[string]any{"urls": urls, "rate": flows[0].rate / 10})
	for _, f := range flows {
		s.client.await(t, f.name, "open", 1)
		s.server.await(t, f.name, "open", 1)
	}
}
