package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/certs"
)

// The authorities of all tests: the proxy's, and that of the servers.
var (
	authority       = sync.OnceValue(func() *certs.Authority { return newAuthority("proxy") })
	serverAuthority = sync.OnceValue(func() *certs.Authority { return newAuthority("servers") })
)

var authorityDir string // set by TestMain

func newAuthority(name string) *certs.Authority {
	a, err := certs.Open(authorityDir + "/" + name)
	if err != nil {
		panic(err)
	}
	return a
}

func pool(a *certs.Authority) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.Certificate())
	return p
}

// rig is a running proxy.
type rig struct {
	*Proxy
	t        testing.TB
	address  string
	recorder *memory
	logs     *logBuffer
	stop     func() // ends the proxy and waits for it
	absolute bool   // pair asks in absolute form
	// extensions are what the server of pair chooses.
	extensions string
}

// start runs a proxy until the test ends. The servers' authority is trusted.
func start(t testing.TB, change ...func(*Options)) *rig {
	t.Helper()
	return startTuned(t, func(*Proxy) {}, change...)
}

// startTuned is start with a proxy whose times a test cannot wait for.
func startTuned(t testing.TB, tune func(*Proxy), change ...func(*Options)) *rig {
	t.Helper()
	return startOn(t, listen(t), tune, change...)
}

// startOn is startTuned with a listener.
func startOn(t testing.TB, l net.Listener, tune func(*Proxy), change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, recorder: newMemory(), logs: new(logBuffer)}
	options := Options{
		Recorder: r.recorder, Authority: authority(), Roots: pool(serverAuthority()),
		Logger: slog.New(slog.NewTextHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&options)
	}
	p, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	tune(p)
	r.Proxy = p
	r.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx, l) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-served:
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(patience):
			t.Errorf("Serve has not returned; log:\n%s", r.logs)
		}
	})
	t.Cleanup(r.stop)
	return r
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// logBuffer keeps log lines.
type logBuffer struct {
	lock sync.Mutex
	buf  bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.buf.String()
}

// lines returns the lines that contain s.
func (b *logBuffer) lines(s string) (found []string) {
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, s) {
			found = append(found, line)
		}
	}
	return found
}

// serve runs an HTTP server until the test ends and returns its address. With
// secure it speaks TLS.
func serve(t testing.TB, secure bool, handler http.HandlerFunc) string {
	t.Helper()
	l := listen(t)
	server := &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	if secure {
		l = tls.NewListener(l, serverAuthority().TLSConfig("127.0.0.1"))
	}
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { _ = server.Close(); running.Wait() })
	return l.Addr().String()
}

// accept runs a server that speaks as f says on each connection, once.
func accept(t testing.TB, secure bool, f func(net.Conn)) string {
	t.Helper()
	l := listen(t)
	var running sync.WaitGroup
	var lock sync.Mutex
	var open []net.Conn
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			lock.Lock()
			open = append(open, c)
			lock.Unlock()
			running.Go(func() {
				defer c.Close()
				if secure {
					c = tls.Server(&rewound{Conn: c}, serverAuthority().TLSConfig("127.0.0.1"))
				}
				f(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		lock.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		lock.Unlock()
		running.Wait()
	})
	return l.Addr().String()
}

// echo answers every message with itself.
func echo(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }, EnableCompression: true}
	c, err := upgrader.Upgrade(w, r, nil)
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
}

// dialer is a gorilla client that uses the proxy and trusts its authority.
func (r *rig) dialer() *websocket.Dialer {
	return &websocket.Dialer{
		Proxy:           func(*http.Request) (*url.URL, error) { return url.Parse("http://" + r.address) },
		TLSClientConfig: &tls.Config{RootCAs: pool(authority())},
	}
}

