//go:build e2e

package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// faults are rules over messages of a connection on which the server says again
// whatever it hears.
var faults = []struct {
	name string
	rule string
	say  []string
	// What the server hears, when that is something else, and the client then.
	server, client []string
	origins        map[string]int // of the text messages of both, but observed
}{
	{
		name: "replace", rule: `{from: client, replace: {text: cat, with: dog, all: true}}`,
		say: []string{"cat and cat", "bird"}, server: []string{"dog and dog", "bird"}, client: []string{"dog and dog", "bird"},
		origins: map[string]int{"dropped": 1, "edited": 1},
	},
	{
		name: "replace-json", rule: `{from: server, replace: {json: $.n, set: 7}}`,
		say: []string{`{"n": 1,  "big": 12345678901234567890}`}, client: []string{`{"n": 7,  "big": 12345678901234567890}`},
		origins: map[string]int{"dropped": 1, "edited": 1},
	},
	{
		name: "drop", rule: `{from: server, when: 'text contains "two"', drop: true}`,
		say: []string{"one", "two", "three"}, client: []string{"one", "three"}, origins: map[string]int{"dropped": 1},
	},
	{
		name: "duplicate", rule: `{from: server, duplicate: 2}`,
		say: []string{"a", "b"}, client: []string{"a", "a", "a", "b", "b", "b"}, origins: map[string]int{"injected": 4},
	},
	{
		name: "reorder", rule: `{from: client, when: 'text == "one"', reorder: 1}`,
		say: []string{"one", "two", "three"}, server: []string{"two", "one", "three"}, client: []string{"two", "one", "three"},
		origins: map[string]int{"dropped": 1, "edited": 1},
	},
	{
		name: "truncate", rule: `{from: server, truncate: 5}`,
		say: []string{"abcdé and more", "abc"}, client: []string{"abcd", "abc"}, origins: map[string]int{"dropped": 1, "edited": 1},
	},
	{
		name: "split", rule: `{from: client, split: 4}`,
		say: []string{"ä rather long text", ""}, client: []string{"ä rather long text", ""}, origins: map[string]int{"dropped": 2, "edited": 2},
	},
	{
		name: "answer", rule: `{from: client, when: 'json.ask != nil', answer: {json: {answer: "{{json.ask}}"}}}`,
		say: []string{`{"ask":17}`, "b"}, server: []string{"b"}, client: []string{`{"answer":17}`, "b"},
		origins: map[string]int{"dropped": 1, "injected": 1},
	},
}

// TestFaults would catch a rule that does not do to real clients what it says, or
// is recorded otherwise.
func TestFaults(t *testing.T) {
	srv := scripted(t, newAuthority(t), "ws", "node", "peers/server_ws.mjs")
	for _, f := range faults {
		if f.client == nil {
			f.client = f.say
		}
		if f.server == nil {
			f.server = f.say
		}
		t.Run(f.name, func(t *testing.T) {
			s := ruled(t, f.rule)
			p := s.connect(t, address(srv.base["ws/takeover"], f.name, echo()))
			for _, text := range f.say {
				p.send(t, text)
			}
			p.see(t, "message", len(f.client))
			if end := p.close(t); end.Code != 1000 {
				t.Errorf("the connection ended with %+v", end)
			}
			if got := p.messages(); !slices.Equal(got, f.client) {
				t.Errorf("the client heard %q, want %q", got, f.client)
			}
			heard(t, "server", srv.events.whole(t, f.name), f.server)

			// The same with another library.
			other := f.name + "-python"
			steps := []step{}
			for _, said := range f.say {
				steps = append(steps, text(said))
			}
			steps = append(steps, receive(len(f.client)), closing(1000, ""))
			events := library("websockets").run(t, door{proxy: s.url(), authority: s.authority()}, []plan{{
				Case: other, URL: address(srv.base["ws/takeover"], other, echo()), Steps: steps, Deflate: true,
			}})
			heard(t, "Python client", events.whole(t, other), f.client)
			heard(t, "server", srv.events.whole(t, other), f.server)

			s.stop(t)
			for _, name := range []string{f.name, other} {
				origins := map[string]int{}
				for _, m := range s.messages(t, s.conn(t, name).Conn) {
					if m.Type == "text" && m.Origin != "observed" {
						origins[m.Origin]++
					}
				}
				if !maps.Equal(origins, f.origins) {
					t.Errorf("%s: recorded %v, want %v", name, origins, f.origins)
				}
			}
		})
	}
}

