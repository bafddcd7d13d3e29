package certs

import (
	"errors"
	"net"
	"net/netip"
	"strings"
)

// The bounds of RFC 1035 section 2.3.4 on a name and on each of its labels, in
// bytes.
const (
	maxName  = 253
	maxLabel = 63
)

var errNoName = errors.New("it is neither a DNS name nor an IP address")

// canonicalName returns the one form of a DNS name or IP address that leaves
// are made and kept for: lower case, without a final dot, an IPv6 zone or
// brackets. International names are accepted as they stand in DNS, "xn--…", and
// wildcards are not: a client connects to one host.
func canonicalName(name string) (string, error) {
	if len(name) > maxName+2 {
		return "", errNoName
	}
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return ip.Unmap().WithZone("").String(), nil
	}
	name = strings.TrimSuffix(name, ".")
	if len(name) > maxName {
		return "", errNoName
	}
	for label := range strings.SplitSeq(name, ".") {
		if !validLabel(label) {
			return "", errNoName
		}
	}
	return strings.ToLower(name), nil
}

// validLabel accepts letters, digits, hyphens within, and underscores, which
// host names should not have but names in container networks do.
func validLabel(label string) bool {
	if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range []byte(label) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// withoutPort returns the host of "host:port", or all of s when it has no port.
func withoutPort(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		return host
	}
	return s
}
