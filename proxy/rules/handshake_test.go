package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

func sayHandshake(h Handshake) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if h.Refuse != nil {
		add("refuse %d %v %q", h.Refuse.Status, h.Refuse.Header, h.Refuse.Body)
	}
	if h.Target != nil {
		add("ask %s", h.Target)
	}
	for _, c := range h.Request {
		add("request -%v +%v", c.Remove, c.Set)
	}
	for _, c := range h.Response {
		add("response -%v +%v", c.Remove, c.Set)
	}
	if len(h.Acted) > 0 {
		add("by %s", strings.Join(h.Acted, ", "))
	}
	if len(parts) == 0 {
		return "pass"
	}
	return strings.Join(parts, "; ")
}

// TestHandshakes catches an action that does something else to a handshake with
// wss://api.example.com/v1/feed?k=1 than it says.
func TestHandshakes(t *testing.T) {
	tests := []struct{ rules, want string }{
		{"drop: true", "pass"},
		{"refuse: 503", `refuse 503 [] ""; by rule 1`},
		{"refuse: 503\n  off: true", "pass"},
		{"refuse: 503\n  when: host == 'other'", "pass"},
		{"refuse: 503\n  when: host == 'api.example.com' && path startsWith '/v1'", `refuse 503 [] ""; by rule 1`},
		{"refuse: 503\n  when: example", `refuse 503 [] ""; by rule 1`},
		{"refuse: {status: 401, headers: {WWW-Authenticate: Basic, Set-Cookie: [a=1, b=2]}, body: no}",
			`refuse 401 [{WWW-Authenticate Basic} {Set-Cookie a=1} {Set-Cookie b=2} {Content-Type text/plain; charset=utf-8}] "no"; by rule 1`},
		{"refuse: {status: 302, headers: {location: /x, content-type: text/html}, body: no}", `refuse 302 [{location /x} {content-type text/html}] "no"; by rule 1`},

		{"headers: {request: {set: {Origin: x}}}", "request -[] +[{Origin x}]; by rule 1"},
		{"map: ws://127.0.0.1:9000\n- headers: {request: {set: {Host: 'api.example.com:80'}}}", "ask ws://127.0.0.1:9000/v1/feed?k=1; request -[] +[{Host api.example.com:80}]; by rule 1, rule 2"},
		{"headers: {request: {remove: Sec-WebSocket-Extensions}}", "request -[Sec-WebSocket-Extensions] +[]; by rule 1"},
		{"headers: {response: {remove: [Server, Date], set: {X-A: [1, 2]}}}", "response -[Server Date] +[{X-A 1} {X-A 2}]; by rule 1"},
		{"headers: {request: {set: {User-Agent: other}}}\n- refuse: 503\n  when: request['user-agent'] == 'other'",
			`refuse 503 [] ""; request -[] +[{User-Agent other}]; by rule 1, rule 2`},
		{"headers: {request: {remove: [origin]}}\n- refuse: 503\n  when: request['origin'] != nil", "request -[origin] +[]; by rule 1"},
		{"headers: {request: {set: {A: 1}}}\n- headers: {request: {set: {A: 2}}}", "request -[] +[{A 1}]; request -[] +[{A 2}]; by rule 1, rule 2"},

		{"map: ws://127.0.0.1:9000", "ask ws://127.0.0.1:9000/v1/feed?k=1; by rule 1"},
		{"map: {to: ws://127.0.0.1:9000/base}", "ask ws://127.0.0.1:9000/base; by rule 1"},
		{"map: ws://127.0.0.1:9000/?x", "ask ws://127.0.0.1:9000/?x; by rule 1"},
		{"map: ws://127.0.0.1:9000?x=2", "ask ws://127.0.0.1:9000/v1/feed?x=2; by rule 1"},
		{"map: ws://[::1]:9000", "ask ws://[::1]:9000/v1/feed?k=1; by rule 1"},
		{"map: {host: other.example}", "ask wss://other.example/v1/feed?k=1; by rule 1"},
		{"map: {host: 'other.example:8443'}", "ask wss://other.example:8443/v1/feed?k=1; by rule 1"},
		{"map: {host: 'other.example:8443'}\n- map: {host: third.example}", "ask wss://third.example:8443/v1/feed?k=1; by rule 1, rule 2"},
		{"map: ws://127.0.0.1:9000/base\n- map: {host: third.example}", "ask ws://third.example:9000/base; by rule 1, rule 2"},
		{"map: ws://127.0.0.1:9000\n- refuse: 503\n  when: host == '127.0.0.1'", "ask ws://127.0.0.1:9000/v1/feed?k=1; by rule 1"},
		{"refuse: 503\n- map: ws://127.0.0.1:9000", `refuse 503 [] ""; by rule 1`},
	}
	for _, test := range tests {
		c := connection(1)
		if got := sayHandshake(parse(t, test.rules).Handshake(c)); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.rules, got, test.want)
		}
		if fmt.Sprint(c) != fmt.Sprint(connection(1)) {
			t.Errorf("%s changed the connection it was shown", test.rules)
		}
	}
}

// TestHandshakeCount catches a rule over handshakes that does not count, and one
// that hands out what the next handshake gets too.
func TestHandshakeCount(t *testing.T) {
	s := parse(t, "refuse: {status: 503, headers: {A: b}, body: x}\n  count: 2")
	for i, want := range []bool{true, true, false} {
		h := s.Handshake(connection(uint64(i)))
		if (h.Refuse != nil) != want {
			t.Errorf("handshake %d: %s", i, sayHandshake(h))
		}
		if h.Refuse != nil {
			if got := string(h.Refuse.Body); got != "x" || h.Refuse.Header[0].Value != "b" {
				t.Errorf("handshake %d: %s", i, sayHandshake(h))
			}
			h.Refuse.Body[0], h.Refuse.Header[0].Value = 'y', "c"
		}
	}
	if got := s.Rules()[0]; got.Hits != 2 || got.Most != 2 || got.From != "handshake" {
		t.Errorf("%+v", got)
	}
	s = parse(t, "map: ws://a:1/b")
	s.Handshake(connection(1)).Target.Path = "/c"
	if got := s.Handshake(connection(1)).Target.String(); got != "ws://a:1/b" {
		t.Errorf("the target is now %s", got)
	}
}

// TestHostileHandshake catches a URL that cannot be read and breaks a rule.
func TestHostileHandshake(t *testing.T) {
	for _, url := range []string{"", "ws://%zz", "tunnel://a:1", "ws://a:b:c", "://", "ws://a/%2F%zz?\x00"} {
		s := parse(t, "map: {host: b}\n- map: ws://c:1")
		s.Handshake(&frame.Connection{URL: url})
		if got := s.Rules(); got[0].Hits+got[0].Failed != 1 {
			t.Errorf("%q: %+v", url, got[0])
		}
	}
}
