package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"github.com/elazarl/goproxy"

	"github.com/wsluice/wsluice/frame"
)

// exchange is one request and what becomes of it.
type exchange struct {
	proxy  *Proxy
	client *client
	writer http.ResponseWriter
	start  time.Time
	conn   *frame.Connection // what is recorded; nil for plain HTTP
	method string
	url    string
	server net.Conn // the connection the request went over

	lock     sync.Mutex // of writer, until answered
	answered bool
}

type exchangeKey struct{}

func newExchange(p *Proxy, c *client, w http.ResponseWriter, r *http.Request) *exchange {
	return &exchange{proxy: p, client: c, writer: w, method: r.Method, start: time.Now()}
}

// roundTrip is what goproxy calls to have a request answered.
func roundTrip(r *http.Request, _ *goproxy.ProxyCtx) (*http.Response, error) {
	x := r.Context().Value(exchangeKey{}).(*exchange)
	if asksForWebSocket(r.Header) {
		return x.webSocket(r), nil
	}
	return x.plain(r), nil
}

// plain passes on a request that asks for no WebSocket.
func (x *exchange) plain(r *http.Request) *http.Response {
	x.url = displayURL(r)
	// The server may answer while the client still sends.
	_ = http.NewResponseController(x.writer).EnableFullDuplex()
	response, err := x.send(r, false)
	if err != nil {
		response = badGateway(err)
	} else {
		keepAbsent(response.Header)
		hideUpgrade(response.Header)
	}
	response.Body = &body{ReadCloser: response.Body, flush: x.flusher(response), done: func(b *body) {
		attrs := []any{keyMethod, x.method, keyURL, x.url, keyStatus, response.StatusCode,
			keyBytes, b.size, keyDuration, time.Since(x.start).Round(time.Microsecond)}
		if err = errors.Join(err, b.failure); err != nil {
			attrs = append(attrs, keyError, err)
		}
		x.proxy.log.Info("http", attrs...)
	}}
	return response
}

// webSocket passes on a request for a WebSocket. A 101 comes back with a session
// for a body.
func (x *exchange) webSocket(r *http.Request) *http.Response {
	bypassed := !x.client.tunnelled() && x.proxy.bypassed(withPort(r.URL.Host, r.URL.Scheme))
	r.URL.Scheme = httpScheme(r.URL.Scheme)
	x.conn = &frame.Connection{
		URL:    webSocketScheme(r.URL.Scheme) + strings.TrimPrefix(displayURL(r), r.URL.Scheme),
		Client: x.client.RemoteAddr().String(),
		Start:  x.start,
	}
	if !r.ProtoAtLeast(1, 1) {
		x.conn.Request = fields(r.Host, r.Header)
		return x.fail(errOldHTTP)
	}
	r, want := x.rule(r)
	if want.Refuse != nil {
		return x.refuse(want.Refuse)
	}
	response, err := x.send(r, true)
	x.conn.Request = fields(r.Host, r.Header)
	x.conn.TLS = x.legs(response)
	if x.server != nil {
		x.conn.Server = x.server.RemoteAddr().String()
	}
	if err != nil {
		return x.fail(err)
	}
	x.conn.Status = response.StatusCode
	x.conn.Subprotocol = strings.Join(response.Header["Sec-Websocket-Protocol"], ", ")
	x.conn.Extensions = strings.Join(response.Header["Sec-Websocket-Extensions"], ", ")
	for _, c := range want.Response {
		change(response.Header, c)
	}
	respell(response.Header)
	x.conn.Response = fields("", response.Header)
	keepAbsent(response.Header)
	if response.StatusCode != http.StatusSwitchingProtocols {
		hideUpgrade(response.Header)
		response.Body = &body{ReadCloser: response.Body, flush: x.flusher(response), keep: maxKept, done: x.refused}
		return response
	}
	stream, ok := response.Body.(io.ReadWriteCloser)
	if !ok || !asksForWebSocket(response.Header) {
		_ = response.Body.Close()
		return x.fail(errors.New("the server answered 101 without upgrading to a WebSocket"))
	}
	if bypassed {
		x.proxy.blind.count(withPort(r.URL.Host, r.URL.Scheme), asConfigured)
	}
	return x.upgrade(response, stream, bypassed)
}

// upgrade makes a session of a 101.
func (x *exchange) upgrade(response *http.Response, stream io.ReadWriteCloser, bypassed bool) *http.Response {
	x.client.releaseUpstream()
	var tape Tape
	if bypassed {
		x.conn.State, x.conn.Error = frame.Bypassed, asConfigured
		x.record(frame.End{})
	} else {
		x.conn.State = frame.Open
		var err error
		if tape, err = x.proxy.options.Recorder.Open(x.conn); err != nil {
			_ = stream.Close()
			x.proxy.log.Error("connection not recorded, hence not made", keyURL, x.conn.URL, keyError, err)
			return badGateway(fmt.Errorf("record the connection: %w", err))
		}
	}
	x.proxy.log.Info("connection opened", keyConn, x.conn.ID, keyURL, x.conn.URL, keyClient, x.conn.Client)
	server := &upgraded{Conn: x.server, body: stream}
	response.Body = x.proxy.newSession(x.client, server, tape, x.conn)
	return response
}

