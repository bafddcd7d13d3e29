//go:build e2e

package e2e

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
)

// chat is a short conversation.
var chat = []step{text("hello"), receive(1), noise("binary", 5000), receive(1), closing(4000, "bye")}

// converse has one client talk to one way of one server and returns the talk.
func converse(t testing.TB, name string, run func(testing.TB, door, []plan) *journal, via door, srv *server, base, way string) *talk {
	t.Helper()
	one := &talk{name: name, back: srv.tapes[way]}
	one.client = run(t, via, []plan{{Case: name, URL: address(base, name, echo()), Steps: chat}}).whole(t, name)
	only(t, one.client, "open") // or there is nothing to wait for at the server
	one.server = srv.events.whole(t, name)
	return one
}

// TestReverse would catch the reverse mode losing or changing bytes for clients
// that ignore proxies.
func TestReverse(t *testing.T) {
	pki := newAuthority(t)
	srv := gorillaServer(t, pki)
	for _, way := range []string{"ws/off", "wss/off", "wss/fresh"} {
		t.Run(way, func(t *testing.T) {
			s := record(t, "--upstream-ca", pki.file, "--reverse", srv.base[way])
			straight := door{authority: pki.file}
			name := strings.Replace("reverse/"+way, "/", "-", -1)
			one := converse(t, name, gorillaClient, straight, srv, "ws://"+s.addr, way)
			s.stop(t)
			one.compare(t, s)
		})
	}
}

// TestUpstreamProxy would catch a chain of two proxies, the second asking for
// credentials, that changes what passes or tells the two captures differently.
func TestUpstreamProxy(t *testing.T) {
	pki := newAuthority(t)
	srv := gorillaServer(t, pki)
	far := record(t, "--upstream-ca", pki.file, "--proxy-auth", "ada:pa ss:word")
	chained := strings.Replace(far.url(), "//", "//ada:pa%20ss%3Aword@", 1)
	near := record(t, "--upstream-ca", far.authority(), "--upstream-proxy", chained)
	wrong := record(t, "--upstream-ca", far.authority(), "--upstream-proxy", strings.Replace(chained, "ada", "eve", 1))
	var talks []*talk
	for _, way := range []string{"ws/off", "wss/fresh"} {
		via := door{proxy: near.url(), authority: near.authority()}
		talks = append(talks, converse(t, "chain-"+way[:strings.Index(way, "/")], gorillaClient, via, srv, srv.base[way], way))
	}
	via := door{proxy: wrong.url(), authority: wrong.authority()}
	refused := gorillaClient(t, via, []plan{{Case: "wrong", URL: address(srv.base["wss/off"], "wrong")}}).whole(t, "wrong")[0]
	if refused.Event != "refused" || refused.Status != http.StatusBadGateway {
		t.Errorf("with wrong credentials for the second proxy the client reports %+v, want refused with 502", refused)
	}
	near.stop(t)
	far.stop(t)
	wrong.stop(t)
	for _, one := range talks {
		t.Run(one.name, func(t *testing.T) {
			one.compare(t, near)
			one.compare(t, far)
		})
	}
	if conn := wrong.conn(t, "wrong"); conn.State != "failed" || !strings.Contains(conn.Error, "407") {
		t.Errorf("state %q, error %q in the capture; want failed, an error with 407", conn.State, conn.Error)
	}
}

