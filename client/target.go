package client

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// target is the server a request goes to.
type target struct {
	secure  bool
	host    string // name or address, without brackets
	address string // host and port to connect to
	field   string // the Host field
	uri     string // of the request line
	user    *url.Userinfo
}

// parseTarget reads the URL of a server (RFC 6455 section 3).
func parseTarget(text string) (target, error) {
	u, err := url.Parse(text)
	if err != nil {
		return target{}, err
	}
	if u.Fragment != "" {
		return target{}, fmt.Errorf("url %q has a fragment, which a WebSocket cannot have (RFC 6455 section 3)", u.Redacted())
	}
	return newTarget(u)
}

func newTarget(u *url.URL) (target, error) {
	t := target{user: u.User}
	port := "80"
	switch strings.ToLower(u.Scheme) {
	case "ws", "http":
	case "wss", "https":
		t.secure, port = true, "443"
	default:
		return target{}, fmt.Errorf("url %q: scheme %q is not ws, wss, http or https", u.Redacted(), u.Scheme)
	}
	if t.host = u.Hostname(); t.host == "" {
		return target{}, fmt.Errorf("url %q has no host", u.Redacted())
	}
	if !ascii(t.host) {
		var err error
		if t.host, err = idna.Lookup.ToASCII(t.host); err != nil {
			return target{}, fmt.Errorf("url %q: %w", u.Redacted(), err)
		}
	}
	// The zone of an address means something on this machine only.
	t.field, _, _ = strings.Cut(t.host, "%")
	if strings.Contains(t.field, ":") {
		t.field = "[" + t.field + "]"
	}
	if p := u.Port(); p != "" {
		port = p
		t.field += ":" + p
	}
	t.address = net.JoinHostPort(t.host, port)
	t.uri = u.EscapedPath()
	if !strings.HasPrefix(t.uri, "/") {
		t.uri = "/" + t.uri
	}
	if u.RawQuery != "" || u.ForceQuery {
		t.uri += "?" + visible(u.RawQuery)
	}
	return t, nil
}

// String returns the URL with scheme ws or wss and without user and password.
func (t target) String() string {
	scheme := "ws://"
	if t.secure {
		scheme = "wss://"
	}
	return scheme + t.field + t.uri
}

// sameOrigin reports whether what is meant for t may be told to other.
func (t target) sameOrigin(other target) bool {
	return t.secure == other.secure && strings.EqualFold(t.address, other.address)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// visible escapes what cannot stand in a request line.
func visible(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
