package proxy

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// Catches a tunnel that hangs or breaks because there is no HTTP/1 in it: the
// bytes must pass, and the list must say so.
func TestOtherProtocolsPass(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		for _, hello := range []string{
			"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test",
			"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
			"NICK someone\r\n",
			"CONNECT elsewhere:1 HTTP/1.1\r\n\r\n",
			"\x00",
		} {
			address := accept(t, secure, func(c net.Conn) { _, _ = io.Copy(c, c) })
			r := start(t)
			c := r.tunnel(address)
			if secure {
				c = c.secure("127.0.0.1")
			}
			c.send(hello)
			c.expect(hello)
			c.closeWrite()
			c.eof()
			tape := r.recorder.ended(t, 1)
			if tape.conn.State != frame.Bypassed || tape.conn.URL != "tunnel://"+address || tape.conn.Error != "not HTTP/1" {
				t.Errorf("%q: recorded %+v", hello, tape.conn)
			}
		}
	})
}

// Catches a client left waiting for a server that speaks first.
func TestServerSpeaksFirst(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		address := accept(t, secure, func(c net.Conn) {
			_, _ = io.WriteString(c, "220 ready\r\n")
			_, _ = io.Copy(c, c)
		})
		r := start(t)
		c := r.tunnel(address)
		if secure {
			c = c.secure("127.0.0.1")
		}
		c.expect("220 ready\r\n")
		c.send("EHLO me\r\n")
		c.expect("EHLO me\r\n")
		if tape := r.recorder.ended(t, 1); tape.conn.State != frame.Bypassed || !strings.Contains(tape.conn.Error, "spoke first") {
			t.Errorf("recorded %+v", tape.conn)
		}
	})
}

// Catches a client that was only slow to speak and is not intercepted for it.
func TestSlowToSpeak(t *testing.T) {
	dialled := make(chan struct{}, 10)
	address := accept(t, false, func(c net.Conn) {
		dialled <- struct{}{}
		w := newWire(t, c)
		if _, err := http.ReadRequest(w.r); err == nil {
			_, _ = io.WriteString(c, switching)
		}
		_, _ = io.Copy(c, w)
	})
	r := start(t)
	c := r.tunnel(address)
	<-dialled // the proxy has lost patience and listens to the server as well
	request := handshake("/", address)
	c.send(request[:7])
	c.send(request[7:])
	if got := c.head(); got != switching {
		sameLines(t, "the client got", got, switching)
	}
	c.send("hello")
	c.expect("hello")
	_ = c.Close()
	if tape := r.recorder.ended(t, 1); tape.conn.State != frame.Open || string(tape.wire[0]) != "hello" {
		t.Errorf("recorded %+v", tape.conn)
	}
}

// Catches TLS intercepted for a host that is to be passed, or passed for one
// that is not; and a bypassed WebSocket that is recorded.
func TestBypass(t *testing.T) {
	address := serve(t, true, echo)
	_, port, _ := net.SplitHostPort(address)
	for _, c := range []struct {
		name  string
		lists func(*Options)
		blind bool
	}{
		{"bypass", func(o *Options) { o.Bypass = []string{"127.0.0.1"} }, true},
		{"bypass with port", func(o *Options) { o.Bypass = []string{"127.0.0.1:" + port} }, true},
		{"bypass of another port", func(o *Options) { o.Bypass = []string{"127.0.0.1:1"} }, false},
		{"only others", func(o *Options) { o.Only = []string{"*.example.com"} }, true},
		{"only this", func(o *Options) { o.Only = []string{"*.example.com", "127.0.0.1"} }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, c.lists)
			d := r.dialer()
			if c.blind {
				d.TLSClientConfig.RootCAs = pool(serverAuthority())
			}
			ws, _, err := d.Dial("wss://"+address, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := ws.WriteMessage(1, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			if _, p, err := ws.ReadMessage(); string(p) != "hello" {
				t.Fatalf("read %q, %v", p, err)
			}
			_ = ws.Close()
			tape := r.recorder.ended(t, 1)
			if blind := tape.conn.State == frame.Bypassed; blind != c.blind {
				t.Errorf("recorded %+v", tape.conn)
			}
			if c.blind && tape.conn.URL != "tunnel://"+address {
				t.Errorf("recorded %s", tape.conn.URL)
			}
		})
	}
	t.Run("absolute", func(t *testing.T) {
		r := start(t, func(o *Options) { o.Bypass = []string{"127.0.0.1"} })
		plain := serve(t, false, echo)
		c := r.raw()
		c.send(handshake("ws://"+plain+"/", plain))
		if response := c.response(http.MethodGet); response.StatusCode != http.StatusSwitchingProtocols {
			t.Fatal(response.Status)
		}
		c.send("\x89\x80\x00\x00\x00\x00")
		c.expect("\x8a\x00")
		tape := r.recorder.ended(t, 1)
		if tape.conn.State != frame.Bypassed || len(tape.wire[0])+len(tape.wire[1]) > 0 {
			t.Errorf("recorded %+v", tape.conn)
		}
	})
	t.Run("unreachable", func(t *testing.T) {
		r := start(t, func(o *Options) { o.Bypass = []string{"127.0.0.1"} })
		c := r.raw()
		c.send("CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n")
		if response := c.response(http.MethodGet); response.StatusCode != http.StatusBadGateway {
			t.Errorf("answered %s", response.Status)
		}
		if tape := r.recorder.ended(t, 1); tape.conn.State != frame.Failed {
			t.Errorf("recorded %+v", tape.conn)
		}
	})
}

