package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// reachTimeout bounds how long it may take to reach a server, and how long
// either peer may take over a TLS handshake.
const reachTimeout = 30 * time.Second

// errSelf refuses a loop.
var errSelf = errors.New("that is the proxy itself")

// newTransport returns a transport that changes nothing about requests and
// reaches servers as c would: with the name its own TLS hello had.
func (p *Proxy) newTransport(c *client) *http.Transport {
	return &http.Transport{
		DialContext: p.dial,
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			var h hello
			if c.tunnel != nil && !mapped(ctx) {
				h = c.tunnel.hello
			}
			return p.dialTLS(ctx, network, address, h)
		},
		TLSClientConfig:       p.verify,
		TLSNextProto:          map[string]func(string, *tls.Conn) http.RoundTripper{}, // no HTTP/2
		TLSHandshakeTimeout:   reachTimeout,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true,
		ReadBufferSize:        4 << 10,
		WriteBufferSize:       4 << 10,
	}
}

// dial connects to address, through the upstream proxy if there is one.
func (p *Proxy) dial(ctx context.Context, network, address string) (net.Conn, error) {
	// A transport lets a dial run on when its request has ended.
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	if p.options.Upstream == nil {
		return p.dialSocket(ctx, network, address)
	}
	if p.self.literally(address) {
		return nil, fmt.Errorf("connect to %s: %w", address, errSelf)
	}
	return p.dialUpstream(ctx, network, address)
}

// dialSocket connects to address directly.
func (p *Proxy) dialSocket(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Control: func(_, resolved string, _ syscall.RawConn) error {
		if p.self.at(resolved) {
			return errSelf
		}
		return nil
	}}
	return d.DialContext(ctx, network, address)
}

// dialTLS connects to address and speaks TLS as a client that sent h would.
func (p *Proxy) dialTLS(ctx context.Context, network, address string, h hello) (net.Conn, error) {
	raw, err := p.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	config := p.verify.Clone()
	if config.ServerName = h.serverName; config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(address)
	}
	if len(h.protocols) > 0 {
		config.NextProtos = []string{"http/1.1"}
	}
	for i, pattern := range p.identity {
		_, port, _ := net.SplitHostPort(address)
		if pattern.match(address) || pattern.match(net.JoinHostPort(config.ServerName, port)) {
			config.Certificates = []tls.Certificate{p.options.Identities[i].Certificate}
			break
		}
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	c := tls.Client(&rewound{Conn: raw}, config)
	if err := c.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("TLS with %s: %w", address, err)
	}
	return c, nil
}

// listening is where the proxy listens.
type listening struct {
	address netip.AddrPort
}

func newListening(a net.Addr) listening {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return listening{}
	}
	l := t.AddrPort()
	return listening{netip.AddrPortFrom(l.Addr().Unmap(), l.Port())}
}

// at reports whether address, an IP and port, is where the proxy listens.
func (l listening) at(address string) bool {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !l.address.IsValid() || a.Port() != l.address.Port() {
		return false
	}
	ip := a.Addr().Unmap().WithZone("")
	switch {
	case ip == l.address.Addr().WithZone(""):
		return true
	case ip.IsUnspecified():
		return l.address.Addr().IsLoopback() || l.address.Addr().IsUnspecified()
	case !l.address.Addr().IsUnspecified():
		return false
	case ip.IsLoopback():
		return true
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range own {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Unmap() == ip {
			return true
		}
	}
	return false
}

// literally is at for a host that an upstream proxy is going to resolve: only
// names known without asking anyone count.
func (l listening) literally(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err == nil && canonicalHost(host) == "localhost" {
		return l.at(net.JoinHostPort("127.0.0.1", port)) || l.at(net.JoinHostPort("::1", port))
	}
	return l.at(address)
}

// elsewhere reports whether a Host field names another server than the proxy.
func (p *Proxy) elsewhere(host string) bool {
	u := url.URL{Host: host}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	return u.Hostname() != "" && canonicalHost(u.Hostname()) != pageHost && !p.self.literally(net.JoinHostPort(u.Hostname(), port))
}
