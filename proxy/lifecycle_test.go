package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Catches a half-closed connection treated as a closed one, in either direction
// (pitfalls X5, X6): what the other side sends later must arrive.
func TestHalfClose(t *testing.T) {
	late := strings.Repeat("late", 300_000)
	both(t, func(t *testing.T, secure bool) {
		for n := range 4 {
			first, absolute := frame.Side(n%2), n > 1 && !secure
			r := start(t)
			r.absolute = absolute
			client, server := r.pair(secure)
			ends := [2]*wire{client, server}
			one, other := ends[first], ends[first.Peer()]
			one.send("\x88\x02\x03\xe8")
			one.closeWrite()
			other.expect("\x88\x02\x03\xe8")
			other.eof()
			go func() { _, _ = io.WriteString(other.Conn, late); _ = other.Conn.Close() }()
			one.expect(late)
			one.eof()
			tape := r.recorder.ended(t, 1)
			if tape.end.How != frame.ByClose || tape.end.EndedBy != party(first) {
				t.Errorf("%s: ended %+v", first, tape.end)
			}
			if got := string(tape.wire[first.Peer()]); got != late {
				t.Errorf("%s: recorded %d late bytes of %d", first, len(got), len(late))
			}
		}
	})
}

// Catches a death without a close frame that looks like an orderly end (pitfall
// X3) and an end put down to the wrong side (pitfall X7).
func TestWhoEndedItAndHow(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		for _, c := range []struct {
			name string
			do   func(one, other *wire)
			how  frame.How
		}{
			{"FIN", func(one, other *wire) {
				_ = one.socket().Close()
				other.eof()
				if truncated := newLeg(other.Conn).truncated(); truncated != secure {
					t.Errorf("without close_notify at one end, truncated at the other: %v", truncated)
				}
				_ = other.socket().Close()
			}, frame.ByFIN},
			{"close_notify", func(one, other *wire) {
				_ = one.Conn.Close()
				other.eof()
				if newLeg(other.Conn).truncated() {
					t.Error("close_notify is not passed on")
				}
				_ = other.Conn.Close()
			}, frame.ByFIN},
			{"RST", func(one, other *wire) {
				_ = one.socket().SetLinger(0)
				_ = one.socket().Close()
				if _, err := io.ReadAll(other); howEnded(err) != frame.ByReset {
					t.Errorf("the other side read %v, want a reset", err)
				}
			}, frame.ByReset},
			{"close frame, then RST", func(one, other *wire) {
				one.send("\x88\x00")
				other.expect("\x88\x00")
				_ = one.socket().SetLinger(0)
				_ = one.socket().Close()
				_, _ = io.ReadAll(other)
			}, frame.ByClose},
		} {
			for _, first := range []frame.Side{frame.Client, frame.Server} {
				r := start(t)
				client, server := r.pair(secure)
				ends := [2]*wire{client, server}
				c.do(ends[first], ends[first.Peer()])
				tape := r.recorder.ended(t, 1)
				if tape.end.How != c.how || tape.end.EndedBy != party(first) {
					t.Errorf("%s by the %s: recorded %+v", c.name, first, tape.end)
				}
				if tape.end.Time.IsZero() {
					t.Error("no time of the end")
				}
			}
		}
	})
}

// Catches a reset of which net/http learned in the session's place, because it
// came right upon the 101 (pitfall X7).
func TestResetBeforeTheSessionReads(t *testing.T) {
	near, far := tcpPair(t)
	c := &client{Conn: near}
	_ = far.SetLinger(0)
	_ = far.Close()
	for n := range 2 {
		if _, err := c.Read(make([]byte, 1)); howEnded(err) != frame.ByReset {
			t.Errorf("read %d: %v, want a reset", n, err)
		}
	}
}

// tcpPair returns the two ends of a connection.
func tcpPair(t *testing.T) (near, far *net.TCPConn) {
	t.Helper()
	l := listen(t)
	defer l.Close()
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dialled.Close(); _ = accepted.Close() })
	return dialled.(*net.TCPConn), accepted.(*net.TCPConn)
}

