package proxy

import (
	"crypto/tls"
	"io"
	"net"
)

// rewound is a connection with bytes put back in front of what it will read,
// which may be none.
type rewound struct {
	net.Conn
	early []byte
	ended bool // Conn has been read to its end

	watch bool // keep tail
	tail  []byte
}

// tailSize is how many of the bytes read last a watched connection keeps.
const tailSize = 7

func (r *rewound) Read(p []byte) (n int, err error) {
	if len(r.early) == 0 {
		n, err = r.Conn.Read(p)
		r.ended = r.ended || err == io.EOF
	} else {
		n = copy(p, r.early)
		if r.early = r.early[n:]; len(r.early) == 0 {
			r.early = nil
		}
	}
	if r.watch {
		r.tail = append(r.tail, p[max(0, n-tailSize):n]...)
		r.tail = r.tail[max(0, len(r.tail)-tailSize):]
	}
	return n, err
}

// NetConn returns the connection beneath, as tls.Conn's does.
func (r *rewound) NetConn() net.Conn { return r.Conn }

// upgraded is a connection after its 101. The body of the response reads first
// what came along with that.
type upgraded struct {
	net.Conn
	body io.Reader
}

func (u *upgraded) Read(p []byte) (int, error) { return u.body.Read(p) }

// NetConn returns the connection beneath, as tls.Conn's does.
func (u *upgraded) NetConn() net.Conn { return u.Conn }

// beneath takes wrappers off c: down to the socket, or to TLS when stopAtTLS.
func beneath(c net.Conn, stopAtTLS bool) net.Conn {
	for {
		if _, ok := c.(*tls.Conn); ok && stopAtTLS {
			return c
		}
		w, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = w.NetConn()
	}
}

// leg is a session's connection to one of its ends.
type leg struct {
	conn   net.Conn
	socket net.Conn // beneath conn: what TCP is done with
}

func newLeg(c net.Conn) leg { return leg{conn: c, socket: beneath(c, false)} }

// secure reports whether the leg speaks TLS.
func (l leg) secure() bool { return beneath(l.conn, true) != l.socket }

// truncated reports whether a leg whose reads have come to an end did so below
// TLS, without TLS's goodbye; tls.Conn does not tell.
func (l leg) truncated() bool {
	if t, ok := beneath(l.conn, true).(*tls.Conn); ok {
		r, ok := t.NetConn().(*rewound)
		return ok && r.ended
	}
	return false
}

// closeWrite says that no more will be written. An orderly end is passed on as
// TLS says it (close_notify), one without that as TCP says it.
func (l leg) closeWrite(orderly bool) {
	c := l.socket
	if orderly {
		c = beneath(l.conn, true)
	}
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite() // the other end may be gone already
	}
}

// cut closes the socket at once, without TLS's goodbye, which could wait for a
// peer that does not read.
func (l leg) cut() { _ = l.socket.Close() }

// reset closes the socket so that the peer sees a reset.
func (l leg) reset() {
	if t, ok := l.socket.(interface{ SetLinger(int) error }); ok {
		_ = t.SetLinger(0)
	}
	l.cut()
}
