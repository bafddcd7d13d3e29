package control

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/wsluice/wsluice/store"
)

// SetMark keeps a mark in the capture at path as store.Recorder.SetMark does:
// through the process that records it when there is one, else in the file. The
// readers that this process has of it from Open make way for that. Errors are as
// those of store.SetMark.
func SetMark(ctx context.Context, path string, m store.Mark) error {
	err := setLive(ctx, path, m)
	if !interrupted(err) {
		return err
	}
	if err = setAtRest(ctx, path, m); !errors.Is(err, store.ErrLocked) {
		return err
	}
	// A recorder may have come meanwhile.
	if live := setLive(ctx, path, m); !interrupted(live) {
		return live
	}
	return err
}

func setLive(ctx context.Context, path string, m store.Mark) error {
	client, err := Dial(ctx, path)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.SetMark(ctx, m)
}

func setAtRest(ctx context.Context, path string, m store.Mark) error {
	back, err := makeWay(ctx, path)
	if err != nil {
		return err
	}
	defer back()
	return store.SetMark(ctx, path, m)
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
	for i := range marks {
		if err = out.line(marks[i].AppendJSON(out.buffer())); err != nil {
			break
		}
	}
	return out.end(err)
}

// mark sets a mark, or takes one away.
func (s *Server) mark(a *answer) error {
	var m store.Mark
	if err := a.arguments(&m, maxBody); err != nil {
		return err
	}
	if m.Time.IsZero() && (m.Label != "" || m.Note != "") {
		m.Time = time.Now().UTC()
	}
	if err := s.options.Recorder.SetMark(a.Context(), m); err != nil {
		return err
	}
	return a.json(m)
}
