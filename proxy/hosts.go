package proxy

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// hosts is a list of host patterns. See Options.Only.
type hosts []hostPattern

type hostPattern struct {
	name   string // lower case, without brackets
	below  bool   // any name that ends in "." and name
	port   string // "" is any
	always bool
}

// CheckHosts reports the first of patterns that Options.Only and Options.Bypass
// would not take.
func CheckHosts(patterns []string) error {
	_, err := parseHosts(patterns)
	return err
}

func parseHosts(patterns []string) (hosts, error) {
	list := make(hosts, 0, len(patterns))
	for _, s := range patterns {
		p, err := parseHost(s)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// hostBytes are those of names as they stand in DNS, and of addresses.
const hostBytes = "abcdefghijklmnopqrstuvwxyz0123456789-_.:%"

func parseHost(s string) (hostPattern, error) {
	var p hostPattern
	p.name = s
	if host, port, err := net.SplitHostPort(s); err == nil {
		p.name, p.port = host, port
	}
	p.name = canonicalHost(p.name)
	if rest, ok := strings.CutPrefix(p.name, "*."); ok {
		p.name, p.below = rest, true
	}
	if _, err := strconv.ParseUint(p.port, 10, 16); p.port != "" && err != nil || p.name == "" || strings.Trim(p.name, hostBytes) != "" {
		return hostPattern{}, fmt.Errorf("host pattern %q is not HOST, *.DOMAIN or either with :PORT", s)
	}
	return p, nil
}

// match reports whether a pattern of the list fits address, a host and port.
func (l hosts) match(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	host = canonicalHost(host)
	for _, p := range l {
		if p.match(host, port) {
			return true
		}
	}
	return false
}

func (p hostPattern) match(host, port string) bool {
	switch {
	case p.always:
		return true
	case p.port != "" && p.port != port:
		return false
	case p.below:
		return strings.HasSuffix(host, "."+p.name)
	}
	return host == p.name
}

// canonicalHost returns host in the form in which names are compared: lower
// case, without the brackets of an IPv6 literal and the dot of the root.
func canonicalHost(host string) string {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// withPort returns host, with the scheme's default port unless it has one.
func withPort(host, scheme string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), defaultPort(scheme))
}

func defaultPort(scheme string) string {
	if scheme == "https" || scheme == "wss" {
		return "443"
	}
	return "80"
}
