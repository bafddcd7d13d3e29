//go:build e2e

package e2e

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// TestNotHTTP would catch a tunnel for another protocol that hangs, breaks or goes
// without a line in the capture: the server speaks first, or the client says
// something that is no HTTP.
func TestNotHTTP(t *testing.T) {
	l := listen(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "220 ready\r\n")
			io.Copy(conn, conn)
			conn.Close()
		}
	}()
	s := record(t)
	address := "localhost:" + port(l)
	for _, said := range []string{"\x00\x01binary", "HELO me\r\n"} {
		client := (way{}).dial(t, s, hostAt("ws", address))
		if strings.HasPrefix(said, "HELO") {
			client.expect(t, "220 ready\r\n")
			client.send(t, said)
		} else {
			client.send(t, said)
			client.expect(t, "220 ready\r\n")
		}
		client.expect(t, said)
		client.endSending(t)
		if got, err := client.rest(t); got != "" || err != nil {
			t.Errorf("behind %q came %q, %v", said, got, err)
		}
	}
	s.stop(t)
	conns := s.conns(t)
	if len(conns) != 2 {
		t.Fatalf("%d connections in the capture, want 2: %+v", len(conns), conns)
	}
	for _, conn := range conns {
		if conn.State != "bypassed" || conn.URL != "tunnel://"+address {
			t.Errorf("state %q, url %q; want bypassed, tunnel://%s", conn.State, conn.URL, address)
		}
	}
}

// TestOnlyHTTP2 would catch a client that speaks HTTP/2 and nothing else failing
// without a hint of its own. (Pitfall H11.)
func TestOnlyHTTP2(t *testing.T) {
	s := record(t)
	for range 2 {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		r := &raw{Conn: conn, in: bufio.NewReader(conn)}
		r.send(t, "CONNECT modern.example:443 HTTP/1.1\r\nHost: modern.example:443\r\n\r\n")
		r.readHead(t)
		secure := tls.Client(conn, &tls.Config{RootCAs: pool(t, s.authority()), ServerName: "modern.example", NextProtos: []string{"h2"}})
		if err := secure.Handshake(); err == nil {
			t.Error("a client that offers h2 only was accepted")
		}
	}
	s.stderr.await(t, "hint about HTTP/2", func(stderr string) bool {
		return strings.Contains(stderr, "HTTP/2") && strings.Contains(stderr, "--bypass modern.example")
	})
	s.stop(t)
	if n := strings.Count(s.stderr.String(), "hint"); n != 1 {
		t.Errorf("%d hints for one host, want 1; stderr:\n%s", n, s.stderr.tail())
	}
}

// TestBadHandshakes would catch a handshake that breaks RFC 6455 hanging instead
// of being passed on for the server to refuse. (Pitfall H12.)
func TestBadHandshakes(t *testing.T) {
	pki := newAuthority(t)
	srv := gorillaServer(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	tests := []struct {
		name   string
		change [2]string
	}{
		{"no key", [2]string{upgrade[3] + "\r\n", ""}},
		{"version 8", [2]string{"Version: 13", "Version: 8"}},
		{"no Connection field", [2]string{"Connection: Upgrade\r\n", ""}},
		{"POST", [2]string{"GET ", "POST "}},
		{"HTTP/1.0", [2]string{"HTTP/1.1", "HTTP/1.0"}},
	}
	for i, w := range ways {
		base := srv.base["ws/off"]
		if w.tls {
			base = srv.base["wss/off"]
		}
		_, address, _ := strings.Cut(base, "://")
		for j, test := range tests {
			h := hostAt("ws", address)
			client := w.dial(t, s, h)
			// The key must not be last, so that it can be taken out as a line.
			request := w.request(h, fmt.Sprintf("/b%d.%d?steps=[]", i, j), append(upgrade, "X-Last: 1")...)
			client.send(t, strings.Replace(request, test.change[0], test.change[1], 1))
			if head := client.readHead(t); head < "HTTP/1.0 4" || strings.HasPrefix(head, "HTTP/1.1 1") {
				t.Errorf("%s, %s: answered %q, want a refusal", w.name, test.name, head)
			}
			client.Close()
		}
	}
	s.stop(t)
}

// TestLeavingClient would catch a client that gives up while the server thinks
// keeping the server waiting, or missing in the capture.
func TestLeavingClient(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	for i, w := range ways {
		client := w.dial(t, s, to(w))
		client.send(t, w.request(to(w), fmt.Sprint("/l", i), upgrade...))
		server := to(w).accept(t)
		client.Close()
		if got, err := server.rest(t); got != "" {
			t.Errorf("%s: after the client left the server received %q, %v", w.name, got, err)
		}
		// What ends together with the proxy was ended by it.
		s.stderr.await(t, "end of the connection", func(stderr string) bool {
			return strings.Count(stderr, "connection failed") == i+1
		})
	}
	s.stop(t)
	for i := range ways {
		conn := s.conn(t, fmt.Sprint("l", i))
		if conn.State != "failed" || conn.EndedBy != "client" {
			t.Errorf("%s: state %q, ended by %q; want failed, client", ways[i].name, conn.State, conn.EndedBy)
		}
	}
}
