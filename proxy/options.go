package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/wsluice/wsluice/certs"
)

// Options say how a Proxy works. Recorder and Authority are required.
type Options struct {
	// Recorder keeps what passes. The caller closes it after Serve has
	// returned.
	Recorder Recorder
	// Authority signs the certificates shown to clients.
	Authority *certs.Authority
	// Logger gets the events: one line for a plain HTTP exchange, two for a
	// connection, warnings with a hint. Nil discards them.
	Logger *slog.Logger

	// Reverse, when set, is the server the proxy stands for: a ws, wss, http or
	// https URL that clients reach by connecting to the proxy as if it were
	// that server. See Proxy.
	Reverse *url.URL
	// Upstream, when set, is the proxy through which servers are reached: an
	// http, https, socks5 or socks5h URL, with credentials in its userinfo.
	// Either kind of SOCKS proxy resolves the names.
	Upstream *url.URL

	// Roots are trusted for servers and an https Upstream; nil means the
	// system's.
	Roots *x509.CertPool
	// Insecure turns verification of servers' certificates off.
	Insecure bool
	// Identities are the client certificates for servers that ask for one. The
	// first whose Host matches is used.
	Identities []Identity

	// Only and Bypass choose by host whose TLS is intercepted: Bypass names
	// hosts to pass blindly, Only, when not empty, leaves all others to pass
	// blindly. A pattern is a host or "*." and a domain, which stands for all
	// names below that domain; ":" and a port may follow.
	Only, Bypass []string

	// Auth, when set, is what a client must present in Proxy-Authorization.
	Auth *url.Userinfo
}

// Identity is a client certificate and the hosts it is for.
type Identity struct {
	// Host is a pattern as in Options.Only; "" stands for every host.
	Host        string
	Certificate tls.Certificate
}

// check returns what is wrong with o.
func (o *Options) check() error {
	if o.Recorder == nil {
		return errors.New("proxy options have no recorder")
	}
	if o.Authority == nil {
		return errors.New("proxy options have no authority")
	}
	if err := checkURL("reverse", o.Reverse, "ws", "wss", "http", "https"); err != nil {
		return err
	}
	return checkURL("upstream proxy", o.Upstream, "http", "https", "socks5", "socks5h")
}

func checkURL(what string, u *url.URL, schemes ...string) error {
	if u == nil {
		return nil
	}
	for _, s := range schemes {
		if u.Scheme == s {
			if u.Hostname() == "" {
				return fmt.Errorf("%s URL %q names no host", what, u.Redacted())
			}
			return nil
		}
	}
	return fmt.Errorf("%s URL %q has scheme %q, not one of %q", what, u.Redacted(), u.Scheme, schemes)
}
