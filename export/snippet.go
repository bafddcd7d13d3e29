package export

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// A tongue is a language or tool a snippet is written in.
type tongue interface {
	// open appends what connects.
	open(b []byte, c *frame.Connection, headers []frame.Field, protocols []string) []byte
	// send appends what waits, then sends m. It returns why it cannot be sent
	// instead, if it cannot.
	send(b []byte, pause time.Duration, m *frame.Message) ([]byte, string)
	// remark appends a line of text that does nothing.
	remark(b []byte, text string) []byte
	// end appends what comes behind the last message, or the close.
	end(b []byte) []byte
}

var tongues = map[string]func() tongue{
	"js":       func() tongue { return browserScript{} },
	"node":     func() tongue { return nodeScript{} },
	"python":   func() tongue { return pythonScript{} },
	"go":       func() tongue { return goProgram{} },
	"wscat":    func() tongue { return wscatPipe{} },
	"websocat": func() tongue { return websocatPipe{} },
}

// SnippetLanguages are what NewSnippet writes.
var SnippetLanguages = []string{"js", "node", "python", "go", "wscat", "websocat", "wsluice"}

// snippet writes the client of one connection.
type snippet struct {
	buffered
	tongue  tongue
	conn    uint64
	opened  bool
	closed  bool      // the client's close frame is written
	last    time.Time // of the message before
	waiting time.Duration
}

// NewSnippet returns a Writer of a program, or a shell command, that connects as
// the client of a connection did and sends what it sent: its text, binary, ping
// and close messages, as they reached the server, with the pauses between them
// rounded. The language is one of SnippetLanguages: js is for a browser, node for
// the package ws, python for websockets, go for gorilla/websocket; wsluice is a
// script that carries both sides, replays them and judges the server. What a
// language cannot do is said in the program where it would be.
//
// It takes only messages, and one connection: a second one is an error.
func NewSnippet(w io.Writer, language string) (Writer, error) {
	if language == "wsluice" {
		return newPlayback(w), nil
	}
	make, known := tongues[language]
	if !known {
		return nil, fmt.Errorf("language %q is not one of %s", language, strings.Join(SnippetLanguages, ", "))
	}
	return &snippet{buffered: newBuffered(w), tongue: make()}, nil
}

// handshakeFields are made by whoever shakes hands.
var handshakeFields = []string{"Host", "Upgrade", "Connection", "Proxy-Connection", "Content-Length", "Transfer-Encoding"}

func (s *snippet) Connection(c *frame.Connection) error {
	if s.opened {
		return fmt.Errorf("snippet: connection %d came behind connection %d", c.ID, s.conn)
	}
	s.opened, s.conn = true, c.ID
	var headers []frame.Field
	var protocols []string
	for _, f := range c.Request {
		switch {
		case strings.EqualFold(f.Name, "Sec-WebSocket-Protocol"):
			for p := range strings.SplitSeq(f.Value, ",") {
				if p = strings.TrimSpace(p); p != "" {
					protocols = append(protocols, p)
				}
			}
		case len(f.Name) > 14 && strings.EqualFold(f.Name[:14], "Sec-WebSocket-"),
			slices.ContainsFunc(handshakeFields, func(name string) bool { return strings.EqualFold(name, f.Name) }):
		default:
			headers = append(headers, f)
		}
	}
	return s.write(s.tongue.open(s.line[:0], c, headers, protocols))
}

func (s *snippet) Message(m *frame.Message) error {
	wanted := m.Type.Data() || m.Type == frame.Ping || m.Type == frame.Close
	if !wanted || m.From != frame.Client || m.Origin == frame.Dropped || s.closed {
		return nil
	}
	if !s.opened || m.Conn != s.conn {
		return fmt.Errorf("snippet: a message of connection %d came within connection %d", m.Conn, s.conn)
	}
	if !s.last.IsZero() && m.Time.After(s.last) {
		s.waiting += m.Time.Sub(s.last)
	}
	s.last = m.Time
	what := fmt.Sprintf("a %s message of %d bytes is left out: ", m.Type, m.Size)
	switch {
	case m.Error != "":
		return s.write(s.tongue.remark(s.line[:0], what+"it could not be inflated"))
	case m.Truncated:
		return s.write(s.tongue.remark(s.line[:0], what+"it is too long"))
	}
	b, problem := s.tongue.send(s.line[:0], rounded(s.waiting), m)
	if problem != "" {
		return s.write(s.tongue.remark(s.line[:0], what+problem))
	}
	s.waiting = 0
	s.closed = m.Type == frame.Close
	return s.write(b)
}

func (s *snippet) Frame(*frame.Record) error { return nil }

// Close completes the snippet.
func (s *snippet) Close() error {
	if s.opened {
		if err := s.write(s.tongue.end(s.line[:0])); err != nil {
			return err
		}
	}
	return s.Flush()
}

// rounded is a pause in steps that a person would write; a very short one is
// none.
func rounded(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// textProblem is why the payload cannot be sent as text by a library that takes
// only UTF-8.
func textProblem(m *frame.Message) string {
	if m.Type == frame.Text && !utf8.Valid(m.Payload) {
		return "it is text that is not UTF-8"
	}
	return ""
}