// dialWebSocket connects through the proxy.
func (r *rig) dialWebSocket(address string) *websocket.Conn {
	r.t.Helper()
	c, _, err := r.dialer().Dial(address, nil)
	if err != nil {
		r.t.Fatalf("dial %s: %v; log:\n%s", address, err, r.logs)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	return c
}

// wire is one raw connection of a test.
type wire struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

func newWire(t testing.TB, c net.Conn) *wire {
	_ = c.SetDeadline(time.Now().Add(patience))
	return &wire{Conn: c, t: t, r: bufio.NewReader(c)}
}

// raw connects to the proxy.
func (r *rig) raw() *wire {
	r.t.Helper()
	c, err := net.Dial("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	return newWire(r.t, c)
}

// tunnel opens a tunnel to target.
func (r *rig) tunnel(target string) *wire {
	r.t.Helper()
	w := r.raw()
	w.send("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n")
	if response := w.response(http.MethodConnect); response.StatusCode != http.StatusOK {
		r.t.Fatalf("CONNECT %s: %s", target, response.Status)
	}
	return w
}

// secure speaks TLS in a tunnel, and expects the name in the certificate.
func (w *wire) secure(name string) *wire {
	w.t.Helper()
	c := tls.Client(&rewound{Conn: w.Conn}, &tls.Config{RootCAs: pool(authority()), ServerName: name})
	if err := c.Handshake(); err != nil {
		w.t.Fatalf("TLS with the proxy for %s: %v", name, err)
	}
	return newWire(w.t, c)
}

func (w *wire) Read(p []byte) (int, error) { return w.r.Read(p) }

func (w *wire) send(s string) {
	w.t.Helper()
	if _, err := io.WriteString(w.Conn, s); err != nil {
		w.t.Fatalf("write: %v", err)
	}
}

// expect reads as many bytes as want has.
func (w *wire) expect(want string) {
	w.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(w, got); err != nil || string(got) != want {
		w.t.Fatalf("read %q, %v; want %q", got[:n], err, want)
	}
}

func (w *wire) response(method string) *http.Response {
	w.t.Helper()
	response, err := http.ReadResponse(w.r, &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("read response: %v", err)
	}
	return response
}

// head reads a request or response head as it is on the wire.
func (w *wire) head() string {
	w.t.Helper()
	var head strings.Builder
	for {
		line, err := w.r.ReadString('\n')
		if err != nil {
			w.t.Fatalf("read head: %v after %q", err, head.String())
		}
		head.WriteString(line)
		if line == "\r\n" {
			return head.String()
		}
	}
}

const handshakeKey = "dGhlIHNhbXBsZSBub25jZQ=="

// handshake is a request for a WebSocket.
func handshake(target, host string, more ...string) string {
	return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n", target, host, handshakeKey, strings.Join(more, ""))
}

// switching is the answer to handshake.
const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

// closeWrite ends what w sends.
func (w *wire) closeWrite() {
	w.t.Helper()
	if err := w.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		w.t.Fatalf("close write: %v", err)
	}
}

// pair is a WebSocket through the proxy with a raw end on both sides.
func (r *rig) pair(secure bool) (client, server *wire) {
	r.t.Helper()
	servers, done := make(chan *wire, 1), make(chan struct{})
	address := accept(r.t, secure, func(c net.Conn) {
		w := newWire(r.t, c)
		if _, err := http.ReadRequest(w.r); err != nil {
			return
		}
		answer := switching
		if r.extensions != "" {
			answer = strings.TrimSuffix(switching, "\r\n") + "Sec-WebSocket-Extensions: " + r.extensions + "\r\n\r\n"
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
		servers <- w
		<-done
	})
	r.t.Cleanup(func() { close(done) })
	if r.absolute {
		client = r.raw()
		client.send(handshake("ws://"+address+"/", address))
	} else {
		client = r.tunnel(address)
		if secure {
			client = client.secure("127.0.0.1")
		}
		client.send(handshake("/", address))
	}
	if response := client.response(http.MethodGet); response.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatalf("handshake: %s; log:\n%s", response.Status, r.logs)
	}
	return client, <-servers
}

// both runs a test with plain and with TLS connections.
func both(t *testing.T, f func(t *testing.T, secure bool)) {
	for name, secure := range map[string]bool{"ws": false, "wss": true} {
		t.Run(name, func(t *testing.T) { f(t, secure) })
	}
}

// socket returns the TCP connection beneath w.
func (w *wire) socket() *net.TCPConn { return beneath(w.Conn, false).(*net.TCPConn) }

// eof expects the orderly end of the stream.
func (w *wire) eof() {
	w.t.Helper()
	if p, err := io.ReadAll(w); err != nil || len(p) > 0 {
		w.t.Fatalf("read %d bytes, %v; want the end of the stream", len(p), err)
	}
}

// tlsName returns the name a client has asked a server of accept for.
func tlsName(c net.Conn) string { return c.(*tls.Conn).ConnectionState().ServerName }

// settle waits until something that goes on and off by itself has come to stay.
func (r *rig) settle(what string, ok func() bool) {
	r.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for since, until := 0, time.Now().Add(patience); since < 100; since++ {
		<-tick.C
		if !ok() {
			since = 0
		}
		if time.Now().After(until) {
			r.t.Fatalf("not so: %s", what)
		}
	}
}
