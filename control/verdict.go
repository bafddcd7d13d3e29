package control

import (
	"context"
	"errors"
	"net/http"

	"github.com/wsluice/wsluice/proxy"
)

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

// verdictAnswer tells about how many messages was decided.
type verdictAnswer struct {
	Decided int `json:"decided"`
}

// Decide gives a verdict on a held message. The error wraps proxy.ErrNotHeld when
// it is gone.
func (c *Client) Decide(ctx context.Context, id uint64, v proxy.Verdict) error {
	ask := verdictRequest{ID: id, Action: v.Action}
	if v.Action == proxy.Edit {
		ask.Base64 = carried(v.Payload)
		if v.Type != 0 {
			ask.Type = v.Type.String()
		}
	}
	var done verdictAnswer
	return c.askWithin(ctx, uploadTime(v.Payload), http.MethodPost, "/v1/verdict", nil, ask, &done)
}

// DecideAll gives the same verdict, proxy.Release or proxy.Drop, on everything
// that is held, and returns on how many messages.
func (c *Client) DecideAll(ctx context.Context, action proxy.Action) (int, error) {
	var done verdictAnswer
	err := c.ask(ctx, http.MethodPost, "/v1/verdict", nil, verdictRequest{All: true, Action: action}, &done)
	return done.Decided, err
}

// decide gives a verdict on messages that are held.
func (s *Server) decide(a *answer) error {
	acts, err := s.acting()
	if err != nil {
		return err
	}
	var r verdictRequest
	done, err := s.large(a, &r)
	defer done()
	if err != nil {
		return err
	}
	v, err := r.verdict()
	if err != nil {
		return err
	}
	if r.ID != 0 {
		if err := acts.Decide(r.ID, v); err != nil {
			return err
		}
		return a.json(verdictAnswer{1})
	}
	ids := r.IDs
	if r.All {
		for _, h := range acts.Held() {
			ids = append(ids, h.ID)
		}
	}
	n := 0
	for _, id := range ids {
		// What is gone meanwhile is not counted.
		switch err := acts.Decide(id, v); {
		case err == nil:
			n++
		case !errors.Is(err, proxy.ErrNotHeld):
			return err
		}
	}
	return a.json(verdictAnswer{n})
}

// verdict returns what is to become of the messages a request names.
func (r *verdictRequest) verdict() (v proxy.Verdict, err error) {
	named := 0
	for _, one := range []bool{r.ID != 0, len(r.IDs) > 0, r.All} {
		if one {
			named++
		}
	}
	if named != 1 {
		return v, badRequest(`send "id":NUMBER, "ids":[NUMBER,…] or "all":true; GET /v1/held lists what is held`, "which messages?")
	}
	payload, err := content(r.Text, r.Base64)
	if err != nil {
		return v, err
	}
	switch v = (proxy.Verdict{Action: r.Action, Payload: payload}); r.Action {
	case proxy.Release, proxy.Drop:
		if payload != nil || r.Type != "" {
			return v, badRequest("use edit to send something else in its place", "a message is not sent anew with %s", r.Action)
		}
	case proxy.Edit:
		if r.ID == 0 {
			return v, badRequest("give each its own", "only one message can be edited at a time")
		}
		if payload == nil {
			return v, badRequest("send it as text or base64", "nothing says what is to be sent in its place")
		}
	default:
		return v, badRequest("use release, drop or edit", "action %q is unknown", r.Action)
	}
	if r.Type != "" {
		if err := v.Type.UnmarshalText([]byte(r.Type)); err != nil || !v.Type.Data() {
			return v, badRequest("use text or binary, or leave it out", "type %q is not that of a message", r.Type)
		}
	}
	return v, nil
}
