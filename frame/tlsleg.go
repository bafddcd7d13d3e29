package frame

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
)

// NewTLSLeg returns what is recorded of a TLS connection.
func NewTLSLeg(s *tls.ConnectionState) *TLSLeg {
	leg := &TLSLeg{
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
