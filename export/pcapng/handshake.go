package pcapng

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// What stands for a key that is not known (RFC 6455 section 1.3 has this one).
const (
	madeKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	madeAccept = "s3pPLMBiTxaQ9kYGzzhZbK+xOo="
)

// request returns the upgrade request of c (RFC 6455 section 4.1) with its fields
// as they are known, and those without which it would be none.
func request(c *frame.Connection) []byte {
	host, target := c.URL, "/"
	if u, err := url.Parse(c.URL); err == nil {
		host, target = u.Host, u.RequestURI()
	}
	b := fmt.Appendf(nil, "GET %s HTTP/1.1\r\n", clean(target, ""))
	b = appendMissing(b, c.Request, "Host", host)
	b = appendFields(b, c.Request)
	b = appendMissing(b, c.Request, "Connection", "Upgrade")
	b = appendMissing(b, c.Request, "Upgrade", "websocket")
	b = appendMissing(b, c.Request, "Sec-WebSocket-Version", "13")
	b = appendMissing(b, c.Request, "Sec-WebSocket-Key", madeKey)
	return append(b, "\r\n"...)
}

// response returns what the server answered, nil when it did not.
func response(c *frame.Connection) []byte {
	switch c.State {
	case frame.Open, frame.Closed:
		// Over HTTP/2 a connection opens with 200 (RFC 8441 section 5).
		b := []byte("HTTP/1.1 101 Switching Protocols\r\n")
		b = appendFields(b, c.Response)
		b = appendMissing(b, c.Response, "Connection", "Upgrade")
		b = appendMissing(b, c.Response, "Upgrade", "websocket")
		b = appendMissing(b, c.Response, "Sec-WebSocket-Accept", madeAccept)
		if c.Extensions != "" {
			b = appendMissing(b, c.Response, "Sec-WebSocket-Extensions", c.Extensions)
		}
		if c.Subprotocol != "" {
			b = appendMissing(b, c.Response, "Sec-WebSocket-Protocol", c.Subprotocol)
		}
		return append(b, "\r\n"...)
	}
	if c.Status == 0 {
		return nil
	}
	b := fmt.Appendf(nil, "HTTP/1.1 %03d %s\r\n", c.Status, http.StatusText(c.Status))
	b = appendFields(b, c.Response, "Content-Length", "Transfer-Encoding")
	b = append(b, "Content-Length: "+strconv.Itoa(len(c.Body))+"\r\n\r\n"...)
	return append(b, c.Body...)
}

// appendFields appends fields but those left out and those that HTTP/1.1 does not
// have (RFC 9113 section 8.3).
func appendFields(b []byte, fields []frame.Field, without ...string) []byte {
next:
	for _, f := range fields {
		if f.Name == "" || f.Name[0] == ':' {
			continue
		}
		for _, name := range without {
			if strings.EqualFold(f.Name, name) {
				continue next
			}
		}
		b = append(b, clean(f.Name, ":")+": "+clean(f.Value, "")+"\r\n"...)
	}
	return b
}

func appendMissing(b []byte, fields []frame.Field, name, value string) []byte {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return b
		}
	}
	return append(b, name+": "+clean(value, "")+"\r\n"...)
}

// clean returns s without what would end a line, or a name, before its end.
func clean(s, and string) string {
	b := []byte(s)
	for i, c := range b {
		if c == '\r' || c == '\n' || c == 0 || strings.IndexByte(and, c) >= 0 {
			b[i] = ' '
		}
	}
	return string(b)
}