// Catches bytes lost that a side sends before it learns that the other is gone
// (pitfall X8).
func TestSentToOneThatIsGone(t *testing.T) {
	r := start(t)
	client, server := r.pair(false)
	_ = client.socket().Close()
	server.eof()
	for n := range 3 {
		server.send("\x81\x01" + fmt.Sprint(n))
		r.recorder.wait(t, "what the client did not get", func(tapes []*memoryTape) bool {
			return len(tapes[0].wire[frame.Server]) == 3*(n+1)
		})
	}
	_ = server.socket().Close()
	if tape := r.recorder.ended(t, 1); tape.end.EndedBy != frame.ByClient || tape.end.How != frame.ByFIN {
		t.Errorf("ended %+v", tape.end)
	}
}

// Catches a connection that stays for ever after one side has ended.
func TestLinger(t *testing.T) {
	r := startTuned(t, func(p *Proxy) { p.linger = 50 * time.Millisecond })
	client, server := r.pair(false)
	client.closeWrite()
	server.eof()
	client.eof() // the proxy has lost patience with the server
	if tape := r.recorder.ended(t, 1); tape.end.How != frame.ByFIN || tape.end.EndedBy != frame.ByClient {
		t.Errorf("ended %+v", tape.end)
	}
}

// Catches a half-closed connection that is cut although its reader is only slow.
func TestLingerForSlowReader(t *testing.T) {
	r := start(t)
	client, server := r.pair(false)
	session := r.onlySession()
	client.closeWrite()
	server.eof()
	const size = 32 << 20 // more than all buffers on the way
	go func() { _, _ = server.Conn.Write(make([]byte, size)); _ = server.Conn.Close() }()
	pump := &session.pumps[frame.Server]
	r.settle("the pump waits for the client", func() bool { return pump.turns.Load()%2 == 1 })
	for range 5 {
		session.lingerOn()
	}
	if n, err := io.Copy(io.Discard, client); n != size || err != nil {
		t.Errorf("a slow reader got %d bytes, %v", n, err)
	}
}

// Catches memory that grows with what a slow reader has not read, and a
// direction held up by the other one (pitfall B1).
func TestSlowReader(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		r := start(t)
		r.recorder.forget = true
		client, server := r.pair(secure)
		_ = server.SetWriteDeadline(time.Now().Add(time.Second))
		sent := 0
		chunk := make([]byte, 64<<10)
		for sent < 256<<20 {
			n, err := server.Conn.Write(chunk)
			sent += n
			if err != nil {
				break
			}
		}
		if sent >= 64<<20 {
			t.Fatalf("the server could send %d bytes to a client that does not read", sent)
		}
		client.send("\x81\x01a")
		server.expect("\x81\x01a")
		_ = server.socket().CloseWrite()
		// TLS counts a record as sent only when it was written whole.
		if n, err := io.Copy(io.Discard, client); int(n) < sent || !secure && (int(n) != sent || err != nil) {
			t.Errorf("of %d bytes sent %d arrived, %v", sent, n, err)
		}
	})
}

// Catches a recorder that is overtaken by the traffic (pitfall B2): while it
// waits, the sender does.
func TestSlowRecorder(t *testing.T) {
	r := start(t)
	release := make(chan struct{})
	held := make(chan struct{}, 1)
	r.recorder.hold = func(wire []byte) {
		if len(wire) > 0 && wire[0] == '!' {
			held <- struct{}{}
			<-release
		}
	}
	client, server := r.pair(false)
	client.send("!kept")
	<-held
	server.send("other way")
	client.expect("other way")
	// What is not recorded has not passed either.
	_ = server.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if p, err := server.r.Peek(1); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the server got %q, %v", p, err)
	}
	_ = server.SetReadDeadline(time.Now().Add(patience))
	close(release)
	server.expect("!kept")
}

