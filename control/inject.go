package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
)

// injectRequest is the body of POST /v1/inject.
type injectRequest struct {
	Conn      uint64           `json:"conn"`
	To        string           `json:"to"`
	Type      string           `json:"type,omitempty"`
	Text      *string          `json:"text,omitempty"`
	Base64    *[]byte          `json:"base64,omitempty"`
	Code      *frame.CloseCode `json:"code,omitempty"`
	Reason    string           `json:"reason,omitempty"`
	Fragments int              `json:"fragments,omitempty"`
	Header    string           `json:"header,omitempty"`
	Timeout   string           `json:"timeout,omitempty"`
}

// injectAnswer tells that it was sent.
type injectAnswer struct {
	Conn   uint64    `json:"conn"`
	Time   time.Time `json:"time"`
	Waited float64   `json:"waited"` // seconds
}

// killRequest is the body of POST /v1/kill.
type killRequest struct {
	Conn   uint64           `json:"conn"`
	Code   *frame.CloseCode `json:"code,omitempty"`
	Reason string           `json:"reason,omitempty"`
	Reset  bool             `json:"reset,omitempty"`
}

type killAnswer struct {
	Conn uint64 `json:"conn"`
}

const (
	// placeTime is how long an injection waits for a place between messages,
	// maxPlaceTime how long it does when it is told to.
	placeTime    = 10 * time.Second
	maxPlaceTime = 10 * time.Minute
)

// Inject sends d into a connection, to the other side than d.From, and returns
// when it was written. It waits for a place between messages until ctx ends, but
// 10 minutes at most, and 10 seconds when ctx has no deadline. Payloads are
// bounded by proxy.MaxInjection. The error wraps proxy.ErrNotLive when the
// connection is not under way, and ErrNoPlace when no place came.
func (c *Client) Inject(ctx context.Context, conn uint64, d frame.Draft) (proxy.Delivery, error) {
	if len(d.Payload) > proxy.MaxInjection {
		return proxy.Delivery{}, fmt.Errorf("the payload has %d bytes, more than %d", len(d.Payload), proxy.MaxInjection)
	}
	wait := placeTime
	if deadline, ok := ctx.Deadline(); ok {
		// The answer has to come before ctx ends.
		left := time.Until(deadline)
		wait = min(max(left-min(left/10, answerTime/100), time.Millisecond), maxPlaceTime)
	}
	ask := injectRequest{
		Conn: conn, To: d.From.Peer().String(), Type: d.Type.String(), Base64: carried(d.Payload),
		Fragments: d.Fragments, Header: d.Header, Timeout: wait.String(),
	}
	var sent injectAnswer
	if err := c.askWithin(ctx, wait+uploadTime(d.Payload), http.MethodPost, "/v1/inject", nil, ask, &sent); err != nil {
		return proxy.Delivery{}, err
	}
	return proxy.Delivery{Time: sent.Time, Waited: time.Duration(sent.Waited * float64(time.Second))}, nil
}

// uploadTime returns how long an answer to a request with that payload may take,
// on a machine that has much else to do.
func uploadTime(payload []byte) time.Duration {
	return answerTime + time.Duration(len(payload)>>20)*time.Second
}

// carried returns a payload as a request carries it, empty ones included.
func carried(payload []byte) *[]byte {
	if payload == nil {
		payload = []byte{}
	}
	return &payload
}

// Kill is as proxy.Proxy.Kill.
func (c *Client) Kill(ctx context.Context, conn uint64, e proxy.Ending) error {
	ask := killRequest{Conn: conn, Reason: e.Reason, Reset: e.Reset}
	if e.Code != 0 {
		ask.Code = &e.Code
	}
	var done killAnswer
	return c.ask(ctx, http.MethodPost, "/v1/kill", nil, ask, &done)
}

