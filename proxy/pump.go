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
	for {
		n, err := p.conn.Read(buf)
		if n > 0 {
			if err := p.pass(buf[:n]); err != nil {
				p.drain(buf)
				return err
			}
			if n == len(buf) && p.big == nil {
				buf = p.grow()
			}
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		// The sweeper asks for the big buffer back. A TLS connection takes a
		// timed-out read for temporary and goes on in mid-record.
		if err := p.conn.SetReadDeadline(time.Time{}); err != nil {
			return err
		}
		buf = p.shrink()
	}
}

// pass records a run of bytes and writes it to the peer. In this order, so that
// an answer can never stand before its question in a capture, and nothing passes
// that is not in it.
func (p *pump) pass(wire []byte) error {
	p.turns.Add(1)
	defer p.turns.Add(1)
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
		p.session.closing(p.from)
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
// number of turns, and the number it has made now.
func (p *pump) idle(since uint64) (bool, uint64) {
	turns := p.turns.Load()
	return turns == since && turns%2 == 0, turns
}
