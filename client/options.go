package client

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Options say whom to connect to and how. They are not changed, and may be used
// for any number of connections at once.
type Options struct {
	// URL is the server's, with scheme ws, wss, http or https. A user and password in it
	// become basic authentication, unless Header has an Authorization field.
	URL string
	// Header are fields of the request, sent in this order and spelling. One that the
	// handshake needs (Host, Upgrade, Connection, Sec-WebSocket-*) takes the place of
	// what would be sent otherwise; those not given come before.
	Header []frame.Field
	// Subprotocols are offered in this order (RFC 6455 section 1.9).
	Subprotocols []string
	// Offer is what extensions are offered.
	Offer Offer
	// Proxy is reached first and asked for a tunnel, with any user and password in
	// it: scheme http, https, socks5 or socks5h. Nil connects directly.
	Proxy *url.URL
	// Roots are trusted for the server and an https proxy; nil are the system's.
	Roots *x509.CertPool
	// Insecure accepts any certificate.
	Insecure bool
	// Certificates are offered to servers that ask for one.
	Certificates []tls.Certificate
	// ServerName is asked for, and verified, in TLS instead of the URL's host.
	ServerName string
	// Timeout bounds the whole of Dial; 0 means 30 seconds, negative none.
	Timeout time.Duration
	// Redirects is how many redirects are followed.
	Redirects int
	// Key is the Sec-WebSocket-Key; empty means a random one.
	Key string
}

// Offer is the extensions a client offers. The zero value offers none.
type Offer struct {
	// Deflate offers permessage-deflate with the parameters below (RFC 7692
	// section 7.1).
	Deflate bool
	// NoContextTakeover is, for each Side that compresses, whether its messages are
	// to be compressed each on its own.
	NoContextTakeover [2]bool
	// WindowBits is, for each Side that compresses, how large its window is to be at
	// most: 8 to 15, or 0 for no wish.
	WindowBits [2]uint8
	// Raw, when not empty, is the value of Sec-WebSocket-Extensions instead.
	Raw string
}
