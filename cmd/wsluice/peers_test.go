package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for what must come.
const patience = 30 * time.Second

// peers are a client and a server of a script, connected through its live
// recorder.
type peers struct {
	client, server *peer
}

// peersKey finds the peers of a script.
type peersKey struct{}

// peer is one of them. What it receives is said in words: "text hello", with
// escapes for what does not print, "binary 00ff", "ping x", "close 1001 reason",
// and "gone" when the connection breaks off.
type peer struct {
	conn *websocket.Conn
	came chan string
	mu   sync.Mutex // for writing
}

// scriptPeers has a real client and a real server talk through the live recorder:
// peers open [compressed] connects them, peers client send text hello sends, peers
// server gets text hello says what the other one must receive next.
func scriptPeers(ts *testscript.TestScript, neg bool, args []string) {
	live := ts.Value(liveKey{}).(*liveRecorder)
	both := ts.Value(peersKey{}).(*peers)
	if neg || live.process == nil || len(args) == 0 {
		ts.Fatalf("usage: peers open [compressed], or peers client|server send|gets TYPE [PAYLOAD], with a live recorder")
	}
	if args[0] == "open" {
		ts.Check(both.open(ts, "http://"+live.address, len(args) > 1))
		return
	}
	who := both.client
	if args[0] == "server" {
		who = both.server
	}
	if who == nil || len(args) < 3 {
		ts.Fatalf("peers %s: there are none, or something is missing", strings.Join(args, " "))
	}
	switch payload := strings.Join(args[3:], " "); args[1] {
	case "send":
		ts.Check(who.send(args[2], payload))
	case "gets":
		want := strings.TrimSuffix(args[2]+" "+payload, " ")
		select {
		case got := <-who.came:
			if got != want {
				ts.Fatalf("the %s got %q, want %q", args[0], got, want)
			}
		case <-time.After(patience):
			ts.Fatalf("the %s got nothing, want %q", args[0], want)
		}
	default:
		ts.Fatalf("peers %s is not known", args[1])
	}
}

// open connects new peers through a proxy.
func (p *peers) open(ts *testscript.TestScript, proxy string, compressed bool) error {
	accepted := make(chan *websocket.Conn, 1)
	upgrader := websocket.Upgrader{EnableCompression: compressed}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := upgrader.Upgrade(w, r, nil); err == nil {
			accepted <- c
		}
	}))
	ts.Defer(server.Close)
	through, err := url.Parse(proxy)
	if err != nil {
		return err
	}
	dialer := websocket.Dialer{Proxy: http.ProxyURL(through), EnableCompression: compressed}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, _, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(server.URL, "http")+"/room", nil)
	if err != nil {
		return err
	}
	p.client, p.server = newPeer(ts, c), newPeer(ts, <-accepted)
	return nil
}

// newPeer begins to receive. It ends with the script.
func newPeer(ts *testscript.TestScript, c *websocket.Conn) *peer {
	p := &peer{conn: c, came: make(chan string, 10_000)}
	c.SetPingHandler(func(text string) error {
		p.came <- strings.TrimSpace("ping " + text)
		return c.WriteControl(websocket.PongMessage, []byte(text), time.Now().Add(patience))
	})
	c.SetPongHandler(func(text string) error {
		p.came <- strings.TrimSpace("pong " + text)
		return nil
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			kind, payload, err := c.ReadMessage()
			if closed, ok := errors.AsType[*websocket.CloseError](err); ok && closed.Code != websocket.CloseAbnormalClosure {
				p.came <- strings.TrimSpace(fmt.Sprintf("close %d %s", closed.Code, closed.Text))
			} else if err != nil {
				p.came <- "gone"
			}
			switch {
			case err != nil:
				c.Close()
				return
			case kind == websocket.TextMessage:
				quoted := strconv.Quote(string(payload))
				p.came <- strings.TrimSpace("text " + strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`))
			default:
				p.came <- "binary " + hex.EncodeToString(payload)
			}
		}
	}()
	ts.Defer(func() {
		c.Close()
		<-done
	})
	return p
}

func (p *peer) send(kind, payload string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch kind {
	case "text":
		return p.conn.WriteMessage(websocket.TextMessage, []byte(payload))
	case "binary":
		raw, err := hex.DecodeString(payload)
		if err != nil {
			return err
		}
		return p.conn.WriteMessage(websocket.BinaryMessage, raw)
	case "ping":
		return p.conn.WriteMessage(websocket.PingMessage, []byte(payload))
	case "begin": // of a text that does not end
		w, err := p.conn.NextWriter(websocket.TextMessage)
		if err != nil {
			return err
		}
		// More than the writer's buffer, so that a first fragment is sent.
		_, err = w.Write([]byte(strings.Repeat(payload, 10_000)))
		return err
	case "end": // with a TCP FIN
		return p.conn.NetConn().(*net.TCPConn).CloseWrite()
	}
	return fmt.Errorf("a %s cannot be sent", kind)
}
