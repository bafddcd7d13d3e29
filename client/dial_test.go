package client_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/frame"
)

// echoServer answers each message with the same, and a close frame as gorilla does.
func echoServer(t *testing.T, u websocket.Upgrader) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(echo(u))
	t.Cleanup(s.Close)
	return s
}

func echo(u websocket.Upgrader) http.Handler {
	u.CheckOrigin = func(*http.Request) bool { return true }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {

		c, err := u.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			kind, p, err := c.ReadMessage()
			if err != nil {
				return
			}
			if err := c.WriteMessage(kind, p); err != nil {
				return
			}
		}
	})
}

// dial connects as o says and fails the test when it cannot.
func dial(t *testing.T, o client.Options) (*frame.Conn, *frame.Connection) {
	t.Helper()
	c, facts, err := client.Dial(t.Context(), o)
	if err != nil {
		t.Fatalf("dial %s: %v", o.URL, err)
	}
	t.Cleanup(func() { _ = c.Abort() })
	return c, facts
}

// next returns the next message, whose payload is the caller's.
func next(t *testing.T, c *frame.Conn) frame.Message {
	t.Helper()
	m, err := c.Next()
	if err != nil {
		t.Fatalf("next: %v", err)
	}
	m.Payload = bytes.Clone(m.Payload)
	return m
}

// TestEcho catches a message that does not come back from a server as it was
// sent, or compressed where it should not be.
func TestEcho(t *testing.T) {
	payloads := []string{"", "a", "grüße\r\n", strings.Repeat("x", 125), strings.Repeat("y", 126),
		strings.Repeat("z", 65535), strings.Repeat("zy", 40_000)}
	for _, deflate := range []bool{false, true} {
		for _, offer := range []client.Offer{{}, {Deflate: true}} {
			t.Run(fmt.Sprintf("server=%v,offer=%q", deflate, offer), func(t *testing.T) {
				s := echoServer(t, websocket.Upgrader{EnableCompression: deflate})
				c, facts := dial(t, client.Options{URL: s.URL, Offer: offer})
				inUse := deflate && offer.Deflate
				if facts.Status != 101 || facts.State != frame.Open || c.Extensions().Deflate != inUse {
					t.Fatalf("status %d, state %s, extensions %+v", facts.Status, facts.State, c.Extensions())
				}
				for i, p := range payloads {
					d := frame.Draft{Type: frame.Text, Payload: []byte(p), Fragments: 1 + i%3}
					if i%2 == 1 {
						d.Type = frame.Binary
					}
					if err := c.Send(d, i%3 != 2); err != nil {
						t.Fatal(err)
					}
					m := next(t, c)
					if m.Type != d.Type || string(m.Payload) != p || m.Violation != frame.Legal || m.Error != "" || m.Compressed != inUse {
						t.Errorf("message %d of %d bytes came back as %s of %d, compressed %v, violation %q, error %q",
							i, len(p), m.Type, len(m.Payload), m.Compressed, m.Violation, m.Error)
					}
				}
				if err := c.Close(frame.GoingAway, "done"); err != nil {
					t.Fatal(err)
				}
				if m := next(t, c); m.Type != frame.Close || m.Code != frame.GoingAway {
					t.Errorf("the answer to the close frame is %s %d", m.Type, m.Code)
				}
				if _, err := c.Next(); err != io.EOF {
					t.Errorf("behind the close frame: %v, not the end", err)
				}
				if end := c.End(); end.EndedBy != frame.ByClient || end.How != frame.ByClose {
					t.Errorf("ended by %s with %s", end.EndedBy, end.How)
				}
			})
		}
	}
}

