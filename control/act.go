package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/wsluice/wsluice/store"
)

// pruneRequest is the body of POST /v1/prune.
type pruneRequest struct {
	Before time.Time `json:"before,omitzero"`
	Size   int64     `json:"size,omitempty"`
}

// deleteRequest is the body of POST /v1/delete.
type deleteRequest struct {
	Conns []uint64 `json:"conns"`
}

// prunedAnswer says what was removed.
type prunedAnswer struct {
	Frames      uint64 `json:"frames"`
	Connections uint64 `json:"connections"`
	Bytes       int64  `json:"bytes"`
}

// Prune is as store.Recorder.Prune.
func (c *Client) Prune(ctx context.Context, b store.Bound) (store.Pruned, error) {
	return c.remove(ctx, "/v1/prune", pruneRequest{b.Before, b.Size})
}

// Delete is as store.Recorder.Delete.
func (c *Client) Delete(ctx context.Context, ids ...uint64) (store.Pruned, error) {
	return c.remove(ctx, "/v1/delete", deleteRequest{ids})
}

// remove takes as long as there is to remove.
func (c *Client) remove(ctx context.Context, path string, request any) (store.Pruned, error) {
	body, err := c.open(ctx, http.MethodPost, path, nil, request)
	if err != nil {
		return store.Pruned{}, err
	}
	defer body.Close()
	var done prunedAnswer
	if err := json.NewDecoder(io.LimitReader(body, maxBody)).Decode(&done); err != nil {
		return store.Pruned{}, gone(ctx, err)
	}
	return store.Pruned(done), nil
}

func (s *Server) prune(a *answer) error {
	var r pruneRequest
	if err := a.arguments(&r, maxBody); err != nil {
		return err
	}
	if r.Before.IsZero() && r.Size <= 0 {
		return badRequest(`send {"before":"2026-01-02T03:04:05Z"}, {"size":BYTES} or both`, "nothing says what is to be kept")
	}
	done, err := s.options.Recorder.Prune(a.Context(), store.Bound{Before: r.Before, Size: r.Size})
	if err != nil {
		return err
	}
	return a.json(prunedAnswer(done))
}

func (s *Server) delete(a *answer) error {
	var r deleteRequest
	if err := a.arguments(&r, maxBody); err != nil {
		return err
	}
	if len(r.Conns) == 0 {
		return badRequest(`send {"conns":[1,2]}`, "no connection is named")
	}
	done, err := s.options.Recorder.Delete(a.Context(), r.Conns...)
	if err != nil {
		return err
	}
	return a.json(prunedAnswer(done))
}

// arguments reads the body of an action, of at most so many bytes, into v.
func (a *answer) arguments(v any, most int64) error {
	// Behind the body, waiting for the client to leave must not time out.
	control := http.NewResponseController(a.ResponseWriter)
	body := &prompt{Reader: http.MaxBytesReader(a.ResponseWriter, a.Body, most), control: control, within: a.askTime}
	text, err := io.ReadAll(body)
	if err := errors.Join(err, control.SetReadDeadline(time.Time{})); err != nil {
		return badRequest("send the arguments as JSON", "the body cannot be read: %v", err)
	}
	if !utf8.Valid(text) {
		return badRequest("send bytes that are not UTF-8 as base64", "the body is not UTF-8")
	}
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	if err := in.Decode(v); err != nil {
		return badRequest("send the arguments as JSON", "the body cannot be read: %v", err)
	}
	if _, err := in.Token(); err != io.EOF {
		return badRequest("send one JSON object", "there is something behind the arguments")
	}
	return nil
}

// prompt reads what has to come at a pace: each mebibyte within some time.
type prompt struct {
	io.Reader
	control *http.ResponseController
	within  time.Duration
	left    int // bytes until the deadline is set anew
}

func (p *prompt) Read(buf []byte) (int, error) {
	if p.left <= 0 {
		if err := p.control.SetReadDeadline(time.Now().Add(p.within)); err != nil {
			return 0, err
		}
		p.left = 1 << 20
	}
	n, err := p.Reader.Read(buf[:min(len(buf), p.left)])
	p.left -= n
	return n, err
}
