package export

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// appendHAREntry appends the beginning of an entry: all that HAR 1.2 demands of
// one. Times of the phases are not known; all of it is "receive".
func appendHAREntry(b []byte, c *frame.Connection) []byte {
	var lasted time.Duration
	if c.End.After(c.Start) {
		lasted = c.End.Sub(c.Start)
	}
	ms := strconv.AppendFloat(nil, float64(lasted)/1e6, 'f', -1, 64)
	b = append(b, `{"startedDateTime":"`...)
	b = c.Start.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(append(b, `","time":`...), ms...)
	b = append(b, ",\n"+`"request":`...)
	b = appendHARRequest(b, c)
	b = append(b, ",\n"+`"response":`...)
	b = appendHARResponse(b, c)
	b = append(b, ",\n"+`"cache":{},"timings":{"send":0,"wait":0,"receive":`...)
	b = append(append(b, ms...), '}')
	host, _, err := net.SplitHostPort(c.Server)
	if err == nil && net.ParseIP(host) != nil {
		b = frame.AppendString(append(b, `,"serverIPAddress":`...), host)
	}
	b = append(b, `,"connection":"`...)
	return append(strconv.AppendUint(b, c.ID, 10), '"')
}

func appendHARRequest(b []byte, c *frame.Connection) []byte {
	method := "GET"
	if c.State == frame.Bypassed {
		method = "CONNECT"
	}
	b = append(append(append(b, `{"method":"`...), method...), `","url":`...)
	b = frame.AppendString(b, c.URL)
	b = append(b, `,"httpVersion":"HTTP/1.1","cookies":[`...)
	for _, f := range c.Request {
		if !strings.EqualFold(f.Name, "Cookie") {
			continue
		}
		cookies, _ := http.ParseCookie(f.Value)
		for _, k := range cookies {
			b = appendPair(separated(b), k.Name, k.Value)
		}
	}
	b = appendHARFields(append(b, ']'), c.Request)
	b = append(b, `,"queryString":[`...)
	_, query, _ := strings.Cut(c.URL, "?")
	query, _, _ = strings.Cut(query, "#")
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		b = appendPair(separated(b), unescaped(name), unescaped(value))
	}
	return append(b, `],"headersSize":-1,"bodySize":0}`...)
}

func appendHARResponse(b []byte, c *frame.Connection) []byte {
	b = strconv.AppendInt(append(b, `{"status":`...), int64(c.Status), 10)
	b = append(b, `,"statusText":`...)
	b = frame.AppendString(b, http.StatusText(c.Status))
	b = append(b, `,"httpVersion":"HTTP/1.1","cookies":[`...)
	kind, target := "", ""
	for _, f := range c.Response {
		switch {
		case strings.EqualFold(f.Name, "Set-Cookie"):
			if k, err := http.ParseSetCookie(f.Value); err == nil {
				b = appendSetCookie(separated(b), k)
			}
		case strings.EqualFold(f.Name, "Content-Type"):
			kind = f.Value
		case strings.EqualFold(f.Name, "Location"):
			target = f.Value
		}
	}
	b = appendHARFields(append(b, ']'), c.Response)
	b = append(b, `,"content":{"size":`...)
	b = strconv.AppendInt(b, int64(len(c.Body)), 10)
	b = frame.AppendString(append(b, `,"mimeType":`...), kind)
	switch {
	case len(c.Body) == 0:
	case utf8.Valid(c.Body):
		b = frame.AppendString(append(b, `,"text":`...), string(c.Body))
	default:
		b = base64.StdEncoding.AppendEncode(append(b, `,"text":"`...), c.Body)
		b = append(b, `","encoding":"base64"`...)
	}
	b = frame.AppendString(append(b, `},"redirectURL":`...), target)
	b = append(b, `,"headersSize":-1,"bodySize":-1`...)
	if c.Error != "" {
		b = frame.AppendString(append(b, `,"_error":`...), c.Error)
	}
	return append(b, '}')
}

func appendHARFields(b []byte, fields []frame.Field) []byte {
	b = append(b, `,"headers":[`...)
	for _, f := range fields {
		b = appendPair(separated(b), f.Name, f.Value)
	}
	return append(b, ']')
}

// separated appends a comma unless b ends with the beginning of a list.
func separated(b []byte) []byte {
	if b[len(b)-1] == '[' {
		return b
	}
	return append(b, ',')
}

func appendPair(b []byte, name, value string) []byte {
	b = frame.AppendString(append(b, `{"name":`...), name)
	return append(frame.AppendString(append(b, `,"value":`...), value), '}')
}

func appendSetCookie(b []byte, k *http.Cookie) []byte {
	b = appendPair(b, k.Name, k.Value)
	b = b[:len(b)-1]
	if k.Path != "" {
		b = frame.AppendString(append(b, `,"path":`...), k.Path)
	}
	if k.Domain != "" {
		b = frame.AppendString(append(b, `,"domain":`...), k.Domain)
	}
	if !k.Expires.IsZero() {
		b = frame.AppendString(append(b, `,"expires":`...), k.Expires.UTC().Format(time.RFC3339))
	}
	b = strconv.AppendBool(append(b, `,"httpOnly":`...), k.HttpOnly)
	return append(strconv.AppendBool(append(b, `,"secure":`...), k.Secure), '}')
}

// unescaped is part of a query as the server reads it, as far as it can be read.
func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
