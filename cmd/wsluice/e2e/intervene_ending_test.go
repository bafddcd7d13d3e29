//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestRuledEndings would catch a connection that a rule is to end and that ends
// otherwise for its peers, or is recorded so.
func TestRuledEndings(t *testing.T) {
	srv := scripted(t, newAuthority(t), "ws", "node", "peers/server_ws.mjs")
	t.Run("close", func(t *testing.T) {
		s := ruled(t, `{from: client, close: {code: 4003, reason: enough, after: {messages: 2}}}`)
		p := s.connect(t, address(srv.base["ws/takeover"], "close", echo()))
		for _, text := range []string{"one", "two", "three"} {
			p.send(t, text)
		}
		if end := p.see(t, "closed", 1); end.Code != 4003 || end.Reason != "enough" {
			t.Errorf("the client was told %d %q, want 4003", end.Code, end.Reason)
		}
		events := srv.events.whole(t, "close")
		heard(t, "server", events, []string{"one", "two"})
		if end := events[len(events)-1]; end.Code != 4003 || end.Reason != "enough" {
			t.Errorf("the server was told %+v, want 4003", end)
		}
		s.stop(t)
		if c := s.conn(t, "close"); c.EndedBy != "proxy" || c.How != "close" || c.Code != 4003 {
			t.Errorf("recorded as ended by %s, %s, with %d", c.EndedBy, c.How, c.Code)
		}
	})
	t.Run("reset", func(t *testing.T) {
		s := ruled(t, `{when: 'text == "two"', from: client, reset: true}`)
		p := s.connect(t, address(srv.base["ws/takeover"], "reset", echo()))
		p.send(t, "one")
		p.see(t, "message", 1)
		p.send(t, "two")
		expectReset(t, p)
		s.stop(t)
		if c := s.conn(t, "reset"); c.EndedBy != "proxy" || c.How != "reset" {
			t.Errorf("recorded as ended by %s, %s", c.EndedBy, c.How)
		}
	})
	t.Run("silence", func(t *testing.T) {
		s := ruled(t, `{from: server, when: 'text == "two"', silence: true}`)
		p := s.connect(t, address(srv.base["ws/takeover"], "silence", echo()))
		for _, text := range []string{"one", "two", "three"} {
			p.send(t, text)
		}
		srv.events.awaitN(t, "silence", "sent", 3)
		p.tell(t, map[string]any{"ping": "anybody?"})
		srv.events.awaitN(t, "silence", "received", 4)
		p.tell(t, map[string]any{"terminate": true})
		p.see(t, "closed", 1)
		heard(t, "server", srv.events.whole(t, "silence"), []string{"one", "two", "three"})
		if got := p.messages(); !slices.Equal(got, []string{"one"}) {
			t.Errorf("the client heard %q", got)
		}
		s.stop(t)
		kept := map[string]int{}
		for _, m := range s.messages(t, s.conn(t, "silence").Conn) {
			if m.From == "server" {
				kept[m.Type+" "+m.Origin]++
			}
		}
		if kept["text observed"] != 1 || kept["text dropped"] != 2 || kept["pong observed"] > 0 {
			t.Errorf("recorded of the server: %v", kept)
		}
	})
}

func expectReset(t testing.TB, p probe) {
	t.Helper()
	if e := p.see(t, "socket", 1); e.Error != "ECONNRESET" {
		t.Errorf("the client's socket ended with %s, want ECONNRESET", e.Error)
	}
	if end := p.see(t, "closed", 1); end.Code != 1006 {
		t.Errorf("the client was told %d %q, want 1006 from its library", end.Code, end.Reason)
	}
}

