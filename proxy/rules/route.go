package rules

import (
	"fmt"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v4"
)

// route has another server asked: to is a whole URL, or else only its host is
// set.
type route struct {
	to   *url.URL
	host string
}

func readMap(r *reader, n *yaml.Node) action {
	if n.Kind == yaml.ScalarNode {
		return &route{to: r.address(n, "map")}
	}
	m := new(route)
	o := r.object(n, "map", "to", "host")
	to, host := o.fields["to"], o.fields["host"]
	switch {
	case r.fault != nil:
	case to == nil == (host == nil):
		r.failAt(n, "map needs to or host, one of them")
	case to != nil:
		m.to = r.address(to, "to")
	default:
		m.host = r.text(host, "host")
		u, err := url.Parse("ws://" + m.host)
		if r.fault == nil && (err != nil || u.Host != m.host || !reachable(u)) {
			r.failAt(host, "host is %s, not a host with or without a port", kindOf(host)).suggest("write it as 127.0.0.1:9000")
		}
	}
	return m
}

// address reads the URL of a server.
func (r *reader) address(n *yaml.Node, what string) *url.URL {
	text := r.text(n, what)
	if r.fault != nil {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		r.failAt(n, "%s is %s, not a URL", what, kindOf(n)).suggest("write it as ws://127.0.0.1:9000")
	case u.Scheme == "http" || u.Scheme == "https":
		r.failAt(n, "%s has the scheme %s, not ws or wss", what, u.Scheme).suggest("did you mean ws%s?", strings.TrimPrefix(text, "http"))
	case u.Scheme != "ws" && u.Scheme != "wss":
		r.failAt(n, "%s is %s, not a URL with the scheme ws or wss", what, kindOf(n)).suggest("write it as ws://127.0.0.1:9000")
	case u.User != nil:
		r.failAt(n, "%s has a user name", what).suggest("set the header field Authorization with headers")
	case strings.Contains(text, "#"):
		r.failAt(n, "%s has a fragment, which is never sent (RFC 6455 section 3)", what)
	case !reachable(u):
		r.failAt(n, "%s names no host that can be asked", what).suggest("write it as ws://127.0.0.1:9000")
	}
	return u
}

// reachable reports whether there is a host, and a port that is none or a number.
func reachable(u *url.URL) bool {
	if u.Hostname() == "" || strings.ContainsAny(u.Hostname(), " \t%") || strings.HasSuffix(u.Host, ":") {
		return false
	}
	var port uint16
	_, err := fmt.Sscanf(u.Port(), "%d", &port)
	return u.Port() == "" || err == nil && port > 0 && fmt.Sprint(port) == u.Port()
}

func (*route) of() subject { return handshakes }

func (m *route) does() string {
	if m.to != nil {
		return "asks " + harmless(m.to.String()) + " instead"
	}
	return "asks " + harmless(m.host) + " instead"
}

func (m *route) shake(s *shaking) {
	u, err := s.target()
	if err != nil {
		s.rule.failed("the URL cannot be read")
		return
	}
	if !s.take() {
		return
	}
	if m.to == nil {
		port := u.Port()
		u.Host = m.host
		if named := (&url.URL{Host: m.host}).Port(); named == "" && port != "" {
			u.Host += ":" + port
		}
		s.out.Target = u
		return
	}
	to := *m.to
	if to.Path == "" {
		to.Path, to.RawPath = u.Path, u.RawPath
		if to.RawQuery == "" {
			to.RawQuery = u.RawQuery
		}
	}
	s.out.Target = &to
}
