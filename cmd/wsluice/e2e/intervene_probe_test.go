//go:build e2e

package e2e

import (
	"slices"
	"testing"
	"time"
)

// probe is a connection of the npm package ws that does as it is told.
type probe struct{ *teller[seen] }

// seen is one line of peers/probe_ws.mjs.
type seen struct {
	Event      string         `json:"event"`
	MS         float64        `json:"ms"`
	Text       string         `json:"text"`
	Code       int            `json:"code"`
	Reason     string         `json:"reason"`
	Error      string         `json:"error"`
	Headers    map[string]any `json:"headers"`
	Extensions string         `json:"extensions"`
}

// connect has the npm package ws connect through the proxy, and waits until it has.
func (s *sluice) connect(t testing.TB, url string) probe {
	t.Helper()
	p := s.ask(t, url)
	p.see(t, "open", 1)
	return p
}

// ask has the npm package ws connect through the proxy.
func (s *sluice) ask(t testing.TB, url string) probe {
	t.Helper()
	p := probe{listenTo[seen](t, []string{"PROXY=" + s.url()}, "node", "peers/probe_ws.mjs")}
	p.tell(t, map[string]any{"url": url, "deflate": true})
	return p
}

// see waits for the nth event of a name, from 1.
func (p probe) see(t testing.TB, event string, nth int) seen {
	t.Helper()
	return p.await(t, event, nth, func(s seen) bool { return s.Event == event })
}

func (p probe) send(t testing.TB, text string) {
	t.Helper()
	p.tell(t, map[string]any{"send": text})
}

// messages returns the texts that have come.
func (p probe) messages() (texts []string) {
	for _, m := range p.all(func(s seen) bool { return s.Event == "message" }) {
		texts = append(texts, m.Text)
	}
	return texts
}

// close ends the connection, and returns what came of that.
func (p probe) close(t testing.TB) seen {
	t.Helper()
	p.tell(t, map[string]any{"close": 1000})
	return p.see(t, "closed", 1)
}

// awaitN waits until so many events of a name have come in a case.
func (j *journal) awaitN(t testing.TB, name, what string, n int) []event {
	t.Helper()
	timeout := time.After(patience)
	for {
		j.mu.Lock()
		got, changed := slices.Clone(j.events[name]), j.changed
		j.mu.Unlock()
		got = slices.DeleteFunc(got, func(e event) bool { return e.Event != what })
		if len(got) >= n {
			return got
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("case %s: %d times %s after %v, want %d", name, len(got), what, patience, n)
		}
	}
}
