//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// handshakes are what a client asks and a server answers, besides what every
// handshake has.
var handshakes = []struct {
	name              string
	request, response []string
}{
	{"bare", nil, nil},
	{"as a browser",
		[]string{
			"Pragma: no-cache", "Cache-Control: no-cache", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
			"Origin: https://app.example", "Accept-Encoding: gzip, deflate, br", "Accept-Language: en-US,en;q=0.9",
			"Cookie: a=1; b=\"two words\"", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
		},
		[]string{"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover", "Set-Cookie: x=1; Path=/", "Set-Cookie: y=2"}},
	{"protocols in order, one chosen",
		[]string{"Sec-WebSocket-Protocol: zebra, apple", "Sec-WebSocket-Protocol: mango"},
		[]string{"Sec-WebSocket-Protocol: apple"}},
	{"protocols, none chosen", []string{"Sec-WebSocket-Protocol: zebra, apple"}, nil},
	{"extension the proxy does not know",
		[]string{"Sec-WebSocket-Extensions: x-odd; a=1; b=\"q,r\", permessage-deflate"},
		[]string{"Sec-WebSocket-Extensions: x-odd; a=1"}},
	{"credentials and empty values",
		[]string{"Authorization: Basic dTpw", "X-Empty:", "X-Twice: 1", "X-Twice: 2", "Origin: null"},
		[]string{"Date: Thu, 01 Jan 1970 00:00:00 GMT", "Server: e2e", "X-Empty:"}},
}

// TestHandshakeAsSent would catch a header field added, lost, merged or changed on
// its way, in either direction, and one the capture tells otherwise. (Pitfalls
// H4, H5, H6, H7, H10.)
func TestHandshakeAsSent(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	for i, w := range ways {
		for j, h := range handshakes {
			what := w.name + ", " + h.name
			client := w.dial(t, s, to(w))
			target := fmt.Sprintf("/h%d.%d?q=%%2F;a='%%zz'&b=c+d", i, j)
			// Letter case and tokens as some clients have them.
			asked := append([]string{
				"Upgrade: WebSocket, x", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13",
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
			}, h.request...)
			client.send(t, w.request(to(w), target, asked...))
			server := to(w).accept(t)
			if line, _, _ := strings.Cut(server.head, "\r\n"); line != "GET "+target+" HTTP/1.1" {
				t.Errorf("%s: the server received %q", what, line)
			}
			same(t, what+": request fields received and sent", fields(server.head), listed(append(asked, "Host: "+to(w).url.Host)...))
			answer := strings.TrimSuffix(switching, "\r\n")
			for _, field := range h.response {
				answer += field + "\r\n"
			}
			server.send(t, answer+"\r\n")
			same(t, what+": response fields received and sent", fields(client.readHead(t)), fields(answer))
			client.Close()
		}
	}
	s.stop(t)
	for i, w := range ways {
		for j, h := range handshakes {
			t.Run(w.name+", "+h.name, func(t *testing.T) {
				conn := s.conn(t, fmt.Sprintf("h%d.%d", i, j))
				for _, field := range append(h.request, "Host: "+to(w).url.Host) {
					contains(t, "request", lower(conn.Request), field)
				}
				for _, field := range h.response {
					contains(t, "response", lower(conn.Response), field)
				}
				if want := fmt.Sprintf("%s/h%d.%d?q=%%2F;a='%%zz'&b=c+d", to(w).url, i, j); conn.URL != want {
					t.Errorf("url %q, want %q", conn.URL, want)
				}
			})
		}
	}
}

// listed lists written fields as fields does.
func listed(lines ...string) []string {
	return fields("\r\n" + strings.Join(lines, "\r\n"))
}

func contains(t *testing.T, what string, all []string, field string) {
	t.Helper()
	if want := listed(field)[0]; !slices.Contains(all, want) {
		t.Errorf("%s in the capture lacks %q: %q", what, want, all)
	}
}
