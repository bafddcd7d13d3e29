//go:build e2e

package e2e

import (
	"fmt"
	"testing"
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
type streamer struct{ *teller[streamEvent] }

func newStreamer(t testing.TB, via string, plan any) streamer {
	t.Helper()
	s := streamer{listenTo[streamEvent](t, []string{"PROXY=" + via}, "node", "peers/stream_ws.mjs")}
	s.tell(t, plan)
	return s
}

func of(name, event string) func(streamEvent) bool {
	return func(e streamEvent) bool { return e.Case == name && e.Event == event }
}

// next waits for so many more events of a case than there were.
func (s streamer) next(t testing.TB, name, event string, more int) {
	t.Helper()
	s.await(t, event+" of "+name, s.count(name, event)+more, of(name, event))
}

// first waits for the first event of a case.
func (s streamer) first(t testing.TB, name, event string) streamEvent {
	t.Helper()
	return s.await(t, event+" of "+name, 1, of(name, event))
}

func (s streamer) count(name, event string) int { return len(s.all(of(name, event))) }

// streams are both ends of busy connections.
type streams struct{ server, client streamer }

// streaming starts a server of busy connections, and returns its address.
func streaming(t testing.TB) (s *streams, address string) {
	t.Helper()
	s = &streams{server: newStreamer(t, "", map[string]any{"serve": map[string]int{"ping": 100}})}
	return s, fmt.Sprintf("127.0.0.1:%d", s.server.first(t, "", "listening").Port)
}

// flow is what the server sends on a connection; without a count, until the client
// has heard all of another one. The client sends a tenth of the first one's rate.
type flow struct {
	name        string
	rate, count int
}

// connect opens busy connections, compressed with context takeover or not, and returns when both ends know of them.
func (s *streams) connect(t testing.TB, via, address string, deflate bool, flows ...flow) {
	t.Helper()
	var urls []string
	for _, f := range flows {
		urls = append(urls, fmt.Sprintf("ws://%s/%s?rate=%d&count=%d", address, f.name, f.rate, f.count))
	}
	s.client = newStreamer(t, via, map[string]any{"urls": urls, "rate": flows[0].rate / 10, "deflate": deflate})
	for _, f := range flows {
		s.client.first(t, f.name, "open")
		s.server.first(t, f.name, "open")
	}
}
