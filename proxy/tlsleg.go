package proxy

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net/http"

	"github.com/wsluice/wsluice/frame"
)

// legs returns what is known of TLS on both sides, nil without any.
func (x *exchange) legs(r *http.Response) *frame.TLS {
	var t frame.TLS
	if x.client.tunnelled() {
		t.Client = x.client.tunnel.leg
	}
	if r != nil && r.TLS != nil {
		t.Server = tlsLeg(r.TLS)
	}
	if t == (frame.TLS{}) {
		return nil
	}
	return &t
}

func tlsLeg(s *tls.ConnectionState) *frame.TLSLeg {
	leg := &frame.TLSLeg{
		Version:    tls.VersionName(s.Version),
		Cipher:     tls.CipherSuiteName(s.CipherSuite),
		ServerName: s.ServerName,
		ALPN:       s.NegotiatedProtocol,
		Verified:   len(s.VerifiedChains) > 0,
	}
	if len(s.PeerCertificates) > 0 {
		c := s.PeerCertificates[0]
		sum := sha256.Sum256(c.Raw)
		leg.Subject, leg.Issuer, leg.NotAfter = c.Subject.String(), c.Issuer.String(), c.NotAfter
		leg.SHA256 = hex.EncodeToString(sum[:])
	}
	return leg
}
