package proxy

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// Catches a way into the proxy that does not reach the server, or whose frames
// are not recorded.
func TestEcho(t *testing.T) {
	plain, secure := serve(t, false, echo), serve(t, true, echo)
	for name, url := range map[string]string{"ws": "ws://" + plain + "/x?y=z", "wss": "wss://" + secure + "/x?y=z"} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			c := r.dialWebSocket(url)
			for _, text := range []string{"", "hello", string(make([]byte, 100_000))} {
				if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
					t.Fatal(err)
				}
				_, got, err := c.ReadMessage()
				if err != nil || string(got) != text {
					t.Fatalf("echo of %d bytes: %d bytes, %v", len(text), len(got), err)
				}
			}
			_ = c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, "bye"))
			if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, 1000) {
				t.Errorf("close: %v", err)
			}
			_ = c.Close()
			tape := r.recorder.ended(t, 1)
			if tape.conn.URL != url || tape.conn.Status != 101 || tape.conn.State != "open" {
				t.Errorf("recorded %s %d %s", tape.conn.URL, tape.conn.Status, tape.conn.State)
			}
			if len(tape.wire[0]) < 100_000 || len(tape.wire[1]) < 100_000 {
				t.Errorf("recorded %d and %d bytes", len(tape.wire[0]), len(tape.wire[1]))
			}
			if tape.end.How != "close" || tape.end.EndedBy != "client" {
				t.Errorf("ended %+v", tape.end)
			}
		})
	}
}

// Catches a secure WebSocket that a client asks for in absolute form, as it may
// of a proxy it trusts (pitfall H7).
func TestAbsoluteSecure(t *testing.T) {
	address := serve(t, true, echo)
	r := start(t)
	for _, scheme := range []string{"wss", "https"} {
		c := r.raw()
		c.send(handshake(scheme+"://"+address+"/", address))
		if response := c.response(http.MethodGet); response.StatusCode != http.StatusSwitchingProtocols {
			t.Fatal(response.Status)
		}
		c.send("\x89\x80\x00\x00\x00\x00")
		c.expect("\x8a\x00")
		_ = c.Close()
	}
	tape := r.recorder.ended(t, 2)
	if tape.conn.URL != "wss://"+address+"/" || tape.conn.TLS.Client != nil || tape.conn.TLS.Server == nil {
		t.Errorf("recorded %s with %+v", tape.conn.URL, tape.conn.TLS)
	}
}

// Catches a handshake for another server that is taken for one to the proxy,
// because it names the server in Host alone, as Java's client may.
func TestOriginForm(t *testing.T) {
	address := serve(t, false, echo)
	r := start(t)
	c := r.raw()
	c.send(handshake("/room?id=7", address))
	if response := c.response(http.MethodGet); response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(response.Status)
	}
	c.send("\x89\x80\x00\x00\x00\x00")
	c.expect("\x8a\x00")
	_ = c.Close()
	if tape := r.recorder.ended(t, 1); tape.conn.URL != "ws://"+address+"/room?id=7" {
		t.Errorf("recorded %s", tape.conn.URL)
	}
	for _, host := range []string{r.address, pageHost, ""} {
		c := r.raw()
		c.send(handshake("/room", host))
		if response := c.response(http.MethodGet); response.StatusCode == http.StatusSwitchingProtocols || response.StatusCode == http.StatusBadGateway {
			t.Errorf("host %q: %s", host, response.Status)
		}
		_ = c.Close()
	}
}

// Catches HTTP/2 agreed to with a client that could as well do without it
// (pitfall H11).
func TestBrowsersFallBack(t *testing.T) {
	address := serve(t, true, echo)
	r := start(t)
	w := r.tunnel(address)
	c := tls.Client(w.Conn, &tls.Config{RootCAs: pool(authority()), ServerName: "127.0.0.1", NextProtos: []string{"h2", "http/1.1"}})
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if p := c.ConnectionState().NegotiatedProtocol; p != "http/1.1" {
		t.Errorf("agreed on %q", p)
	}
	w = newWire(t, c)
	w.send(handshake("/", address))
	if response := w.response(http.MethodGet); response.StatusCode != http.StatusSwitchingProtocols {
		t.Error(response.Status)
	}
	_ = w.Close()
	if tape := r.recorder.ended(t, 1); tape.conn.TLS.Server.ALPN != "http/1.1" {
		t.Errorf("the server was offered %q", tape.conn.TLS.Server.ALPN)
	}
}

// Catches compression that the proxy turns off, or undoes on the way.
func TestCompressionIsBetweenThePeers(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		scheme := map[bool]string{false: "ws://", true: "wss://"}[secure]
		r := start(t)
		d := r.dialer()
		d.EnableCompression = true
		c, response, err := d.Dial(scheme+serve(t, secure, echo), nil)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Repeat("the same again ", 10_000)
		if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, p, err := c.ReadMessage(); string(p) != text {
			t.Fatalf("echo of %d bytes, %v", len(p), err)
		}
		_ = c.Close()
		tape := r.recorder.ended(t, 1)
		if want := response.Header.Get("Sec-WebSocket-Extensions"); want == "" || tape.conn.Extensions != want {
			t.Errorf("agreed on %q, recorded %q", want, tape.conn.Extensions)
		}
		for side, wire := range tape.wire {
			if len(wire) > len(text)/10 || wire[0]&0x40 == 0 {
				t.Errorf("side %d: %d bytes for a message of %d, first %#x", side, len(wire), len(text), wire[0])
			}
		}
	})
}
