package recorded_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/mock/recorded"
)

// It catches fragments that are joined, frames that are mended and binary payloads
// that are changed: frames go out as they were recorded.
func TestFramesAreThoseOfTheCapture(t *testing.T) {
	k := newTalk(1, "ws://chat.example/").
		client(1, "go").
		add(frame.Server, 2, frame.Header{Opcode: frame.Text}, "in ").
		add(frame.Server, 3, frame.Header{Fin: true, Opcode: frame.Ping}, "there?").
		add(frame.Server, 4, frame.Header{}, "").
		add(frame.Server, 5, frame.Header{Fin: true}, "parts").
		add(frame.Server, 6, frame.Header{Fin: true, Opcode: frame.Binary}, "\x00\xff\xfe").
		add(frame.Server, 7, frame.Header{Fin: true, Opcode: frame.Text, RSV: frame.RSV2}, "odd").
		add(frame.Server, 8, frame.Header{Fin: true, Opcode: 11}, "reserved").
		server(9, long)
	k.records[6].Violation = frame.ReservedBits
	g := serve(t, recorded.Options{Pace: recorded.Fastest}, k)
	c := g.raw("/", client.Options{})
	if err := c.Send(frame.Draft{Type: frame.Text, Payload: []byte("go")}, false); err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 8 {
		r, err := c.NextFrame()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%v %s rsv%d %.20q", r.Header.Fin, r.Header.Opcode, r.Header.RSV, r.Payload))
	}
	// The ping comes when it was complete, before the message it is within.
	want := []string{
		`true ping rsv0 "there?"`, `false text rsv0 "in "`, `false continuation rsv0 ""`, `true continuation rsv0 "parts"`,
		`true binary rsv0 "\x00\xff\xfe"`, `true text rsv2 "odd"`, `true reserved-11 rsv0 "reserved"`, `true text rsv0 "long long long long "`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// It catches bytes that are no frames and are left out, or made frames of.
func TestBytesThatAreNoFrames(t *testing.T) {
	k := newTalk(1, "ws://a.example/").server(1, "last")
	k.records = append(k.records, frame.Record{
		Seq: 2, Message: 2, Time: start, From: frame.Server, Opaque: true, Payload: []byte("no frame"), Stored: 8,
	})
	k.connection.EndedBy, k.connection.How = frame.ByServer, frame.ByFIN
	g := serve(t, recorded.Options{Pace: recorded.Fastest}, k)
	c, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, handshake)
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if got, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(got), "\r\n\r\n\x81\x04lastno frame") {
		t.Errorf("got %q: %v", got, err)
	}
}

// handshake is the simplest there is.
const handshake = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"

// It catches a client that asks without end, takes no answer, and has the server hold
// what it does not take.
func TestRepetitionsWait(t *testing.T) {
	k := newTalk(1, "ws://a.example/").client(1, "go").server(2, long)
	g := serve(t, recorded.Options{Pace: recorded.Fastest}, k)
	c := g.gorilla("/", plain)
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for range 2000 {
			if c.WriteMessage(websocket.TextMessage, []byte("go")) != nil {
				return
			}
		}
	}()
	for range 2000 {
		want(t, c, long)
	}
	<-asked
}

// It catches compression that is not what client and server agreed on this time.
func TestCompressionIsAgreedOnAnew(t *testing.T) {
	for _, recordedAs := range []string{
		"permessage-deflate", "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
		"permessage-deflate; server_max_window_bits=9",
	} {
		k := newTalk(1, "ws://chat.example/").client(1, "go")
		k.connection.Extensions = recordedAs
		deflater, err := frame.NewDeflater(!strings.Contains(recordedAs, "no_context"), 9)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			k.add(frame.Server, 2+i, frame.Header{Fin: true, Opcode: frame.Text, RSV: frame.RSV1}, string(deflater.Append(nil, []byte(long))))
		}
		for _, o := range []websocket.Dialer{{EnableCompression: true}, {}} {
			g := serve(t, recorded.Options{Pace: recorded.Fastest}, k)
			c := g.gorilla("/", o)
			say(t, c, "go")
			want(t, c, long, long, long)
		}
		g := serve(t, recorded.Options{Pace: recorded.Fastest}, k)
		c := g.raw("/", client.Options{Offer: client.Offer{Raw: "permessage-deflate; client_max_window_bits"}})
		if err := c.Send(frame.Draft{Type: frame.Text, Payload: []byte("go")}, true); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			m, err := c.Next()
			if err != nil || !m.Compressed || string(m.Payload) != long {
				t.Errorf("%s: compressed %v, %d bytes: %v", recordedAs, m.Compressed, len(m.Payload), err)
			}
		}
	}
}

