package pcapng

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/wsluice/wsluice/frame"
)

const (
	// maxHead bounds the head of a request or response in bytes, and what is held
	// of one side while the other one is to speak.
	maxHead = 64 << 10
	// maxQueue bounds the requests of a connection that wait for their answers.
	maxQueue = 64
	// maxRefusal bounds what is kept of a refusal's body in bytes.
	maxRefusal = 64 << 10
)

// head is the head of an HTTP/1 message (RFC 9112 section 2.1).
type head struct {
	first  string
	fields []frame.Field
}

// takeHead takes a head from the start of p. It returns how many bytes it has, 0
// when p ends within it.
func takeHead(p []byte) (h head, n int) {
	// Empty lines before a request are passed over (RFC 9112 section 2.2).
	for bytes.HasPrefix(p[n:], []byte("\r\n")) {
		n += 2
	}
	end := bytes.Index(p[n:], []byte("\r\n\r\n"))
	if end < 0 {
		return head{}, 0
	}
	lines := strings.Split(string(p[n:n+end]), "\r\n")
	h.first = lines[0]
	for _, line := range lines[1:] {
		name, value, found := strings.Cut(line, ":")
		switch {
		case found && name != "" && name[0] != ' ' && name[0] != '\t':
			h.fields = append(h.fields, frame.Field{Name: name, Value: strings.Trim(value, " \t")})
		case len(h.fields) > 0:
			// A value over several lines (RFC 9112 section 5.2).
			last := &h.fields[len(h.fields)-1]
			last.Value += " " + strings.Trim(line, " \t")
		}
	}
	return h, n + end + 4
}

// request returns the method and the target when h begins a request.
func (h *head) request() (method, target string, ok bool) {
	method, rest, _ := strings.Cut(h.first, " ")
	target, version, _ := strings.Cut(rest, " ")
	return method, target, method != "" && target != "" && strings.HasPrefix(version, "HTTP/1.")
}

// status returns the status code when h begins a response.
func (h *head) status() (code int, ok bool) {
	version, rest, _ := strings.Cut(h.first, " ")
	text, _, _ := strings.Cut(rest, " ")
	code, err := strconv.Atoi(text)
	return code, err == nil && code >= 100 && code <= 999 && strings.HasPrefix(version, "HTTP/1.")
}

// field returns the values of the named field, joined by commas.
func (h *head) field(name string) string {
	var values []string
	for _, f := range h.fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, ", ")
}

// upgrade reports whether h is about a WebSocket (RFC 6455 section 4).
func (h *head) upgrade() bool {
	for token := range strings.SplitSeq(h.field("Upgrade"), ",") {
		if strings.EqualFold(strings.TrimSpace(token), "websocket") {
			return true
		}
	}
	return false
}

// part is what a speaker is within.
type part uint8

const (
	inHead  part = iota
	inBody       // left bytes of it
	inRest       // a body up to the end of the connection
	inSize       // the line before a chunk (RFC 9112 section 7.1)
	inChunk      // left bytes of it, with the end of the line behind
	inTrailer
)

// speaker is one side of a connection while it speaks HTTP/1.
type speaker struct {
	buf   []byte
	began time.Time // when the first byte of buf came
	at    time.Time // when the last one did
	part  part
	left  int64
	body  *[]byte // where the body goes to, up to maxRefusal
}

// take takes n bytes off buf.
func (s *speaker) take(n int) {
	s.buf = append(s.buf[:0], s.buf[n:]...)
	s.began = s.at
}

// expect has the body of h come next. answer tells that it may go on to the end
// of the connection.
func (s *speaker) expect(h *head, answer bool) {
	s.part = inHead
	if strings.Contains(strings.ToLower(h.field("Transfer-Encoding")), "chunked") {
		s.part = inSize
		return
	}
	if n, err := strconv.ParseInt(h.field("Content-Length"), 10, 64); err == nil && n >= 0 {
		if s.left = n; n > 0 {
			s.part = inBody
		}
		return
	}
	if answer {
		s.part = inRest
	}
}

// skip passes over what is in buf of a body, and reports whether s stands before
// a head. It is not ok when the body makes no sense.
func (s *speaker) skip() (ready, ok bool) {
	for s.part != inHead {
		switch s.part {
		case inRest, inBody, inChunk:
			n := len(s.buf)
			if s.part != inRest {
				n = int(min(int64(n), s.left))
				s.left -= int64(n)
			}
			if s.body != nil {
				room := maxRefusal - len(*s.body)
				*s.body = append(*s.body, s.buf[:min(n, room)]...)
			}
			s.take(n)
			switch {
			case s.part == inRest || s.left > 0:
				return false, true
			case s.part == inBody:
				s.part = inHead
			default:
				s.part = inTrailer
			}
		case inSize, inTrailer:
			line, _, found := bytes.Cut(s.buf, []byte("\r\n"))
			if !found {
				return false, len(s.buf) < maxHead
			}
			if !s.line(line) {
				return false, false
			}
			s.take(len(line) + 2)
		}
	}
	return true, true
}

// line takes a line between chunks.
func (s *speaker) line(line []byte) (ok bool) {
	if s.part == inTrailer {
		switch {
		case s.left == 0:
			s.part = inSize // the end of the line behind a chunk
			return len(line) == 0
		case len(line) == 0:
			s.part = inHead
		}
		return true
	}
	size, _, _ := strings.Cut(string(line), ";")
	n, err := strconv.ParseInt(strings.TrimSpace(size), 16, 64)
	if err != nil || n < 0 {
		return false
	}
	if s.left, s.part = n, inChunk; n == 0 {
		s.left, s.part = -1, inTrailer
	}
	return true
}
