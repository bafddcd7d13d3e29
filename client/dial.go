package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// bodyTime is how long the body of a refusal is waited for.
const bodyTime = 2 * time.Second

// Dial connects to a server and shakes hands (RFC 6455 section 4.1). The
// connection is the caller's to end, and open whatever becomes of ctx.
//
// The frame.Connection is what a recorder is to be told: the last request and its
// response, with state open, refused or failed. It comes with an error too, except
// when the options make no sense. Errors are *Refused for another answer than
// 101, *HandshakeError for an answer that breaks a rule, *TLSError for TLS, and
// *ConnectError for names, networks, proxies and servers that do not answer. They
// wrap context.DeadlineExceeded or context.Canceled when that is why.
func Dial(ctx context.Context, o Options) (*frame.Conn, *frame.Connection, error) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	t, err := parseTarget(o.URL)
	if err != nil {
		return nil, nil, err
	}
	if d := o.timeout(); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	header := o.Header
	for followed := 0; ; followed++ {
		facts := &frame.Connection{URL: t.String(), Start: time.Now().UTC(), State: frame.Open}
		conn, err := o.shake(ctx, t, header, facts)
		if err == nil {
			return conn, facts, nil
		}
		var refused *Refused
		if errors.As(err, &refused) {
			facts.State = frame.Refused
			next, redirected := refused.location(t)
			if redirected && followed < o.Redirects {
				if !t.sameOrigin(next) {
					header, next.user = elsewhere(header), nil
				}
				t = next
				continue
			}
			return nil, facts, err
		}
		facts.State, facts.Error = frame.Failed, err.Error()
		return nil, facts, err
	}
}

// shake connects to t and asks for a WebSocket there.
func (o *Options) shake(ctx context.Context, t target, header []frame.Field, facts *frame.Connection) (*frame.Conn, error) {
	facts.Request = o.request(t, header)
	c, err := o.reach(ctx, t, facts)
	if err != nil {
		return nil, err
	}
	conn, err := o.upgrade(ctx, c, t, facts)
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return conn, nil
}

// upgrade makes a WebSocket connection of c.
func (o *Options) upgrade(ctx context.Context, c net.Conn, t target, facts *frame.Connection) (*frame.Conn, error) {
	release := bind(ctx, c)
	defer release()
	_, unsent := c.Write(wire(http.MethodGet, t.uri, facts.Request))
	// Who does not take the request may have said why.
	r := bufio.NewReader(c)
	answer, err := readResponse(r)
	switch {
	case errors.Is(err, errNotHTTP):
		return nil, &HandshakeError{URL: t.String(), Err: err}
	case isAlert(err):
		// With TLS 1.3 a client certificate is looked at behind the handshake.
		return nil, &TLSError{Address: t.address, Err: err}
	case err != nil && unsent != nil:
		return nil, &ConnectError{Address: t.address, Err: fmt.Errorf("send the request: %w", because(ctx, unsent))}
	case err != nil:
		return nil, &ConnectError{Address: t.address, Err: fmt.Errorf("wait for the answer: %w", because(ctx, err))}
	}
	facts.Status, facts.Response = answer.status, answer.fields
	facts.Subprotocol = joined(answer.fields, "Sec-WebSocket-Protocol")
	facts.Extensions = joined(answer.fields, "Sec-WebSocket-Extensions")
	if answer.status != http.StatusSwitchingProtocols {
		_ = c.SetReadDeadline(time.Now().Add(bodyTime)) // ctx may still move it into the past
		facts.Body = answer.body(r)
		return nil, &Refused{
			URL: t.String(), Status: answer.status, Reason: answer.reason, Header: answer.fields, Body: facts.Body,
		}
	}
	extensions, err := answer.check(facts.Request)
	if err != nil {
		return nil, &HandshakeError{URL: t.String(), Err: err}
	}
	if !release() {
		return nil, &ConnectError{Address: t.address, Err: ctx.Err()}
	}
	early, _ := r.Peek(r.Buffered())
	return frame.NewConn(c, bytes.NewReader(early), frame.Client, extensions), nil
}

// location returns where the answer of t redirects to (RFC 9110 section 15.4).
func (e *Refused) location(t target) (target, bool) {
	switch e.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return target{}, false
	}
	where := joined(e.Header, "Location")
	base, err := url.Parse(t.String())
	if err != nil || where == "" {
		return target{}, false
	}
	to, err := base.Parse(where)
	if err != nil {
		return target{}, false
	}
	to.Fragment = ""
	next, err := newTarget(to)
	if err != nil {
		return target{}, false
	}
	if next.user == nil && next.sameOrigin(t) {
		next.user = t.user
	}
	return next, true
}
