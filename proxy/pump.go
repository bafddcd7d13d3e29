package proxy

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// drainTime is how long what a peer still sends is read and recorded after the
// other one is gone: it learns of that a moment later than without a proxy.
const drainTime = time.Second

// pump moves the bytes of one direction of a session.
type pump struct {
	session *session
	from    frame.Side
	conn    net.Conn
	peer    net.Conn
	relay   relay

	tap   *tap // nil while bytes only pass
	waits int  // bytes that wait in tap, as accounted for

	// What others tell the pump: alert that attend has something to look at, and
	// wake the same while the pump waits without reading.
	alert atomic.Bool
	wake  chan struct{}
	// What the pump tells: diverted that there is a tap, busy that something waits to
	// be sent, following which orders it follows.
	diverted  atomic.Bool
	busy      atomic.Bool
	following atomic.Pointer[orders]

	// turns is odd while a run of bytes is passed on and even while the pump
	// waits for the next. Others only read it.
	turns atomic.Uint64

	first [firstBuffer]byte
	pool  *bufferPool
	big   *[]byte // from pool, nil while reads are small
}

// writeError is an error of the side written to.
type writeError struct{ error }

func (e writeError) Unwrap() error { return e.error }

// run moves bytes until one side ends and returns why: the error of reading, or
// a writeError.
func (p *pump) run() error {
	buf := p.first[:]
	defer p.shrink()
	defer p.close()
	for {
		if err := p.prepare(); err != nil {
			return p.fail(err, buf, 0)
		}
		n, err := p.conn.Read(buf)
		if n > 0 {
			if p.alert.Load() {
				// Asked for before these bytes were read.
				if err := p.attend(); err != nil {
					return p.fail(err, buf, n)
				}
			}
			if err := p.move(buf[:n]); err != nil {
				return p.fail(err, buf, 0)
			}
			if n == len(buf) && p.big == nil {
				buf = p.grow()
			}
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			if err := p.settle(err); !isWriteError(err) {
				return err
			}
			return p.fail(err, buf, 0)
		}
		// A TLS connection takes a timed-out read for temporary and goes on in
		// mid-record.
		if p.tap != nil {
			p.tap.old = true
			continue
		}
		// The sweeper asks for the big buffer back, or somebody wants something.
		if err := p.conn.SetReadDeadline(time.Time{}); err != nil {
			return err
		}
		buf = p.shrink()
	}
}

// prepare does what is wanted before the pump reads on.
func (p *pump) prepare() error {
	for p.alert.Load() || p.tap != nil {
		if t := p.tap; t != nil {
			if !t.due.IsZero() && !time.Now().Before(t.due) {
				p.alert.Store(true)
			}
			// Before alert is looked at: a poke behind that ends the read.
			if t.old || !t.due.Equal(t.set) {
				if err := p.conn.SetReadDeadline(t.due); err != nil {
					return nil // reading fails as well and tells why
				}
				t.set, t.old = t.due, false
			}
		}
		switch {
		case p.alert.Load():
			if err := p.attend(); err != nil {
				return err
			}
			if p.tap != nil {
				p.tap.old = true // by whom alert was set, the deadline was too
			}
		case p.full():
			if !p.await() {
				return nil
			}
		default:
			return nil
		}
	}
	return nil
}

func isWriteError(err error) bool {
	_, ok := errors.AsType[writeError](err)
	return ok
}

// fail ends the pump after the peer could not be written to, and returns err. The
// first n bytes of buf have been read and not been looked at.
func (p *pump) fail(err error, buf []byte, n int) error {
	_ = p.dismantle(nil, false)
	p.tap = nil
	if n > 0 {
		p.record(buf[:n])
	}
	p.session.lose(p.from.Peer())
	p.drain(buf)
	return err
}

// move records a run of bytes and writes it to the peer. In this order, so that
// an answer can never stand before its question in a capture, and nothing passes
// that is not in it.
func (p *pump) move(wire []byte) error {
	p.turns.Add(1)
	defer p.turns.Add(1)
	if p.tap != nil {
		return p.divert(wire)
	}
	if _, err := p.peer.Write(p.record(wire)); err != nil {
		return writeError{err}
	}
	return nil
}

// record gives a run of bytes to the tape and returns those to be passed on.
func (p *pump) record(wire []byte) []byte {
	tape := p.session.tape
	if tape == nil {
		return wire
	}
	out := p.relay.take(wire)
	tape.Append(p.from, time.Now(), wire)
	if p.relay.closing() {
		p.closing()
	}
	return out
}

// drain records what still comes for a peer that is gone.
func (p *pump) drain(buf []byte) {
	p.session.proxy.sweeper.remove(p)
	if p.conn.SetReadDeadline(time.Now().Add(drainTime)) != nil {
		return
	}
	for {
		n, err := p.conn.Read(buf)
		if n > 0 {
			p.record(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// grow returns the pool's buffer to read into from now on.
func (p *pump) grow() []byte {
	p.big = p.pool.get()
	p.session.proxy.sweeper.add(p)
	return *p.big
}

// shrink gives the big buffer back and returns the first one.
func (p *pump) shrink() []byte {
	if p.big != nil {
		p.session.proxy.sweeper.remove(p)
		p.pool.put(p.big)
		p.big = nil
	}
	return p.first[:]
}

// idle reports whether the pump has been waiting since it had made the given
// number of turns, with nothing to send, and the number it has made now.
func (p *pump) idle(since uint64) (bool, uint64) {
	turns := p.turns.Load()
	return turns == since && turns%2 == 0 && !p.busy.Load(), turns
}