// TestRuledHandshakes would catch a handshake that is not refused, changed or sent
// elsewhere as a rule says.
func TestRuledHandshakes(t *testing.T) {
	srv := scripted(t, newAuthority(t), "ws", "node", "peers/server_ws.mjs")
	base := srv.base["ws/takeover"]
	t.Run("refuse", func(t *testing.T) {
		s := ruled(t, `{count: 1, refuse: {status: 503, headers: {Retry-After: 2}, body: come back later}}`)
		p := s.ask(t, address(base, "refused", echo()))
		if e := p.see(t, "refused", 1); e.Code != 503 || e.Text != "come back later" || e.Headers["retry-after"] != "2" {
			t.Errorf("the client was told %+v", e)
		}
		s.connect(t, address(base, "again", echo())).close(t)
		s.stop(t)
		if c := s.conn(t, "refused"); c.State != "refused" || c.Status != 503 {
			t.Errorf("recorded as %s with %d", c.State, c.Status)
		}
	})
	t.Run("headers", func(t *testing.T) {
		s := ruled(t, `{headers: {request: {set: {X-Debug: please}, remove: Sec-WebSocket-Extensions}, response: {set: {X-Served-By: wsluice}}}}`)
		p := s.connect(t, address(base, "headers", echo()))
		p.send(t, "hello")
		p.see(t, "message", 1)
		if e := p.see(t, "open", 1); e.Headers["x-served-by"] != "wsluice" || e.Extensions != "" {
			t.Errorf("the client saw %v, extensions %q", e.Headers, e.Extensions)
		}
		p.close(t)
		opened := srv.events.awaitN(t, "headers", "open", 1)[0]
		if at := slices.Index(opened.Headers, "X-Debug"); at < 0 || opened.Headers[at+1] != "please" || opened.Extensions != "" {
			t.Errorf("the server saw %v, extensions %q", opened.Headers, opened.Extensions)
		}
		s.stop(t)
	})
	t.Run("map", func(t *testing.T) {
		s := ruled(t, fmt.Sprintf(`{when: 'host == "api.example.test"', map: "%s"}`, base))
		p := s.connect(t, address("ws://api.example.test", "mapped", echo()))
		p.send(t, "hello")
		p.see(t, "message", 1)
		p.close(t)
		heard(t, "server", srv.events.whole(t, "mapped"), []string{"hello"})
		s.stop(t)
		if c := s.conn(t, "mapped"); !strings.HasPrefix(c.URL, "ws://api.example.test/") {
			t.Errorf("recorded as %s", c.URL)
		}
	})
}

// TestKillConnection would catch a connection that is killed and does not end, or not as the
// command says.
func TestKillConnection(t *testing.T) {
	srv := scripted(t, newAuthority(t), "ws", "node", "peers/server_ws.mjs")
	s := record(t)
	p := s.connect(t, address(srv.base["ws/takeover"], "closed", echo()))
	p.send(t, "hello")
	p.see(t, "message", 1)
	output(t, s.run("kill", "last", "--code", "4001", "--reason", "back in a minute"))
	if end := p.see(t, "closed", 1); end.Code != 4001 || end.Reason != "back in a minute" {
		t.Errorf("the client was told %d %q, want 4001", end.Code, end.Reason)
	}
	if end := srv.events.whole(t, "closed"); end[len(end)-1].Code != 4001 {
		t.Errorf("the server was told %+v, want 4001", end[len(end)-1])
	}

	p = s.connect(t, address(srv.base["ws/takeover"], "reset", echo()))
	p.send(t, "hello")
	p.see(t, "message", 1)
	output(t, s.run("kill", "last", "--reset"))
	expectReset(t, p)

	s.stop(t)
	for name, how := range map[string]string{"closed": "close", "reset": "reset"} {
		if c := s.conn(t, name); c.EndedBy != "proxy" || c.How != how {
			t.Errorf("%s: recorded as ended by %s, %s", name, c.EndedBy, c.How)
		}
	}
	closes := 0
	for _, m := range s.messages(t, s.conn(t, "closed").Conn) {
		if m.Type == "close" && m.Origin == "injected" && m.Code == 4001 {
			closes++
		}
	}
	if closes != 2 {
		t.Errorf("%d close frames recorded as injected, want 2", closes)
	}
}