// ruled starts a proxy with one rule.
func ruled(t testing.TB, rule string, flags ...string) *sluice {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte("rules:\n  - "+rule+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return record(t, append(flags, "--rules", file)...)
}

// heard checks which texts a peer has received.
func heard(t testing.TB, who string, events []event, want []string) {
	t.Helper()
	var got []string
	for _, e := range events {
		if e.Event == "received" && e.Type == "text" {
			got = append(got, e.SHA256)
		}
	}
	digests := make([]string, len(want))
	for i, text := range want {
		digests[i] = digest([]byte(text))
	}
	if !slices.Equal(got, digests) {
		t.Errorf("the %s heard %d messages, %v, want those of %q", who, len(got), got, want)
	}
}

// TestSlowness would catch messages that pass sooner than a rule lets them, or in
// another order.
func TestSlowness(t *testing.T) {
	srv := scripted(t, newAuthority(t), "ws", "node", "peers/server_ws.mjs")
	say := []string{strings.Repeat("slow", 500), "and this", strings.Repeat("abc", 700)}
	for name, f := range map[string]struct {
		rule string
		// least is how many milliseconds after it was said the last message may come
		// back, when so many bytes went from the server before.
		least func(bytes int) float64
	}{
		"delay":    {`{from: server, delay: 500ms}`, func(int) float64 { return 500 }},
		"throttle": {`{from: server, throttle: 100}`, func(bytes int) float64 { return float64(bytes) * 10 }},
	} {
		t.Run(name, func(t *testing.T) {
			s := ruled(t, f.rule)
			p := s.connect(t, address(srv.base["ws/takeover"], name, echo()))
			for _, text := range say {
				p.send(t, text)
			}
			last := p.see(t, "message", len(say))
			first := p.see(t, "sent", 1)
			p.close(t)
			s.stop(t)
			if got := p.messages(); !slices.Equal(got, say) {
				t.Errorf("the client heard %q", got)
			}
			bytes := 0
			for _, m := range s.messages(t, s.conn(t, name).Conn) {
				if m.From == "server" && m.Type == "text" {
					bytes += m.WireSize
				}
			}
			least := f.least(bytes)
			t.Logf("%d bytes in %.0f ms, want at least %.0f", bytes, last.MS-first.MS, least)
			if last.MS-first.MS < least-1 { // clocks are read in milliseconds
				t.Errorf("the last message came after %.0f ms, want at least %.0f", last.MS-first.MS, least)
			}
		})
	}
}

// TestCorruption would catch corruption that breaks a text, or that is none.
func TestCorruption(t *testing.T) {
	srv := scripted(t, newAuthority(t), "ws", "node", "peers/server_ws.mjs")
	const said = "a text with some words, and ünïcödé in it"
	t.Run("bytes", func(t *testing.T) {
		s := ruled(t, `{from: server, corrupt: {bytes: 3}}`)
		p := s.connect(t, address(srv.base["ws/takeover"], "bytes", echo()))
		p.send(t, said)
		got, different := p.see(t, "message", 1).Text, 0
		for i := range min(len(got), len(said)) {
			if got[i] != said[i] {
				different++
			}
		}
		if len(got) != len(said) || different == 0 || different > 3 {
			t.Errorf("of %q came %q", said, got)
		}
		p.close(t)
		s.stop(t)
	})
	t.Run("bits", func(t *testing.T) {
		s := ruled(t, `{from: server, corrupt: {bits: 150}}`)
		p := s.connect(t, address(srv.base["ws/takeover"], "bits", echo()))
		p.send(t, said)
		if e := p.see(t, "error", 1); e.Error != "WS_ERR_INVALID_UTF8" {
			t.Errorf("the client complained of %q, want text that is no UTF-8", e.Error)
		}
		if end := srv.events.whole(t, "bits"); end[len(end)-1].Code != 1007 {
			t.Errorf("the server was told %+v, want 1007", end[len(end)-1])
		}
		s.stop(t)
	})
}
