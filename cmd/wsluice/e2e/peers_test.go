//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
)

// door is how a client reaches servers.
type door struct {
	proxy     string // URL; empty to go straight
	authority string // file with the root to trust
}

// client is an implementation of the client side.
type client struct {
	name string
	run  func(testing.TB, door, []plan) *journal
	// What its library can do beyond sending and receiving messages.
	pings, fragments, headers, deflate, bareClose bool
}

var clients = []client{
	{name: "ws", run: script("node", "peers/client_ws.mjs"), pings: true, fragments: true, headers: true, deflate: true, bareClose: true},
	{name: "builtin", run: script("node", "--experimental-websocket", "--no-warnings", "peers/client_builtin.mjs"), deflate: true, bareClose: true},
	{name: "websockets", run: script("/usr/bin/python3", "peers/client_websockets.py"), pings: true, fragments: true, headers: true, deflate: true},
	{name: "websocket-client", run: script("/usr/bin/python3", "peers/client_websocket.py"), pings: true, fragments: true, headers: true},
	{name: "gorilla", run: gorillaClient, pings: true, fragments: true, headers: true, deflate: true, bareClose: true},
	{name: "chromium", run: browse, deflate: true, bareClose: true},
}

// library returns the client of a name.
func library(name string) client {
	return clients[slices.IndexFunc(clients, func(c client) bool { return c.name == name })]
}

// script makes a client of a program that speaks the protocol of doc.go.
func script(name string, args ...string) func(testing.TB, door, []plan) *journal {
	return func(t testing.TB, via door, plans []plan) *journal {
		t.Helper()
		env := []string{"PROXY=" + via.proxy, "CA=" + via.authority, "NODE_EXTRA_CA_CERTS=" + via.authority}
		events := newJournal()
		p := start(t, env, report(t, events), name, args...)
		for _, plan := range plans {
			if err := json.NewEncoder(p.stdin).Encode(plan); err != nil {
				t.Fatalf("give %s a plan: %v\n%s", name, err, p.stderr.tail())
			}
		}
		p.stdin.Close()
		if code := p.wait(t); code != 0 {
			t.Fatalf("%s %v ended with %d\n%s", name, args, code, p.stderr.tail())
		}
		return events
	}
}

// server is an implementation of the server side, listening in several ways,
// which are named SCHEME/COMPRESSION.
type server struct {
	name   string
	events *journal
	base   map[string]string // base URL by way
	tapes  map[string]*tapes // plain bytes by way, where they can be seen
}

// scripted starts a server program that speaks the protocol of doc.go. Its ws
// ports are reached through relays that keep the bytes.
func scripted(t testing.TB, pki *authority, name string, command ...string) *server {
	t.Helper()
	s := &server{name: name, events: newJournal(), base: map[string]string{}, tapes: map[string]*tapes{}}
	pki.leaf(t, name)
	p := start(t, nil, report(t, s.events), command[0], command[1:]...)
	files := map[string]string{"cert": pki.path(name), "key": pki.path(name + "-key")}
	if err := json.NewEncoder(p.stdin).Encode(files); err != nil {
		t.Fatal(err)
	}
	for way, port := range s.events.await(t, "", "listening")[0].Ports {
		scheme, _, _ := strings.Cut(way, "/")
		if scheme == "ws" {
			kept := relay(t, fmt.Sprintf("127.0.0.1:%d", port))
			s.tapes[way] = kept
			port = kept.Addr().(*net.TCPAddr).Port
		}
		s.base[way] = fmt.Sprintf("%s://localhost:%d", scheme, port)
	}
	return s
}

// servers starts every implementation of the server side.
func servers(t testing.TB, pki *authority) []*server {
	t.Helper()
	return []*server{
		scripted(t, pki, "ws", "node", "peers/server_ws.mjs"),
		scripted(t, pki, "websockets", "/usr/bin/python3", "peers/server_websockets.py"),
		gorillaServer(t, pki),
	}
}

// report adds the events of a program to a journal.
func report(t testing.TB, events *journal) func([]byte) {
	return func(line []byte) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Errorf("a peer reported %q: %v", line, err)
			return
		}
		events.add(e)
	}
}
