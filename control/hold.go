package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/proxy"
)

// holdRequest is the body of POST /v1/hold.
type holdRequest struct {
	Filter  string       `json:"filter"`
	Limit   string       `json:"limit,omitempty"`
	Expired proxy.Action `json:"expired,omitempty"`
}

const (
	// keepAlive is the time between two lines of a hold at most. What is sent
	// when nothing has happened is blank, and of some length: so a reader that is
	// stopped has its socket full before long, which holdBuffer keeps small.
	keepAlive  = 2 * time.Second
	blankLine  = 255
	holdBuffer = 4 << 10
	// holdPatience is how long a reader may take nothing.
	holdPatience = 15 * time.Second
)

// hold holds messages as long as the client reads what becomes of them.
func (s *Server) hold(a *answer) error {
	acts, err := s.acting()
	if err != nil {
		return err
	}
	var r holdRequest
	if err := a.arguments(&r, maxBody); err != nil {
		return err
	}
	order, err := r.order()
	if err != nil {
		return err
	}
	select {
	case s.holds <- struct{}{}:
		defer func() { <-s.holds }()
	default:
		return busy("too many holds are open")
	}
	q, err := acts.Hold(order)
	if err != nil {
		return err
	}
	defer q.Close()
	ctx, cancel := s.until(a.Context(), 0)
	defer cancel()
	// What is held must not wait for a write to fail.
	defer context.AfterFunc(ctx, q.Close)()

	a.narrow()
	out := a.stream(0)
	return out.end(s.tell(ctx, out, q))
}

// order returns what is to be held.
func (r *holdRequest) order() (o proxy.Hold, err error) {
	if r.Filter != "" {
		if o.Filter, err = filter.ParseMessages(r.Filter); err != nil {
			return o, filterProblem(err)
		}
	}
	if r.Limit != "" {
		if o.Limit, err = time.ParseDuration(r.Limit); err != nil || o.Limit <= 0 || o.Limit > proxy.MaxHoldTime {
			return o, badRequest("give a time up to "+proxy.MaxHoldTime.String()+", such as 30s", "limit %q is no time, or too long", r.Limit)
		}
	}
	switch o.Expired = r.Expired; o.Expired {
	case "":
		o.Expired = proxy.Release
	case proxy.Release, proxy.Drop:
	default:
		return o, badRequest("use release or drop", "expired %q is not what can become of a message by itself", r.Expired)
	}
	return o, nil
}

// narrow leaves little room for what the client has not read, and makes sure that
// nothing else comes over the connection afterwards.
func (a *answer) narrow() {
	a.ResponseWriter.Header().Set("Connection", "close")
	v, ok := a.Context().Value(visitorKey{}).(*visitor)
	if !ok {
		return
	}
	v.patience = min(v.patience, holdPatience)
	if c, ok := v.Conn.(interface{ SetWriteBuffer(int) error }); ok {
		_ = c.SetWriteBuffer(holdBuffer)
	}
}

// tell sends what happens in q until ctx ends.
func (s *Server) tell(ctx context.Context, out *stream, q queue) error {
	blank := bytes.Repeat([]byte{' '}, blankLine)
	line := append(append(append(out.buffer(), `{"hold":`...), uintText(q.ID())...), '}')
	for {
		if err := out.line(line); err != nil {
			return err
		}
		if err := out.flush(); err != nil {
			return err
		}
		out.trim()
		soon, cancel := context.WithTimeout(ctx, s.options.keepAlive)
		event, err := q.Next(soon)
		cancel()
		switch {
		case err == nil:
			line = AppendHoldEvent(out.buffer(), event)
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			line = append(out.buffer(), blank...)
		default:
			return err
		}
	}
}

// held answers with all messages that are held, the oldest first.
func (s *Server) held(a *answer) error {
	acts, err := s.acting()
	if err != nil {
		return err
	}
	out := a.stream(0)
	list := acts.Held()
	for i := range list {
		if err = out.line(AppendHeld(out.buffer(), &list[i])); err != nil {
			break
		}
		out.trim()
	}
	return out.end(err)
}

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
type HoldStream struct {
	id     uint64
	silent time.Duration // after which nobody is there any more
	ctx    context.Context
	cancel context.CancelCauseFunc
	lines  *lineReader
	body   io.Closer
}

// Hold begins to hold messages. It lasts until the stream is closed, ctx ends, or
// nothing was taken from the stream for half a minute; then everything it holds is
// released. A filter that is wrong is an error that says where.
func (c *Client) Hold(ctx context.Context, o HoldOrder) (*HoldStream, error) {
	ask := holdRequest{Filter: o.Filter, Expired: o.Expired}
	if o.Limit != 0 {
		ask.Limit = o.Limit.String()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	h := &HoldStream{silent: c.silent, ctx: ctx, cancel: cancel}
	err := h.watched(func() error {
		body, err := c.open(ctx, http.MethodPost, "/v1/hold", nil, ask)
		if err != nil {
			return err
		}
		h.body, h.lines = body.ReadCloser, newLineReader(body, maxHeldLine)
		var first struct {
			Hold uint64 `json:"hold"`
		}
		err = h.lines.next(&first)
		h.id = first.Hold
		return err
	})
	if err != nil {
		_ = h.Close()
		return nil, err
	}
	return h, nil
}

// errClosed is the cause of the end of a stream that was closed.
var errClosed = errors.New("the hold was closed")

// watched calls read, which waits for the recorder, and ends the stream when that
// gives no sign of life.
func (h *HoldStream) watched(read func() error) error {
	watch := time.AfterFunc(h.silent, func() { h.cancel(errSilent) })
	defer watch.Stop()
	if h.lines != nil {
		h.lines.sign = func() { watch.Reset(h.silent) }
	}
	err := read()
	switch cause := context.Cause(h.ctx); {
	case err == nil:
		return nil
	case cause == errClosed:
		return io.EOF
	case cause == errSilent:
		return errSilent
	case err == io.EOF:
		return fmt.Errorf("%w: the hold broke off", ErrNotRecording)
	}
	return err
}

// ID is the number of the queue, see proxy.Held.
func (h *HoldStream) ID() uint64 { return h.id }

// Next waits for the next thing that happens to the messages that are held, which
// are as those of Client.Held, and returns io.EOF after Close. The error wraps ErrNotRecording when the recorder
// is gone. It is for one goroutine.
func (h *HoldStream) Next() (proxy.HoldEvent, error) {
	var event proxy.HoldEvent
	err := h.watched(func() error {
		var in eventJSON
		if err := h.lines.next(&in); err != nil {
			return err
		}
		event = in.event()
		return nil
	})
	return event, err
}

// Close ends the hold. It may be called at any time, and more than once.
func (h *HoldStream) Close() error {
	h.cancel(errClosed)
	if h.body != nil {
		_ = h.body.Close()
	}
	return nil
}

// Held is as proxy.Proxy.Held, but for payloads of more than 16 MiB, of which it
// has the beginning, in messages that are marked as truncated.
func (c *Client) Held(ctx context.Context) ([]proxy.Held, error) {
	var all []proxy.Held
	err := c.fetch(ctx, answerTime, http.MethodGet, "/v1/held", nil, nil, func(body io.Reader) error {
		lines := newLineReader(body, maxHeldLine)
		for {
			var one heldJSON
			err := lines.next(&one)
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			all = append(all, one.held())
		}
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
