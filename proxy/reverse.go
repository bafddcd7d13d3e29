package proxy

import (
	"net/http"
	"net/url"
	"strings"
)

// reverse gives an origin-form request the URL that the server it stands for
// has. See Proxy for what happens to Host and Origin.
func (p *Proxy) reverse(r *http.Request) {
	remote := *p.options.Reverse
	if origin, err := url.Parse(r.Header.Get("Origin")); err == nil && origin.Host != "" && strings.EqualFold(origin.Host, r.Host) {
		r.Header.Set("Origin", httpScheme(remote.Scheme)+"://"+remote.Host)
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	path, query = joinPath(remote.EscapedPath(), path), joinQuery(remote.RawQuery, query)
	if r.RequestURI = path; query != "" {
		r.RequestURI += "?" + query
	}
	r.URL.RawPath = path
	r.URL.Path, _ = url.PathUnescape(path) // net/http has parsed it before
	r.URL.Scheme, r.URL.Host, r.URL.RawQuery = remote.Scheme, remote.Host, query
	r.Host = remote.Host
}

// joinPath puts path behind base. The root is base itself, so that a client
// without a path of its own reaches what base names.
func joinPath(base, path string) string {
	switch {
	case base == "":
		return path
	case strings.HasSuffix(base, "/"):
		return base + strings.TrimPrefix(path, "/")
	case path == "/":
		return base
	}
	return base + path
}

func joinQuery(base, query string) string {
	if base == "" || query == "" {
		return base + query
	}
	return base + "&" + query
}

// httpScheme returns the scheme of the HTTP request that asks for a WebSocket.
func httpScheme(scheme string) string {
	switch scheme {
	case "ws":
		return "http"
	case "wss":
		return "https"
	}
	return scheme
}

// webSocketScheme is the inverse of httpScheme.
func webSocketScheme(scheme string) string {
	if httpScheme(scheme) == "https" {
		return "wss"
	}
	return "ws"
}
