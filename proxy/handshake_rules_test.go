package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy/rules"
)

// rule puts rules in force.
func (r *rig) rule(text string) {
	r.t.Helper()
	set, err := rules.Parse("rules.yaml", []byte(text))
	if err != nil {
		r.t.Fatal(err)
	}
	r.SetRules(set)
}

// Catches a refusal by a rule that reaches the server, or the client otherwise
// than written, or that is not recorded.
func TestRuleRefuses(t *testing.T) {
	r := start(t)
	address := serve(t, true, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
	r.rule("rules:\n- refuse: {status: 503, headers: {Retry-After: '9'}, body: come back}\n")
	_, response, err := r.dialer().Dial("wss://"+address+"/chat", nil)
	if err == nil || response == nil {
		t.Fatalf("dial: %v", err)
	}
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != 503 || response.Header.Get("Retry-After") != "9" || string(body) != "come back" {
		t.Errorf("got %s %v %q", response.Status, response.Header, body)
	}
	tape := r.recorder.ended(t, 1)
	if tape.conn.State != frame.Refused || tape.conn.Status != 503 || tape.end.EndedBy != frame.ByProxy || len(tape.conn.Request) == 0 {
		t.Errorf("recorded %+v, ended %+v", tape.conn, tape.end)
	}
}

// Catches a URL that is not mapped, a Host or a name in TLS that is the other
// server's, and header fields that are not changed as written on either way.
func TestRuleMapsAndRewrites(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		r := start(t)
		seen := make(chan *http.Request, 1)
		address := serve(t, secure, func(w http.ResponseWriter, request *http.Request) {
			seen <- request
			echo(w, request)
		})
		scheme := map[bool]string{false: "ws", true: "wss"}[secure]
		r.rule("rules:\n- map: {to: '" + scheme + "://" + address + "/v2'}\n" +
			"- headers: {request: {set: {X-Debug: '1', Origin: 'https://else.test'}, remove: [Cookie, Sec-WebSocket-Extensions]}, response: {set: {X-Seen: 'yes'}}}\n")
		dialer := r.dialer()
		dialer.EnableCompression = true
		c, response, err := dialer.Dial("wss://no-such-host.test/chat?room=1", http.Header{"Cookie": {"secret=1"}, "Origin": {"https://app.test"}})
		if err != nil {
			t.Fatalf("dial: %v; log:\n%s", err, r.logs)
		}
		defer c.Close()
		request := <-seen
		if request.Host != address || !strings.HasPrefix(request.URL.Path, "/v2") || request.Header.Get("X-Debug") != "1" ||
			request.Header.Get("Origin") != "https://else.test" || request.Header.Get("Cookie") != "" || request.Header.Get("Sec-WebSocket-Extensions") != "" {
			t.Errorf("server saw %s %s %v", request.Host, request.URL, request.Header)
		}
		if response.Header.Get("X-Seen") != "yes" || response.Header.Get("Sec-WebSocket-Extensions") != "" {
			t.Errorf("client saw %v", response.Header)
		}
		if err := c.WriteMessage(1, []byte("hi")); err != nil {
			t.Fatal(err)
		}
		if _, p, err := c.ReadMessage(); string(p) != "hi" || err != nil {
			t.Errorf("read %q, %v", p, err)
		}
		r.recorder.lock.Lock()
		conn := r.recorder.tapes[0].conn
		r.recorder.lock.Unlock()
		if conn.URL != "wss://no-such-host.test/chat?room=1" || header(conn.Request, "X-Debug") == nil || header(conn.Response, "X-Seen") == nil {
			t.Errorf("recorded %+v", conn)
		}
	})
}

// Catches rules over messages that do not act on a live connection, or go on
// after they were taken away.
func TestRulesOnMessages(t *testing.T) {
	r := start(t)
	client, server := r.pair(false)
	r.rule("rules:\n- when: text contains \"cat\"\n  from: server\n  replace: {text: cat, with: dog, all: true}\n" +
		"- when: text contains \"ad\"\n  drop: true\n- when: text contains \"ask\"\n  from: client\n  answer: {text: told}\n")
	r.settle("the rules are in force", func() bool { return r.Stats().Diverted == 2 })
	server.send(text("a cat") + text("an ad") + text("x"))
	client.expect(text("a dog") + text("x"))
	client.send(text("ask") + text("y"))
	client.expect(text("told"))
	server.expect(text("y"))
	r.SetRules(nil)
	r.settle("back in pass mode", func() bool { return r.Stats().Diverted == 0 })
	server.send(text("a cat"))
	client.expect(text("a cat"))
}
