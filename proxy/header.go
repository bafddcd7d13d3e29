package proxy

import (
	"net/http"
	"slices"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// rfcNames are the header names that net/http would spell otherwise than
// RFC 6455 does, which some peers do not take.
var rfcNames = map[string]string{
	"Sec-Websocket-Accept":     "Sec-WebSocket-Accept",
	"Sec-Websocket-Extensions": "Sec-WebSocket-Extensions",
	"Sec-Websocket-Key":        "Sec-WebSocket-Key",
	"Sec-Websocket-Protocol":   "Sec-WebSocket-Protocol",
	"Sec-Websocket-Version":    "Sec-WebSocket-Version",
}

// respell gives the Sec-WebSocket-* fields of h the names of RFC 6455.
func respell(h http.Header) {
	for from, to := range rfcNames {
		if v, ok := h[from]; ok {
			delete(h, from)
			h[to] = v
		}
	}
}

// fields lists h by name, behind a Host field unless host is empty.
func fields(host string, h http.Header) []frame.Field {
	var list []frame.Field
	if host != "" {
		list = append(list, frame.Field{Name: "Host", Value: host})
	}
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			list = append(list, frame.Field{Name: name, Value: value})
		}
	}
	return list
}

// asksForWebSocket reports whether h has an Upgrade field with the token
// websocket, in any case and among others (RFC 6455 section 4.1). Whether the
// rest of the handshake is in order is for the server to say.
func asksForWebSocket(h http.Header) bool {
	for _, line := range h["Upgrade"] {
		for token := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "websocket") {
				return true
			}
		}
	}
	return false
}

// outbound makes a request that was received one to be sent on: with what
// concerned the proxy removed, and nothing added. The target goes on as it was
// written, not as net/http would write it, and absolute when it is to be read by
// a proxy.
func outbound(r *http.Request, webSocket, toProxy bool) {
	for _, name := range []string{"Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate"} {
		r.Header.Del(name)
	}
	if webSocket {
		respell(r.Header)
		r.Close = false // it would add a Connection field to the one there is
	} else {
		r.Header.Del("Connection")
	}
	if _, ok := r.Header["User-Agent"]; !ok {
		r.Header["User-Agent"] = nil
	}
	r.URL.Scheme = httpScheme(r.URL.Scheme)
	r.URL.User = nil
	switch path := rawPath(r.RequestURI); {
	case path == "":
	case toProxy:
		r.URL.Opaque = "//" + r.URL.Host + path
	case !strings.HasPrefix(path, "//"): // which Opaque cannot express
		r.URL.Opaque = path
	}
	r.RequestURI = ""
}

// rawPath returns the path of a request target as it was sent, "" when it has
// none.
func rawPath(target string) string {
	target, _, _ = strings.Cut(target, "?")
	if !strings.HasPrefix(target, "/") {
		_, target, _ = strings.Cut(target, "://")
		at := strings.IndexByte(target, '/')
		if at < 0 {
			return ""
		}
		target = target[at:]
	}
	return target
}
