package client

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// defaultTimeout is what Options.Timeout of 0 stands for.
const defaultTimeout = 30 * time.Second

// Options say whom to connect to and how. They are not changed, and may be used
// for any number of connections at once.
type Options struct {
	// URL is the server's, with scheme ws, wss, http or https. A user and password in
	// it become basic authentication, unless Header has an Authorization field.
	URL string
	// Header are fields of the request, sent in this order and spelling. One that the
	// handshake has by itself (Host, Upgrade, Connection, Sec-WebSocket-*) takes the
	// place of that; those not given come before.
	Header []frame.Field
	// Subprotocols are offered in this order (RFC 6455 section 1.9).
	Subprotocols []string
	// Offer is what extensions are offered.
	Offer Offer
	// Proxy is reached first and asked for a tunnel, with any user and password in
	// it: scheme http, https, socks5 or socks5h, all of which look up names
	// themselves. Nil connects directly.
	Proxy *url.URL
	// Roots are trusted for the server and an https proxy; nil are the system's.
	Roots *x509.CertPool
	// Insecure accepts any certificate of the server and of an https proxy.
	Insecure bool
	// Certificates are for servers that ask for one.
	Certificates []tls.Certificate
	// ServerName is what is asked for, and verified, in TLS instead of the URL's host.
	ServerName string
	// Timeout bounds the whole of Dial; 0 means 30 seconds, negative none.
	Timeout time.Duration
	// Redirects is how many redirects are followed. Where one leads to another
	// origin, Authorization, Cookie and Host fields do not go along.
	Redirects int
	// Key is the Sec-WebSocket-Key; empty means a random one for each request.
	Key string
}

func (o *Options) check() error {
	for _, f := range o.Header {
		if !isToken(f.Name) {
			return fmt.Errorf("header field %q is not a name (RFC 9110 section 5.1)", f.Name)
		}
		if strings.ContainsAny(f.Value, "\r\n\x00") {
			return fmt.Errorf("header field %s cannot have the value %q", f.Name, f.Value)
		}
	}
	for _, s := range o.Subprotocols {
		if !isToken(s) {
			return fmt.Errorf("subprotocol %q is not a token (RFC 6455 section 4.1)", s)
		}
	}
	for what, s := range map[string]string{"extensions": o.Offer.Raw, "key": o.Key} {
		if strings.ContainsAny(s, "\r\n\x00") {
			return fmt.Errorf("%s cannot be %q", what, s)
		}
	}
	if o.Proxy != nil {
		switch o.Proxy.Scheme {
		case "http", "https", "socks5", "socks5h":
		default:
			return fmt.Errorf("proxy %q: scheme %q is not http, https, socks5 or socks5h", o.Proxy.Redacted(), o.Proxy.Scheme)
		}
		if o.Proxy.Hostname() == "" {
			return fmt.Errorf("proxy %q has no host", o.Proxy.Redacted())
		}
	}
	return o.Offer.check()
}

func (o *Options) timeout() time.Duration {
	if o.Timeout == 0 {
		return defaultTimeout
	}
	return o.Timeout
}

// basic returns the value of a field for basic authentication (RFC 7617).
func basic(u *url.Userinfo) string {
	password, _ := u.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password))
}
