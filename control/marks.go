package control

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/wsluice/wsluice/store"
)

// SetMark keeps a mark in the capture at path as store.Recorder.SetMark does:
// through the process that records it when there is one, else in the file. A
// reader that this process has from Open makes way for it.
func SetMark(ctx context.Context, path string, m store.Mark) error {
	for n := 1; ; n++ {
		client, err := Dial(ctx, path)
		if err == nil {
			err = client.SetMark(ctx, m)
			client.Close()
		} else if errors.Is(err, ErrNotRecording) {
			err = store.SetMark(ctx, path, m)
		}
		// A recorder may have come or gone meanwhile.
		if n == tries || !interrupted(err) && !errors.Is(err, store.ErrLocked) {
			return err
		}
	}
}

// SetMark is as store.Recorder.SetMark.
func (c *Client) SetMark(ctx context.Context, m store.Mark) error {
	var kept store.Mark
	return c.ask(ctx, http.MethodPost, "/v1/marks", nil, m, &kept)
}

// Marks implements store.Source.
func (c *Client) Marks(ctx context.Context) ([]store.Mark, error) {
	return rows[store.Mark](ctx, c, "/v1/marks", nil, maxCount)
}

// marks answers with the marks, by connection and seq.
func (s *Server) marks(a *answer) error {
	marks, err := s.source.Marks(a.Context())
	if err != nil {
		return err
	}
	out := a.stream(0)
	return out.end(func() error {
		for i := range marks {
			line, err := json.Marshal(&marks[i])
			if err == nil {
				err = out.line(append(out.buffer(), line...))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}())
}

// mark sets a mark, or takes one away.
func (s *Server) mark(a *answer) error {
	var m store.Mark
	if err := a.arguments(&m); err != nil {
		return err
	}
	if err := s.options.Recorder.SetMark(a.Context(), m); err != nil {
		return err
	}
	return a.json(m)
}
