package proxy

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// Catches a proxy that serves whoever does not know the password, or asks for it
// where it cannot be given.
func TestAuthorization(t *testing.T) {
	plain := serve(t, false, echo)
	r := start(t, func(o *Options) { o.Auth = url.UserPassword("user", "pass:word") })
	basic := func(s string) string {
		return "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(s)) + "\r\n"
	}
	for fields, status := range map[string]int{
		"":                                   407,
		basic("user:wrong"):                  407,
		basic("user:"):                       407,
		basic("other:pass:word"):             407,
		"Proxy-Authorization: Bearer x\r\n":  407,
		"Proxy-Authorization: Basic !!!\r\n": 407,
		basic("user:pass:word"):              101,
		strings.Replace(basic("user:pass:word"), "Basic", "basic", 1): 101,
	} {
		c := r.raw()
		c.send(handshake("ws://"+plain+"/", plain, fields))
		response := c.response(http.MethodGet)
		if response.StatusCode != status || (status == 407) != strings.HasPrefix(response.Header.Get("Proxy-Authenticate"), "Basic ") {
			t.Errorf("absolute with %q: %s", fields, response.Status)
		}
		_ = c.Close()

		c = r.raw()
		c.send("CONNECT " + plain + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n")
		if response := c.response(http.MethodConnect); (response.StatusCode == 407) != (status == 407) {
			t.Errorf("CONNECT with %q: %s", fields, response.Status)
		} else if status != 407 {
			c.send(handshake("/", plain)) // the tunnel was paid for
			if response := c.response(http.MethodGet); response.StatusCode != 101 {
				t.Errorf("in the tunnel: %s", response.Status)
			}
		}
		_ = c.Close()
	}
}

// Catches a loop, by whatever name the proxy is called.
func TestConnectionToItselfIsRefused(t *testing.T) {
	r := start(t)
	_, port, _ := net.SplitHostPort(r.address)
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"} {
		target := host + ":" + port
		absolute, tunnel := r.raw(), r.tunnel(target)
		absolute.send(handshake("ws://"+target+"/", target))
		tunnel.send(handshake("/", target))
		for _, c := range []*wire{absolute, tunnel} {
			response := c.response(http.MethodGet)
			text, _ := io.ReadAll(response.Body)
			if response.StatusCode != http.StatusBadGateway || !strings.Contains(string(text), "proxy itself") {
				t.Errorf("%s: %s: %s", target, response.Status, text)
			}
			_ = c.Close()
		}
	}
	if tape := r.recorder.ended(t, 8); tape.conn.State != frame.Failed {
		t.Errorf("recorded %+v", tape.conn)
	}
}

// Catches a loop by way of the upstream proxy, and a proxy upstream of itself.
func TestConnectionToItselfThroughAnother(t *testing.T) {
	up, asked := httpProxy(t, false)
	l := listen(t)
	self := l.Addr().String()
	_, port, _ := net.SplitHostPort(self)
	for upstream, target := range map[string]string{up: "localhost:" + port, self: "other.example:80"} {
		r := startOn(t, l, func(*Proxy) {}, through("http://"+upstream, nil))
		c := r.tunnel(target)
		c.send(handshake("/", target))
		response := c.response(http.MethodGet)
		if text, _ := io.ReadAll(response.Body); !strings.Contains(string(text), "proxy itself") {
			t.Errorf("%s through %s: %s: %s", target, upstream, response.Status, text)
		}
		r.stop()
		var err error
		if l, err = net.Listen("tcp", self); err != nil {
			t.Fatal(err)
		}
	}
	_ = l.Close()
	if len(asked) > 0 {
		t.Errorf("the other proxy was asked for %s", <-asked)
	}
}

// Catches addresses that are the proxy's and are not taken for it, and others
// that are.
func TestListeningAt(t *testing.T) {
	for _, c := range []struct {
		listen, address string
		want            bool
	}{
		{"127.0.0.1:80", "127.0.0.1:80", true},
		{"127.0.0.1:80", "127.0.0.1:81", false},
		{"127.0.0.1:80", "127.0.0.2:80", false},
		{"127.0.0.1:80", "[::ffff:127.0.0.1]:80", true},
		{"127.0.0.1:80", "0.0.0.0:80", true},
		{"192.0.2.1:80", "0.0.0.0:80", false},
		{"[::]:80", "127.0.0.5:80", true},
		{"[::]:80", "[::1]:80", true},
		{"0.0.0.0:80", "192.0.2.1:80", false},
		{"127.0.0.1:80", "nonsense", false},
	} {
		address, err := net.ResolveTCPAddr("tcp", c.listen)
		if err != nil {
			t.Fatal(err)
		}
		if got := newListening(address).at(c.address); got != c.want {
			t.Errorf("listening on %s, at(%s) = %v", c.listen, c.address, got)
		}
	}
}