// inject sends a message into a connection.
func (s *Server) inject(a *answer) error {
	acts, err := s.acting()
	if err != nil {
		return err
	}
	r := injectRequest{Timeout: a.query.text("timeout")}
	done, err := s.large(a, &r)
	defer done()
	if err != nil {
		return err
	}
	wait := placeTime
	if r.Timeout != "" {
		if wait, err = time.ParseDuration(r.Timeout); err != nil || wait <= 0 || wait > maxPlaceTime {
			return badRequest("give a time up to 10m, such as 2s", "timeout %q is no time, or too long", r.Timeout)
		}
	}
	in, err := r.injection()
	if err != nil {
		return err
	}
	ctx, cancel := s.until(a.Context(), wait)
	defer cancel()
	sent, err := acts.Inject(ctx, r.Conn, in)
	switch {
	case err == context.DeadlineExceeded:
		return fmt.Errorf("connection %d: %w came within %v", r.Conn, ErrNoPlace, wait)
	case errors.Is(err, context.DeadlineExceeded):
		const hint = "who gets it takes nothing, or slowly; look for it among the messages"
		return &problem{Text: err.Error(), Hint: hint, status: http.StatusGatewayTimeout}
	case err != nil:
		return err
	}
	return a.json(injectAnswer{r.Conn, sent.Time, sent.Waited.Seconds()})
}

// injection returns what is to be sent, as it is on the wire.
func (r *injectRequest) injection() (in proxy.Injection, err error) {
	draft, err := r.draft()
	if err != nil {
		return in, err
	}
	wire, err := draft.Wire()
	switch {
	case err != nil:
		return in, badRequest("", "%v", err)
	case len(wire) > proxy.MaxInjection:
		return in, tooLong(len(wire))
	}
	return proxy.Injection{To: draft.From.Peer(), Origin: frame.Injected, Wire: wire}, nil
}

// draft returns the message that is to be sent.
func (r *injectRequest) draft() (d frame.Draft, err error) {
	var to frame.Side
	if r.Conn == 0 {
		return d, badRequest(`send {"conn":NUMBER,…}; GET /v1/conns lists the connections`, "which connection?")
	}
	if err := to.UnmarshalText([]byte(r.To)); err != nil {
		return d, badRequest(`send "to":"client" or "to":"server"`, "to %q is no side", r.To)
	}
	d = frame.Draft{From: to.Peer(), Type: frame.Text, Fragments: r.Fragments, Header: r.Header}
	if r.Type != "" {
		sendable := []frame.Opcode{frame.Text, frame.Binary, frame.Ping, frame.Pong, frame.Close}
		if err := d.Type.UnmarshalText([]byte(r.Type)); err != nil || !slices.Contains(sendable, d.Type) {
			return d, badRequest(`use text, binary, ping, pong or close, and "header" for other opcodes`, "type %q cannot be sent", r.Type)
		}
	}
	if d.Payload, err = content(r.Text, r.Base64); err != nil {
		return d, err
	}
	switch {
	case r.Fragments < 0:
		return d, badRequest("give a number from 1 up", "%d is no number of fragments", r.Fragments)
	case r.Code == nil && r.Reason == "":
		return d, nil
	case d.Type != frame.Close:
		return d, badRequest(`send "type":"close"`, "a %s has no code and no reason", d.Type)
	case d.Payload != nil:
		return d, badRequest("leave one of them out", "code and reason are the payload of a close frame, and do not go with another")
	case r.Code == nil:
		return d, badRequest("add a code, such as 1000", "a close frame has no reason without a code (RFC 6455 section 5.5.1)")
	}
	d.Payload = frame.AppendClose(nil, *r.Code, r.Reason)
	return d, nil
}

// kill ends a connection.
func (s *Server) kill(a *answer) error {
	acts, err := s.acting()
	if err != nil {
		return err
	}
	var r killRequest
	if err := a.arguments(&r, maxBody); err != nil {
		return err
	}
	const maxReason = frame.MaxControl - 2
	switch {
	case r.Conn == 0:
		return badRequest(`send {"conn":NUMBER,…}; GET /v1/conns lists the connections`, "which connection?")
	case r.Reset && (r.Code != nil || r.Reason != ""):
		return badRequest("leave reset out, or code and reason", "a reset carries no code and no reason")
	case r.Code == nil && r.Reason != "":
		return badRequest("add a code, such as 1001", "a close frame has no reason without a code (RFC 6455 section 5.5.1)")
	case len(r.Reason) > maxReason:
		return badRequest("shorten it", "the reason has %d bytes, more than %d (RFC 6455 section 5.5)", len(r.Reason), maxReason)
	}
	ending := proxy.Ending{Reset: r.Reset, Reason: r.Reason}
	if r.Code != nil {
		ending.Code = *r.Code
	}
	ctx, cancel := s.until(a.Context(), 0)
	defer cancel()
	if err := acts.Kill(ctx, r.Conn, ending); err != nil {
		return err
	}
	return a.json(killAnswer{r.Conn})
}
