//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// stream is a connection over which numbered frames go back and forth until it
// ends.
type stream struct {
	client, server *raw
	done           atomic.Int64  // frames that went there and back
	flows          chan struct{} // closed after the first ones
}

const numberedSize = 1000

func (s *stream) talk() {
	defer s.client.Close()
	back := make([]byte, len(numberedBack(0)))
	for {
		if _, err := io.WriteString(s.client, numbered(s.done.Load())); err != nil {
			return
		}
		if _, err := io.ReadFull(s.client.in, back); err != nil {
			return
		}
		if s.done.Add(1) == 10 {
			close(s.flows)
		}
	}
}

func (s *stream) answer() {
	defer s.server.Close()
	there := make([]byte, len(numbered(0)))
	for n := int64(0); ; n++ {
		if _, err := io.ReadFull(s.server.in, there); err != nil {
			return
		}
		if _, err := io.WriteString(s.server, numberedBack(n)); err != nil {
			return
		}
	}
}

// numbered returns a frame whose payload is its number, over and over.
func numbered(n int64) string {
	return masked(0x82, 126, "\x03\xe8", strings.Repeat(fmt.Sprintf("%010d", n), numberedSize/10))
}

func numberedBack(n int64) string {
	return "\x82\x7e\x03\xe8" + strings.Repeat(fmt.Sprintf("%010d", n), numberedSize/10)
}

// traffic starts streams over every way and returns when all of them flow. They
// have ended when done is.
func traffic(t testing.TB, s *sluice, pki *authority, count int) (streams []*stream, done *sync.WaitGroup) {
	t.Helper()
	to := hosts(t, pki)
	done = new(sync.WaitGroup)
	for i := range count {
		w := ways[i%len(ways)]
		one := &stream{flows: make(chan struct{})}
		one.client, one.server = w.open(t, s, to(w), fmt.Sprint("/s", i))
		done.Go(one.talk)
		done.Go(one.answer)
		streams = append(streams, one)
	}
	for i, one := range streams {
		select {
		case <-one.flows:
		case <-time.After(patience):
			t.Fatalf("stream %d does not flow", i)
		}
	}
	return streams, done
}

// TestTerminate would catch a frame that passed before SIGTERM and is not in the
// capture, or an end told wrongly. (Pitfall X10.)
func TestTerminate(t *testing.T) {
	pki := newAuthority(t)
	s := record(t, "--upstream-ca", pki.file)
	streams, done := traffic(t, s, pki, 20)
	s.signal(t, syscall.SIGTERM)
	if code := s.wait(t); code != 0 {
		t.Errorf("wsluice proxy ended with %d after SIGTERM, want 0; stderr:\n%s", code, s.stderr.tail())
	}
	done.Wait()
	s.verify(t)
	for i, one := range streams {
		conn := s.conn(t, fmt.Sprint("s", i))
		if conn.State != "closed" || conn.EndedBy != "proxy" || conn.How != "shutdown" {
			t.Errorf("stream %d: state %q, ended by %q, how %q; want closed, proxy, shutdown", i, conn.State, conn.EndedBy, conn.How)
		}
		one.compare(t, s, conn, one.done.Load())
	}
}

// TestKill would catch a frame that passed more than a second before SIGKILL and
// is not in the capture, or a capture that cannot be read or continued after it.
// (Pitfall S1.)
func TestKill(t *testing.T) {
	pki := newAuthority(t)
	s := record(t, "--upstream-ca", pki.file)
	streams, done := traffic(t, s, pki, 20)
	promised := make([]int64, len(streams))
	for i, one := range streams {
		promised[i] = one.done.Load()
	}
	<-time.After(time.Second) // the promise under test, not a wait for something
	s.signal(t, syscall.SIGKILL)
	s.wait(t)
	done.Wait()
	s.verify(t)
	for i, one := range streams {
		conn := s.conn(t, fmt.Sprint("s", i))
		one.compare(t, s, conn, promised[i])
	}

	srv := gorillaServer(t, pki)
	again := recordIn(t, s.home, "--upstream-ca", pki.file)
	via := door{proxy: again.url(), authority: again.authority()}
	after := converse(t, "after", gorillaClient, via, srv, srv.base["wss/off"], "wss/off")
	again.stop(t)
	after.compare(t, again)
	for i, one := range streams {
		conn := again.conn(t, fmt.Sprint("s", i))
		if conn.State != "closed" || conn.EndedBy != "proxy" || conn.How != "error" || conn.Error == "" {
			t.Errorf("stream %d: state %q, ended by %q, how %q, error %q; want closed, proxy, error, some", i, conn.State, conn.EndedBy, conn.How, conn.Error)
		}
		one.compare(t, again, conn, promised[i])
	}
}

// compare checks that the capture has the first promised frames of both sides at
// least, and nothing that was not sent.
func (one *stream) compare(t testing.TB, s *sluice, conn connection, promised int64) {
	t.Helper()
	frames := s.frames(t, conn.Conn)
	for _, side := range []struct {
		from string
		make func(int64) string
	}{{"client", numbered}, {"server", numberedBack}} {
		wire := wireOf(frames, side.from)
		var sent bytes.Buffer
		for n := int64(0); sent.Len() < len(wire); n++ {
			sent.WriteString(side.make(n))
		}
		sameBytes(t, conn.URL+": wire bytes from the "+side.from, wire, sent.Bytes()[:len(wire)])
		if got := int64(len(wire) / len(side.make(0))); got < promised {
			t.Errorf("%s: %d frames from the %s in the capture, want at least %d", conn.URL, got, side.from, promised)
		}
	}
}