// TestProxyAuth would catch a proxy anyone can use, or credentials that reach the
// server.
func TestProxyAuth(t *testing.T) {
	pki := newAuthority(t)
	h := serveRaw(t, nil)
	s := record(t, "--upstream-ca", pki.file, "--proxy-auth", "ada:secret")
	token := "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("ada:secret"))
	wrong := "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("ada:guess"))
	tunnel := fmt.Sprintf("CONNECT %[1]s HTTP/1.1\r\nHost: %[1]s\r\n", h.url.Host)
	absolute := ways[2].request(h, "/absolute", upgrade...)
	for _, request := range []string{tunnel + "\r\n", tunnel + wrong + "\r\n\r\n", absolute} {
		head := askOnce(t, s, request)
		if !strings.HasPrefix(head, "HTTP/1.1 407 ") || !strings.Contains(head, "\r\nProxy-Authenticate: Basic ") {
			t.Errorf("without the right credentials the answer to %q is %q, want 407", request[:40], head)
		}
	}
	if head := askOnce(t, s, tunnel+token+"\r\n\r\n"); !strings.HasPrefix(head, "HTTP/1.1 200 ") {
		t.Errorf("with credentials CONNECT is answered %q", head)
	}
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, ways[2].request(h, "/absolute", append(upgrade, token)...))
	if server := h.accept(t); strings.Contains(strings.ToLower(server.head), "proxy-") {
		t.Errorf("the proxy's credentials reached the server: %q", server.head)
	}
	srv := scripted(t, pki, "ws", "node", "peers/server_ws.mjs")
	via := door{proxy: strings.Replace(s.url(), "//", "//ada:secret@", 1), authority: s.authority()}
	one := converse(t, "library", library("ws").run, via, srv, srv.base["wss/takeover"], "wss/takeover")
	s.stop(t)
	one.compare(t, s)
}

// askOnce sends a request to the proxy and returns the head of its answer.
func askOnce(t testing.TB, s *sluice, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := &raw{Conn: conn, in: bufio.NewReader(conn)}
	r.send(t, request)
	return r.readHead(t)
}

// TestClientCertificate would catch a certificate not shown to a server that
// demands one, or shown to one it is not for.
func TestClientCertificate(t *testing.T) {
	pki := newAuthority(t)
	demanding := pki.config(t, "demanding")
	demanding.ClientAuth, demanding.ClientCAs = tls.RequireAndVerifyClientCert, pool(t, pki.file)
	h := serveRaw(t, demanding)
	pki.leaf(t, "ada")
	flags := []string{"--upstream-ca", pki.file, "--client-cert", pki.path("ada"), "--client-key", pki.path("ada-key"), "--for"}

	s := record(t, append(flags, "localhost")...)
	client, server := ways[1].open(t, s, h, "/known")
	state := server.Conn.(*tls.Conn).ConnectionState()
	if name := state.PeerCertificates[0].Subject.CommonName; name != "ada" {
		t.Errorf("the server was shown the certificate of %q, want ada", name)
	}
	client.send(t, masked(0x81, 2, "", "hi"))
	server.expect(t, masked(0x81, 2, "", "hi"))
	client.Close()
	s.stop(t)

	s = record(t, append(flags, "other.example")...)
	client = ways[1].dial(t, s, h)
	client.send(t, ways[1].request(h, "/unknown", upgrade...))
	if head := client.readHead(t); !strings.HasPrefix(head, "HTTP/1.1 502 ") {
		t.Errorf("without a certificate the client received %q, want 502", head)
	}
	s.stop(t)
	if conn := s.conn(t, "unknown"); conn.State != "failed" || !strings.Contains(conn.Error, "certificate") {
		t.Errorf("state %q, error %q in the capture; want failed, an error about a certificate", conn.State, conn.Error)
	}
}

// TestInsecure would catch --insecure not doing what it says, or doing it without
// a word.
func TestInsecure(t *testing.T) {
	stranger := newAuthority(t)
	srv := gorillaServer(t, stranger)
	s := record(t, "--insecure")
	one := converse(t, "insecure", gorillaClient, door{proxy: s.url(), authority: s.authority()}, srv, srv.base["wss/off"], "wss/off")
	if !strings.Contains(s.stderr.String(), "wsluice: warning: ") {
		t.Errorf("no warning on stderr:\n%s", s.stderr.tail())
	}
	s.stop(t)
	one.compare(t, s)
	if leg, _ := s.conn(t, "insecure").TLS["server"].(map[string]any); leg["verified"] != false {
		t.Errorf("the capture says of the server's TLS %v, want verified false", leg)
	}
}

