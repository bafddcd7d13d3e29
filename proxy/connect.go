package proxy

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// established is the answer to a CONNECT.
const established = "HTTP/1.1 200 Connection established\r\n\r\n"

// asConfigured is why a host the user wants to be left alone is passed blindly.
const asConfigured = "the host is passed blindly, as configured"

// connect serves a CONNECT. It is not left to goproxy, which would say where the
// tunnel leads only after the client has spoken, and whose loop for what is
// inside knows less of HTTP than net/http.
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request, c *client) {
	target := r.URL.Host
	if target == "" {
		http.Error(w, "wsluice: CONNECT names no host", http.StatusBadRequest)
		return
	}
	if address := withPort(target, "https"); p.bypassed(address) {
		p.connectBlindly(w, r, address)
		return
	}
	conn, err := takeOver(w)
	if err != nil {
		p.log.Debug("client left", keyClient, c.RemoteAddr(), keyError, err)
		return
	}
	// Until the connection is someone else's, nothing else would end it.
	defer context.AfterFunc(p.ctx, func() { _ = conn.Close() })()
	if _, err := io.WriteString(conn, established); err != nil {
		_ = conn.Close()
		return
	}
	p.enter(conn, &tunnel{scheme: "http", host: target})
}

// connectBlindly serves a CONNECT to a host the user wants to be left alone.
func (p *Proxy) connectBlindly(w http.ResponseWriter, r *http.Request, address string) {
	client := clientOf(r).RemoteAddr().String()
	server, err := p.dial(r.Context(), "tcp", address)
	if err != nil {
		p.recordTunnel(address, client, "", frame.Failed, err.Error())
		http.Error(w, "wsluice: "+err.Error(), http.StatusBadGateway)
		return
	}
	conn, err := takeOver(w)
	if err == nil {
		_, err = io.WriteString(conn, established)
	}
	if err != nil {
		_ = server.Close()
		return
	}
	p.passBlindly(conn, server, address, asConfigured)
}

// takeOver takes the connection from net/http, with what the client has sent
// behind its request.
func takeOver(w http.ResponseWriter) (*rewound, error) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	return &rewound{Conn: conn, early: early}, nil
}

// enter finds out what the client says in its tunnel, and hands the connection
// to who understands that. It owns c.
func (p *Proxy) enter(c *rewound, t *tunnel) {
	server, said := p.sniff(c, t)
	switch {
	case said == saidNothing:
		_ = c.Close()
	case said == saidTLS && t.scheme == "http":
		t.scheme = "https"
		if secure := p.acceptTLS(c, t); secure != nil {
			p.enter(&rewound{Conn: secure}, t)
		}
	case said == saidHTTP:
		if t.leg != nil {
			p.distrust.trust(t.name())
		}
		t.host = withPort(t.host, t.scheme)
		p.inside.enter(&client{Conn: c, tunnel: t})
	default:
		p.enterBlindly(c, server, t, said)
	}
}

// enterBlindly passes on what is no HTTP/1. The server is nil unless it was
// reached already.
func (p *Proxy) enterBlindly(c *rewound, server net.Conn, t *tunnel, said speech) {
	address := withPort(t.host, t.scheme)
	if server == nil {
		var err error
		if server, err = p.reach(t); err != nil {
			p.log.Warn("tunnel failed", keyHost, address, keyError, err)
			p.recordTunnel(address, c.RemoteAddr().String(), "", frame.Failed, err.Error())
			_ = c.Close()
			return
		}
	}
	p.passBlindly(c, server, address, said.reason())
}

// reach connects to where the tunnel leads, as the client did.
func (p *Proxy) reach(t *tunnel) (net.Conn, error) {
	address := withPort(t.host, t.scheme)
	if t.scheme == "https" {
		return p.dialTLS(p.ctx, "tcp", address, t.hello)
	}
	return p.dial(p.ctx, "tcp", address)
}

// passBlindly relays what is not looked at, and owns both connections.
func (p *Proxy) passBlindly(client, server net.Conn, address, reason string) {
	p.blind.count(address, reason)
	c := p.recordTunnel(address, client.RemoteAddr().String(), server.RemoteAddr().String(), frame.Bypassed, reason)
	s := p.newSession(client, server, nil, c)
	s.start(frame.Client)
	s.start(frame.Server)
}

// recordTunnel records a tunnel of whose inside nothing is known.
func (p *Proxy) recordTunnel(address, client, server string, state frame.State, reason string) *frame.Connection {
	c := &frame.Connection{
		URL: "tunnel://" + address, Client: client, Server: server,
		Start: time.Now(), State: state, Error: reason,
	}
	var end frame.End
	if state == frame.Failed {
		end = frame.End{EndedBy: frame.ByServer, How: frame.ByError, Error: reason}
	}
	p.record(c, end)
	p.log.Info("tunnel", keyConn, c.ID, keyHost, address, keyState, state, keyReason, reason)
	return c
}

// acceptTLS speaks TLS with the client as the server it wants. It returns nil
// when that fails, after taking note of it.
func (p *Proxy) acceptTLS(c *rewound, t *tunnel) net.Conn {
	config := p.options.Authority.TLSConfig(t.host)
	config.DynamicRecordSizingDisabled = true
	config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		t.hello = hello{seen: true, serverName: h.ServerName, protocols: h.SupportedProtos}
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(p.ctx, reachTimeout)
	defer cancel()
	c.watch = true
	secure := tls.Server(c, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		p.handshakeFailed(c, t, err)
		return nil
	}
	c.watch, c.tail = false, nil
	state := secure.ConnectionState()
	t.leg, t.secured = frame.NewTLSLeg(&state), time.Now()
	return secure
}
