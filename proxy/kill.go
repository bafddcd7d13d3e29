package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// killTime is how long the peers of a connection that is ended from here have to
// answer.
const killTime = 2 * time.Second

// maxReason is how many bytes a close frame's reason may have (RFC 6455 section
// 5.5).
const maxReason = frame.MaxControl - 2

// errSilent is why a gate that passes nothing knows no context.
var errSilent = errors.New("nothing passes any more")

// Ending says how a connection is to be ended from here.
type Ending struct {
	// Reset has both peers see a TCP reset. Without it both get a close frame with
	// Code and Reason, nothing they still send is passed on, and their sockets are
	// closed when both have answered or after two seconds.
	Reset bool
	// Code is that of the close frames, 0 for none.
	Code frame.CloseCode
	// Reason is at most 123 bytes of UTF-8.
	Reason string
}

// check returns what is wrong with e. Codes that may not be sent are the user's
// business.
func (e *Ending) check() error {
	switch {
	case len(e.Reason) > maxReason:
		return fmt.Errorf("the reason has %d bytes, more than %d", len(e.Reason), maxReason)
	case !utf8.ValidString(e.Reason):
		return errors.New("the reason is not UTF-8")
	case e.Reason != "" && e.Code == 0:
		return errors.New("a reason needs a code")
	}
	return nil
}

// Kill ends the connection with the given id and returns when it has ended. The
// error wraps ErrNotLive when it is not under way.
func (p *Proxy) Kill(ctx context.Context, id uint64, e Ending) error {
	if err := e.check(); err != nil {
		return err
	}
	s := p.sessions.find(id)
	if s == nil {
		return fmt.Errorf("connection %d: %w", id, ErrNotLive)
	}
	s.kill(e)
	select {
	case <-s.over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// kill begins to end the session as e says.
func (s *session) kill(e Ending) {
	s.lock.Lock()
	again := s.killed != nil
	if !again {
		s.killed = time.AfterFunc(killTime, s.cut)
		if s.closer == "" && !e.Reset {
			s.closer = frame.ByProxy
		}
	}
	s.lock.Unlock()
	if e.Reset {
		s.note(frame.ByProxy, frame.ByReset, nil)
		for _, l := range s.legs {
			l.reset()
		}
		s.cut()
		return
	}
	if again {
		return
	}
	s.note(frame.ByProxy, frame.ByClose, nil)
	var payload []byte
	if e.Code != 0 {
		payload = frame.AppendClose(nil, e.Code, e.Reason)
	}
	for side := range s.pumps {
		to := frame.Side(side)
		d := frame.Draft{From: to.Peer(), Type: frame.Close, Payload: payload}
		wire, err := d.Wire()
		if err == nil {
			err = s.post(&post{
				Injection: Injection{To: to, Origin: frame.Injected, Wire: wire},
				last:      true, asked: time.Now(), done: make(chan struct{}),
			})
		}
		if err != nil {
			s.proxy.log.Debug("close frame not sent", keyConn, s.id, keyError, err)
		}
	}
}

// silence has nothing of a side pass any more.
func (s *session) silence(from frame.Side) {
	s.lock.Lock()
	s.silent[from] = true
	s.lock.Unlock()
	s.pumps[from].poke()
}
