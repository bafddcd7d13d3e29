package client_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/frame"
)

// relay copies between two connections until both directions have ended.
func relay(a, b net.Conn) {
	var group sync.WaitGroup
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		group.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			_, _ = pair[0].Close(), pair[1].Close()
		})
	}
	group.Wait()
}

// forwarder is a proxy that serves each connection with serve and keeps what it was
// asked for.
type forwarder struct {
	url   *url.URL
	lock  sync.Mutex
	asked []string
}

func (f *forwarder) note(what string) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.asked = append(f.asked, what)
}

func newForwarder(t *testing.T, scheme string, wrap func(net.Listener) net.Listener, serve func(f *forwarder, c net.Conn)) *forwarder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarder{url: &url.URL{Scheme: scheme, Host: l.Addr().String()}}
	l = wrap(l)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				serve(f, c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		group.Wait()
	})
	return f
}

func plainly(l net.Listener) net.Listener { return l }

// connectProxy serves CONNECT; it wants the given credentials, if any.
func connectProxy(credentials string) func(*forwarder, net.Conn) {
	return func(f *forwarder, c net.Conn) {
		request, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		f.note(request.Method + " " + request.RequestURI + " " + request.Host)
		if want := "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials)); credentials != "" && request.Header.Get("Proxy-Authorization") != want {
			_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
			return
		}
		to, err := net.Dial("tcp", request.RequestURI)
		if err != nil {
			_, _ = io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 Fine\r\nX: y\r\n\r\n")
		relay(c, to)
	}
}