// It catches state that clients share, and a race.
func TestManyClientsAtOnce(t *testing.T) {
	k := newTalk(1, "ws://rpc.example/")
	for i := range 20 {
		k.client(2*i, fmt.Sprintf(`{"id":%d,"op":"q%d"}`, i, i)).server(2*i+1, fmt.Sprintf(`{"id":%d,"a":%d}`, i, i))
	}
	g := serve(t, recorded.Options{Pace: recorded.Fastest, Match: compare.ByID}, k)
	var clients sync.WaitGroup
	for n := range 50 {
		c := g.gorilla("/", plain)
		clients.Go(func() {
			for i := range 20 {
				if err := c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"id":"c%d-%d","op":"q%d"}`, n, i, i)); err != nil {
					t.Error(err)
					return
				}
				_, p, err := c.ReadMessage()
				if want := fmt.Sprintf(`{"id":"c%d-%d","a":%d}`, n, i, i); err != nil || string(p) != want {
					t.Errorf("got %q, %v; want %q", p, err, want)
					return
				}
			}
			c.Close()
		})
	}
	clients.Wait()
	for range 50 {
		<-g.ended
	}
}

// It catches a client that reads slowly and gets less, and one that leaves and is
// not noticed.
func TestSlowAndLeavingClients(t *testing.T) {
	k := newTalk(1, "ws://chat.example/").client(1, "go")
	for i := range 300 {
		k.server(2+i, long)
	}
	g := serve(t, recorded.Options{Pace: recorded.Fastest}, k)
	slow := g.gorilla("/", plain)
	say(t, slow, "go")
	leaver := g.gorilla("/", plain)
	say(t, leaver, "go")
	want(t, leaver, long)
	leaver.Close()
	if e := <-g.ended; e.Left == 0 {
		t.Error("all was sent to a client that had left")
	}
	for range 300 {
		want(t, slow, long)
	}
}

// It catches a handshake that is answered otherwise than it was recorded.
func TestHandshakes(t *testing.T) {
	chat := newTalk(1, "wss://chat.example/room?id=7").server(1, "chat")
	chat.connection.Subprotocol = "chat.v2"
	chat.connection.Response = []frame.Field{
		{Name: "Upgrade", Value: "websocket"}, {Name: "X-Node", Value: "n1"}, {Name: "X-Bad", Value: "a\r\nSet-Cookie: b"},
	}
	bare := newTalk(2, "wss://chat.example/room?id=7").server(1, "bare")
	private := newTalk(3, "wss://chat.example/private")
	private.connection.State, private.connection.Status = frame.Refused, 401
	private.connection.Response = []frame.Field{{Name: "Www-Authenticate", Value: "Basic"}}
	private.connection.Body = []byte("who are you?")
	g := serve(t, recorded.Options{}, chat, bare, private)

	c, r, err := (&websocket.Dialer{Subprotocols: []string{"chat.v1", "chat.v2"}}).Dial("ws://"+g.address+"/room?id=7", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Subprotocol() != "chat.v2" || r.Header.Get("X-Node") != "n1" || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("subprotocol %q, header %v", c.Subprotocol(), r.Header)
	}
	want(t, c, "chat")
	want(t, g.gorilla("/room?id=7", plain), "bare")

	for path, status := range map[string]int{"/private": 401, "/room": 404, "/room?id=8": 404} {
		_, r, err := plain.Dial("ws://"+g.address+path, nil)
		if !errors.Is(err, websocket.ErrBadHandshake) || r.StatusCode != status {
			t.Errorf("%s: %v with %v, not status %d", path, err, r, status)
			continue
		}
		if body, _ := io.ReadAll(r.Body); status == 401 && (string(body) != "who are you?" || r.Header.Get("Www-Authenticate") != "Basic") {
			t.Errorf("the refusal is %q with %v", body, r.Header)
		}
	}
	response, err := http.Get("http://" + g.address + "/private")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("a plain request got %s", response.Status)
	}
	any := serve(t, recorded.Options{AnyQuery: true}, bare)
	want(t, any.gorilla("/room?id=9&x", plain), "bare")
}

// It catches another conversation than the one that is to come.
func TestPicks(t *testing.T) {
	one := newTalk(1, "ws://a.example/x").server(0, "hi 1").client(1, "one").server(2, "1")
	two := newTalk(2, "ws://a.example/x").server(0, "hi 2").client(1, "two").server(2, "2")
	g := serve(t, recorded.Options{Pace: recorded.Fastest}, one, two)
	for _, greeting := range []string{"hi 1", "hi 2", "hi 1"} {
		want(t, g.gorilla("/x", plain), greeting)
	}
	g = serve(t, recorded.Options{Pace: recorded.Fastest, Pick: recorded.ByFirst}, one, two)
	c := g.gorilla("/x", plain)
	want(t, c, "hi 1")
	say(t, c, "two")
	want(t, c, "2")
	g = serve(t, recorded.Options{Pace: recorded.Fastest, Pick: recorded.AtRandom}, one, two)
	c = g.gorilla("/x", plain)
	if _, p, err := c.ReadMessage(); err != nil || !bytes.HasPrefix(p, []byte("hi ")) {
		t.Errorf("got %q: %v", p, err)
	}
}

// It catches pings that are not answered, or answered twice, and a goodbye that is
// not the recorded one.
func TestPingsAndGoodbyes(t *testing.T) {
	k := newTalk(1, "ws://a.example/").
		add(frame.Client, 1, frame.Header{Fin: true, Opcode: frame.Ping}, "p").
		add(frame.Server, 2, frame.Header{Fin: true, Opcode: frame.Pong}, "p").
		add(frame.Client, 3, frame.Header{Fin: true, Opcode: frame.Close}, "\x03\xe8").
		add(frame.Server, 4, frame.Header{Fin: true, Opcode: frame.Close}, "\x0b\xb8done")
	silent := newTalk(2, "ws://a.example/silent").
		add(frame.Client, 3, frame.Header{Fin: true, Opcode: frame.Close}, "\x03\xe8")
	reset := newTalk(3, "ws://a.example/reset").client(1, "go").server(2, "last")
	reset.connection.EndedBy, reset.connection.How = frame.ByServer, frame.ByReset
	fin := newTalk(4, "ws://a.example/fin").client(1, "go").server(2, "last")
	fin.connection.EndedBy, fin.connection.How = frame.ByServer, frame.ByFIN
	fresh := newTalk(5, "ws://a.example/fresh").client(1, "go")
	g := serve(t, recorded.Options{Pace: recorded.Fastest}, k, silent, reset, fin, fresh)
	for path, want := range map[string]string{
		"/": "pong m; close 3000 done; EOF", "/silent": "pong m; EOF", "/fresh": "pong m; close 4000 ; EOF",
		"/reset": "text last; reset", "/fin": "text last; EOF",
	} {
		c := g.raw(path, client.Options{})
		d := frame.Draft{Type: frame.Ping, Payload: []byte("m")}
		if strings.HasPrefix(want, "text") {
			d = frame.Draft{Type: frame.Text, Payload: []byte("go")}
		}
		if err := c.Send(d, false); err != nil {
			t.Fatal(err)
		}
		var got []string
		for len(got) < 4 {
			m, err := c.Next()
			if err != nil {
				if how := c.End().How; how == frame.ByReset {
					got = append(got, "reset")
				} else {
					got = append(got, err.Error())
				}
				break
			}
			if m.Type == frame.Close {
				got = append(got, fmt.Sprintf("close %d %s", m.Code, m.Reason))
				continue
			}
			got = append(got, m.Type.String()+" "+string(m.Payload))
			if m.Type == frame.Pong {
				if err := c.Close(4000, "x"); err != nil {
					t.Fatal(err)
				}
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: got %q, want %q", path, strings.Join(got, "; "), want)
		}
	}
}

// It catches messages nobody recorded that are not dealt with as was asked for.
func TestElse(t *testing.T) {
	k := newTalk(1, "ws://a.example/").
		client(1, `{"op":"a","n":1}`).server(2, "A").
		client(3, "text").server(4, "B")
	g := serve(t, recorded.Options{Pace: recorded.Fastest, Else: recorded.Hangup, Code: 4444}, k)
	c := g.gorilla("/", plain)
	say(t, c, "what?")
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, 4444) {
		t.Errorf("the connection ended with %v", err)
	}
	g = serve(t, recorded.Options{Pace: recorded.Fastest, Else: recorded.Nearest}, k)
	c = g.gorilla("/", plain)
	say(t, c, `{"op":"a","n":2}`)
	want(t, c, "A")
	say(t, c, "something")
	want(t, c, "B")

	real := newTalk(1, "ws://real.example/").client(1, "new").server(2, "from the real one")
	to := serve(t, recorded.Options{Pace: recorded.Fastest}, real)
	g = serve(t, recorded.Options{
		Pace: recorded.Fastest, Else: recorded.Pass,
		Dial: func(ctx context.Context, path, _ string) (*frame.Conn, error) {
			conn, _, err := client.Dial(ctx, client.Options{URL: "ws://" + to.address + path})
			return conn, err
		},
	}, k)
	c = g.gorilla("/", plain)
	say(t, c, "new")
	want(t, c, "from the real one")
	say(t, c, `{"op":"a","n":1}`)
	want(t, c, "A")
}

// It catches a client that takes nothing and is waited for without end.
func TestPatienceEnds(t *testing.T) {
	k := newTalk(1, "ws://a.example/")
	for i := range 2000 {
		k.server(i, long)
	}
	g := serve(t, recorded.Options{Pace: recorded.Fastest, Patience: 50 * time.Millisecond}, k)
	c, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, handshake)
	if e := <-g.ended; e.Left == 0 {
		t.Error("all was sent to a client that took nothing")
	}
}

// It catches a server that does not end when it is told to.
func TestServeEnds(t *testing.T) {
	k := newTalk(1, "ws://a.example/").server(3_600_000, "in an hour")
	s, err := recorded.New(t.Context(), recorded.Options{Conversations: []recorded.Conversation{k.conversation()}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	c, _, err := plain.Dial("ws://"+l.Addr().String()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cancel()
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the connection ended with %v", err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
