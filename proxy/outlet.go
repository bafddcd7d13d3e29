package proxy

import (
	"io"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy/rules"
)

// pass records bytes as they came and has them written.
func (p *pump) pass(at time.Time, wire []byte) {
	if len(wire) == 0 {
		return
	}
	p.session.tape.Append(p.from, at, wire)
	p.send(wire)
	if s := p.tap.search; s != nil {
		s.missed = append(s.missed, wire...)
	}
	if p.tap.gate == nil && p.relay.closing() {
		p.closing()
	}
}

// keep implements outlet.
func (p *pump) keep(as frame.Passage, wire []byte) { p.session.tape.Insert(as, wire) }

// send implements outlet. Small pieces are written together, by flush; what a write
// fails with is told there too.
func (p *pump) send(wire []byte) {
	t := p.tap
	if len(t.out)+len(wire) <= maxOut {
		t.out = append(t.out, wire...)
		return
	}
	t.write(p.peer, t.out)
	t.out = t.out[:0]
	t.write(p.peer, wire)
}

func (t *tap) write(to io.Writer, wire []byte) {
	if t.failed == nil && len(wire) > 0 {
		_, t.failed = to.Write(wire)
	}
}

// closing implements outlet.
func (p *pump) closing() { p.session.closing(p.from) }

// answer implements outlet.
func (p *pump) answer(wire []byte) {
	in := Injection{To: p.from, Origin: frame.Injected, Wire: wire}
	if err := p.session.post(&post{Injection: in, asked: time.Now(), done: make(chan struct{})}); err != nil {
		p.session.proxy.log.Warn("answer of a rule not sent", keyConn, p.session.id, keyError, err)
	}
}

// end implements outlet.
func (p *pump) end(e rules.Ending) { p.session.kill(Ending(e)) }

// hold implements outlet.
func (p *pump) hold(m *frame.Message, now time.Time) *held {
	if p.tap.orders == nil {
		return nil
	}
	for _, q := range p.tap.orders.queues {
		if h := q.offer(m, p.session.conn, p, now); h != nil {
			return h
		}
	}
	return nil
}

// verdict implements outlet.
func (p *pump) verdict(h *held, now time.Time) (Verdict, bool) {
	i := &p.session.proxy.interventions
	i.lock.Lock()
	defer i.lock.Unlock()
	if !h.decided && !now.Before(h.Until) {
		h.decide(Verdict{Action: h.Expired}, byTime)
	}
	return h.verdict, h.decided
}

// forget implements outlet.
func (p *pump) forget(h *held) {
	i := &p.session.proxy.interventions
	i.lock.Lock()
	defer i.lock.Unlock()
	h.decide(Verdict{Action: Drop}, byEnd)
}

// deliver sends what others have posted: control frames, and when it stands
// between messages, everything.
func (p *pump) deliver(now time.Time, between bool) {
	t := p.tap
	kept := t.waiting[:0]
	for i, post := range t.waiting {
		if !between && !post.control() {
			kept = append(kept, post)
			continue
		}
		if !p.session.take(post) {
			close(post.done)
			continue
		}
		if t.gate != nil && t.gate.silent && !post.last {
			post.err = ErrNotLive
			close(post.done)
			continue
		}
		p.keep(frame.Passage{From: p.from, Time: now, Origin: post.Origin}, post.Wire)
		p.send(post.Wire)
		post.delivery = Delivery{Time: now, Waited: now.Sub(post.asked)}
		t.sent = append(t.sent, post)
		if post.last {
			if t.gate == nil {
				p.enter(nil, errSilent)
			}
			t.gate.hush()
			kept = append(kept, t.waiting[i+1:]...)
			break
		}
	}
	clear(t.waiting[len(kept):])
	t.waiting = kept
}

// flush writes what is to be written, and tells those who wait for it.
func (p *pump) flush() error {
	t := p.tap
	t.write(p.peer, t.out)
	t.out = t.out[:0]
	if t.failed != nil {
		return writeError{t.failed}
	}
	for _, post := range t.sent {
		close(post.done)
	}
	clear(t.sent)
	t.sent = t.sent[:0]
	return nil
}
