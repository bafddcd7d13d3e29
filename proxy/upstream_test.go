package proxy

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// httpProxy runs a minimal HTTP proxy that asks for user:secret and hands out
// the request lines it gets.
func httpProxy(t *testing.T, secure bool) (address string, asked <-chan string) {
	list := make(chan string, 20)
	address = accept(t, secure, func(c net.Conn) {
		r := bufio.NewReader(c)
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		list <- request.Method + " " + request.RequestURI
		if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:secret")); request.Header.Get("Proxy-Authorization") != want {
			_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
			return
		}
		if request.Method != http.MethodConnect {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy")
			return
		}
		server, err := net.Dial("tcp", request.Host)
		if err != nil {
			_, _ = io.WriteString(c, "HTTP/1.1 503 No Such Server\r\n\r\n")
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		join(c, r, server)
	})
	return address, list
}

// socksProxy runs a minimal SOCKS5 proxy that asks for user and secret.
func socksProxy(t *testing.T) (address string, asked <-chan string) {
	list := make(chan string, 20)
	address = accept(t, false, func(c net.Conn) {
		b := make([]byte, 300)
		read := func(n int) []byte { _, _ = io.ReadFull(c, b[:n]); return b[:n] }
		read(int(read(2)[1]))
		_, _ = c.Write([]byte{5, 2})
		user := string(read(int(read(2)[1])))
		password := string(read(int(read(1)[0])))
		if user != "user" || password != "secret" {
			_, _ = c.Write([]byte{1, 1})
			return
		}
		_, _ = c.Write([]byte{1, 0})
		kind, host := read(4)[3], ""
		switch kind {
		case 1:
			host = net.IP(read(4)).String()
		case 3:
			host = string(read(int(read(1)[0])))
		}
		target := net.JoinHostPort(host, itoa(int(binary.BigEndian.Uint16(read(2)))))
		list <- target
		server, err := net.Dial("tcp", target)
		if err != nil {
			_, _ = c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		join(c, c, server)
	})
	return address, list
}

// join passes on both ways, the end of each by itself.
func join(c net.Conn, r io.Reader, server net.Conn) {
	done := make(chan struct{})
	go func() { defer close(done); _, _ = io.Copy(c, server); newLeg(c).closeWrite(true) }()
	_, _ = io.Copy(server, r)
	newLeg(server).closeWrite(true)
	<-done
	_ = server.Close()
}

// Catches a half-close that is not passed on to a proxy upstream, because what
// reached it hides the socket.
func TestUpstreamHalfClose(t *testing.T) {
	for kind, run := range map[string]func(*testing.T) (string, <-chan string){
		"http":   func(t *testing.T) (string, <-chan string) { return httpProxy(t, false) },
		"https":  func(t *testing.T) (string, <-chan string) { return httpProxy(t, true) },
		"socks5": socksProxy,
	} {
		t.Run(kind, func(t *testing.T) {
			address, _ := run(t)
			r := start(t, through(kind+"://"+address, url.UserPassword("user", "secret")))
			client, server := r.pair(false)
			client.closeWrite()
			server.eof()
			server.send(text("an answer"))
			client.expect(text("an answer"))
		})
	}
}

func through(raw string, user *url.Userinfo) func(*Options) {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	u.User = user
	return func(o *Options) { o.Upstream = u }
}

// Catches an upstream proxy that is left out, asked in the wrong way or not
// given its credentials, for every kind of proxy and of traffic (pitfall H9).
func TestUpstreamProxy(t *testing.T) {
	kinds := map[string]func(*testing.T) (string, <-chan string){
		"http":    func(t *testing.T) (string, <-chan string) { return httpProxy(t, false) },
		"https":   func(t *testing.T) (string, <-chan string) { return httpProxy(t, true) },
		"socks5":  socksProxy,
		"socks5h": socksProxy,
	}
	plain, secure := serve(t, false, echo), serve(t, true, echo)
	for kind, run := range kinds {
		t.Run(kind, func(t *testing.T) {
			address, asked := run(t)
			r := start(t, through(kind+"://"+address, url.UserPassword("user", "secret")), func(o *Options) { o.Bypass = []string{"localhost"} })
			connect := "CONNECT "
			if strings.HasPrefix(kind, "socks") {
				connect = ""
			}
			for _, target := range []string{"ws://" + plain, "wss://" + secure} {
				c := r.dialWebSocket(target)
				if err := c.WriteMessage(1, []byte("hello")); err != nil {
					t.Fatal(err)
				}
				if _, p, err := c.ReadMessage(); string(p) != "hello" {
					t.Fatalf("%s: %q, %v", target, p, err)
				}
				_, host, _ := strings.Cut(target, "://")
				if got := <-asked; got != connect+host {
					t.Errorf("%s: the proxy was asked for %q", target, got)
				}
			}
			// Blindly:
			_, port, _ := net.SplitHostPort(secure)
			d := r.dialer()
			d.TLSClientConfig = &tls.Config{RootCAs: pool(serverAuthority()), ServerName: "127.0.0.1"}
			c, _, err := d.Dial("wss://localhost:"+port, nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = c.Close()
			if got := <-asked; got != connect+"localhost:"+port {
				t.Errorf("the proxy was asked for %q", got)
			}
			// Plain HTTP is what an HTTP proxy is for; SOCKS knows only tunnels.
			response, err := r.httpClient().Get("http://" + plain + "/a%7Cb?c")
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			want := plain
			if connect != "" {
				want = "GET http://" + plain + "/a%7Cb?c"
			}
			if got := <-asked; got != want {
				t.Errorf("the proxy was asked for %q, want %q", got, want)
			}
		})
	}
}

// Catches a failure of the upstream proxy put down to the server, and a password
// in an error.
func TestUpstreamProxyFails(t *testing.T) {
	closed := listen(t)
	_ = closed.Close()
	http1, _ := httpProxy(t, false)
	socks, _ := socksProxy(t)
	for upstream, want := range map[string]string{
		"http://" + http1:                    "407",
		"socks5://" + socks:                  "username/password",
		"http://" + closed.Addr().String():   "refused",
		"socks5://" + closed.Addr().String(): "refused",
	} {
		r := start(t, through(upstream, url.UserPassword("user", "wrong")))
		c := r.tunnel("server.example:80")
		c.send(handshake("/", "server.example"))
		response := c.response(http.MethodGet)
		text, _ := io.ReadAll(response.Body)
		host := upstream[strings.Index(upstream, "//")+2:]
		if response.StatusCode != http.StatusBadGateway || !strings.Contains(string(text), want) || !strings.Contains(string(text), host) || strings.Contains(string(text), "wrong") {
			t.Errorf("%s: %s: %s", upstream, response.Status, text)
		}
		if tape := r.recorder.ended(t, 1); tape.conn.State != frame.Failed {
			t.Errorf("recorded %+v", tape.conn)
		}
	}
}

// Catches a server's certificate that is not verified although it should be, and
// verified although it should not be.
func TestVerification(t *testing.T) {
	address := serve(t, true, echo)
	for _, c := range []struct {
		name   string
		change func(*Options)
		status int
	}{
		{"trusted", func(*Options) {}, 101},
		{"not trusted", func(o *Options) { o.Roots = nil }, 502},
		{"insecure", func(o *Options) { o.Roots, o.Insecure = nil, true }, 101},
	} {
		r := start(t, c.change)
		w := r.tunnel(address).secure("127.0.0.1")
		w.send(handshake("/", address))
		response := w.response(http.MethodGet)
		if response.StatusCode != c.status {
			t.Errorf("%s: %s", c.name, response.Status)
		}
		_ = w.Close()
		tape := r.recorder.ended(t, 1)
		if c.status == 101 && tape.conn.TLS.Server.Verified != (c.name == "trusted") {
			t.Errorf("%s: recorded %+v", c.name, tape.conn.TLS.Server)
		}
		if c.status == 502 && !strings.Contains(tape.conn.Error, "unknown authority") {
			t.Errorf("recorded %q", tape.conn.Error)
		}
	}
}

// Catches a client certificate that is not shown, or shown to another host.
func TestIdentities(t *testing.T) {
	names := make(chan string, 1)
	l := listen(t)
	config := serverAuthority().TLSConfig("127.0.0.1")
	config.ClientAuth = tls.RequestClientCert
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := ""
		if chain := r.TLS.PeerCertificates; len(chain) > 0 {
			name = fmt.Sprint(chain[0].DNSNames)
		}
		names <- name
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(tls.NewListener(l, config)) }()
	defer func() { _ = server.Close(); <-done }()

	identity := func(name string) tls.Certificate {
		leaf, err := serverAuthority().TLSConfig(name).GetCertificate(&tls.ClientHelloInfo{ServerName: name})
		if err != nil {
			t.Fatal(err)
		}
		return *leaf
	}
	r := start(t, func(o *Options) {
		o.Identities = []Identity{
			{Host: "*.example.com", Certificate: identity("me.example")},
			{Host: "localhost", Certificate: identity("local.example")},
		}
	})
	for name, want := range map[string]string{"a.example.com": "[me.example]", "localhost": "[local.example]", "example.com": ""} {
		c := r.tunnel(l.Addr().String()).secure(name)
		c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		c.response(http.MethodGet)
		if got := <-names; got != want {
			t.Errorf("%s got %q, want %q", name, got, want)
		}
		_ = c.Close()
	}
}
