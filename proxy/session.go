package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// session is an upgraded connection, or a blind tunnel: two sockets and a pump
// for each direction.
//
// Goproxy takes it for the body of the 101: with both streams in hand it calls
// WriteTo and ReadFrom. They start the pumps and return, so that a connection
// holds nothing of goproxy's and net/http's while it lives.
type session struct {
	proxy *Proxy
	id    uint64
	tape  Tape // nil when nothing is recorded
	conn  *frame.Connection
	// extensions are those of conn.
	extensions frame.Extensions
	legs       [2]leg
	pumps      [2]pump

	lock    sync.Mutex
	started int
	ended   int
	end     frame.End   // how the first side ended
	closer  frame.Party // who sent the first close frame
	closed  [2]bool     // sides that have sent one
	linger  *time.Timer // runs while one direction has ended
	turns   [2]uint64   // of the pumps, when linger last ran
	orders  [2]*orders  // by side whose messages they are about; nil for none
	posts   [2][]*post  // by side they are sent as
	deaf    [2]bool     // the pump has ended and takes no posts
	silent  [2]bool     // nothing of the side is to pass
	lost    [2]bool     // the side cannot be written to
	killed  *time.Timer // cuts the session after it was killed; nil before
	gone    bool        // severed is closed

	arming  sync.Mutex    // of who sets orders
	severed chan struct{} // closed when the sockets are
	over    chan struct{} // closed when the session has ended
}

// newSession makes a session of two connections and registers it. The tape is
// nil when nothing is to be recorded; c must not be changed any more. Both pumps
// must be started, or the session closed.
func (p *Proxy) newSession(client, server net.Conn, tape Tape, c *frame.Connection) *session {
	s := &session{
		proxy: p, id: c.ID, tape: tape, conn: c, legs: [2]leg{newLeg(client), newLeg(server)},
		severed: make(chan struct{}), over: make(chan struct{}),
	}
	if tape != nil {
		s.extensions = frame.ParseExtensions(c.Extensions)
	}
	for side := range s.pumps {
		pump := &s.pumps[side]
		pump.session, pump.from, pump.wake = s, frame.Side(side), make(chan struct{}, 1)
		pump.conn, pump.peer = s.legs[side].conn, s.legs[side^1].conn
		pump.pool = plainBuffers
		if s.legs[side].secure() {
			pump.pool = tlsBuffers
		}
	}
	// Counted now and not by start, which goproxy may call late.
	p.work.Add(len(s.pumps))
	p.sessions.add(s)
	s.rearm()
	return s
}

// WriteTo is called once with the client's stream, and starts the pump that
// reads the server.
func (s *session) WriteTo(io.Writer) (int64, error) {
	s.start(frame.Server)
	return 0, nil
}

// ReadFrom is called once with the client's stream, and starts the pump that
// reads the client.
func (s *session) ReadFrom(io.Reader) (int64, error) {
	s.start(frame.Client)
	return 0, nil
}

// Write is called before ReadFrom, with what the client sent along with the
// request.
func (s *session) Write(p []byte) (int, error) {
	pump := &s.pumps[frame.Client]
	pump.conn = &rewound{Conn: pump.conn, early: bytes.Clone(p)}
	return len(p), nil
}

// Read makes a session the io.ReadWriter goproxy asks for.
func (s *session) Read([]byte) (int, error) {
	return 0, errors.New("a session hands its bytes on by itself")
}

// Close is called when goproxy is done, which is when the session begins, unless
// there was no client any more to begin it with.
func (s *session) Close() error {
	s.lock.Lock()
	begun := s.started > 0
	s.lock.Unlock()
	if !begun {
		s.note(frame.ByClient, frame.ByReset, nil)
		s.close()
		s.proxy.work.Add(-len(s.pumps))
	}
	return nil
}

// start runs the pump that reads side.
func (s *session) start(side frame.Side) {
	s.lock.Lock()
	s.started++
	s.lock.Unlock()
	go s.run(&s.pumps[side])
}

// run runs a pump. A panic ends its session, not the proxy.
func (s *session) run(p *pump) {
	defer s.proxy.work.Done()
	var err error
	defer func() {
		if v := recover(); v != nil {
			s.proxy.log.Error("panic", keyConn, s.id, keyError, v, keyStack, string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", v)
		}
		s.finish(p.from, err)
	}()
	err = p.run()
}