// TestIllegal catches illegal frames that do not reach a server as they are, by
// what that says to them.
func TestIllegal(t *testing.T) {
	s := echoServer(t, websocket.Upgrader{})
	for name, d := range map[string]frame.Draft{
		"RSV2":            {Type: frame.Text, Header: "rsv=2"},
		"unmasked":        {Type: frame.Text, Header: "masked=0"},
		"opcode":          {Type: frame.Text, Header: "opcode=5"},
		"stray":           {Type: frame.Continuation},
		"fragmented ping": {Type: frame.Ping, Header: "fin=0"},
	} {
		c, _ := dial(t, client.Options{URL: s.URL})
		if err := c.Send(d, false); err != nil {
			t.Fatal(err)
		}
		if m := next(t, c); m.Type != frame.Close || m.Code != frame.ProtocolError {
			t.Errorf("%s: answered by %s %d", name, m.Type, m.Code)
		}
		_ = c.Hangup()
	}
}

// answering is a server that reads one request and writes what answer makes of
// it; then it keeps the connection until the client ends it.
func answering(t *testing.T, answer func(c net.Conn, head []string)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serveRaw(c, answer)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "ws://" + l.Addr().String()
}

func serveRaw(c net.Conn, answer func(c net.Conn, head []string)) {
	defer c.Close()
	r := bufio.NewReader(c)
	var head []string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			break
		}
		head = append(head, line)
	}
	answer(c, head)
	_, _ = io.Copy(io.Discard, r)
}

// fieldOf returns the value of a field of a request's head.
func fieldOf(head []string, name string) string {
	for _, line := range head {
		if n, value, ok := strings.Cut(line, ": "); ok && strings.EqualFold(n, name) {
			return value
		}
	}
	return ""
}

const testKey = "dGhlIHNhbXBsZSBub25jZQ==" // of RFC 6455 section 1.3

const accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

// TestRequest catches a request that is not what the options say, byte for byte.
func TestRequest(t *testing.T) {
	const own = "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: " + testKey + "\nSec-WebSocket-Version: 13"
	for name, c := range map[string]struct {
		path    string
		options client.Options
		want    string // behind the Host field; HOST stands for the server's
	}{
		"plain":        {"", client.Options{}, "GET / HTTP/1.1\nHost: HOST\n" + own},
		"query only":   {"?a=b c&ü=%zz", client.Options{}, "GET /?a=b%20c&%C3%BC=%zz HTTP/1.1\nHost: HOST\n" + own},
		"raw path":     {"/a%2Fb//c/../d;e?x=1&y", client.Options{}, "GET /a%2Fb//c/../d;e?x=1&y HTTP/1.1\nHost: HOST\n" + own},
		"subprotocols": {"/", client.Options{Subprotocols: []string{"chat.v2", "chat"}}, "GET / HTTP/1.1\nHost: HOST\n" + own + "\nSec-WebSocket-Protocol: chat.v2, chat"},
		"compression": {"/", client.Options{Offer: client.Offer{Deflate: true, NoContextTakeover: [2]bool{true, true}, WindowBits: [2]uint8{9, 10}}},
			"GET / HTTP/1.1\nHost: HOST\n" + own + "\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9"},
		"raw offer": {"/", client.Options{Offer: client.Offer{Raw: "x-a; b=1"}}, "GET / HTTP/1.1\nHost: HOST\n" + own + "\nSec-WebSocket-Extensions: x-a; b=1"},
		"fields in order": {"/", client.Options{Header: []frame.Field{{Name: "x-Z", Value: "1"}, {Name: "origin", Value: "http://a"}, {Name: "Cookie", Value: "b=c"}, {Name: "X-A", Value: ""}, {Name: "x-z", Value: "2"}}},
			"GET / HTTP/1.1\nHost: HOST\n" + own + "\nx-Z: 1\norigin: http://a\nCookie: b=c\nX-A: \nx-z: 2"},
		"own fields replaced": {"/", client.Options{Header: []frame.Field{{Name: "UPGRADE", Value: "WebSocket"}, {Name: "host", Value: "other"}, {Name: "Sec-WebSocket-Version", Value: "8"}, {Name: "Content-Length", Value: "0"}}},
			"GET / HTTP/1.1\nConnection: Upgrade\nSec-WebSocket-Key: " + testKey + "\nUPGRADE: WebSocket\nhost: other\nSec-WebSocket-Version: 8\nContent-Length: 0"},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan []string, 1)
			url := answering(t, func(c net.Conn, head []string) {
				got <- head
				_, _ = io.WriteString(c, "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n")
			})
			o := c.options
			o.URL, o.Key = url+c.path, testKey
			_, facts, err := client.Dial(t.Context(), o)
			if err == nil {
				t.Fatal("a 400 made a connection")
			}
			head := <-got
			want := strings.Split(strings.ReplaceAll(c.want, "HOST", strings.TrimPrefix(url, "ws://")), "\n")
			if !reflect.DeepEqual(head, want) {
				t.Errorf("sent\n%s\nnot\n%s", strings.Join(head, "\n"), strings.Join(want, "\n"))
			}
			var recorded []string
			for _, f := range facts.Request {
				recorded = append(recorded, f.Name+": "+f.Value)
			}
			if !reflect.DeepEqual(recorded, head[1:]) {
				t.Errorf("recorded %q, sent %q", recorded, head[1:])
			}
		})
	}
}

