package recorded

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// shakeTime bounds the writing of a response.
const shakeTime = 10 * time.Second

// checkRequest returns why r asks for no WebSocket, and the status to say so with
// (RFC 6455 section 4.2.1).
func checkRequest(r *http.Request) (status int, err error) {
	switch {
	case r.Method != http.MethodGet || !r.ProtoAtLeast(1, 1):
		return http.StatusMethodNotAllowed, fmt.Errorf("a %s with %s is no handshake", r.Method, r.Proto)
	case !slices.ContainsFunc(listed(r.Header, "Connection"), fold("upgrade")),
		!slices.ContainsFunc(listed(r.Header, "Upgrade"), fold("websocket")):
		return http.StatusUpgradeRequired, errors.New("the request asks for no WebSocket")
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return http.StatusUpgradeRequired, fmt.Errorf("version %q is not 13", r.Header.Get("Sec-WebSocket-Version"))
	}
	if key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key")); err != nil || len(key) != 16 {
		return http.StatusBadRequest, fmt.Errorf("key %q is not 16 bytes in base64", r.Header.Get("Sec-WebSocket-Key"))
	}
	return 0, nil
}

func fold(token string) func(string) bool {
	return func(s string) bool { return strings.EqualFold(s, token) }
}

// listed returns the elements of a field that is a list.
func listed(h http.Header, name string) []string {
	var list []string
	for element := range strings.SplitSeq(strings.Join(h.Values(name), ","), ",") {
		if element = strings.TrimSpace(element); element != "" {
			list = append(list, element)
		}
	}
	return list
}

// upgrade answers a handshake as the script's was, and takes the connection over.
// Facts are given the response.
func upgrade(w http.ResponseWriter, r *http.Request, s *script, facts *frame.Connection) (*frame.Conn, error) {
	recorded := &s.conversation.Connection
	facts.Extensions = agree(strings.Join(r.Header.Values("Sec-WebSocket-Extensions"), ","),
		frame.ParseExtensions(recorded.Extensions))
	facts.Subprotocol = recorded.Subprotocol // which was offered, so it is a token
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	facts.Status = http.StatusSwitchingProtocols
	facts.Response = []frame.Field{
		{Name: "Upgrade", Value: "websocket"},
		{Name: "Connection", Value: "Upgrade"},
		{Name: "Sec-WebSocket-Accept", Value: base64.StdEncoding.EncodeToString(sum[:])},
	}
	for _, f := range []frame.Field{
		{Name: "Sec-WebSocket-Protocol", Value: facts.Subprotocol},
		{Name: "Sec-WebSocket-Extensions", Value: facts.Extensions},
	} {
		if f.Value != "" {
			facts.Response = append(facts.Response, f)
		}
	}
	facts.Response = append(facts.Response, passable(recorded.Response)...)

	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, fmt.Errorf("take over the connection: %w", err)
	}
	early, _ := buffered.Peek(buffered.Reader.Buffered())
	early = bytes.Clone(early)
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	for _, f := range facts.Response {
		head.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	head.WriteString("\r\n")
	_ = c.SetDeadline(time.Now().Add(shakeTime))
	if _, err := c.Write(head.Bytes()); err != nil {
		c.Close()
		return nil, fmt.Errorf("answer the handshake: %w", err)
	}
	_ = c.SetDeadline(time.Time{})
	return frame.NewConn(c, bytes.NewReader(early), frame.Server, frame.ParseExtensions(facts.Extensions)), nil
}

// refuse answers a handshake as the script's was, and returns the status.
func refuse(w http.ResponseWriter, s *script) int {
	c := &s.conversation.Connection
	for _, f := range passable(c.Response) {
		w.Header().Add(f.Name, f.Value)
	}
	status := c.Status
	if status < 200 || status > 999 {
		status = http.StatusBadGateway
	}
	w.Header().Set("Connection", "close")
	w.WriteHeader(status)
	_, _ = w.Write(c.Body)
	return status
}

// own are fields that belong to the captured connection, or that would bind the
// client beyond it.
var own = []string{
	"Upgrade", "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Te", "Trailer",
	"Content-Length", "Date", "Alt-Svc", "Strict-Transport-Security",
}

// passable returns the fields of a captured response that can be sent again.
func passable(fields []frame.Field) []frame.Field {
	var pass []frame.Field
	for _, f := range fields {
		if slices.ContainsFunc(own, fold(f.Name)) || len(f.Name) >= 14 && strings.EqualFold(f.Name[:14], "Sec-WebSocket-") ||
			!isToken(f.Name) || strings.ContainsFunc(f.Value, unprintable) {
			continue
		}
		pass = append(pass, f)
	}
	return pass
}

func unprintable(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isToken reports whether s is a token (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') &&
			strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// requestFields returns the request's fields, Host first, then sorted by name.
func requestFields(r *http.Request) []frame.Field {
	fields := []frame.Field{{Name: "Host", Value: r.Host}}
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range r.Header[name] {
			fields = append(fields, frame.Field{Name: name, Value: value})
		}
	}
	return fields
}
