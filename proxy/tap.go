package proxy

import (
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy/rules"
)

const (
	// maxBacklog is how many bytes may wait in one direction before it is read no
	// further, and maxMessage how long a message may be to be put together; a
	// longer one is passed as it comes.
	maxBacklog = 64 << 20
	maxMessage = 64 << 20
	// maxWaiting bounds the backlogs of all directions together: beyond it only
	// those that have none are read.
	maxWaiting = 256 << 20
	// maxMissed is how many bytes may pass while the context of a direction is
	// looked for, before it is read no further.
	maxMissed = 16 << 20
	// maxOut is how many bytes are put together for one write at most.
	maxOut = 64 << 10
)

// tap is what a pump has while it does anything else than pass bytes. It belongs
// to the pump's goroutine.
type tap struct {
	orders  *orders
	waiting []*post
	silence bool // nothing is to pass from the next frame on
	gate    *gate
	search  *search

	out    []byte  // to be written next
	failed error   // of writing
	sent   []*post // whose bytes are in out, or written

	due time.Time // when attend is to be called again; zero: not before something happens
	set time.Time // the read deadline that is set
	old bool      // it is not known which one that is
}

// post is an injection on its way to a pump.
type post struct {
	Injection
	last  bool // nothing else is to pass after it
	asked time.Time
	done  chan struct{} // closed when the fields below are set

	delivery Delivery
	err      error

	// Guarded by the session's lock.
	taken, withdrawn bool
}

// control reports whether the post may be sent between the frames of a message.
func (p *post) control() bool { return frame.Opcode(p.Wire[0] & 0xF).Control() }

