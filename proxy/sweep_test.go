package proxy

import (
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// onlySession returns the one session of r.
func (r *rig) onlySession() *session {
	r.t.Helper()
	r.sessions.lock.Lock()
	defer r.sessions.lock.Unlock()
	if len(r.sessions.live) != 1 {
		r.t.Fatalf("%d sessions", len(r.sessions.live))
	}
	for s := range r.sessions.live {
		return s
	}
	return nil
}

// holders returns how many pumps hold a big buffer.
func (s *sweeper) holders() int {
	s.lock.Lock()
	defer s.lock.Unlock()
	return len(s.holding)
}

// Catches an idle connection that keeps its big buffers, one that loses bytes
// when it gives them back, and a goroutine that stays for nothing.
func TestIdleConnectionGivesMemoryBack(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		r := start(t)
		client, server := r.pair(secure)
		for round := range 3 {
			large := strings.Repeat("large", 30_000)
			client.send(large)
			server.expect(large)
			server.send(large)
			client.expect(large)
			if n := r.sweeper.holders(); round == 0 && n != 2 {
				t.Errorf("%d pumps hold a big buffer after a large message", n)
			}
			// The sweeper's own clock ticks as well; more often does no harm.
			for deadline := time.Now().Add(patience); r.sweeper.holders() > 0; {
				r.sweeper.sweep()
				if time.Now().After(deadline) {
					t.Fatal("an idle connection keeps its big buffers")
				}
			}
			client.send("small")
			server.expect("small")
		}
		_ = client.socket().Close()
		_ = server.socket().Close()
		tape := r.recorder.ended(t, 1)
		if got, want := len(tape.wire[frame.Client]), 3*(150_000+5); got != want {
			t.Errorf("recorded %d bytes of %d", got, want)
		}
	})
}

// dribble is a connection that holds the end of each write back until it is let
// go.
type dribble struct {
	net.Conn
	hold bool
	held []byte
}

func (d *dribble) Write(p []byte) (int, error) {
	if !d.hold {
		return d.Conn.Write(p)
	}
	d.held = append(d.held, p[len(p)/2:]...)
	_, err := d.Conn.Write(p[:len(p)/2])
	return len(p), err
}

func (d *dribble) release() error {
	d.hold = false
	_, err := d.Conn.Write(d.held)
	return err
}

// Catches a read that is woken in the middle of a TLS record and loses it.
func TestWokenInMidRecord(t *testing.T) {
	r := start(t)
	servers := make(chan *wire, 1)
	done := make(chan struct{})
	address := accept(t, true, func(c net.Conn) {
		w := newWire(t, c)
		_ = w.head()
		_, _ = io.WriteString(c, switching)
		servers <- w
		<-done
	})
	defer close(done)
	tunnel := r.tunnel(address)
	slow := &dribble{Conn: tunnel.Conn}
	tunnel.Conn = slow
	client := tunnel.secure("127.0.0.1")
	client.send(handshake("/", address))
	client.head()
	server := <-servers

	large := strings.Repeat("x", 100_000)
	client.send(large)
	server.expect(large)
	pump := &r.onlySession().pumps[frame.Client]
	slow.hold = true
	client.send("cut in two")
	for deadline := time.Now().Add(patience); r.sweeper.holders() > 0; {
		r.sweeper.sweep()
		if time.Now().After(deadline) {
			t.Fatal("the pump keeps its big buffer")
		}
	}
	for range 20 { // wake it some more
		_ = pump.conn.SetReadDeadline(time.Unix(1, 0))
	}
	if err := slow.release(); err != nil {
		t.Fatal(err)
	}
	server.expect("cut in two")
}

// Catches a sweeper that wakes those who work, or those who only write.
func TestOnlyTheIdleAreSwept(t *testing.T) {
	var p pump
	if idle, _ := p.idle(0); !idle {
		t.Error("a pump that has done nothing is not idle")
	}
	p.turns.Add(1)
	if idle, _ := p.idle(1); idle {
		t.Error("a pump that writes is idle")
	}
	p.turns.Add(1)
	if idle, turns := p.idle(0); idle || turns != 2 {
		t.Errorf("a pump that has moved is idle: %v after %d turns", idle, turns)
	}
}

// Catches buffers of pumps that have come to rest which stay garbage, or are kept
// without bound.
func TestManyAtRestAreTrimmed(t *testing.T) {
	var running sync.WaitGroup
	s := &sweeper{work: &running}
	pumps := make([]pump, trimAt+cap(plainBuffers.free))
	for i := range pumps {
		pumps[i].session = &session{proxy: &Proxy{}}
		pumps[i].big = plainBuffers.get()
		pumps[i].pool = plainBuffers
		s.add(&pumps[i])
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range pumps {
		pumps[i].shrink()
		s.remove(&pumps[i])
	}
	running.Wait()
	runtime.ReadMemStats(&after)
	if after.NumForcedGC == before.NumForcedGC {
		t.Error("nothing was collected")
	}
	if freed := int64(before.HeapAlloc) - int64(after.HeapAlloc); freed < trimAt*bigPlain*9/10 {
		t.Errorf("%d bytes were freed", freed)
	}
}
