package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/store"
)

// problem is an error as it goes over the socket.
type problem struct {
	Text string `json:"error"`
	Hint string `json:"hint,omitempty"`
	// Code says what kind of error it is, for programs. It is one of codes, or
	// empty.
	Code string `json:"code,omitempty"`

	status int
}

func (p *problem) Error() string { return p.Text }

// Unwrap gives an error that came over the socket the identity it had.
func (p *problem) Unwrap() error {
	for _, c := range codes {
		if c.code == p.Code {
			return c.err
		}
	}
	return nil
}

// meant returns p as what it means to a client.
func (p *problem) meant() error {
	switch p.Code {
	case codeEnding:
		return fmt.Errorf("%w: %w", ErrNotRecording, p)
	case codeUnknown:
		return fmt.Errorf("the wsluice that records is of another version: %w", p)
	}
	return p
}

// codes are the errors that keep their identity on their way over the socket.
var codes = []struct {
	code   string
	status int
	err    error
	hint   string
}{
	{"no_connection", http.StatusNotFound, store.ErrNoConnection, "GET /v1/conns lists the connections"},
	{"no_frame", http.StatusNotFound, store.ErrNoFrame, "GET /v1/count tells the number of the last frame"},
	{"mark", http.StatusBadRequest, store.ErrMark, "a label has at most 32 bytes, a note 4096, a capture 10000 marks"},
	{"open", http.StatusConflict, store.ErrOpen, "wait until it has ended"},
	{"not_live", http.StatusNotFound, proxy.ErrNotLive, `GET /v1/conns with filter=state == "open" lists those that are`},
	{"not_held", http.StatusNotFound, proxy.ErrNotHeld, "GET /v1/held lists what is held"},
	{"no_place", http.StatusGatewayTimeout, ErrNoPlace, "who sends there is in the middle of a message: wait longer with timeout"},
	{"corrupt", http.StatusInternalServerError, store.ErrCorrupt, "stop the recording, then run wsluice verify"},
}

// badRequest is what a client did wrong.
func badRequest(hint, format string, args ...any) *problem {
	return &problem{Text: fmt.Sprintf(format, args...), Hint: hint, Code: "bad_request", status: http.StatusBadRequest}
}

// busy says that others have taken all there is of something.
func busy(what string) *problem {
	return &problem{Text: what, Hint: "end one of them and try again", Code: "busy", status: http.StatusServiceUnavailable}
}

// asProblem returns err as it goes over the socket.
func asProblem(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return &problem{Text: err.Error(), Hint: c.hint, Code: c.code, status: c.status}
		}
	}
	p := &problem{Text: err.Error(), status: http.StatusInternalServerError}
	if errors.Is(err, store.ErrClosed) || errors.Is(err, context.Canceled) {
		p.Code, p.status = codeEnding, http.StatusServiceUnavailable
	}
	return p
}

// codeEnding is the code of an answer that says that the recording ends,
// codeUnknown that of one that says that there is no such route.
const (
	codeEnding  = "ending"
	codeUnknown = "unknown"
)

// write answers a request with p.
func (p *problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	to := json.NewEncoder(w)
	to.SetEscapeHTML(false)
	_ = to.Encode(p)
}

// trailing returns the problem with which a stream ends early, nil when line is
// something else.
func trailing(line []byte) *problem {
	if !bytes.HasPrefix(line, []byte(`{"error":`)) {
		return nil
	}
	p := new(problem)
	if json.Unmarshal(line, p) != nil {
		return nil
	}
	return p
}
