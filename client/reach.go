package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/net/proxy"

	"github.com/wsluice/wsluice/frame"
)

// reach connects to t, as far as TLS. What is known of it comes in facts.
func (o *Options) reach(ctx context.Context, t target, facts *frame.Connection) (net.Conn, error) {
	c, err := o.connect(ctx, t, facts)
	if err != nil {
		if isTLS(err) {
			return nil, err
		}
		return nil, &ConnectError{Address: t.address, Err: err}
	}
	if !t.secure {
		return c, nil
	}
	name := o.ServerName
	if name == "" {
		name = t.host
	}
	secure, err := o.secure(ctx, c, name, t.address)
	if err != nil {
		return nil, err
	}
	state := secure.ConnectionState()
	facts.TLS = &frame.TLS{Server: frame.NewTLSLeg(&state)}
	return secure, nil
}

// connect connects to t, through the proxy if there is one.
func (o *Options) connect(ctx context.Context, t target, facts *frame.Connection) (net.Conn, error) {
	address := t.address
	if o.Proxy != nil {
		address = proxyAddress(o.Proxy)
	}
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, throughProxy(o.Proxy, because(ctx, err))
	}
	facts.Client, facts.Server = c.LocalAddr().String(), c.RemoteAddr().String()
	if o.Proxy == nil {
		return c, nil
	}
	tunnel, err := o.tunnel(ctx, c, t.address)
	if err != nil {
		_ = c.Close()
		return nil, throughProxy(o.Proxy, err)
	}
	return tunnel, nil
}

// throughProxy says of an error that it is about the proxy, if there is one.
func throughProxy(via *url.URL, err error) error {
	if via == nil || isTLS(err) {
		return err
	}
	return fmt.Errorf("proxy %s: %w", via.Redacted(), err)
}

func isTLS(err error) bool {
	var t *TLSError
	return errors.As(err, &t)
}

// isAlert reports whether err is an alert of TLS, sent or received.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error")
}

// proxyAddress returns the host and port of a proxy.
func proxyAddress(via *url.URL) string {
	port := via.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[via.Scheme]
	}
	if port == "" {
		port = "1080"
	}
	return net.JoinHostPort(via.Hostname(), port)
}

// tunnel has the proxy at the other end of c connect it to address.
func (o *Options) tunnel(ctx context.Context, c net.Conn, address string) (net.Conn, error) {
	switch o.Proxy.Scheme {
	case "socks5", "socks5h":
		return c, askSOCKS(ctx, c, o.Proxy, address)
	case "https":
		secure, err := o.secure(ctx, c, o.Proxy.Hostname(), proxyAddress(o.Proxy))
		if err != nil {
			return nil, err
		}
		c = secure
	}
	return c, askHTTP(ctx, c, o.Proxy.User, address)
}

// askSOCKS asks a SOCKS proxy for a tunnel (RFC 1928).
func askSOCKS(ctx context.Context, c net.Conn, via *url.URL, address string) error {
	var auth *proxy.Auth
	if via.User != nil {
		password, _ := via.User.Password()
		auth = &proxy.Auth{User: via.User.Username(), Password: password}
	}
	d, err := proxy.SOCKS5("tcp", proxyAddress(via), auth, nil)
	if err != nil {
		return err
	}
	// What DialContext returns would hide the socket.
	_, err = d.(interface {
		DialWithConn(context.Context, net.Conn, string, string) (net.Addr, error)
	}).DialWithConn(ctx, c, "tcp", address)
	if err != nil {
		return because(ctx, err)
	}
	return nil
}

// askHTTP asks an HTTP proxy for a tunnel (RFC 9110 section 9.3.6).
func askHTTP(ctx context.Context, c net.Conn, user *url.Userinfo, address string) error {
	release := bind(ctx, c)
	defer release()
	fields := []frame.Field{{Name: "Host", Value: address}}
	if user != nil {
		fields = append(fields, frame.Field{Name: "Proxy-Authorization", Value: basic(user)})
	}
	if _, err := c.Write(wire(http.MethodConnect, address, fields)); err != nil {
		return because(ctx, err)
	}
	r := bufio.NewReader(c)
	answer, err := readResponse(r)
	switch {
	case err != nil:
		return fmt.Errorf("CONNECT %s: %w", address, because(ctx, err))
	case answer.status/100 != 2:
		return fmt.Errorf("CONNECT %s: answered %d %s", address, answer.status, answer.reason)
	case r.Buffered() > 0:
		return fmt.Errorf("CONNECT %s: %d bytes came before anything was sent", address, r.Buffered())
	case !release():
		return ctx.Err()
	}
	return nil
}

// secure speaks TLS over c as somebody who looks for name. It closes c when that
// fails.
func (o *Options) secure(ctx context.Context, c net.Conn, name, address string) (*tls.Conn, error) {
	secure := tls.Client(c, &tls.Config{
		ServerName:         name,
		RootCAs:            o.Roots,
		InsecureSkipVerify: o.Insecure,
		Certificates:       o.Certificates,
		NextProtos:         []string{"http/1.1"},
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, &TLSError{Address: address, Err: because(ctx, err)}
	}
	return secure, nil
}

// bind has what is done with c fail when ctx ends. Release ends that and reports
// whether c is still of use.
func bind(ctx context.Context, c net.Conn) (release func() bool) {
	return context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
}

// because returns ctx's error when that is why err came, and says so of a peer
// that just went.
func because(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded): // nobody else sets deadlines
		return context.DeadlineExceeded
	case errors.Is(err, io.EOF):
		return errors.New("the connection was closed without an answer")
	}
	return err
}