// send sends r and returns the response, or an error that says what failed.
func (x *exchange) send(r *http.Request, webSocket bool) (*http.Response, error) {
	transport := x.client.transport(x.proxy, !webSocket && r.URL.Scheme == "http")
	outbound(r, webSocket, transport.Proxy != nil)
	trace := &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { x.server = info.Conn },
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			if code != http.StatusContinue { // which net/http has sent already
				x.inform(code, http.Header(header))
			}
			return nil
		},
	}
	response, err := transport.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	x.lock.Lock()
	x.answered = true
	x.lock.Unlock()
	if err != nil && r.Context().Err() != nil && x.proxy.ctx.Err() == nil {
		return nil, errClientLeft
	}
	return response, err
}

// errClientLeft ends an exchange nobody waits for any more.
var errClientLeft = errors.New("the client left before the server answered")

// errOldHTTP refuses a handshake that would reach the server as HTTP/1.1, and so
// succeed where it fails without a proxy.
var errOldHTTP = errors.New("the request is HTTP/1.0, in which there is no upgrade (RFC 9110 section 7.8)")

// inform passes on an informational response, unless it comes when the client
// already has its answer.
func (x *exchange) inform(code int, header http.Header) {
	x.lock.Lock()
	defer x.lock.Unlock()
	if x.answered {
		return
	}
	h := x.writer.Header()
	for name, values := range header {
		h[name] = values
	}
	x.writer.WriteHeader(code)
	for name := range header {
		delete(h, name)
	}
}

// fail records that no server answered and returns what the client is told.
func (x *exchange) fail(err error) *http.Response {
	x.conn.State, x.conn.Error = frame.Failed, err.Error()
	end := frame.End{EndedBy: frame.ByServer, How: frame.ByError, Error: err.Error()}
	switch {
	case errors.Is(err, errClientLeft):
		end.EndedBy = frame.ByClient
	case x.proxy.ctx.Err() != nil:
		end.EndedBy, end.How = frame.ByProxy, frame.ByShutdown
	}
	x.record(end)
	x.proxy.log.Warn("connection failed", keyConn, x.conn.ID, keyURL, x.conn.URL, keyError, err)
	return badGateway(err)
}

// refused records a refusal, after its body has passed.
func (x *exchange) refused(b *body) {
	x.conn.State, x.conn.Body = frame.Refused, b.head
	end := frame.End{EndedBy: frame.ByServer, How: frame.ByFIN}
	if b.failure != nil {
		x.conn.Error = b.failure.Error()
		end.How, end.Error = frame.ByError, x.conn.Error
	}
	x.record(end)
	x.proxy.log.Info("connection refused", keyConn, x.conn.ID, keyURL, x.conn.URL, keyStatus, x.conn.Status)
}

// record records a connection without frames.
func (x *exchange) record(end frame.End) { x.proxy.record(x.conn, end) }

// record records a connection without frames, whose State is set.
func (p *Proxy) record(c *frame.Connection, end frame.End) {
	end.Time = time.Now()
	c.End, c.EndedBy, c.How = end.Time, end.EndedBy, end.How
	tape, err := p.options.Recorder.Open(c)
	if err != nil {
		p.log.Error("connection not recorded", keyURL, c.URL, keyError, err)
		return
	}
	tape.Close(end)
}

// flusher returns what sends each part of a response on at once, or nil for one
// whose length is known and whose parts can wait for each other.
func (x *exchange) flusher(r *http.Response) func() {
	if r.ContentLength >= 0 {
		return nil
	}
	writer := http.NewResponseController(x.writer)
	return func() { _ = writer.Flush() }
}

// keepAbsent has net/http not add the fields it would.
func keepAbsent(h http.Header) {
	for _, name := range []string{"Date", "Content-Type"} {
		if _, ok := h[name]; !ok {
			h[name] = nil
		}
	}
}

// hideUpgrade respells the Upgrade field, which a 426 is to have, in lower case:
// goproxy would take any response with it for a 101.
func hideUpgrade(h http.Header) {
	if v, ok := h["Upgrade"]; ok {
		delete(h, "Upgrade")
		h["upgrade"] = v
	}
}

// displayURL returns the URL of r for people.
func displayURL(r *http.Request) string {
	u := *r.URL
	u.User, u.Opaque = nil, ""
	if host, found := strings.CutSuffix(u.Host, ":"+defaultPort(u.Scheme)); found {
		u.Host = host
	}
	return u.String()
}

// badGateway is the answer to a request no server has answered.
func badGateway(err error) *http.Response {
	text := "wsluice: " + err.Error() + "\n"
	return &http.Response{
		StatusCode:    http.StatusBadGateway,
		Header:        http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Content-Length": {fmt.Sprint(len(text))}},
		Body:          io.NopCloser(strings.NewReader(text)),
		ContentLength: int64(len(text)),
	}
}

// bypassed reports whether address, a host and port, is to be passed blindly.
func (p *Proxy) bypassed(address string) bool {
	return p.bypass.match(address) || len(p.only) > 0 && !p.only.match(address)
}
