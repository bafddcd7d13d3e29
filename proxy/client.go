package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// client is a connection of a client as net/http serves it: as it was accepted,
// or what is inside a tunnel it asked for.
//
// Each has upstream connections of its own, as the client would have without a
// proxy: a server that authenticates connections instead of requests must not
// see one client's request on another's.
type client struct {
	net.Conn
	tunnel *tunnel // nil for an accepted connection
	broken error   // what reading has failed with

	lock     sync.Mutex
	direct   *http.Transport
	upstream *http.Transport // for requests an HTTP proxy is to be given itself
}

// tunnel is what a CONNECT opened and the client then said in it.
type tunnel struct {
	scheme string // http or https
	host   string // host and port of the CONNECT

	// With TLS:
	hello   hello
	leg     *frame.TLSLeg
	secured time.Time // when the handshake was done
}

// name returns the name of the host the client wants, without a port.
func (t *tunnel) name() string {
	if t.hello.serverName != "" {
		return canonicalHost(t.hello.serverName)
	}
	host, _, _ := net.SplitHostPort(withPort(t.host, t.scheme))
	return canonicalHost(host)
}

// hello is what a client's TLS hello asks for.
type hello struct {
	seen       bool
	serverName string
	protocols  []string
}

type clientKey struct{}

// withClient makes the connection known to its requests.
func withClient(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

func clientOf(r *http.Request) *client {
	return r.Context().Value(clientKey{}).(*client)
}

func (c *client) tunnelled() bool { return c.tunnel != nil }

// absolute gives an origin-form request the URL it has in the tunnel. The
// CONNECT said where to go; Host is the server's business.
func (c *client) absolute(r *http.Request) {
	r.URL.Scheme, r.URL.Host = c.tunnel.scheme, c.tunnel.host
}

// Read remembers how reading failed. The system tells of a reset only once, and
// net/http, which reads ahead to notice when a client leaves, may be told in the
// session's place.
func (c *client) Read(p []byte) (int, error) {
	if c.broken != nil {
		return 0, c.broken
	}
	n, err := c.Conn.Read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.broken = err
	}
	return n, err
}

// NetConn returns the connection beneath.
func (c *client) NetConn() net.Conn { return c.Conn }

// CloseWrite lets net/http end a refused request without a reset.
func (c *client) CloseWrite() error {
	newLeg(c.Conn).closeWrite(true)
	return nil
}

// Close closes the connection and those that were made for it.
func (c *client) Close() error {
	c.releaseUpstream()
	return c.Conn.Close()
}

// releaseUpstream closes the idle connections made for c.
func (c *client) releaseUpstream() {
	c.lock.Lock()
	defer c.lock.Unlock()
	for _, t := range []*http.Transport{c.direct, c.upstream} {
		if t != nil {
			t.CloseIdleConnections()
		}
	}
	c.direct, c.upstream = nil, nil
}

// transport returns what carries requests of c. With an HTTP proxy upstream,
// plain HTTP is given to that, as browsers do; all else goes directly or through
// a tunnel.
func (c *client) transport(p *Proxy, plain bool) *http.Transport {
	c.lock.Lock()
	defer c.lock.Unlock()
	if up := p.options.Upstream; plain && up != nil && (up.Scheme == "http" || up.Scheme == "https") {
		if c.upstream == nil {
			c.upstream = p.newTransport(c)
			c.upstream.Proxy = func(*http.Request) (*url.URL, error) { return up, nil }
			c.upstream.DialContext, c.upstream.DialTLSContext = p.dialSocket, nil
		}
		return c.upstream
	}
	if c.direct == nil {
		c.direct = p.newTransport(c)
	}
	return c.direct
}

// listener makes clients of the connections it accepts.
type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &client{Conn: c}, nil
}

// doorway is a listener for connections that are handed over.
type doorway struct {
	address net.Addr
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newDoorway(address net.Addr) *doorway {
	return &doorway{address: address, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// enter hands c over, or closes it when the doorway is closed.
func (d *doorway) enter(c net.Conn) {
	select {
	case d.conns <- c:
	case <-d.closed:
		_ = c.Close()
	}
}

func (d *doorway) Accept() (net.Conn, error) {
	select {
	case c := <-d.conns:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *doorway) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

func (d *doorway) Addr() net.Addr { return d.address }