// Catches a leaf for the wrong name, or another name told to the server than the
// client has told.
func TestServerNameIsTheClients(t *testing.T) {
	names := make(chan string, 1)
	address := accept(t, true, func(c net.Conn) {
		w := newWire(t, c)
		_, _ = http.ReadRequest(w.r)
		names <- tlsName(c)
		_, _ = io.WriteString(c, switching)
	})
	r := start(t)
	c := r.tunnel(address).secure("chat.example")
	c.send(handshake("/", "host.example"))
	if response := c.response(http.MethodGet); response.StatusCode != http.StatusSwitchingProtocols {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("%s: %s", response.Status, text)
	}
	if name := <-names; name != "chat.example" {
		t.Errorf("the server was asked for %q", name)
	}
	_ = c.Close()
	tape := r.recorder.ended(t, 1)
	client, server := tape.conn.TLS.Client, tape.conn.TLS.Server
	if client == nil || client.ServerName != "chat.example" || client.Version != "TLS 1.3" || client.ALPN != "" {
		t.Errorf("recorded of the client %+v", client)
	}
	if server == nil || !server.Verified || server.SHA256 == "" || server.NotAfter.IsZero() || server.Issuer == "" || server.ALPN != "" {
		t.Errorf("recorded of the server %+v", server)
	}
}

// Catches words taken for others.
func TestFirstWords(t *testing.T) {
	for early, want := range map[string]struct {
		said    speech
		certain bool
	}{
		"":                                  {saidNothing, false},
		"\x16":                              {saidTLS, true},
		"G":                                 {saidOther, false},
		"GET ":                              {saidOther, false},
		"GET /":                             {saidHTTP, false},
		"GET / HTTP/1.1\r\n":                {saidHTTP, true},
		"M-SEARCH * HTTP/1.1\r\nA: b\r\n":   {saidHTTP, true},
		"GET / HTTP/1.0\n":                  {saidHTTP, true},
		"GET / HTTP/2.0\r\n":                {saidOther, true},
		"PRI * HTTP/2.0\r\n":                {saidOther, true},
		"CONNECT a:1 HTTP/1.1\r\n":          {saidOther, true},
		"USER me\r\n":                       {saidOther, true},
		"\x00\x00":                          {saidOther, true},
		"get / HTTP/1.1\r\n":                {saidOther, true},
		strings.Repeat("A", 30):             {saidOther, true},
		"GET /" + strings.Repeat("x", 2000): {saidHTTP, true},
		"FOO " + strings.Repeat("x", 2000):  {saidOther, true},
	} {
		if said, certain := firstWords([]byte(early)); said != want.said || certain != want.certain {
			t.Errorf("firstWords(%.40q) = %d, %v, want %d, %v", early, said, certain, want.said, want.certain)
		}
	}
}

// Catches a verdict that depends on how TCP cuts the first words, and one that
// never comes.
func FuzzFirstWords(f *testing.F) {
	for _, early := range []string{"GET / HTTP/1.1\r\n", "\x16\x03", "PRI * HTTP/2.0\r\n", "USER me\r\n", "G", "GET  HTTP/1.1\n", "-\n"} {
		f.Add([]byte(early))
	}
	f.Fuzz(func(t *testing.T, early []byte) {
		whole, certain := firstWords(early)
		if !certain && len(early) >= maxSniffed {
			t.Fatalf("no verdict on %d bytes", len(early))
		}
		for n := range min(len(early), maxSniffed) {
			if said, sure := firstWords(early[:n]); sure && (said != whole || !certain) {
				t.Fatalf("%q is %d, and %d with more", early[:n], said, whole)
			}
		}
	})
}
