//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// maxKept is how much of a refusal's body a capture keeps.
const maxKept = 64 << 10

var refusals = []struct {
	name   string
	status string
	fields []string
	body   string
}{
	{"unauthorized", "401 Unauthorized", []string{`WWW-Authenticate: Basic realm="e2e"`}, "who are you?"},
	{"forbidden", "403 Forbidden", []string{"Content-Type: application/json", "X-Request-Id: 17"}, `{"error":"no"}`},
	{"not found, long page", "404 Not Found", []string{"Content-Type: text/html"}, strings.Repeat("<p>not here</p>\n", 12_000)},
	{"moved", "301 Moved Permanently", []string{"Location: wss://elsewhere.example/socket"}, ""},
	{"upgrade required", "426 Upgrade Required", []string{"Sec-WebSocket-Version: 8, 7"}, "too new"},
	{"unavailable", "503 Service Unavailable", []string{"Retry-After: 120"}, "later"},
	{"ok, but no WebSocket", "200 OK", []string{"Content-Type: text/plain"}, "hello"},
}

// TestRefusals would catch a refused handshake that reaches the client changed,
// or is missing in the capture. (Pitfall H8.)
func TestRefusals(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	for i, w := range ways {
		for j, r := range refusals {
			what := w.name + ", " + r.name
			client := w.dial(t, s, to(w))
			client.send(t, w.request(to(w), fmt.Sprintf("/r%d.%d", i, j), upgrade...))
			server := to(w).accept(t)
			length := "Content-Length: " + strconv.Itoa(len(r.body))
			sent := append([]string{length}, r.fields...)
			server.send(t, "HTTP/1.1 "+r.status+"\r\n"+strings.Join(sent, "\r\n")+"\r\n\r\n"+r.body)
			head := client.readHead(t)
			if !strings.HasPrefix(head, "HTTP/1.1 "+r.status[:3]+" ") {
				t.Errorf("%s: the client received %q", what, head)
			}
			same(t, what+": response fields received and sent", fields(head), listed(sent...))
			client.expect(t, r.body)
			client.Close()
		}
	}
	s.stop(t)
	for i, w := range ways {
		for j, r := range refusals {
			t.Run(w.name+", "+r.name, func(t *testing.T) {
				conn := s.conn(t, fmt.Sprintf("r%d.%d", i, j))
				if conn.State != "refused" || fmt.Sprint(conn.Status) != r.status[:3] {
					t.Errorf("state %q, status %d; want refused, %s", conn.State, conn.Status, r.status[:3])
				}
				for _, field := range r.fields {
					contains(t, "response", lower(conn.Response), field)
				}
				if want := r.body[:min(len(r.body), maxKept)]; conn.Body != want {
					t.Errorf("body of %d bytes in the capture, want the first %d of %d", len(conn.Body), len(want), len(r.body))
				}
			})
		}
	}
}

// TestRefusedLibraries would catch a refusal that libraries cannot read behind the
// proxy: they must see the status as without it.
func TestRefusedLibraries(t *testing.T) {
	s := record(t)
	h := serveRaw(t, nil)
	h.always("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
	for _, c := range clients {
		events := c.run(t, door{proxy: s.url(), authority: s.authority()}, []plan{{Case: c.name, URL: h.url.String() + "/" + c.name}})
		// A page, and Node's own WebSocket after its example, are told no status.
		got, want := events.whole(t, c.name)[0], event{Case: c.name, Event: "refused", Status: 403}
		if !c.headers {
			want.Event, want.Status = "failed", 0
		}
		if got.Event != want.Event || got.Status != want.Status {
			t.Errorf("%s reports %+v, want %+v", c.name, got, want)
		}
	}
	s.stop(t)
	for _, c := range clients {
		if conn := s.conn(t, c.name); conn.State != "refused" || conn.Status != 403 || conn.Body != "no" {
			t.Errorf("%s: state %q, status %d, body %q in the capture; want refused, 403, no", c.name, conn.State, conn.Status, conn.Body)
		}
	}
}

// TestUnreachable would catch a server that cannot be reached leaving the client
// without an answer or the capture without a line.
func TestUnreachable(t *testing.T) {
	pki, stranger := newAuthority(t), newAuthority(t)
	s := record(t, "--upstream-ca", pki.file)
	closed := serveRaw(t, nil)
	closed.close()
	plainOnly := httptest.NewServer(http.NotFoundHandler())
	defer plainOnly.Close()
	tests := []struct {
		name string
		host *host
		tls  bool
		want string // in the error
	}{
		{"connection refused", closed, false, "refused"},
		{"connection refused, TLS", closed, true, "refused"},
		{"certificate of a stranger", serveRaw(t, stranger.config(t, "stranger")), true, "certificate"},
		{"no TLS at the server", hostAt("wss", plainOnly.Listener.Addr().String()), true, "tls"},
	}
	for i, test := range tests {
		w := ways[0]
		if test.tls {
			w = ways[1]
		}
		client := w.dial(t, s, test.host)
		client.send(t, w.request(test.host, fmt.Sprint("/u", i), upgrade...))
		head := client.readHead(t)
		if !strings.HasPrefix(head, "HTTP/1.1 502 ") {
			t.Errorf("%s: the client received %q, want 502", test.name, head)
		}
	}
	s.stop(t)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn := s.conn(t, fmt.Sprint("u", i))
			if conn.State != "failed" || !strings.Contains(strings.ToLower(conn.Error), test.want) {
				t.Errorf("state %q, error %q; want failed, an error about %q", conn.State, conn.Error, test.want)
			}
		})
	}
}

// TestBrokenAnswers would catch a server that answers with something that is no
// HTTP response, or with half of one, leaving the client without an answer, being
// asked twice, or missing in the capture.
func TestBrokenAnswers(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	answers := []string{
		"", // hangs up
		"220 ready\r\n\r\n",
		switching[:40],
		"HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
	}
	for i, w := range ways {
		for j, answer := range answers {
			client := w.dial(t, s, to(w))
			client.send(t, w.request(to(w), fmt.Sprintf("/a%d.%d", i, j), upgrade...))
			server := to(w).accept(t)
			server.send(t, answer)
			server.Close()
			if head := client.readHead(t); !strings.HasPrefix(head, "HTTP/1.1 502 ") {
				t.Errorf("%s: the server's %q reached the client as %q, want 502", w.name, answer, head)
			}
			client.Close()
			if len(to(w).accepted) > 0 {
				t.Fatalf("%s: after %q the server was asked again", w.name, answer)
			}
		}
	}
	s.stop(t)
	for i, w := range ways {
		for j, answer := range answers {
			if conn := s.conn(t, fmt.Sprintf("a%d.%d", i, j)); conn.State != "failed" || conn.Error == "" {
				t.Errorf("%s: after %q state %q, error %q; want failed, some", w.name, answer, conn.State, conn.Error)
			}
		}
	}
}
