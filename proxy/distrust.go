package proxy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// The bounds of what is remembered of hosts whose clients do not take the
// proxy's certificate: how many hosts, and how long until the next failure is
// recorded again.
const (
	maxDistrusted = 1024
	distrustAgain = time.Minute
)

// soonAfter is how long after its handshake a client that leaves without a
// request is taken to have left because of the certificate.
const soonAfter = 2 * time.Second

// The advice that goes with a failure.
const (
	hintTrust  = "have the client trust the certificate authority (http://" + pageHost + "/ through the proxy says how), or pass the host blindly with --bypass %s"
	hintBypass = "WebSockets over HTTP/2 cannot be intercepted: pass the host blindly with --bypass %s"
)

// distrust remembers hosts, so that a client that tries again and again is
// neither logged nor recorded each time.
type distrust struct {
	lock  sync.Mutex
	hosts map[string]*suspicion
}

type suspicion struct {
	trusted  bool // a client took the certificate and sent a request
	logged   bool
	recorded time.Time
}

// of returns what is known of host. The lock is held.
func (d *distrust) of(host string) *suspicion {
	s := d.hosts[host]
	if s == nil {
		if d.hosts == nil || len(d.hosts) >= maxDistrusted {
			d.hosts = make(map[string]*suspicion)
		}
		s = new(suspicion)
		d.hosts[host] = s
	}
	return s
}

// trust takes note that a client took the certificate for host.
func (d *distrust) trust(host string) {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.of(host).trusted = true
}

func (d *distrust) trusted(host string) bool {
	d.lock.Lock()
	defer d.lock.Unlock()
	return d.of(host).trusted
}

// due reports whether a failure for host is to be logged and to be recorded,
// and takes it for done.
func (d *distrust) due(host string, now time.Time) (log, record bool) {
	d.lock.Lock()
	defer d.lock.Unlock()
	s := d.of(host)
	log, record = !s.logged, now.Sub(s.recorded) >= distrustAgain
	s.logged = true
	if record {
		s.recorded = now
	}
	return log, record
}

// handshakeFailed takes note of a client with which TLS did not come about.
func (p *Proxy) handshakeFailed(c *rewound, t *tunnel, err error) {
	if p.ctx.Err() != nil {
		return
	}
	if alert, ok := plainAlert(c.tail); ok {
		err = &net.OpError{Op: "remote error", Err: alert}
	}
	switch {
	case len(t.hello.protocols) > 0 && !slices.Contains(t.hello.protocols, "http/1.1"):
		p.clientFailed(c, t, fmt.Sprintf("the client speaks %q, and not HTTP/1.1", t.hello.protocols), hintBypass)
	case refusesCertificate(err):
		p.clientFailed(c, t, fmt.Sprintf("the client refuses the proxy's certificate: %v", err), hintTrust)
	case t.hello.seen && (errors.Is(err, io.EOF) || howEnded(err) == frame.ByReset):
		p.clientFailed(c, t, "the client left during the TLS handshake; it may not trust the proxy's certificate", hintTrust)
	default:
		p.clientFailed(c, t, fmt.Sprintf("TLS with the client: %v", err), "")
	}
}

// leftSilently takes note of a client that left its tunnel after the handshake
// without a word, as those do that check the certificate by themselves. Browsers
// also connect ahead of need, but do not leave at once, and not from hosts they
// distrust only now and then.
func (p *Proxy) leftSilently(c net.Conn, t *tunnel) {
	if p.ctx.Err() == nil && time.Since(t.secured) < soonAfter && !p.distrust.trusted(t.name()) {
		p.clientFailed(c, t, "the client left after the TLS handshake without a request; it may not trust the proxy's certificate", hintTrust)
	}
}

// clientFailed logs and records, not too often, why a client's tunnel came to
// nothing.
func (p *Proxy) clientFailed(c net.Conn, t *tunnel, reason, hint string) {
	p.distrusting.count(t.name(), reason)
	log, record := p.distrust.due(t.name(), time.Now())
	if log {
		attrs := []any{keyHost, t.name(), keyClient, c.RemoteAddr(), keyReason, reason}
		if hint != "" {
			attrs = append(attrs, keyHint, fmt.Sprintf(hint, t.name()))
		}
		p.log.Warn("client handshake failed", attrs...)
	}
	if !record {
		return
	}
	now := time.Now()
	p.record(&frame.Connection{
		URL: "tunnel://" + withPort(t.host, "https"), Client: c.RemoteAddr().String(),
		Start: now, State: frame.Failed, Error: reason,
		TLS: &frame.TLS{Client: &frame.TLSLeg{ServerName: t.hello.serverName}},
	}, frame.End{EndedBy: frame.ByClient, How: frame.ByError, Error: reason})
}

// plainAlert returns the alert that tail is. OpenSSL sends the one that ends a
// TLS 1.3 handshake in the clear, where crypto/tls expects ciphertext and finds
// only that it is none.
func plainAlert(tail []byte) (tls.AlertError, bool) {
	const alertRecord, fatal = 21, 2
	if len(tail) < tailSize || tail[0] != alertRecord || tail[1] != 3 || tail[3] != 0 || tail[4] != 2 || tail[5] != fatal {
		return 0, false
	}
	return tls.AlertError(tail[6]), true
}

// refusesCertificate reports whether err is a peer's alert about a certificate
// (RFC 8446 section 6.2).
func refusesCertificate(err error) bool {
	var remote *net.OpError
	if !errors.As(err, &remote) || remote.Op != "remote error" {
		return false
	}
	// The alert's type is hidden, its text is not.
	for _, alert := range []tls.AlertError{
		42, // bad_certificate
		43, // unsupported_certificate
		44, // certificate_revoked
		45, // certificate_expired
		46, // certificate_unknown
		48, // unknown_ca
		49, // access_denied
		51, // decrypt_error
	} {
		if remote.Err.Error() == alert.Error() {
			return true
		}
	}
	return false
}
