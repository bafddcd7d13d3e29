//go:build e2e

package e2e

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// taped is a connection whose bytes are kept.
type taped struct {
	net.Conn
	mu      sync.Mutex
	in, out bytes.Buffer // what was read from it, and written to it
}

func (c *taped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in.Write(p[:n])
	return n, err
}

func (c *taped) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.Write(p[:n])
	return n, err
}

func (c *taped) CloseWrite() error { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

func (c *taped) bytes() (in, out []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.in.Bytes()), bytes.Clone(c.out.Bytes())
}

// tapes keeps the bytes of every connection a listener accepts.
type tapes struct {
	net.Listener
	mu    sync.Mutex
	conns []*taped
}

func (l *tapes) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &taped{Conn: conn}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, c)
	return c, nil
}

// exchange is what passed for one case: the heads of the handshake, without
// CONNECT, and the frame bytes behind them.
type exchange struct {
	request, response      string
	fromClient, fromServer []byte
}

func (e exchange) from(side string) []byte {
	if side == "client" {
		return e.fromClient
	}
	return e.fromServer
}

// of returns what passed for a case.
func (l *tapes) of(t testing.TB, name string) exchange {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		in, out := c.bytes()
		at := bytes.Index(in[:min(len(in), 64<<10)], []byte("GET /"+name+"?"))
		if at < 0 {
			continue
		}
		if at > 0 { // behind CONNECT and the proxy's answer
			_, out, _ = bytes.Cut(out, []byte("\r\n\r\n"))
		}
		request, fromClient, _ := bytes.Cut(in[at:], []byte("\r\n\r\n"))
		response, fromServer, _ := bytes.Cut(out, []byte("\r\n\r\n"))
		return exchange{string(request), string(response), fromClient, fromServer}
	}
	t.Fatalf("%s never passed %v", name, l.Addr())
	panic("unreachable")
}

// relay listens in front of target, an address, and keeps the bytes that pass.
func relay(t testing.TB, target string) *tapes {
	t.Helper()
	l := &tapes{Listener: listen(t)}
	var relays sync.WaitGroup
	relays.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			relays.Go(func() { pass(client, target) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		l.mu.Lock()
		for _, c := range l.conns {
			c.Close()
		}
		l.mu.Unlock()
		relays.Wait()
	})
	return l
}

// pass relays between client and target until both directions have ended.
func pass(client net.Conn, target string) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	var back sync.WaitGroup
	back.Go(func() {
		io.Copy(client, server)
		client.(*taped).CloseWrite()
	})
	io.Copy(server, client)
	server.(*net.TCPConn).CloseWrite()
	back.Wait()
}

// listen returns a listener on a free loopback port. It ends with the test.
func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}
