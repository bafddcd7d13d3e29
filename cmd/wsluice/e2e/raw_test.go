//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// raw is an end that writes and reads bytes as it likes.
type raw struct {
	net.Conn
	tcp  *net.TCPConn // below Conn
	in   *bufio.Reader
	head string // of the request, for a server
}

func (r *raw) send(t testing.TB, p string) {
	t.Helper()
	if _, err := io.WriteString(r, p); err != nil {
		t.Fatalf("write %d bytes: %v", len(p), err)
	}
}

// expect reads the bytes of p and fails when others come.
func (r *raw) expect(t testing.TB, p string) {
	t.Helper()
	got := make([]byte, len(p))
	r.SetReadDeadline(time.Now().Add(patience))
	n, err := io.ReadFull(r.in, got)
	sameBytes(t, "bytes received and sent", got[:n], []byte(p)[:n])
	if err != nil {
		t.Fatalf("after %d of %d bytes: %v", n, len(p), err)
	}
}

// rest reads to the end of the stream and says how it ended: nil is a FIN.
func (r *raw) rest(t testing.TB) (string, error) {
	t.Helper()
	r.SetReadDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(r.in)
	if errors.Is(err, io.ErrUnexpectedEOF) { // FIN without TLS close_notify
		err = nil
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		t.Fatalf("neither data nor end after %v; it had sent %d bytes", patience, len(got))
	}
	return string(got), err
}

// readHead reads a head, up to and with its empty line.
func (r *raw) readHead(t testing.TB) string {
	t.Helper()
	r.SetReadDeadline(time.Now().Add(patience))
	head, err := readHead(r.in)
	if err != nil {
		t.Fatalf("read a head: %v; it has %q so far", err, head)
	}
	return head
}

func readHead(in *bufio.Reader) (string, error) {
	var head strings.Builder
	for !strings.HasSuffix(head.String(), "\r\n\r\n") {
		line, err := in.ReadString('\n')
		head.WriteString(line)
		if err != nil {
			return head.String(), err
		}
	}
	return head.String(), nil
}

// endSending sends a FIN (within TLS a close_notify first) and can still read.
func (r *raw) endSending(t testing.TB) {
	t.Helper()
	if err := r.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := r.tcp.CloseWrite(); err != nil && !errors.Is(err, syscall.ENOTCONN) {
		t.Fatal(err)
	}
}

// reset ends the connection with a TCP reset.
func (r *raw) reset(t testing.TB) {
	t.Helper()
	if err := r.tcp.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	r.tcp.Close()
}

// way is how a raw client asks a proxy for a connection.
type way struct {
	name     string
	tls      bool
	absolute string // scheme of the absolute form; empty for CONNECT
}

var ways = []way{
	{name: "CONNECT"},
	{name: "CONNECT and TLS", tls: true},
	{name: "absolute http", absolute: "http"},
	{name: "absolute ws", absolute: "ws"},
}

// host is a server of raw ends.
type host struct {
	url      *url.URL
	accepted chan *raw // with their request read
	close    func()    // stops it early
}

// hostAt is a host that something else serves.
func hostAt(scheme, address string) *host {
	return &host{url: &url.URL{Scheme: scheme, Host: address}}
}

// serveRaw starts a host, with TLS when a configuration is given.
func serveRaw(t testing.TB, secure *tls.Config) *host {
	t.Helper()
	l := listen(t)
	h := &host{url: &url.URL{Scheme: "ws", Host: "localhost:" + port(l)}, accepted: make(chan *raw, 16)}
	if secure != nil {
		h.url.Scheme = "wss"
	}
	var serving sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			serving.Go(func() {
				r := &raw{Conn: conn, tcp: conn.(*net.TCPConn)}
				if secure != nil {
					r.Conn = tls.Server(conn, secure)
				}
				r.in = bufio.NewReader(r.Conn)
				if r.head, err = readHead(r.in); err == nil {
					h.accepted <- r
				} else {
					conn.Close()
				}
			})
		}
	})
	h.close = sync.OnceFunc(func() {
		l.Close()
		mu.Lock()
		for _, conn := range open {
			conn.Close()
		}
		mu.Unlock()
		serving.Wait()
		close(h.accepted)
	})
	t.Cleanup(h.close)
	return h
}

