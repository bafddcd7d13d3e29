package client

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

const (
	// maxHead bounds the head of a response in bytes.
	maxHead = 256 << 10
	// maxBody is how much is kept of a refusal's body.
	maxBody = 64 << 10
	// maxInterim is how many 1xx responses may precede a final one.
	maxInterim = 10
)

// errNotHTTP marks what is read instead of a response.
var errNotHTTP = errors.New("not an HTTP response")

// response is the answer to a handshake.
type response struct {
	status int
	reason string
	fields []frame.Field
	head   []byte
}

// readResponse reads the head of the final response. What comes behind it is left
// in r. An error that wraps errNotHTTP is about what was read, others about
// reading.
func readResponse(r *bufio.Reader) (response, error) {
	for range maxInterim {
		head, err := readHead(r)
		if err != nil {
			return response{}, err
		}
		parsed, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), nil)
		if err != nil {
			return response{}, fmt.Errorf("%w: %w", errNotHTTP, err)
		}
		_ = parsed.Body.Close()
		if parsed.StatusCode/100 == 1 && parsed.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		_, reason, _ := strings.Cut(parsed.Status, " ")
		return response{status: parsed.StatusCode, reason: reason, fields: parseFields(head), head: head}, nil
	}
	return response{}, fmt.Errorf("%w but %d interim ones", errNotHTTP, maxInterim)
}

// readHead reads what ends with an empty line.
func readHead(r *bufio.Reader) ([]byte, error) {
	const begin = "HTTP/1."
	if start, err := r.Peek(len(begin)); string(start) != begin[:len(start)] {
		return nil, fmt.Errorf("%w: it begins with %q", errNotHTTP, start)
	} else if err != nil {
		return nil, err
	}
	var head []byte
	for lineStart := 0; ; {
		part, err := r.ReadSlice('\n')
		head = append(head, part...)
		switch {
		case len(head) > maxHead:
			return nil, fmt.Errorf("%w: its head is over %d bytes", errNotHTTP, maxHead)
		case err == bufio.ErrBufferFull:
			continue
		case err != nil:
			return nil, err
		}
		if line := head[lineStart:]; len(bytes.TrimRight(line, "\r\n")) == 0 {
			return head, nil
		}
		lineStart = len(head)
	}
}

// parseFields returns the fields of a head that net/http could read, in their
// order and spelling.
func parseFields(head []byte) []frame.Field {
	var fields []frame.Field
	_, rest, _ := strings.Cut(string(head), "\n")
	for line := range strings.Lines(rest) {
		line = strings.TrimRight(line, "\r\n")
		if line != "" && (line[0] == ' ' || line[0] == '\t') && len(fields) > 0 {
			// A folded line (RFC 9112 section 5.2).
			last := &fields[len(fields)-1]
			last.Value += " " + strings.TrimSpace(line)
			continue
		}
		if name, value, ok := strings.Cut(line, ":"); ok {
			fields = append(fields, frame.Field{Name: name, Value: strings.TrimSpace(value)})
		}
	}
	return fields
}

// body reads the beginning of the body that follows the head. What cannot be read
// is left out.
func (a *response) body(r *bufio.Reader) []byte {
	parsed, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(a.head), r)), nil)
	if err != nil {
		return nil
	}
	defer parsed.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(parsed.Body, maxBody))
	return body
}

// check holds a 101 against the request (RFC 6455 section 4.1) and returns the
// extensions in use.
func (a *response) check(request []frame.Field) (frame.Extensions, error) {
	if upgrade := joined(a.fields, "Upgrade"); !strings.EqualFold(upgrade, "websocket") {
		return frame.Extensions{}, fmt.Errorf("field Upgrade is %q, not websocket", upgrade)
	}
	connection := joined(a.fields, "Connection")
	if !slices.ContainsFunc(strings.Split(connection, ","), func(token string) bool {
		return strings.EqualFold(strings.TrimSpace(token), "upgrade")
	}) {
		return frame.Extensions{}, fmt.Errorf("field Connection is %q and has no Upgrade", connection)
	}
	var key string
	if keys := values(request, "Sec-WebSocket-Key"); len(keys) > 0 {
		key = keys[0]
	}
	if accept, want := joined(a.fields, "Sec-WebSocket-Accept"), acceptFor(key); accept != want {
		return frame.Extensions{}, fmt.Errorf("field Sec-WebSocket-Accept is %q, not %q", accept, want)
	}
	if err := a.checkSubprotocol(request); err != nil {
		return frame.Extensions{}, err
	}
	return agree(joined(request, "Sec-WebSocket-Extensions"), joined(a.fields, "Sec-WebSocket-Extensions"))
}

func (a *response) checkSubprotocol(request []frame.Field) error {
	chosen := values(a.fields, "Sec-WebSocket-Protocol")
	if len(chosen) == 0 {
		return nil
	}
	offered := strings.Split(joined(request, "Sec-WebSocket-Protocol"), ",")
	for i := range offered {
		offered[i] = strings.TrimSpace(offered[i])
	}
	if len(chosen) > 1 || chosen[0] == "" || !slices.Contains(offered, chosen[0]) {
		return fmt.Errorf("subprotocol %q was not offered", strings.Join(chosen, ", "))
	}
	return nil
}
