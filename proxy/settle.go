package proxy

import "github.com/wsluice/wsluice/frame"

// settle sends what waits when nothing more will come, which reading ended with
// err, and returns what the pump has ended with. Only the orderly end of a stream
// waits for what is held: a reset does not wait for bytes anywhere else either.
func (p *pump) settle(err error) error {
	if p.tap == nil {
		return err
	}
	alive := howEnded(err) == frame.ByFIN && !p.session.hasLost(p.from)
	if g := p.tap.gate; g != nil {
		g.ending = true
	}
	for alive && p.tap != nil && p.tap.gate != nil && len(p.tap.gate.queue) > 0 {
		if err := p.attend(); err != nil {
			return err
		}
		if p.tap != nil && p.tap.gate != nil && len(p.tap.gate.queue) > 0 {
			alive = p.await() && !p.session.hasLost(p.from)
		}
	}
	return p.dismantle(err, alive)
}

// dismantle ends the tap: what waits is dropped, and what came of an unfinished
// message passes, if there is somebody to pass it to.
func (p *pump) dismantle(err error, alive bool) error {
	t := p.tap
	if t == nil {
		return err
	}
	if g := t.gate; g != nil {
		g.discard()
		at, rest := g.rest()
		switch {
		case len(rest) == 0:
		case g.silent || !alive:
			// What is still read continues it.
			p.session.tape.Append(p.from, at, rest)
		default:
			p.pass(at, rest)
		}
		t.gate = nil
		p.account()
	}
	if alive {
		if werr := p.flush(); werr != nil {
			return werr
		}
	}
	return err
}

// close ends everything that waits for the pump. It is called when the pump has
// ended.
func (p *pump) close() {
	s := p.session
	s.lock.Lock()
	posts := s.posts[p.from]
	s.posts[p.from] = nil
	s.deaf[p.from] = true
	s.lock.Unlock()
	if t := p.tap; t != nil {
		posts = append(append(posts, t.waiting...), t.sent...)
		if t.search != nil {
			t.search.cancel()
		}
		if t.gate != nil {
			t.gate.discard()
			t.gate = nil
		}
		p.account()
		p.tap = nil
	}
	for _, post := range posts {
		post.err = ErrNotLive
		close(post.done)
	}
	p.busy.Store(false)
}
