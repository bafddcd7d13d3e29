package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// ErrNotLive: the proxy has no such connection under way, or it is passed
// blindly.
var ErrNotLive = errors.New("connection is not under way")

const (
	// MaxInjection bounds the bytes of an Injection.
	MaxInjection = 64<<20 + frame.MaxFragments*frame.MaxHeaderSize
	// maxPosts bounds how many injections wait for one direction.
	maxPosts = 1000
)

// Injection is what is sent into a connection beside what its peers send.
type Injection struct {
	// To is who gets it. It is recorded as sent by the other side.
	To frame.Side
	// Origin is frame.Injected or frame.Replayed.
	Origin frame.Origin
	// Wire holds the frames as they are to be on the wire, see frame.Draft. It
	// must not be changed afterwards. Control frames are sent between frames, all
	// else between messages.
	Wire []byte
}

// Delivery tells that an Injection was sent.
type Delivery struct {
	// Time is when it was recorded and written: the time of its first frame in the
	// capture.
	Time time.Time
	// Waited is how long it took to come to a place where it could be sent.
	Waited time.Duration
}

// Inject sends something into the connection with the given id and returns when
// it was written. When ctx ends before it is being written, it is not sent any
// more. The error wraps ErrNotLive when the connection is not there or ends
// meanwhile.
func (p *Proxy) Inject(ctx context.Context, id uint64, in Injection) (Delivery, error) {
	switch {
	case len(in.Wire) == 0:
		return Delivery{}, errors.New("there is nothing to send")
	case len(in.Wire) > MaxInjection:
		return Delivery{}, fmt.Errorf("%d bytes are more than the %d that can be sent at once", len(in.Wire), MaxInjection)
	}
	s := p.sessions.find(id)
	if s == nil {
		return Delivery{}, fmt.Errorf("connection %d: %w", id, ErrNotLive)
	}
	out := &post{Injection: in, asked: time.Now(), done: make(chan struct{})}
	err := s.post(out)
	if err == nil {
		select {
		case <-out.done:
			err = out.err
		case <-ctx.Done():
			if s.withdraw(out) {
				return Delivery{}, ctx.Err()
			}
			return Delivery{}, fmt.Errorf("%w while it was being written; it may arrive yet", ctx.Err())
		}
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("connection %d: %w", id, err)
	}
	return out.delivery, nil
}

// post hands p to the pump that writes to where it goes.
func (s *session) post(p *post) error {
	from := p.To.Peer()
	s.lock.Lock()
	switch {
	case s.deaf[from]:
		s.lock.Unlock()
		return ErrNotLive
	case len(s.posts[from]) >= maxPosts:
		s.lock.Unlock()
		return fmt.Errorf("%d messages wait to be sent already", maxPosts)
	}
	s.posts[from] = append(s.posts[from], p)
	s.lock.Unlock()
	s.pumps[from].poke()
	return nil
}

// take reports whether p is still to be sent, which can then not be undone.
func (s *session) take(p *post) bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	p.taken = !p.withdrawn
	return p.taken
}

// withdraw reports whether p is not sent any more.
func (s *session) withdraw(p *post) bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	p.withdrawn = !p.taken
	return p.withdrawn
}