// Catches a reverse proxy that the server refuses: for its Host, its Origin, its
// path or its scheme.
func TestReverse(t *testing.T) {
	type seen struct{ uri, host, origin string }
	got := make(chan seen, 1)
	handler := func(w http.ResponseWriter, r *http.Request) {
		got <- seen{r.RequestURI, r.Host, r.Header.Get("Origin")}
		echo(w, r)
	}
	plain, secure := serve(t, false, handler), serve(t, true, handler)
	for _, c := range []struct{ remote, target, origin, uri, wantOrigin, url string }{
		{"ws://" + plain, "/", "", "/", "", "ws://" + plain + "/"},
		{"wss://" + secure, "/a?b=c", "http://LOCAL", "/a?b=c", "https://" + secure, "wss://" + secure + "/a?b=c"},
		{"https://" + secure + "/base", "/", "https://app.example", "/base", "https://app.example", "wss://" + secure + "/base"},
		{"http://" + plain + "/base/?k=v", "/x|y?z", "null", "/base/x|y?k=v&z", "null", "ws://" + plain + "/base/x|y?k=v&z"},
	} {
		remote, err := url.Parse(c.remote)
		if err != nil {
			t.Fatal(err)
		}
		r := start(t, func(o *Options) { o.Reverse = remote })
		w := r.raw()
		fields := ""
		if c.origin != "" {
			fields = "Origin: " + strings.Replace(c.origin, "LOCAL", r.address, 1) + "\r\n"
		}
		w.send(handshake(c.target, r.address, fields))
		if response := w.response(http.MethodGet); response.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("%s: %s", c.remote, response.Status)
		}
		if s, want := <-got, (seen{c.uri, remote.Host, c.wantOrigin}); s != want {
			t.Errorf("%s: the server saw %+v, want %+v", c.remote, s, want)
		}
		w.send("\x81\x80\x00\x00\x00\x00")
		w.expect("\x81\x00")
		_ = w.Close()
		if tape := r.recorder.ended(t, 1); tape.conn.URL != strings.ReplaceAll(c.url, "|", "%7C") || string(tape.wire[1]) != "\x81\x00" {
			t.Errorf("recorded %s, %q", tape.conn.URL, tape.wire[1])
		}
	}
}

// Catches a page that cannot be reached, or offers something else than the
// authority.
func TestPage(t *testing.T) {
	r := start(t, func(o *Options) { o.Auth = url.UserPassword("user", "secret") })
	get := func(target string) (*http.Response, string) {
		c := r.raw()
		defer c.Close()
		c.send("GET " + target + " HTTP/1.1\r\nHost: " + r.address + "\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n")
		response := c.response(http.MethodGet)
		text, _ := io.ReadAll(response.Body)
		return response, string(text)
	}
	for _, target := range []string{"/", "http://wsluice.local/"} {
		response, text := get(target)
		if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
			!strings.Contains(text, "NODE_EXTRA_CA_CERTS") || !strings.Contains(text, r.address) || strings.Contains(text, `src="`) {
			t.Errorf("%s: %s %.200s", target, response.Status, text)
		}
	}
	_, text := get("/ca.pem")
	if block, _ := pem.Decode([]byte(text)); block == nil {
		t.Errorf("/ca.pem is %q", text)
	}
	response, text := get("/ca.der")
	if root, err := x509.ParseCertificate([]byte(text)); err != nil || !root.Equal(authority().Certificate()) || response.Header.Get("Content-Type") != "application/x-x509-ca-cert" {
		t.Errorf("/ca.der: %v, %v", response.Header, err)
	}
	if response, _ := get("/else"); response.StatusCode != http.StatusNotFound {
		t.Errorf("/else: %s", response.Status)
	}
}

// Catches patterns that fit too much or too little.
func TestHosts(t *testing.T) {
	for _, c := range []struct {
		pattern, address string
		want             bool
	}{
		{"example.com", "example.com:443", true},
		{"example.com", "EXAMPLE.com.:443", true},
		{"example.com", "a.example.com:443", false},
		{"*.example.com", "a.b.example.com:80", true},
		{"*.example.com", "example.com:80", false},
		{"*.example.com", "badexample.com:80", false},
		{"example.com:8443", "example.com:8443", true},
		{"example.com:8443", "example.com:443", false},
		{"*.example.com:8443", "a.example.com:8443", true},
		{"[::1]:443", "[::1]:443", true},
		{"::1", "[::1]:443", true},
	} {
		list, err := parseHosts([]string{c.pattern})
		if err != nil {
			t.Fatal(err)
		}
		if got := list.match(c.address); got != c.want {
			t.Errorf("%q matches %q: %v", c.pattern, c.address, got)
		}
	}
	for _, bad := range []string{"*", "a*.example", "http://example.com", "a b", "*.", "[[", ""} {
		if _, err := parseHosts([]string{bad}); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// Catches options that cannot work and are found out only in use.
func TestOptions(t *testing.T) {
	good := Options{Recorder: newMemory(), Authority: authority()}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"recorder":  func(o *Options) { o.Recorder = nil },
		"authority": func(o *Options) { o.Authority = nil },
		"ftp":       func(o *Options) { o.Reverse = &url.URL{Scheme: "ftp", Host: "x"} },
		"no host":   func(o *Options) { o.Upstream = &url.URL{Scheme: "http"} },
		"a b":       func(o *Options) { o.Bypass = []string{"a b"} },
		"c d":       func(o *Options) { o.Only = []string{"c d"} },
		"e f":       func(o *Options) { o.Identities = []Identity{{Host: "e f"}} },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
