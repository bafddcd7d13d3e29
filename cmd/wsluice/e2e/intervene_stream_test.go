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

func stream(t testing.TB, via string, plan any) *streamer {
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

// streams are both ends of busy connections through a proxy.
type streams struct {
	server, client *streamer
	count          int
}

// busy starts connections of the given names on each of which the server sends so
// many messages, at the given rate, and the client a tenth of it.
func busy(t testing.TB, via string, rate, count int, names ...string) *streams {
	t.Helper()
	return &streams{
		server: stream(t, "", map[string]any{"serve": map[string]int{"rate": rate, "count": count, "ping": 100}}),
		count:  count,
	}
}

// connect opens the connections of the given names, at the address, or the
// server's own.
func (s *streams) connect(t testing.TB, via, address string, rate int, names ...string) {
	t.Helper()
	if address == "" {
		address = fmt.Sprintf("127.0.0.1:%d", s.server.await(t, "", "listening", 1).Port)
	}
	var urls []string
	for _, name := range names {
		urls = append(urls, "ws://"+address+"/"+name)
	}
	s.client = stream(t, via, map[string]any{"urls": urls, "rate": rate / 10, "count": s.count / 10})
	for _, name := range names {
		s.client.await(t, name, "open", 1)
		s.server.await(t, name, "open", 1)
	}
}
