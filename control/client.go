package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// ErrNotRecording: no process records the capture, or none that can be reached.
var ErrNotRecording = errors.New("capture is not being recorded")

// ErrNoPlace: something was not sent because no place between messages came in
// time.
var ErrNoPlace = errors.New("no place between messages")

const (
	// answerTime is how long a recorder may take for an answer that is not a
	// stream. It takes milliseconds, unless it was stopped.
	answerTime = 30 * time.Second
	// maxAnswer bounds an answer in JSON, or a line of one that has several: a
	// connection may have header fields of megabytes.
	maxAnswer = 64 << 20
)

// Client reads a capture through the process that records it. It is a
// store.Source; its methods may be called from any goroutine. When the recorder
// ends they return errors that wrap ErrNotRecording.
type Client struct {
	first  chan net.Conn // the connection Dial made, until it is used
	http   http.Client
	silent time.Duration // how long a hold may go without a sign of life
}

// Dial returns a client of the process that records the capture at path, or
// ErrNotRecording when there is none; that a missing capture is as well.
func Dial(ctx context.Context, path string) (*Client, error) {
	at, err := locate(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotRecording, err)
	}
	return dial(ctx, at)
}

func dial(ctx context.Context, at place) (*Client, error) {
	if err := at.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotRecording, err)
	}
	first, err := connect(ctx, at)
	if err != nil {
		return nil, err
	}
	c := &Client{first: make(chan net.Conn, 1), silent: answerTime}
	c.first <- first
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			select {
			case first := <-c.first:
				return first, nil
			default:
				return connect(ctx, at)
			}
		},
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     idleTime / 2,
		DisableCompression:  true,
	}
	// Only an answer shows that somebody is there: a stopped process listens too.
	if _, err := c.Count(ctx, 0); err != nil {
		c.Close()
		return nil, fmt.Errorf("ask the recorder of the capture: %w", err)
	}
	return c, nil
}

func connect(ctx context.Context, at place) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "unix", at.socket())
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", ErrNotRecording, err)
	}
	return c, err
}

// Close lets go of the recorder.
func (c *Client) Close() error {
	select {
	case first := <-c.first:
		first.Close()
	default:
	}
	c.http.CloseIdleConnections()
	return nil
}

// open sends a request and returns the answer's body. Errors of the recorder
// keep what they were; ErrNotRecording stands for every way it can be gone.
func (c *Client) open(ctx context.Context, method, path string, params url.Values, in any) (*remains, error) {
	target := url.URL{Scheme: "http", Host: "wsluice", Path: path, RawQuery: params.Encode()}
	var body io.Reader
	if in != nil {
		p, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(p)
	}
	r, err := http.NewRequestWithContext(ctx, method, target.String(), body)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, gone(ctx, err)
	}
	if response.StatusCode < 300 {
		return &remains{ctx, response.Body}, nil
	}
	defer response.Body.Close()
	p := &problem{status: response.StatusCode}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return nil, gone(ctx, err)
	}
	if json.Unmarshal(text, p) != nil || p.Text == "" {
		p.Text = fmt.Sprintf("the recorder answers %s", response.Status)
	}
	return nil, p.meant()
}

// gone returns what it means that a request failed with err.
func gone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	if errors.Is(err, ErrNotRecording) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotRecording, err)
}

// remains is the body of an answer. That it breaks off means that the recorder
// is gone.
type remains struct {
	ctx context.Context
	io.ReadCloser
}

func (r *remains) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = gone(r.ctx, err)
	}
	return n, err
}

// Close reads a short rest, so that the connection can be used again.
func (r *remains) Close() error {
	_, _ = io.CopyN(io.Discard, r.ReadCloser, 4<<10)
	return r.ReadCloser.Close()
}

// errSilent is the cause of a context that ends because of answerTime.
var errSilent = errors.New("the process that records the capture does not answer")

// fetch calls read with the body of an answer that comes within so much time.
func (c *Client) fetch(ctx context.Context, within time.Duration, method, path string, params url.Values, in any, read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, within, errSilent)
	defer cancel()
	body, err := c.open(ctx, method, path, params, in)
	if err == nil {
		err = read(body)
		body.Close()
	}
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		return errSilent
	}
	return err
}

// ask sends a request and reads its answer in JSON into out.
func (c *Client) ask(ctx context.Context, method, path string, params url.Values, in, out any) error {
	return c.askWithin(ctx, answerTime, method, path, params, in, out)
}

// askWithin is ask with an answer that may take so much time.
func (c *Client) askWithin(ctx context.Context, within time.Duration, method, path string, params url.Values, in, out any) error {
	return c.fetch(ctx, within, method, path, params, in, func(body io.Reader) error {
		p, err := io.ReadAll(io.LimitReader(body, maxAnswer))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(p, out); err != nil {
			return fmt.Errorf("answer of the recorder to %s: %w", path, err)
		}
		return nil
	})
}

func (c *Client) get(ctx context.Context, path string, params url.Values, out any) error {
	return c.ask(ctx, http.MethodGet, path, params, nil, out)
}

// with returns query parameters: name, value, name, value….
func with(pairs ...any) url.Values {
	v := make(url.Values, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i].(string), fmt.Sprint(pairs[i+1]))
	}
	return v
}

// interrupted reports whether err means that the recorder has gone.
func interrupted(err error) bool { return errors.Is(err, ErrNotRecording) }
