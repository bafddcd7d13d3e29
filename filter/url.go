package filter

import "strings"

// address is a URL taken apart. Nothing is decoded.
type address struct{ scheme, host, port, path, query string }

// takeApart takes a URL of a connection apart without taking memory for it. Host
// is without brackets and port; port is that of the scheme when none is given.
func takeApart(url string) (a address) {
	rest := url
	if scheme, after, ok := strings.Cut(url, "://"); ok {
		a.scheme, rest = scheme, after
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, rest = rest[:i], rest[i:]
	} else {
		rest = ""
	}
	rest, _, _ = strings.Cut(rest, "#")
	a.path, a.query, _ = strings.Cut(rest, "?")

	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	a.host = authority
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		a.host, a.port = authority[:i], authority[i+1:]
	}
	a.host = strings.TrimSuffix(strings.TrimPrefix(a.host, "["), "]")
	if a.port == "" {
		switch a.scheme {
		case "ws":
			a.port = "80"
		case "wss":
			a.port = "443"
		}
	}
	return a
}