// poke has the pump's goroutine call attend soon. Any goroutine may call it.
func (p *pump) poke() {
	p.alert.Store(true)
	// A time in the past ends a waiting read at once. What is set after that was
	// looked at, the pump finds before it reads.
	_ = p.session.legs[p.from].conn.SetReadDeadline(time.Unix(1, 0))
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// attend looks at what others want of the pump.
func (p *pump) attend() error {
	p.turns.Add(1)
	defer p.turns.Add(1)
	p.alert.Store(false)
	if p.tap == nil {
		p.tap = &tap{old: true}
		p.diverted.Store(true)
	}
	t, s := p.tap, p.session
	s.lock.Lock()
	t.waiting = append(t.waiting, s.posts[p.from]...)
	s.posts[p.from] = nil
	t.orders = s.orders[p.from]
	t.silence = t.silence || s.silent[p.from]
	s.lock.Unlock()
	now := time.Now()
	if t.gate != nil {
		t.gate.rules = t.rules()
		if t.silence && !t.gate.silent {
			t.gate.hush()
		}
	}
	p.expire(now)
	return p.step(now)
}

func (t *tap) rules() *rules.Conn {
	if t.orders == nil {
		return nil
	}
	return t.orders.rules
}

// expire does what rules want at a time.
func (p *pump) expire(now time.Time) {
	r := p.tap.rules()
	if r == nil {
		return
	}
	if at := r.Due(); at.IsZero() || now.Before(at) {
		return
	}
	end, silence := r.Expire(now)
	for side := range silence {
		if silence[side] {
			p.session.silence(frame.Side(side))
		}
	}
	if end != nil {
		p.end(*end)
	}
}

// divert passes on what was read while there is a tap.
func (p *pump) divert(wire []byte) error {
	t, now := p.tap, time.Now()
	for len(wire) > 0 {
		if t.gate == nil {
			p.boundary(now)
		}
		var n int
		if t.gate != nil {
			n = t.gate.take(wire, now)
			t.gate.run(now)
			p.leave(now)
		} else {
			n = p.relay.scanner.Step(wire)
			p.pass(now, wire[:n])
		}
		wire = wire[n:]
	}
	return p.step(now)
}

// step does what can be done where the pump stands.
func (p *pump) step(now time.Time) error {
	t := p.tap
	if t.gate == nil {
		p.boundary(now)
	}
	if t.gate != nil {
		p.deliver(now, true)
		t.gate.run(now)
		p.leave(now)
	}
	err := p.flush()
	p.relax()
	return err
}

// boundary does what can be done in pass mode between two frames.
func (p *pump) boundary(now time.Time) {
	t := p.tap
	if !p.relay.scanner.AtFrame() {
		return
	}
	message := p.relay.scanner.AtMessage()
	if len(t.waiting) > 0 {
		p.deliver(now, message)
	}
	switch {
	case t.gate != nil:
	case t.silence:
		p.enter(nil, errSilent)
		t.gate.hush()
	case message && t.orders.any(p.from):
		p.arm()
	}
}

// arm enters message mode, or looks for what is needed for that.
func (p *pump) arm() {
	t := p.tap
	e := p.session.extensions
	inflater := &frame.Inflater{Takeover: e.Deflate && !e.NoContextTakeover[p.from]}
	if !inflater.Takeover || p.relay.frames() == 0 {
		p.enter(inflater, nil)
		return
	}
	if t.search == nil {
		t.search = p.newSearch(p.relay.frames())
		return
	}
	if !t.search.over() {
		return
	}
	found := t.search
	t.search = nil
	found.cancel()
	if found.err != nil {
		p.session.proxy.log.Warn("compressed messages cannot be held or changed",
			keyConn, p.session.id, keyError, found.err)
	}
	p.enter(found.inflater, found.err)
	t.gate.skip(found.missed)
}

// enter enters message mode.
func (p *pump) enter(inflater *frame.Inflater, blind error) {
	t := p.tap
	t.gate = newGate(p.from, p.session.id, p.session.extensions, inflater, blind, p)
	t.gate.rules = t.rules()
}

// leave goes back to pass mode when nothing needs another one, or when the gate
// cannot take what comes.
func (p *pump) leave(now time.Time) {
	t := p.tap
	g := t.gate
	switch {
	case len(g.queue) > 0:
	case g.empty():
		if !t.orders.any(p.from) {
			p.relay.resume(g.frames)
			t.gate = nil
		}
	case g.broken, g.size() > maxMessage && !g.silent:
		at, rest := g.rest()
		if g.recoder != nil && !g.broken {
			p.end(rules.Ending{Code: frame.MessageTooBig, Reason: "wsluice cannot compress this message anew"})
			g.hush()
			return
		}
		p.relay.resume(g.frames - g.parts)
		t.gate = nil
		p.relay.scanner.Scan(rest)
		p.pass(at, rest)
	}
}

// relax lets go of the tap when there is nothing to do for it, and otherwise sets
// when there is.
func (p *pump) relax() {
	t := p.tap
	p.account()
	wanted := t.orders.any(p.from)
	if t.search != nil && !wanted {
		t.search.cancel()
		t.search = nil
	}
	p.following.Store(t.orders)
	if t.gate == nil && wanted {
		p.following.Store(nil)
	}
	t.due = time.Time{}
	if t.gate != nil {
		t.due = t.gate.due
	}
	if r := t.rules(); r != nil {
		if at := r.Due(); !at.IsZero() && (t.due.IsZero() || at.Before(t.due)) {
			t.due = at
		}
	}
	if t.gate == nil && t.search == nil && len(t.waiting) == 0 && t.due.IsZero() && !t.silence && !wanted {
		_ = p.conn.SetReadDeadline(time.Time{})
		p.tap = nil
		p.diverted.Store(false)
	}
}

// account tells how many bytes wait.
func (p *pump) account() {
	waits := 0
	if g := p.tap.gate; g != nil {
		waits = g.backlog
	}
	p.session.proxy.waiting.Add(int64(waits - p.waits))
	p.waits = waits
	p.busy.Store(waits > 0 || len(p.tap.waiting) > 0)
}

// full reports whether nothing more should be read for now.
func (p *pump) full() bool {
	t := p.tap
	if t == nil {
		return false
	}
	if t.search != nil {
		return len(t.search.missed) > maxMissed && !t.search.over()
	}
	if t.gate == nil || len(t.gate.queue) == 0 {
		return false
	}
	return t.gate.size() > maxBacklog || p.session.proxy.waiting.Load() > maxWaiting
}

// await waits without reading, until something is wanted or due. It reports false
// when the session has ended meanwhile.
func (p *pump) await() bool {
	var due <-chan time.Time
	if at := p.tap.due; !at.IsZero() {
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-p.wake:
	case <-due:
	case <-p.session.severed:
		return false
	}
	p.alert.Store(true)
	return true
}