// TestBypass would catch a host looked into against the user's wish, or a tunnel
// that is missing in the capture.
func TestBypass(t *testing.T) {
	pki := newAuthority(t)
	srv := gorillaServer(t, pki)
	for _, flags := range [][]string{{"--bypass", "localhost"}, {"--only", "other.example,*.example.org"}} {
		t.Run(flags[0], func(t *testing.T) {
			s := record(t, append(flags, "--upstream-ca", pki.file)...)
			// The client trusts the server's authority only: a look inside fails it.
			via := door{proxy: s.url(), authority: pki.file}
			converse(t, "blind"+flags[0], gorillaClient, via, srv, srv.base["wss/off"], "wss/off")
			s.stop(t)
			conns := s.conns(t)
			want := "tunnel://" + strings.TrimPrefix(srv.base["wss/off"], "wss://")
			if len(conns) != 1 || conns[0].State != "bypassed" || conns[0].URL != want || conns[0].Frames != (sides{}) {
				t.Errorf("the capture has %+v, want one bypassed connection to %s without frames", conns, want)
			}
		})
	}
}

// TestOwnPage would catch a user who opens the proxy's address finding nothing
// that helps, or the wrong certificate.
func TestOwnPage(t *testing.T) {
	s := record(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	page := string(fetch(t, client, "GET", s.url()+"/", nil))
	if !strings.Contains(page, "wsluice") || !strings.Contains(page, "certificate") {
		t.Errorf("the page says nothing of wsluice and its certificate: %s", page)
	}
	want, err := os.ReadFile(s.authority())
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`href="([^":]+\.pem)"`).FindStringSubmatch(page)
	if links == nil {
		t.Fatalf("the page links no .pem file: %s", page)
	}
	got := fetch(t, client, "GET", s.url()+"/"+strings.TrimPrefix(links[1], "/"), nil)
	sameBytes(t, "the certificate on the page and ca.pem", got, want)
	proxy, err := url.Parse(s.url())
	if err != nil {
		t.Fatal(err)
	}
	client.Transport = &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}
	sameBytes(t, "the page at its name and at the address", fetch(t, client, "GET", "http://wsluice.local/", nil), []byte(page))
	s.stop(t)
}

// TestItself would catch a proxy that can be made to connect to itself, without
// end.
func TestItself(t *testing.T) {
	s := record(t)
	itself := hostAt("ws", s.addr)
	for _, w := range []way{ways[0], ways[2], ways[3]} {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		r := &raw{Conn: conn, in: bufio.NewReader(conn)}
		if w.absolute == "" {
			r.send(t, fmt.Sprintf("CONNECT %[1]s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", s.addr))
			if head := r.readHead(t); !strings.HasPrefix(head, "HTTP/1.1 200 ") {
				continue // refused at once
			}
		}
		r.send(t, w.request(itself, "/", upgrade...))
		if head := r.readHead(t); head < "HTTP/1.1 4" {
			t.Errorf("%s to itself is answered %q, want a refusal", w.name, head)
		}
	}
	s.stop(t)
}

// TestDistrust would catch a client that does not trust the proxy's authority
// failing without a hint for the user, or with one for each attempt.
func TestDistrust(t *testing.T) {
	pki, stranger := newAuthority(t), newAuthority(t)
	srv := gorillaServer(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	via := door{proxy: s.url(), authority: stranger.file}
	for _, c := range clients {
		for i := range 2 {
			name := fmt.Sprint(c.name, i)
			got := c.run(t, via, []plan{{Case: name, URL: address(srv.base["wss/off"], name)}}).whole(t, name)
			if got[0].Event != "failed" {
				t.Errorf("%s, which does not trust the proxy, reports %+v", name, got)
			}
		}
	}
	s.stderr.await(t, "hint about trust", func(stderr string) bool {
		return strings.Contains(stderr, "certificate") && strings.Contains(stderr, "hint")
	})
	s.stop(t)
	if n := strings.Count(s.stderr.String(), "hint"); n != 1 {
		t.Errorf("%d hints for one host, want 1; stderr:\n%s", n, s.stderr.tail())
	}
}