// Catches connections that survive Serve, an end recorded as anybody's but the
// proxy's, and a Serve that does not return (pitfall X10).
func TestShutdown(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		r := start(t)
		client, server := r.pair(secure)
		stalled, _ := r.pair(secure)
		go func() { _, _ = stalled.Write(make([]byte, 64<<20)) }()
		r.recorder.wait(t, "the stalled connection", func(tapes []*memoryTape) bool { return len(tapes[1].wire[0]) > 1<<20 })
		idle := r.raw()
		halfway := r.tunnel("127.0.0.1:9") // says nothing
		r.stop()
		for name, w := range map[string]*wire{"client": client, "server": server, "idle": idle, "halfway": halfway} {
			if p, err := io.ReadAll(w); len(p) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s read %q, %v", name, p, err)
			}
		}
		for n := range 2 {
			if tape := r.recorder.ended(t, n+1); tape.end.How != frame.ByShutdown || tape.end.EndedBy != frame.ByProxy {
				t.Errorf("ended %+v", tape.end)
			}
		}
		if _, err := net.Dial("tcp", r.address); err == nil {
			t.Error("the proxy still listens")
		}
	})
}

// Catches a connection whose peers had said goodbye and that is recorded as cut
// by the proxy, because it was stopped before their sockets closed.
func TestShutdownAfterGoodbye(t *testing.T) {
	r := start(t)
	client, server := r.pair(false)
	server.send("\x88\x02\x03\xe9")
	client.expect("\x88\x02\x03\xe9")
	client.send("\x88\x82\x00\x00\x00\x00\x03\xe9")
	server.expect("\x88\x82\x00\x00\x00\x00\x03\xe9")
	r.stop()
	if tape := r.recorder.ended(t, 1); tape.end.How != frame.ByClose || tape.end.EndedBy != frame.ByServer {
		t.Errorf("ended %+v", tape.end)
	}
}

// Catches a defect in one connection that ends others.
func TestPanicEndsOneConnectionOnly(t *testing.T) {
	r := start(t)
	r.recorder.hold = func(wire []byte) {
		if string(wire) == "panic" {
			panic("a defect")
		}
	}
	client, server := r.pair(false)
	other, otherServer := r.pair(false)
	client.send("a") // net/http may have read one byte ahead
	server.expect("a")
	client.send("panic")
	_, _ = io.ReadAll(client)
	_, _ = io.ReadAll(server)
	if tape := r.recorder.ended(t, 1); tape.end.How != frame.ByError || !strings.Contains(tape.end.Error, "a defect") {
		t.Errorf("ended %+v", tape.end)
	}
	other.send("still here")
	otherServer.expect("still here")
	if len(r.logs.lines("panic")) == 0 {
		t.Error("nothing is logged")
	}
}

// watchedListener tells of every deadline set on what it accepts.
type watchedListener struct {
	net.Listener
	watch func(kind string, at time.Time)
}

type watchedConn struct {
	net.Conn
	watch func(kind string, at time.Time)
}

func (l watchedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &watchedConn{c, l.watch}, err
}

func (c *watchedConn) NetConn() net.Conn { return c.Conn }

func (c *watchedConn) SetDeadline(at time.Time) error {
	c.watch("read", at)
	c.watch("write", at)
	return c.Conn.SetDeadline(at)
}

func (c *watchedConn) SetReadDeadline(at time.Time) error {
	c.watch("read", at)
	return c.Conn.SetReadDeadline(at)
}

func (c *watchedConn) SetWriteDeadline(at time.Time) error {
	c.watch("write", at)
	return c.Conn.SetWriteDeadline(at)
}

// Catches a time limit on a connection that is only quiet (pitfall X9): one left
// over from the handshake, or set by the relay.
func TestIdleForEver(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		var lock sync.Mutex
		limits := map[string]time.Time{}
		l := watchedListener{listen(t), func(kind string, at time.Time) {
			lock.Lock()
			defer lock.Unlock()
			limits[kind] = at
		}}
		r := startOn(t, l, func(*Proxy) {})
		client, server := r.pair(secure)
		client.send("a")
		server.expect("a")
		server.send("b")
		client.expect("b")
		lock.Lock()
		defer lock.Unlock()
		for kind, at := range limits {
			if !at.IsZero() {
				t.Errorf("a %s limit until %v", kind, at)
			}
		}
	})
}
