package proxy

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// heads runs a server that answers every request with response and hands out
// the heads it gets.
func heads(t *testing.T, secure bool, response string) (address string, got <-chan string) {
	list := make(chan string, 10)
	address = accept(t, secure, func(c net.Conn) {
		w := newWire(t, c)
		for {
			head := ""
			for !strings.HasSuffix(head, "\r\n\r\n") {
				line, err := w.r.ReadString('\n')
				if err != nil {
					return
				}
				head += line
			}
			list <- head
			if _, err := io.WriteString(c, response); err != nil {
				return
			}
		}
	})
	return address, list
}

// sameLines compares two heads but for the order of the fields.
func sameLines(t *testing.T, what, got, want string) {
	t.Helper()
	sort := func(s string) []string {
		lines := strings.Split(s, "\r\n")
		slices.Sort(lines[1:])
		return lines
	}
	if g, w := sort(got), sort(want); !slices.Equal(g, w) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(g, "\n"), strings.Join(w, "\n"))
	}
}

// ways are the ways in which a client asks for a WebSocket at address, each with
// the request line it uses.
func ways(r *rig, address string) map[string]func() (*wire, string) {
	return map[string]func() (*wire, string){
		"CONNECT":       func() (*wire, string) { return r.tunnel(address), "/a%7Cb|c//d?q=1&%20" },
		"absolute http": func() (*wire, string) { return r.raw(), "http://" + address + "/a%7Cb|c//d?q=1&%20" },
		"absolute ws":   func() (*wire, string) { return r.raw(), "ws://" + address + "/a%7Cb|c//d?q=1&%20" },
	}
}

// Catches a field that is added, lost, changed or renamed on its way (pitfalls
// H4, H5, H6, H7, H10), and hop fields that are not removed.
func TestHandshakeArrivesAsSent(t *testing.T) {
	variants := map[string]string{
		"bare":            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n",
		"H6 keep-alive":   "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n",
		"H6 h2c":          "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\nSec-WebSocket-Key: k\r\n",
		"H6 two lines":    "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n",
		"no Connection":   "Upgrade: websocket\r\nSec-WebSocket-Key: k\r\n",
		"H12 no key":      "Connection: Upgrade\r\nUpgrade: websocket\r\n",
		"H12 old version": "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 8\r\n",
		"H4 H5 H10 everything": "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n" +
			"Sec-WebSocket-Protocol: b, a\r\nSec-WebSocket-Protocol: c\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-unknown; a=\"b, c\"\r\n" +
			"Origin: null\r\nCookie: a=b; c=d\r\nCookie: e=f\r\nAuthorization: Bearer x\r\nUser-Agent: me/1\r\nAccept-Encoding: br\r\nX-Thing:  a  b \r\n",
	}
	const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n" +
		"Sec-WebSocket-Protocol: never-offered\r\nSec-WebSocket-Extensions: x-never-offered; y=1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Empty:\r\n\r\n"
	address, got := heads(t, false, answer)
	r := start(t)
	for way, open := range ways(r, address) {
		for name, fields := range variants {
			t.Run(way+"/"+name, func(t *testing.T) {
				c, target := open()
				defer c.Close()
				c.send("GET " + target + " HTTP/1.1\r\nHost: other.example:99\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\n" + fields + "\r\n")
				_, path, _ := strings.Cut(target, address)
				if path == "" {
					path = target
				}
				host := "other.example:99"
				if strings.Contains(target, "://") {
					host = address // RFC 9112 section 3.2.2
				}
				want := strings.Replace(fields, "X-Thing:  a  b ", "X-Thing: a  b", 1)
				sameLines(t, "the server got", <-got, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\n"+want+"\r\n")
				sameLines(t, "the client got", c.head(), strings.Replace(answer, "X-Empty:", "X-Empty: ", 1))
			})
		}
	}
}

// Catches a subprotocol invented, doubled or dropped (pitfall H4) and names that
// are recorded otherwise than they passed.
func TestSubprotocolIsTheServersBusiness(t *testing.T) {
	for name, fields := range map[string]string{
		"none chosen": "",
		"one chosen":  "Sec-WebSocket-Protocol: b\r\n",
		"empty":       "Sec-WebSocket-Protocol: \r\n",
		"malformed":   "Sec-WebSocket-Protocol: a b,,;\r\n",
		"twice":       "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			answer := strings.TrimSuffix(switching, "\r\n") + fields + "\r\n"
			address, _ := heads(t, false, answer)
			r := start(t)
			c := r.tunnel(address)
			c.send(handshake("/", address, "Sec-WebSocket-Protocol: a, b\r\n"))
			sameLines(t, "the client got", c.head(), answer)
			_ = c.Close()
			tape := r.recorder.ended(t, 1)
			if got := header(tape.conn.Request, "Sec-WebSocket-Protocol"); !slices.Equal(got, []string{"a, b"}) {
				t.Errorf("recorded request %q", tape.conn.Request)
			}
			if got, want := len(header(tape.conn.Response, "Sec-WebSocket-Protocol")), strings.Count(fields, "\n"); got != want {
				t.Errorf("recorded response %q", tape.conn.Response)
			}
		})
	}
}

