//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTargets would catch a request target that is decoded, cleaned or encoded
// again on its way.
func TestTargets(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	for _, w := range ways {
		for _, target := range []string{
			"/", "/?", "/a//b/", "//a/b", "/a%2Fb;c=1/./../d", "/%7Euser/%e4", "/x?", "/x?a=%2f&b=c+d;e", "/sp%20ace",
		} {
			client := w.dial(t, s, to(w))
			client.send(t, w.request(to(w), target, upgrade...))
			server := to(w).accept(t)
			if line, _, _ := strings.Cut(server.head, "\r\n"); line != "GET "+target+" HTTP/1.1" {
				t.Errorf("%s: target %q reached the server as %q", w.name, target, line)
			}
			server.Close()
			client.Close()
		}
	}
	s.stop(t)
}

// TestSameConnection would catch a handshake failing on a connection that has
// carried other requests before: a page, a first try without credentials.
func TestSameConnection(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	for i, w := range ways {
		client := w.dial(t, s, to(w))
		plainHTTP := w
		if w.absolute != "" {
			plainHTTP.absolute = "http"
		}
		client.send(t, plainHTTP.request(to(w), "/page", "X-Page: 1"))
		server := to(w).accept(t)
		server.send(t, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage")
		client.readHead(t)
		client.expect(t, "page")

		client.send(t, w.request(to(w), fmt.Sprint("/first", i), upgrade...))
		server = to(w).next(t, server)
		server.send(t, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno")
		if head := client.readHead(t); !strings.HasPrefix(head, "HTTP/1.1 401 ") {
			t.Fatalf("%s: the first try is answered %q", w.name, head)
		}
		client.expect(t, "no")
		client.send(t, w.request(to(w), fmt.Sprint("/second", i), append(upgrade, "Authorization: Basic dTpw")...))
		server = to(w).next(t, server)
		server.send(t, switching+plain(0x81, "in"))
		if head := client.readHead(t); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
			t.Fatalf("%s: the second try is answered %q", w.name, head)
		}
		client.expect(t, plain(0x81, "in"))
		client.Close()
	}
	s.stop(t)
	for i := range ways {
		if conn := s.conn(t, fmt.Sprint("first", i)); conn.State != "refused" || conn.Status != 401 {
			t.Errorf("%s: the first try has state %q, status %d", ways[i].name, conn.State, conn.Status)
		}
		if conn := s.conn(t, fmt.Sprint("second", i)); conn.Status != 101 || conn.Frames.Server != 1 {
			t.Errorf("%s: the second try has status %d, %d frames", ways[i].name, conn.Status, conn.Frames.Server)
		}
	}
}

// TestHeads would catch heads the proxy has no patience or no room for: coming a
// byte at a time, with 60 KiB of cookies, behind informational responses.
func TestHeads(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	cookie := "Cookie: c=" + strings.Repeat("x", 60<<10)
	for i, w := range ways {
		client := w.dial(t, s, to(w))
		for _, b := range w.request(to(w), fmt.Sprint("/slow", i), upgrade...) {
			client.send(t, string(b))
		}
		server := to(w).accept(t)
		for _, b := range "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" + switching {
			server.send(t, string(b))
		}
		if head := client.readHead(t); !strings.HasPrefix(head, "HTTP/1.1 103 ") {
			t.Errorf("%s: the informational response came as %q", w.name, head)
		} else if head := client.readHead(t); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
			t.Errorf("%s: behind the informational response came %q", w.name, head)
		}
		client.Close()

		client = w.dial(t, s, to(w))
		client.send(t, w.request(to(w), fmt.Sprint("/long", i), append(upgrade, cookie)...))
		server = to(w).accept(t)
		if !strings.Contains(server.head, cookie) {
			t.Errorf("%s: the long cookie did not arrive", w.name)
		}
		server.send(t, switching)
		client.readHead(t)
		client.Close()
	}
	s.stop(t)
}

// TestIdle would catch a connection that has been quiet for a while, and given
// its memory back, going wrong when traffic comes again. (Pitfall X9.)
func TestIdle(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	big := "\x82\x7f\x00\x00\x00\x00\x00\x10\x00\x00" + strings.Repeat("0123456789abcdef", 1<<16)
	var clients, servers []*raw
	for i := range 4 * len(ways) {
		w := ways[i%len(ways)]
		client, server := w.open(t, s, to(w), fmt.Sprint("/idle", i))
		server.send(t, big[:len(big)/2+i]) // quiet comes in mid-frame
		clients, servers = append(clients, client), append(servers, server)
	}
	for i := range clients {
		clients[i].expect(t, big[:len(big)/2+i])
	}
	<-time.After(3 * time.Second) // quiet is what is tested
	for i := range clients {
		servers[i].send(t, big[len(big)/2+i:]+plain(0x81, "awake"))
	}
	for i := range clients {
		clients[i].expect(t, big[len(big)/2+i:]+plain(0x81, "awake"))
		clients[i].Close()
	}
	s.stop(t)
	for i := range clients {
		frames := s.frames(t, s.conn(t, fmt.Sprint("idle", i)).Conn)
		sameBytes(t, "wire bytes", wireOf(frames, "server"), []byte(big+plain(0x81, "awake")))
	}
}
