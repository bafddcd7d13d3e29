package control

import (
	"context"
	"net/http"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
)

// HoldOrder says what is to be held.
type HoldOrder struct {
	// Filter selects messages, "" all of them.
	Filter string
	// Limit is how long one is held at most, up to proxy.MaxHoldTime; 0 means 30
	// seconds.
	Limit time.Duration
	// Expired is what then becomes of it, proxy.Release or proxy.Drop; "" is
	// Release.
	Expired proxy.Action
}

// HoldStream is a hold that lasts as long as its stream.
type HoldStream struct{}

// Hold begins to hold messages. It lasts until the stream is closed, ctx ends, or
// whoever has it takes nothing for a while; then everything it holds is released.
// A filter that is wrong is an error that says where.
func (c *Client) Hold(ctx context.Context, o HoldOrder) (*HoldStream, error) { return nil, ErrNotRecording }

// ID is the number of the queue, see proxy.Held.
func (h *HoldStream) ID() uint64 { return 0 }

// Next waits for the next thing that happens to the messages that are held, and
// returns io.EOF after Close. The error wraps ErrNotRecording when the recorder
// is gone. It is for one goroutine.
func (h *HoldStream) Next() (proxy.HoldEvent, error) { return proxy.HoldEvent{}, ErrNotRecording }

// Close ends the hold. It may be called at any time, and more than once.
func (h *HoldStream) Close() error { return nil }

// Held is as proxy.Proxy.Held.
func (c *Client) Held(ctx context.Context) ([]proxy.Held, error) { return nil, ErrNotRecording }

// verdictRequest is the body of POST /v1/verdict.
type verdictRequest struct {
	ID     uint64       `json:"id,omitempty"`
	IDs    []uint64     `json:"ids,omitempty"`
	All    bool         `json:"all,omitempty"`
	Action proxy.Action `json:"action"`
	Text   *string      `json:"text,omitempty"`
	Base64 *[]byte      `json:"base64,omitempty"`
	Type   string       `json:"type,omitempty"`
}

type verdictAnswer struct {
	Decided int `json:"decided"`
}

// Decide gives a verdict on a held message. The error wraps proxy.ErrNotHeld when
// it is gone.
func (c *Client) Decide(ctx context.Context, id uint64, v proxy.Verdict) error {
	ask := verdictRequest{ID: id, Action: v.Action}
	if v.Action == proxy.Edit {
		payload := v.Payload
		if payload == nil {
			payload = []byte{}
		}
		ask.Base64 = &payload
		if v.Type != 0 {
			ask.Type = v.Type.String()
		}
	}
	var done verdictAnswer
	return c.ask(ctx, http.MethodPost, "/v1/verdict", nil, ask, &done)
}

// DecideAll gives the same verdict, proxy.Release or proxy.Drop, on everything
// that is held, and returns on how many messages.
func (c *Client) DecideAll(ctx context.Context, action proxy.Action) (int, error) {
	var done verdictAnswer
	err := c.ask(ctx, http.MethodPost, "/v1/verdict", nil, verdictRequest{All: true, Action: action}, &done)
	return done.Decided, err
}

// sideOf and the like follow with the routes.
var _ = frame.Client