// accept returns the next connection whose request has come.
func (h *host) accept(t testing.TB) *raw {
	t.Helper()
	select {
	case r := <-h.accepted:
		return r
	case <-time.After(patience):
		t.Fatalf("no request reached %v in %v", h.url, patience)
		panic("unreachable")
	}
}

// next returns the connection on which the next request has come: a new one, or
// the one the last came on.
func (h *host) next(t testing.TB, last *raw) *raw {
	t.Helper()
	came := make(chan error, 1)
	go func() {
		var err error
		last.head, err = readHead(last.in)
		came <- err
	}()
	select {
	case r := <-h.accepted:
		last.Close()
		<-came
		return r
	case err := <-came:
		if err != nil {
			return h.accept(t)
		}
		return last
	case <-time.After(patience):
		t.Fatalf("no other request reached %v in %v", h.url, patience)
		panic("unreachable")
	}
}

// always answers every request to come in the same way and hangs up.
func (h *host) always(answer string) {
	go func() {
		for server := range h.accepted {
			io.WriteString(server, answer)
			server.Close()
		}
	}()
}

// dial opens a raw client's way to a host, up to where its request begins.
func (w way) dial(t testing.TB, s *sluice, h *host) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	r := &raw{Conn: conn, tcp: conn.(*net.TCPConn), in: bufio.NewReader(conn)}
	if w.absolute != "" {
		return r
	}
	r.send(t, fmt.Sprintf("CONNECT %[1]s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", h.url.Host))
	if head := r.readHead(t); !strings.Contains(head, " 200 ") {
		t.Fatalf("CONNECT %s: %q", h.url.Host, head)
	}
	if w.tls {
		secure := tls.Client(conn, &tls.Config{RootCAs: pool(t, s.authority()), ServerName: "localhost"})
		if err := secure.Handshake(); err != nil {
			t.Fatalf("TLS through the proxy: %v", err)
		}
		r.Conn, r.in = secure, bufio.NewReader(secure)
	}
	return r
}

// request returns a request head in the form of the way.
func (w way) request(h *host, path string, fields ...string) string {
	target := path
	if w.absolute != "" {
		target = w.absolute + "://" + h.url.Host + path
	}
	return "GET " + target + " HTTP/1.1\r\nHost: " + h.url.Host + "\r\n" + strings.Join(fields, "\r\n") + "\r\n\r\n"
}

// The handshake with the sample nonce of RFC 6455 section 1.3.
var upgrade = []string{
	"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

// open returns both ends of a WebSocket connection that has been set up.
func (w way) open(t testing.TB, s *sluice, h *host, path string) (client, server *raw) {
	t.Helper()
	client = w.dial(t, s, h)
	client.send(t, w.request(h, path, upgrade...))
	server = h.accept(t)
	server.send(t, switching)
	if head := client.readHead(t); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Fatalf("the client received %q", head)
	}
	return client, server
}

// hosts returns a raw host without TLS and one with.
func hosts(t testing.TB, pki *authority) func(way) *host {
	plain, secure := serveRaw(t, nil), serveRaw(t, pki.config(t, "raw"))
	return func(w way) *host {
		if w.tls {
			return secure
		}
		return plain
	}
}

// masked makes a masked frame as a client sends it, from its first byte, its
// second without the mask bit, and the bytes between there and the mask key.
func masked(first, length byte, extended, payload string) string {
	key := []byte{0x37, 0xfa, 0x21, 0x3d}
	frame := bytes.NewBuffer([]byte{first, 0x80 | length})
	frame.WriteString(extended)
	frame.Write(key)
	for i := range len(payload) {
		frame.WriteByte(payload[i] ^ key[i%4])
	}
	return frame.String()
}

// plain makes a frame as a server sends it.
func plain(first byte, payload string) string {
	return string([]byte{first, byte(len(payload))}) + payload
}
