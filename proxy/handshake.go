package proxy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy/rules"
)

// mappedKey marks the context of a request that goes to another server than the
// client has asked for, and shaken hands with.
type mappedKey struct{}

// rule asks the rules about the handshake r, changes it as they say, and returns
// what they want besides.
func (x *exchange) rule(r *http.Request) (*http.Request, rules.Handshake) {
	set := x.proxy.Rules()
	if set == nil {
		return r, rules.Handshake{}
	}
	x.conn.Request = fields(r.Host, r.Header)
	want := set.Handshake(x.conn)
	if len(want.Acted) > 0 {
		x.proxy.log.Info("rules changed a handshake", keyURL, x.conn.URL, keyRules, strings.Join(want.Acted, ", "))
	}
	if want.Target != nil && want.Refuse == nil {
		r = redirect(r, want.Target)
	}
	for _, c := range want.Request {
		change(r.Header, c)
		for _, f := range c.Set {
			if strings.EqualFold(f.Name, "Host") {
				r.Host = f.Value
				r.Header.Del("Host")
			}
		}
	}
	return r, want
}

// redirect has r ask another server. Its name in TLS is that server's.
func redirect(r *http.Request, to *url.URL) *http.Request {
	r = r.WithContext(context.WithValue(r.Context(), mappedKey{}, true))
	target := *to
	target.Scheme = httpScheme(to.Scheme)
	r.URL, r.Host = &target, to.Host
	r.RequestURI = target.RequestURI()
	return r
}

// mapped reports whether a request with this context was redirected.
func mapped(ctx context.Context) bool { return ctx.Value(mappedKey{}) != nil }

// change changes h, whose names are net/http's.
func change(h http.Header, c rules.Change) {
	for _, name := range c.Remove {
		h.Del(name)
	}
	for _, f := range c.Set {
		h.Del(f.Name)
	}
	for _, f := range c.Set {
		h.Add(f.Name, f.Value)
	}
}

// refuse answers the handshake as a rule says.
func (x *exchange) refuse(with *rules.Refusal) *http.Response {
	response := &http.Response{
		StatusCode: with.Status, Header: make(http.Header),
		Body: io.NopCloser(bytes.NewReader(with.Body)), ContentLength: int64(len(with.Body)),
	}
	change(response.Header, rules.Change{Set: with.Header})
	response.Header.Set("Content-Length", fmt.Sprint(len(with.Body)))
	x.conn.State, x.conn.Status = frame.Refused, with.Status
	x.conn.Response = fields("", response.Header)
	x.conn.Body = with.Body[:min(len(with.Body), maxKept)]
	keepAbsent(response.Header)
	hideUpgrade(response.Header)
	x.record(frame.End{EndedBy: frame.ByProxy, How: frame.ByFIN})
	x.proxy.log.Info("connection refused by a rule", keyConn, x.conn.ID, keyURL, x.conn.URL,
		keyStatus, with.Status, keyDuration, time.Since(x.start).Round(time.Microsecond))
	return response
}
