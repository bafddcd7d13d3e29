package proxy

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Catches a client that distrusts the proxy, or speaks only HTTP/2, of which the
// user does not learn, learns the wrong reason or learns a hundred times.
func TestClientsThatDoNotTakeTheCertificate(t *testing.T) {
	for _, c := range []struct {
		name, reason, hint string
		attempt            func(*wire)
	}{
		{"unknown authority", "bad certificate", "http://wsluice.local/", func(w *wire) {
			_ = tls.Client(w.Conn, &tls.Config{ServerName: "pinned.example", RootCAs: pool(serverAuthority())}).Handshake()
		}},
		{"unknown authority, in the clear", "unknown certificate authority", "http://wsluice.local/", func(w *wire) {
			alert := &alertInTheClear{Conn: w.Conn}
			_ = tls.Client(alert, &tls.Config{ServerName: "pinned.example", RootCAs: pool(serverAuthority())}).Handshake()
		}},
		{"HTTP/2 only", `[\"h2\"]`, "--bypass pinned.example", func(w *wire) {
			_ = tls.Client(w.Conn, &tls.Config{ServerName: "pinned.example", RootCAs: pool(authority()), NextProtos: []string{"h2"}}).Handshake()
		}},
		{"closed in the handshake", "left during the TLS handshake", "http://wsluice.local/", func(w *wire) {
			hello := tls.Client(helloOnly{w.Conn}, &tls.Config{ServerName: "pinned.example"})
			_ = hello.Handshake()
		}},
		{"closed after the handshake", "without a request", "--bypass pinned.example", func(w *wire) {
			_ = w.secure("pinned.example").Conn.Close()
		}},
		{"no TLS after all", "TLS with the client", "", func(w *wire) {
			w.send("\x16\x03\x01\x00\x05hello")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t)
			for range 3 {
				w := r.tunnel("pinned.example:443")
				c.attempt(w)
				_ = w.Conn.Close()
			}
			tape := r.recorder.ended(t, 1)
			r.stop()
			if tape.conn.State != frame.Failed || tape.conn.URL != "tunnel://pinned.example:443" || tape.end.EndedBy != frame.ByClient ||
				!strings.Contains(tape.conn.Error, strings.ReplaceAll(c.reason, `\`, "")) {
				t.Errorf("recorded %+v", tape.conn)
			}
			if n := r.recorder.count(); n != 1 {
				t.Errorf("recorded %d times", n)
			}
			lines := r.logs.lines("client handshake failed")
			if len(lines) != 1 || !strings.Contains(lines[0], c.reason) || !strings.Contains(lines[0], c.hint) || !strings.Contains(lines[0], "pinned.example") {
				t.Errorf("logged %q", lines)
			}
		})
	}
}

// alertInTheClear sends what OpenSSL sends behind its hello when it does not know
// the authority.
type alertInTheClear struct {
	net.Conn
	writes int
}

func (a *alertInTheClear) Write(p []byte) (int, error) {
	if a.writes++; a.writes == 1 {
		return a.Conn.Write(p)
	}
	_, err := a.Conn.Write([]byte{20, 3, 3, 0, 1, 1, 21, 3, 3, 0, 2, 2, 48})
	return len(p), err
}

// helloOnly is a connection on which the answer to the hello never comes.
type helloOnly struct{ net.Conn }

func (h helloOnly) Read([]byte) (int, error) { return 0, errDiskFull }

// Catches a browser that connects ahead of need and is told from then on that it
// distrusts the proxy.
func TestTrustIsRemembered(t *testing.T) {
	address := serve(t, true, func(http.ResponseWriter, *http.Request) {})
	r := start(t)
	c := r.tunnel(address).secure("localhost")
	c.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	c.response(http.MethodGet)
	_ = r.tunnel(address).secure("localhost").Conn.Close()
	r.stop()
	if n := r.recorder.count(); n != 0 {
		t.Errorf("%d connections are recorded", n)
	}
}

// Catches a memory of hosts that grows with them, and one that forgets the clock.
func TestDistrustIsBounded(t *testing.T) {
	var d distrust
	now := time.Unix(1000, 0)
	if log, record := d.due("a", now); !log || !record {
		t.Error("the first failure is not reported")
	}
	if log, record := d.due("a", now.Add(time.Second)); log || record {
		t.Error("the second failure is reported")
	}
	if log, record := d.due("a", now.Add(distrustAgain)); log || !record {
		t.Error("a failure a minute later is not recorded, or logged again")
	}
	for i := range 3 * maxDistrusted {
		d.due(itoa(i), now)
	}
	if len(d.hosts) > maxDistrusted {
		t.Errorf("%d hosts are remembered", len(d.hosts))
	}
}