// Catches a frame lost that came in one packet with the request (pitfall H1) or
// the response (pitfall H2), or before the response (pitfall H3).
func TestEarlyFrames(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		answer := make(chan struct{})
		address := accept(t, secure, func(c net.Conn) {
			w := newWire(t, c)
			_, _ = http.ReadRequest(w.r)
			<-answer
			_, _ = io.WriteString(c, switching+"\x81\x05early")
			_, _ = io.Copy(c, w)
		})
		r := start(t)
		for way, open := range map[string]func() *wire{
			"CONNECT":  func() *wire { return r.tunnel(address) },
			"absolute": func() *wire { return r.raw() },
			"glued to CONNECT": func() *wire {
				w := r.raw()
				w.send("CONNECT " + address + " HTTP/1.1\r\nHost: x\r\n\r\n")
				return w
			},
		} {
			for _, size := range []int{0, 1, 5000, 300_000} {
				if secure && way == "absolute" {
					continue
				}
				if secure && way == "glued to CONNECT" {
					continue // there is no TLS before its answer
				}
				c, target := open(), "/"
				if way == "absolute" {
					target = "ws://" + address + "/"
				}
				if secure {
					c = c.secure("127.0.0.1")
				}
				c.send(handshake(target, address) + "glued")
				late := make(chan string, 1)
				go func() {
					text := strings.Repeat("x", size)
					_, _ = io.WriteString(c.Conn, text)
					late <- text
				}()
				if way == "glued to CONNECT" {
					c.head()
				}
				answer <- struct{}{}
				if response := c.response(http.MethodGet); response.StatusCode != http.StatusSwitchingProtocols {
					t.Fatalf("%s: %s", way, response.Status)
				}
				c.expect("\x81\x05early" + "glued")
				c.expect(<-late)
				_ = c.Close()
			}
		}
	})
}

// Catches an upstream chosen by Host in place of the CONNECT's target, a
// missing port, and an IPv6 literal torn apart (pitfall H9).
func TestTargetIsWhatConnectSays(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(echo)}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	defer func() { _ = server.Close(); <-done }()
	r := start(t)
	c := r.tunnel(l.Addr().String())
	c.send(handshake("/", "127.0.0.1:1"))
	if response := c.response(http.MethodGet); response.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("answered %s", response.Status)
	}
	_ = c.Close()
	tape := r.recorder.ended(t, 1)
	if want := "ws://" + l.Addr().String() + "/"; tape.conn.URL != want {
		t.Errorf("recorded %s, want %s", tape.conn.URL, want)
	}
	if got := header(tape.conn.Request, "Host"); !slices.Equal(got, []string{"127.0.0.1:1"}) {
		t.Errorf("recorded host %q", got)
	}

	// Nothing listens on port 80 here, or something that is no WebSocket.
	for _, target := range []string{"127.0.0.1", "[::1]"} {
		c := r.tunnel(target)
		c.send(handshake("/", target))
		if response := c.response(http.MethodGet); response.StatusCode == http.StatusSwitchingProtocols {
			t.Errorf("%s answered %s", target, response.Status)
		}
		_ = c.Close()
	}
	tape = r.recorder.ended(t, 2)
	if tape.conn.URL != "ws://127.0.0.1/" {
		t.Errorf("recorded %s", tape.conn.URL)
	}
}

