package control

import (
	"context"
	"fmt"
	"net/http"
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

// Inject sends d into a connection, to the other side than d.From, and returns
// when it was written. It waits for a place between messages until ctx ends, but
// 10 seconds at most. Payloads are bounded by proxy.MaxInjection. The error wraps
// proxy.ErrNotLive when the connection is not under way, and ErrNoPlace when no
// place came.
func (c *Client) Inject(ctx context.Context, conn uint64, d frame.Draft) (proxy.Delivery, error) {
	if len(d.Payload) > proxy.MaxInjection {
		return proxy.Delivery{}, fmt.Errorf("the payload has %d bytes, more than %d", len(d.Payload), proxy.MaxInjection)
	}
	payload := d.Payload
	if payload == nil {
		payload = []byte{}
	}
	ask := injectRequest{
		Conn: conn, To: other(d.From).String(), Type: d.Type.String(), Base64: &payload,
		Fragments: d.Fragments, Header: d.Header,
	}
	if deadline, ok := ctx.Deadline(); ok {
		ask.Timeout = min(max(time.Until(deadline), time.Millisecond), placeTime).String()
	}
	var sent injectAnswer
	if err := c.ask(ctx, http.MethodPost, "/v1/inject", nil, ask, &sent); err != nil {
		return proxy.Delivery{}, err
	}
	return proxy.Delivery{Time: sent.Time, Waited: time.Duration(sent.Waited * float64(time.Second))}, nil
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

// other returns the side that is not s.
func other(s frame.Side) frame.Side {
	if s == frame.Client {
		return frame.Server
	}
	return frame.Client
}

// placeTime is how long an injection waits for a place at most.
const placeTime = 10 * time.Second
