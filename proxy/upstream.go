package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/proxy"
)

// dialUpstream connects to address through the upstream proxy.
func (p *Proxy) dialUpstream(ctx context.Context, network, address string) (net.Conn, error) {
	up := p.options.Upstream
	c, err := p.tunnelThrough(ctx, up, network, address)
	if err != nil {
		return nil, fmt.Errorf("upstream proxy %s: %w", up.Redacted(), err)
	}
	return c, nil
}

func (p *Proxy) tunnelThrough(ctx context.Context, up *url.URL, network, address string) (net.Conn, error) {
	if up.Scheme == "socks5" || up.Scheme == "socks5h" {
		return p.dialSOCKS(ctx, up, network, address)
	}
	c, err := p.dialSocket(ctx, network, withPort(up.Host, up.Scheme))
	if err != nil {
		return nil, err
	}
	if up.Scheme == "https" {
		config := p.verify.Clone()
		config.ServerName = up.Hostname()
		secure := tls.Client(c, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return nil, err
		}
		c = secure
	}
	tunnel, err := askForTunnel(ctx, c, up.User, address)
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return tunnel, nil
}

func (p *Proxy) dialSOCKS(ctx context.Context, up *url.URL, network, address string) (net.Conn, error) {
	var auth *proxy.Auth
	if up.User != nil {
		password, _ := up.User.Password()
		auth = &proxy.Auth{User: up.User.Username(), Password: password}
	}
	at := up.Host
	if up.Port() == "" {
		at = net.JoinHostPort(up.Hostname(), "1080")
	}
	d, err := proxy.SOCKS5(network, at, auth, nil)
	if err != nil {
		return nil, err
	}
	c, err := p.dialSocket(ctx, network, at)
	if err != nil {
		return nil, err
	}
	// What its DialContext returns would hide the socket, and with it half-close and
	// reset.
	_, err = d.(interface {
		DialWithConn(context.Context, net.Conn, string, string) (net.Addr, error)
	}).DialWithConn(ctx, c, network, address)
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// askForTunnel has the HTTP proxy at the other end of c connect it to address
// (RFC 9110 section 9.3.6).
func askForTunnel(ctx context.Context, c net.Conn, user *url.Userinfo, address string) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	request := &http.Request{
		Method: http.MethodConnect,
		URL:    &url.URL{Opaque: address},
		Host:   address,
		Header: http.Header{"User-Agent": nil},
	}
	if user != nil {
		request.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials(user))))
	}
	if err := request.Write(c); err != nil {
		return nil, err
	}
	reader := bufio.NewReader(c)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, fmt.Errorf("CONNECT %s: %w", address, err)
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("CONNECT %s: answered %s", address, response.Status)
	}
	if !stop() {
		return nil, ctx.Err()
	}
	early, _ := reader.Peek(reader.Buffered())
	if len(early) == 0 {
		return c, nil
	}
	return &rewound{Conn: c, early: early}, nil
}

// credentials returns user and password as Basic authentication joins them.
func credentials(u *url.Userinfo) string {
	password, _ := u.Password()
	return u.Username() + ":" + password
}