// TestUser catches credentials of a URL that are not sent, or that show.
func TestUser(t *testing.T) {
	heads := make(chan []string, 2)
	url := answering(t, func(c net.Conn, head []string) {
		heads <- head
		_, _ = io.WriteString(c, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
	})
	url = strings.Replace(url, "ws://", "ws://usr:p%40wd@", 1)
	_, facts, err := client.Dial(t.Context(), client.Options{URL: url})
	if got := fieldOf(<-heads, "Authorization"); got != "Basic dXNyOnBAd2Q=" {
		t.Errorf("sent Authorization %q", got)
	}
	if strings.Contains(facts.URL+err.Error(), "usr") {
		t.Errorf("credentials show in %q or %q", facts.URL, err)
	}
	_, _, _ = client.Dial(t.Context(), client.Options{URL: url, Header: []frame.Field{{Name: "authorization", Value: "Bearer x"}}})
	if got := fieldOf(<-heads, "Authorization"); got != "Bearer x" {
		t.Errorf("sent Authorization %q instead of what was asked for", got)
	}
}

// TestEarly catches data that came with the 101 and is lost.
func TestEarly(t *testing.T) {
	url := answering(t, func(c net.Conn, _ []string) {
		_, _ = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"+accepted+"\r\n\x81\x02hi\x81\x05wor")
		_, _ = io.WriteString(c, "ld\x88\x00")
	})
	c, facts := dial(t, client.Options{URL: url, Key: testKey})
	for _, want := range []string{"hi", "world", ""} {
		if m := next(t, c); string(m.Payload) != want {
			t.Errorf("got %q, not %q", m.Payload, want)
		}
	}
	if facts.Status != 101 || len(facts.Response) != 3 {
		t.Errorf("recorded status %d with %v", facts.Status, facts.Response)
	}
}

// TestFacts catches what a recorder would be told wrong.
func TestFacts(t *testing.T) {
	url := answering(t, func(c net.Conn, _ []string) {
		_, _ = io.WriteString(c, accepted+"x-b: 1\r\nX-A:  two words \r\nSec-WebSocket-Protocol: b\r\n"+
			"Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Extensions: x-y\r\n\r\n")
	})
	before := time.Now()
	c, facts := dial(t, client.Options{URL: url + "/p?q", Key: testKey, Subprotocols: []string{"a", "b"}, Offer: client.Offer{Raw: "permessage-deflate, x-y"}})
	response := []frame.Field{{Name: "Upgrade", Value: "websocket"}, {Name: "Connection", Value: "Upgrade"},
		{Name: "Sec-WebSocket-Accept", Value: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, {Name: "x-b", Value: "1"}, {Name: "X-A", Value: "two words"},
		{Name: "Sec-WebSocket-Protocol", Value: "b"}, {Name: "Sec-WebSocket-Extensions", Value: "permessage-deflate"}, {Name: "Sec-WebSocket-Extensions", Value: "x-y"}}
	if !reflect.DeepEqual(facts.Response, response) {
		t.Errorf("response %v", facts.Response)
	}
	if facts.URL != url+"/p?q" || facts.Subprotocol != "b" || facts.Extensions != "permessage-deflate, x-y" {
		t.Errorf("url %q, subprotocol %q, extensions %q", facts.URL, facts.Subprotocol, facts.Extensions)
	}
	if facts.Client != c.NetConn().LocalAddr().String() || facts.Server != c.NetConn().RemoteAddr().String() {
		t.Errorf("client %q, server %q", facts.Client, facts.Server)
	}
	if facts.Start.Before(before.Add(-time.Second)) || facts.Start.After(time.Now()) || facts.TLS != nil {
		t.Errorf("start %v, TLS %v", facts.Start, facts.TLS)
	}
	if e := c.Extensions(); !e.Deflate || !reflect.DeepEqual(e.Unknown, []string{"x-y"}) {
		t.Errorf("extensions %+v", e)
	}
}

// TestOptions catches options that make no sense and are tried all the same.
func TestOptions(t *testing.T) {
	for want, o := range map[string]client.Options{
		"scheme":            {URL: "ftp://x"},
		"no host":           {URL: "ws:///x"},
		"fragment":          {URL: "ws://x/#y"},
		"invalid control":   {URL: "ws://x/\x01"},
		"is not a name":     {URL: "ws://x", Header: []frame.Field{{Name: "a b"}}},
		"cannot have":       {URL: "ws://x", Header: []frame.Field{{Name: "a", Value: "b\r\nc: d"}}},
		"is not a token":    {URL: "ws://x", Subprotocols: []string{"a,b"}},
		"key cannot":        {URL: "ws://x", Key: "a\nb"},
		"extensions cannot": {URL: "ws://x", Offer: client.Offer{Raw: "a\nb"}},
		"8 to 15":           {URL: "ws://x", Offer: client.Offer{Deflate: true, WindowBits: [2]uint8{0, 16}}},
	} {
		c, facts, err := client.Dial(context.Background(), o)
		if c != nil || facts != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}

// TestRefused catches a refusal that is not handed out as it came.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct{ answer, body string }{
		"length":      {"HTTP/1.1 403 Go Away\r\nx-Why: because\r\nContent-Length: 3\r\n\r\nno!more", "no!"},
		"chunked":     {"HTTP/1.1 403 Go Away\r\nx-Why: because\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n1\r\n!\r\n0\r\n\r\n", "no!"},
		"unfinished":  {"HTTP/1.1 403 Go Away\r\nx-Why: because\r\nContent-Length: 9\r\n\r\nno!", "no!"},
		"too much":    {"HTTP/1.1 403 Go Away\r\nx-Why: because\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("n", 100_000), strings.Repeat("n", 64<<10)},
		"bare breaks": {"HTTP/1.1 403 Go Away\nx-Why: because\nContent-Length: 3\n\nno!", "no!"},
	} {
		t.Run(name, func(t *testing.T) {
			url := answering(t, func(conn net.Conn, _ []string) {
				_, _ = io.WriteString(conn, c.answer)
				_ = conn.(*net.TCPConn).CloseWrite()
			})
			conn, facts, err := client.Dial(t.Context(), client.Options{URL: url})
			var refused *client.Refused
			if conn != nil || !errors.As(err, &refused) {
				t.Fatalf("error %v", err)
			}
			if refused.Status != 403 || refused.Reason != "Go Away" || string(refused.Body) != c.body || refused.Header[0] != (frame.Field{Name: "x-Why", Value: "because"}) {
				t.Errorf("refused with %d %s, %v, %d bytes", refused.Status, refused.Reason, refused.Header, len(refused.Body))
			}
			if err.Error() != "the server answered 403 Go Away" {
				t.Errorf("error %q", err)
			}
			if facts.State != frame.Refused || facts.Status != 403 || string(facts.Body) != c.body || facts.Response[0].Name != "x-Why" {
				t.Errorf("recorded %s %d %v", facts.State, facts.Status, facts.Response)
			}
		})
	}
}
