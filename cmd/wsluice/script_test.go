package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rogpeppe/go-internal/testscript"
	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// scriptCapture writes a capture with a chat, a refused handshake and a failed
// one, at fixed times: capture FILE.
func scriptCapture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: capture FILE")
	}
	recorder, err := store.Create(ts.MkAbs(args[0]), store.Options{App: "script"})
	ts.Check(err)
	start := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

	chat := &frame.Connection{
		State: frame.Open, URL: "wss://chat.example/room?id=7", Client: "127.0.0.1:50001", Server: "192.0.2.7:443",
		Start: start, Status: 101, Subprotocol: "chat.v2",
		Request:  []frame.Field{{Name: "Host", Value: "chat.example"}, {Name: "Origin", Value: "https://chat.example"}},
		Response: []frame.Field{{Name: "Upgrade", Value: "websocket"}},
	}
	tape, err := recorder.Open(chat)
	ts.Check(err)
	client := func(ms int, h frame.Header, payload string) {
		h.Masked, h.Mask, h.Length = true, [4]byte{1, 2, 3, 4}, uint64(len(payload))
		masked := []byte(payload)
		frame.Mask(masked, h.Mask, 0)
		tape.Append(frame.Client, at(ms), append(h.Append(nil), masked...))
	}
	server := func(ms int, h frame.Header, payload string) {
		h.Length = uint64(len(payload))
		tape.Append(frame.Server, at(ms), append(h.Append(nil), payload...))
	}
	client(1, frame.Header{Fin: true, Opcode: frame.Text}, `{"say":"hello"}`)
	server(2, frame.Header{Fin: true, Opcode: frame.Text}, `{"say":"hello","from":"eve"}`)
	client(3, frame.Header{Opcode: frame.Text}, "two ")
	client(4, frame.Header{Fin: true, Opcode: frame.Ping}, "still there")
	client(5, frame.Header{Fin: true}, "parts")
	server(6, frame.Header{Fin: true, Opcode: frame.Pong}, "still there")
	server(7, frame.Header{Fin: true, Opcode: frame.Binary}, "\x00\x01\xfe\xff")
	server(8, frame.Header{Fin: true, Opcode: frame.Text}, "red \x1b[31malert\x1b[0m \u202e\r\nmore")
	server(9, frame.Header{Fin: true, Opcode: frame.Text, RSV: frame.RSV2}, "odd")
	client(10, frame.Header{Fin: true, Opcode: frame.Close}, "\x03\xe8bye")
	server(11, frame.Header{Fin: true, Opcode: frame.Close}, "\x03\xe8bye")
	tape.Close(frame.End{Time: at(12), EndedBy: frame.ByClient, How: frame.ByClose})

	refused := &frame.Connection{
		State: frame.Refused, URL: "ws://chat.example/private", Client: "127.0.0.1:50002",
		Start: at(100), End: at(101), Status: 401, Body: []byte("who are you?"),
		Response: []frame.Field{{Name: "Www-Authenticate", Value: "Basic"}},
	}
	tape, err = recorder.Open(refused)
	ts.Check(err)
	tape.Close(frame.End{Time: at(101)})
	failed := &frame.Connection{
		State: frame.Failed, URL: "wss://gone.example/", Client: "127.0.0.1:50003",
		Start: at(200), End: at(201), Error: "dial gone.example:443: connection refused",
	}
	tape, err = recorder.Open(failed)
	ts.Check(err)
	tape.Close(frame.End{Time: at(201), Error: failed.Error})
	ts.Check(recorder.Close())
}

// scriptRecord runs a real wsluice proxy with the flags given, sends real
// traffic through it to an echo server, and interrupts it: record FLAGS…. What
// the proxy printed goes to the file proxy.log.
func scriptRecord(ts *testscript.TestScript, neg bool, args []string) {
	proxy, ready, drained := startProxy(ts, args)
	address := <-ready
	if address == "" {
		ts.Fatalf("wsluice proxy did not start; see proxy.log: %s", ts.ReadFile("proxy.log"))
	}
	ts.Check(traffic("http://" + address))
	ts.Check(proxy.Process.Signal(os.Interrupt))
	<-drained // Wait closes the pipe
	if err := proxy.Wait(); (err != nil) != neg {
		ts.Fatalf("wsluice proxy ended with %v", err)
	}
}

// startProxy starts wsluice proxy on a free port. The channel gets its address,
// or "" when it ended without listening; drained is closed when it has printed
// all.
func startProxy(ts *testscript.TestScript, args []string) (c *exec.Cmd, ready <-chan string, drained <-chan struct{}) {
	wsluice, err := exec.LookPath("wsluice")
	ts.Check(err)
	c = exec.Command(wsluice, append([]string{"proxy", "--listen", "127.0.0.1:0"}, args...)...)
	c.Dir = ts.MkAbs(".")
	c.Env = append(os.Environ(), "WSLUICE_HOME="+ts.Getenv("WSLUICE_HOME"))
	stderr, err := c.StderrPipe()
	ts.Check(err)
	log, err := os.Create(filepath.Join(c.Dir, "proxy.log"))
	ts.Check(err)
	ts.Check(c.Start())
	address := make(chan string, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer log.Close()
		lines := bufio.NewScanner(io.TeeReader(stderr, log))
		for lines.Scan() {
			if listening, ok := strings.CutPrefix(lines.Text(), "wsluice: listening on "); ok {
				address <- listening
			}
		}
		close(address)
	}()
	ts.Defer(func() {
		_ = c.Process.Kill()
		<-done
	})
	return c, address, done
}

// traffic sends a few messages through the proxy to an echo server of its own.
func traffic(proxy string) error {
	upgrader := websocket.Upgrader{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			kind, p, err := c.ReadMessage()
			if err != nil || c.WriteMessage(kind, p) != nil {
				return
			}
		}
	}))
	defer server.Close()
	through, err := url.Parse(proxy)
	if err != nil {
		return err
	}
	dialer := websocket.Dialer{Proxy: http.ProxyURL(through)}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, _, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(server.URL, "http")+"/echo", nil)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, text := range []string{"one", "two", "three"} {
		if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			return err
		}
		if _, _, err := c.ReadMessage(); err != nil {
			return err
		}
	}
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "done")
	if err := c.WriteMessage(websocket.CloseMessage, bye); err != nil {
		return err
	}
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		return err
	}
	return nil
}

// scriptOccupy listens on a free port and puts its address into the variable
// named: occupy NAME.
func scriptOccupy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: occupy NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}

// scriptRecorder starts a real wsluice proxy with the flags given and leaves it
// running: recorder FLAGS….
func scriptRecorder(ts *testscript.TestScript, neg bool, args []string) {
	_, ready, _ := startProxy(ts, args)
	if <-ready == "" || neg {
		ts.Fatalf("wsluice proxy did not start; see proxy.log")
	}
}

// scriptNewer makes a capture one of a newer format: newer FILE.
func scriptNewer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: newer FILE")
	}
	db, err := bolt.Open(ts.MkAbs(args[0]), 0o600, nil)
	ts.Check(err)
	ts.Check(db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte{0, 2, 0, 0})
	}))
	ts.Check(db.Close())
}

// scriptShorten cuts the end of a capture off: shorten FILE.
func scriptShorten(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shorten FILE")
	}
	ts.Check(os.Truncate(ts.MkAbs(args[0]), 20_000))
}
