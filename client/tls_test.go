package client_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/frame"
)

// roots returns a pool that trusts s.
func roots(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

// secureServer is an echo server over TLS that logs nothing.
func secureServer(t *testing.T, c *tls.Config) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(echo(websocket.Upgrader{}))
	s.TLS, s.Config.ErrorLog = c, log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// TestTLS catches a certificate that is trusted though it should not be, or the
// reverse, and what is recorded of it.
func TestTLS(t *testing.T) {
	s := secureServer(t, &tls.Config{})
	url := strings.Replace(s.URL, "https", "wss", 1)
	for name, c := range map[string]struct {
		options client.Options
		want    string // of the error
	}{
		"trusted":        {client.Options{Roots: roots(s)}, ""},
		"by name":        {client.Options{Roots: roots(s), ServerName: "example.com"}, ""},
		"any":            {client.Options{Insecure: true}, ""},
		"untrusted":      {client.Options{}, "certificate signed by unknown authority"},
		"other name":     {client.Options{Roots: roots(s), ServerName: "other.test"}, "certificate is valid for example.com"},
		"any other name": {client.Options{Insecure: true, ServerName: "other.test"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.options
			o.URL = url
			conn, facts, err := client.Dial(t.Context(), o)
			if c.want != "" {
				var bad *client.TLSError
				if conn != nil || !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || bad.Address != s.Listener.Addr().String() {
					t.Fatalf("error %v, want %q", err, c.want)
				}
				if facts.State != frame.Failed || facts.TLS != nil {
					t.Errorf("recorded %s, TLS %v", facts.State, facts.TLS)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Hangup()
			leg := facts.TLS.Server
			if facts.TLS.Client != nil || leg.Verified == o.Insecure || leg.Version != "TLS 1.3" || leg.Cipher == "" ||
				leg.ServerName != o.ServerName || leg.ALPN != "http/1.1" || len(leg.SHA256) != 64 || !strings.Contains(leg.Subject, "Acme") || leg.NotAfter.IsZero() {
				t.Errorf("recorded %+v", leg)
			}
			if _, ok := conn.NetConn().(*tls.Conn); !ok {
				t.Errorf("the connection is a %T", conn.NetConn())
			}
			if err := conn.Send(frame.Draft{Type: frame.Text, Payload: []byte("hi")}, false); err != nil {
				t.Fatal(err)
			}
			if m := next(t, conn); string(m.Payload) != "hi" {
				t.Errorf("got %q", m.Payload)
			}
		})
	}
}

// TestClientCertificate catches a certificate that is not shown, and a refusal of it
// that is not taken for one: with TLS 1.3 it comes when the answer is awaited.
func TestClientCertificate(t *testing.T) {
	s := secureServer(t, &tls.Config{ClientAuth: tls.RequireAnyClientCert})
	o := client.Options{URL: s.URL, Roots: roots(s)}
	var bad *client.TLSError
	if _, _, err := client.Dial(t.Context(), o); !errors.As(err, &bad) || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("without a certificate: %v", err)
	}
	o.Certificates = s.TLS.Certificates
	conn, _ := dial(t, o)
	_ = conn.Hangup()
}

// TestTLSEnds catches an end that is not passed on over TLS as over TCP.
func TestTLSEnds(t *testing.T) {
	cert := httptest.NewTLSServer(nil)
	cert.Close()
	for name, c := range map[string]struct {
		end  func(*frame.Conn) error
		want string
	}{
		"half":   {(*frame.Conn).CloseWrite, "EOF"},
		"hangup": {(*frame.Conn).Hangup, "EOF"},
		"abort":  {(*frame.Conn).Abort, "reset"},
	} {
		ends := make(chan error, 1)
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: cert.TLS.Certificates})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serveRaw(readsToEnd{conn, ends}, func(conn net.Conn, _ []string) { _, _ = io.WriteString(conn, accepted+"\r\n") })
		}()
		conn, _ := dial(t, client.Options{URL: "wss://" + l.Addr().String(), Insecure: true, Key: testKey})
		if err := c.end(conn); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := <-ends; !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the server saw %v", name, err)
		}
		_, _ = conn.Abort(), l.Close()
	}
}

// readsToEnd is a connection that tells how it was ended.
type readsToEnd struct {
	net.Conn
	ends chan error
}

func (r readsToEnd) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if err != nil {
		select {
		case r.ends <- err:
		default:
		}
	}
	return n, err
}