// Catches a refusal that does not reach the client as the server gave it, is
// turned into a 101, or is recorded without its body (pitfall H8).
func TestRefusal(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 20_000)
	for _, c := range []struct {
		name, fields, body string
		status             int
	}{
		{"301", "Location: wss://elsewhere.example/\r\n", "", 301},
		{"401", "Www-Authenticate: Basic realm=\"x\"\r\n", "who are you", 401},
		{"403", "Content-Type: application/json\r\n", `{"error":"origin"}`, 403},
		{"404", "", long, 404},
		{"426", "Sec-WebSocket-Version: 13, 8\r\nupgrade: websocket\r\nConnection: Upgrade\r\n", "upgrade", 426},
		{"503", "Retry-After: 1\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n", "later", 503},
		{"200", "Content-Type: text/plain\r\n", "just a page", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			both(t, func(t *testing.T, secure bool) {
				answer := "HTTP/1.1 " + c.name + " " + http.StatusText(c.status) + "\r\n" + c.fields + "Content-Length: " + itoa(len(c.body)) + "\r\n\r\n" + c.body
				address, _ := heads(t, secure, answer)
				r := start(t)
				w := r.tunnel(address)
				if secure {
					w = w.secure("127.0.0.1")
				}
				for n := range 2 { // the connection remains usable
					w.send(handshake("/", address))
					sameLines(t, "the client got", w.head(), strings.TrimSuffix(answer, c.body))
					w.expect(c.body)
					tape := r.recorder.ended(t, n+1)
					if tape.conn.State != frame.Refused || tape.conn.Status != c.status || string(tape.conn.Body) != c.body[:min(len(c.body), 64<<10)] {
						t.Errorf("recorded %s %d with %d bytes", tape.conn.State, tape.conn.Status, len(tape.conn.Body))
					}
					if len(tape.conn.Response) == 0 || len(tape.conn.Request) == 0 {
						t.Error("recorded no fields")
					}
				}
			})
		})
	}
}

// Catches a client left waiting, and a failure recorded without its reason, when
// no server answers.
func TestFailure(t *testing.T) {
	dead := listen(t)
	refused := dead.Addr().String()
	_ = dead.Close()
	mute := accept(t, false, func(c net.Conn) { _ = newWire(t, c).head() })
	garbage := accept(t, false, func(c net.Conn) { _ = newWire(t, c).head(); _, _ = io.WriteString(c, "SSH-2.0\r\n") })
	plain := accept(t, false, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1000))
		_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
	})
	half := accept(t, false, func(c net.Conn) { _ = newWire(t, c).head(); _, _ = io.WriteString(c, "HTTP/1.1 101 Sure\r\n\r\n") })
	for _, c := range []struct {
		name, address string
		secure        bool
		want          string
	}{
		{"connection refused", refused, false, "refused"},
		{"closed without an answer", mute, false, "EOF"},
		{"no HTTP", garbage, false, "malformed"},
		{"no TLS", plain, true, "TLS"},
		{"101 without an upgrade", half, false, "101"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t)
			w := r.tunnel(c.address)
			if c.secure {
				w = w.secure("127.0.0.1")
			}
			w.send(handshake("/", c.address))
			response := w.response(http.MethodGet)
			text, _ := io.ReadAll(response.Body)
			if response.StatusCode != http.StatusBadGateway || !strings.Contains(string(text), c.want) {
				t.Errorf("the client got %s: %q, want %q in it", response.Status, text, c.want)
			}
			tape := r.recorder.ended(t, 1)
			if tape.conn.State != frame.Failed || !strings.Contains(tape.conn.Error, c.want) || tape.end.How != frame.ByError {
				t.Errorf("recorded %s, %q, %+v", tape.conn.State, tape.conn.Error, tape.end)
			}
		})
	}
}

// Catches HTTP/1.0 that makes the proxy hang or the connection linger, or that is
// mended into a handshake the server agrees to (pitfall H12).
func TestOldHTTP(t *testing.T) {
	address := serve(t, false, echo)
	r := start(t)
	c := r.tunnel(address)
	c.send(strings.Replace(handshake("/", address), "HTTP/1.1", "HTTP/1.0", 1))
	response := c.response(http.MethodGet)
	if text, err := io.ReadAll(response.Body); response.StatusCode != http.StatusBadGateway || err != nil || !strings.Contains(string(text), "HTTP/1.0") {
		t.Errorf("answered %s %q %v", response.Status, text, err)
	}
	c.eof()
	if tape := r.recorder.ended(t, 1); tape.conn.State != frame.Failed || !strings.Contains(tape.conn.Error, "HTTP/1.0") {
		t.Errorf("recorded %+v", tape.conn)
	}
}

// Catches a connection that passes although it cannot be recorded.
func TestUnrecordableIsRefused(t *testing.T) {
	r := start(t)
	r.recorder.refuse = errDiskFull
	c := r.tunnel(serve(t, false, echo))
	c.send(handshake("/", "x"))
	response := c.response(http.MethodGet)
	if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusBadGateway || !strings.Contains(string(text), "disk full") {
		t.Errorf("answered %s %q", response.Status, text)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