// socksProxy serves SOCKS5 for names and addresses, with the credentials u and p if
// these are offered.
func socksProxy(f *forwarder, c net.Conn) {
	r := bufio.NewReader(c)
	read := func(n int) []byte {
		p := make([]byte, n)
		_, _ = io.ReadFull(r, p)
		return p
	}
	methods := read(int(read(2)[1]))
	if strings.Contains(string(methods), "\x02") {
		_, _ = c.Write([]byte{5, 2})
		user := read(int(read(2)[1]))
		password := read(int(read(1)[0]))
		if string(user)+":"+string(password) != "u:p" {
			_, _ = c.Write([]byte{1, 1})
			return
		}
		_, _ = c.Write([]byte{1, 0})
	} else {
		_, _ = c.Write([]byte{5, 0})
	}
	var host string
	switch kind := read(4)[3]; kind {
	case 1:
		host = net.IP(read(4)).String()
	case 3:
		host = string(read(int(read(1)[0])))
	case 4:
		host = net.IP(read(16)).String()
	}
	port := read(2)
	address := net.JoinHostPort(host, fmt.Sprint(int(port[0])<<8|int(port[1])))
	f.note("SOCKS " + address)
	to, err := net.Dial("tcp", address)
	if err != nil {
		_, _ = c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	relay(c, to)
}

// TestProxies catches a proxy that is not used, or not as it says, for plain and
// TLS servers.
func TestProxies(t *testing.T) {
	plain := echoServer(t, websocket.Upgrader{})
	secure := secureServer(t, &tls.Config{})
	overTLS := func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: secure.TLS.Certificates})
	}
	for name, c := range map[string]struct {
		proxy *forwarder
		user  *url.Userinfo
		asked string
	}{
		"http":       {newForwarder(t, "http", plainly, connectProxy("")), nil, "CONNECT HOST HOST"},
		"http, user": {newForwarder(t, "http", plainly, connectProxy("a:b:c")), url.UserPassword("a", "b:c"), "CONNECT HOST HOST"},
		"https":      {newForwarder(t, "https", overTLS, connectProxy("")), nil, "CONNECT HOST HOST"},
		"socks5":     {newForwarder(t, "socks5", plainly, socksProxy), nil, "SOCKS HOST"},
		"socks5h":    {newForwarder(t, "socks5h", plainly, socksProxy), url.UserPassword("u", "p"), "SOCKS HOST"},
	} {
		for _, server := range []*httptest.Server{plain, secure} {
			t.Run(name+" to "+server.URL[:5], func(t *testing.T) {
				via := *c.proxy.url
				via.User = c.user
				conn, facts := dial(t, client.Options{URL: server.URL, Proxy: &via, Roots: roots(secure)})
				if err := conn.Send(frame.Draft{Type: frame.Text, Payload: []byte("hi")}, false); err != nil {
					t.Fatal(err)
				}
				if m := next(t, conn); string(m.Payload) != "hi" {
					t.Errorf("got %q", m.Payload)
				}
				want := strings.ReplaceAll(c.asked, "HOST", server.Listener.Addr().String())
				c.proxy.lock.Lock()
				defer c.proxy.lock.Unlock()
				if got := c.proxy.asked[len(c.proxy.asked)-1]; got != want {
					t.Errorf("asked for %q, not %q", got, want)
				}
				if facts.Server != c.proxy.url.Host || (facts.TLS != nil) != (server == secure) {
					t.Errorf("recorded server %s, TLS %v", facts.Server, facts.TLS)
				}
				// The server has to see it at once, so the socket has to be found.
				if err := conn.Abort(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestProxyLooksUpNames catches a name that is looked up here and not by the proxy.
func TestProxyLooksUpNames(t *testing.T) {
	for _, f := range []*forwarder{
		newForwarder(t, "http", plainly, connectProxy("x:y")), newForwarder(t, "socks5", plainly, socksProxy),
	} {
		_, _, err := client.Dial(t.Context(), client.Options{URL: "ws://name.invalid/", Proxy: f.url})
		if err == nil || len(f.asked) != 1 || !strings.Contains(f.asked[0], "name.invalid:80") {
			t.Errorf("asked for %q, %v", f.asked, err)
		}
	}
}

// TestProxyErrors catches a failure of a proxy that is not said to be one.
func TestProxyErrors(t *testing.T) {
	refusing := newForwarder(t, "http", plainly, connectProxy("a:secret"))
	talking := newForwarder(t, "http", plainly, func(_ *forwarder, c net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(c))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101")
	})
	leaving := newForwarder(t, "http", plainly, func(_ *forwarder, c net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(c)) })
	secure := newForwarder(t, "https", func(l net.Listener) net.Listener {
		s := httptest.NewTLSServer(nil)
		defer s.Close()
		return tls.NewListener(l, &tls.Config{Certificates: s.TLS.Certificates})
	}, connectProxy(""))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, c := range map[string]struct {
		proxy string
		want  string
		tls   bool
	}{
		"refused":      {strings.Replace(refusing.url.String(), "//", "//a:wrong@", 1), "connect to server.test:80: proxy http://a:xxxxx@" + refusing.url.Host + ": CONNECT server.test:80: answered 407 Proxy Authentication Required", false},
		"talks":        {talking.url.String(), "12 bytes came before anything was sent", false},
		"leaves":       {leaving.url.String(), "the connection was closed without an answer", false},
		"nobody there": {"http://" + closed.Addr().String(), "connect to server.test:80: proxy http://" + closed.Addr().String() + ": dial tcp", false},
		"untrusted":    {secure.url.String(), "TLS with " + secure.url.Host + ": tls: failed to verify certificate", true},
		"scheme":       {"ftp://x", `scheme "ftp" is not http, https, socks5 or socks5h`, false},
		"no host":      {"http://", "has no host", false},
	} {
		t.Run(name, func(t *testing.T) {
			via, err := url.Parse(c.proxy)
			if err != nil {
				t.Fatal(err)
			}
			conn, facts, err := client.Dial(t.Context(), client.Options{URL: "ws://server.test/", Proxy: via})
			if conn != nil || err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "wrong") {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			var reach *client.ConnectError
			var bad *client.TLSError
			if facts != nil && (errors.As(err, &reach) == c.tls || errors.As(err, &bad) != c.tls || facts.State != frame.Failed) {
				t.Errorf("error is a %T, recorded as %s", err, facts.State)
			}
		})
	}
}
