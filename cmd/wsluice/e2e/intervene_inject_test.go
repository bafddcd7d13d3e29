//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestInject would catch an injected message that does not reach a page in a
// browser, or its server, as it was written, or is recorded otherwise.
func TestInject(t *testing.T) {
	pki := newAuthority(t)
	srv := scripted(t, pki, "ws", "node", "peers/server_ws.mjs")
	s := record(t, "--upstream-ca", pki.file)
	via := door{proxy: s.url(), authority: s.authority()}
	toPage := []string{"from wsluice: ünïcödé\r\n", strings.Repeat("in pieces ", 1000)}
	for _, c := range []string{"chromium", "ws"} {
		t.Run(c, func(t *testing.T) {
			name := "inject-" + c
			done := make(chan *journal, 1)
			go func() {
				done <- library(c).run(t, via, []plan{{
					Case: name, URL: address(srv.base["wss/takeover"], name), Deflate: true,
					Steps: []step{text("before"), receive(3), closing(1000, "")},
				}})
			}()
			srv.events.awaitN(t, name, "received", 1)
			output(t, s.run("inject", "last", "--to", "client", toPage[0]))
			output(t, s.run("inject", "last", "--to", "client", "--fragments", "7", toPage[1]))
			output(t, s.run("inject", "last", "--to", "server", "--type", "ping", "are you there"))
			output(t, s.run("inject", "last", "--to", "server", "to the server"))
			srv.events.awaitN(t, name, "received", 3)
			output(t, s.run("inject", "last", "--to", "client", "--hex", "00ff10"))
			events := (<-done).whole(t, name)
			heard(t, "client", events, toPage)
			if !slices.ContainsFunc(events, func(e event) bool {
				return e.Event == "received" && e.Type == "binary" && e.SHA256 == digest([]byte{0, 255, 16})
			}) {
				t.Errorf("the client did not hear the binary message: %+v", events)
			}
			heard(t, "server", srv.events.whole(t, name), []string{"before", "to the server"})
		})
	}
	s.stop(t)
	for _, c := range []string{"chromium", "ws"} {
		origins := map[string]int{}
		for _, m := range s.messages(t, s.conn(t, "inject-"+c).Conn) {
			origins[m.From+" "+m.Type+" "+m.Origin]++
		}
		for what, want := range map[string]int{
			"server text injected": 2, "server binary injected": 1, "client text injected": 1, "client ping injected": 1, "client text observed": 1,
		} {
			if origins[what] != want {
				t.Errorf("%s: recorded %v, want %d of %s", c, origins, want, what)
			}
		}
	}
}

// TestStuckHold would catch a holder that is stopped, or dies, and with it traffic.
func TestStuckHold(t *testing.T) {
	for _, f := range []struct {
		name  string
		limit string
		halt  syscall.Signal
	}{
		{"stopped", "1s", syscall.SIGSTOP}, // the limit releases
		{"killed", "1h", syscall.SIGKILL},  // its end does
	} {
		t.Run(f.name, func(t *testing.T) {
			const count = 2000
			s := record(t)
			both, address := streaming(t)
			h := s.hold(t, "--limit", f.limit, "--from", "server")
			both.connect(t, s.url(), address, true, flow{f.name, 1000, count})
			h.take(t, 1)
			// More than anything on the way to the holder takes in.
			both.server.next(t, f.name, "count", 1)
			h.signal(t, f.halt)
			if r := both.client.first(t, f.name, "result"); r.Right != count || r.Wrongs > 0 || !r.Whole {
				t.Errorf("the client heard %d of %d messages, wrong %+v", r.Right, count, r.Wrong)
			}
			if r := both.server.first(t, f.name, "result"); r.Wrongs > 0 || !r.Whole || both.server.count(f.name, "pong") != r.Pings {
				t.Errorf("the server heard %d messages, wrong %+v, and %d pongs of %d", r.Right, r.Wrong, both.server.count(f.name, "pong"), r.Pings)
			}
			s.stop(t)
			for _, m := range s.messages(t, s.conn(t, f.name).Conn) {
				if m.Origin != "observed" {
					t.Fatalf("recorded as %s: %s", m.Origin, m.Text)
				}
			}
		})
	}
}
