package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elazarl/goproxy"
)

// Proxy is an intercepting proxy.
//
// As a forward proxy it takes CONNECT, with TLS, plain HTTP or anything else
// inside, and absolute-form requests with the schemes http, ws, https and wss.
// An origin-form request gets a page about the proxy.
//
// In reverse mode an origin-form request goes to Options.Reverse: path and query
// are put behind that URL's, Host becomes that of the URL, and an Origin that
// names the proxy's own address (as a page served through it does) becomes the
// URL's origin, because servers check both. Any other Origin, and all other
// fields, stay as they are.
type Proxy struct {
	options  Options
	log      *slog.Logger
	bypass   hosts
	only     hosts
	identity []hosts // of options.Identities
	verify   *tls.Config
	handler  *goproxy.ProxyHttpServer
	linger   time.Duration

	// What follows belongs to Serve.
	ctx      context.Context
	self     listening
	inside   *doorway
	work     sync.WaitGroup // of every goroutine but net/http's accept loops
	sessions registry
	sweeper  sweeper
	distrust distrust

	blind, distrusting tally

	interventions interventions
	waiting       atomic.Int64 // bytes of messages that wait in gates
}

// New returns a proxy that works as options say.
func New(options Options) (*Proxy, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	p := &Proxy{options: options, log: options.Logger, linger: lingerTime}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if p.bypass, err = parseHosts(options.Bypass); err != nil {
		return nil, err
	}
	if p.only, err = parseHosts(options.Only); err != nil {
		return nil, err
	}
	for _, identity := range options.Identities {
		pattern := hosts{{always: true}}
		if identity.Host != "" {
			if pattern, err = parseHosts([]string{identity.Host}); err != nil {
				return nil, err
			}
		}
		p.identity = append(p.identity, pattern)
	}
	p.sweeper.work = &p.work
	p.verify = &tls.Config{
		RootCAs:            options.Roots,
		InsecureSkipVerify: options.Insecure,
		// Records of 1.4 KB at a connection's beginning are made for browsers
		// that render while they read; here they are only more writes.
		DynamicRecordSizingDisabled: true,
	}
	p.handler = goproxy.NewProxyHttpServer()
	p.handler.Logger = goproxyLog{p.log}
	p.handler.NonproxyHandler = http.HandlerFunc(p.servePage)
	p.handler.KeepHeader = true // outbound removes what must not go on
	p.handler.OnRequest().DoFunc(func(r *http.Request, ctx *goproxy.ProxyCtx) (*http.Request, *http.Response) {
		ctx.RoundTripper = goproxy.RoundTripperFunc(roundTrip)
		return r, nil
	})
	return p, nil
}

// Serve accepts clients from l until ctx ends or l fails, and closes l. It then
// closes every connection, those with a WebSocket as they are, without a close
// frame, and returns when nothing it started is running any more; the error is
// nil when ctx has ended. It may be called once.
func (p *Proxy) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.ctx, p.self, p.inside = ctx, newListening(l.Addr()), newDoorway(l.Addr())
	server := &http.Server{
		Handler:     http.HandlerFunc(p.serve),
		ErrorLog:    slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: withClient,
		ConnState:   p.count,
	}
	var accepting sync.WaitGroup
	var failure error
	accepting.Go(func() {
		failure = server.Serve(listener{l})
		cancel()
	})
	accepting.Go(func() { _ = server.Serve(p.inside) })

	<-ctx.Done()
	_ = server.Close()
	accepting.Wait()
	p.sessions.shutdown()
	p.work.Wait()
	if errors.Is(failure, http.ErrServerClosed) {
		return nil
	}
	return failure
}

// count keeps track of net/http's goroutines, one a connection until it ends or
// is taken over.
func (p *Proxy) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		p.work.Add(1)
	case http.StateHijacked, http.StateClosed:
		p.work.Done()
	}
}

// serve takes every request of every client.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	// A connection that is taken over stops being counted, its request not.
	p.work.Add(1)
	defer p.work.Done()
	c := clientOf(r)
	switch {
	case c.tunnelled():
		c.absolute(r)
	case r.Method == http.MethodConnect || r.URL.IsAbs():
		if !p.authorized(r) {
			p.demandAuthorization(w)
			return
		}
		if r.Method == http.MethodConnect {
			p.connect(w, r, c)
			return
		}
		if canonicalHost(r.URL.Hostname()) == pageHost {
			p.servePage(w, r)
			return
		}
	case p.options.Reverse != nil:
		if !p.authorized(r) {
			p.demandAuthorization(w)
			return
		}
		p.reverse(r)
	case asksForWebSocket(r.Header) && p.elsewhere(r.Host):
		if !p.authorized(r) {
			p.demandAuthorization(w)
			return
		}
		// Java's client leaves the URL out of every upgrade but the first.
		r.URL.Scheme, r.URL.Host = "http", r.Host
	}
	x := newExchange(p, c, w, r)
	p.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
}
