package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// leafLifetime is how long a leaf is valid from its making; with backdate it is
// far within the 398 days browsers accept.
const leafLifetime = 90 * 24 * time.Hour

// maxCommonName is the bound of X.520 on a common name in characters. Longer
// names stand in the subject alternative names only, which is where clients
// look.
const maxCommonName = 64

// mint signs a new leaf for name, which is canonical, with a key of its own.
func (a *Authority) mint(name string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key for %s: %w", name, err)
	}
	id, err := keyID(key.Public())
	if err != nil {
		return nil, fmt.Errorf("identify key for %s: %w", name, err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"wsluice"}},
		NotBefore:             now.Add(-backdate),
		NotAfter:              leafEnd(now, a.root),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		SubjectKeyId:          id,
	}
	if len(name) <= maxCommonName {
		template.Subject.CommonName = name
	}
	if ip, err := netip.ParseAddr(name); err == nil {
		template.IPAddresses = []net.IP{ip.AsSlice()}
		// Node clients behind https-proxy-agent check the certificate of a bare
		// address for this name.
		if ip.IsLoopback() {
			template.DNSNames = []string{"localhost"}
		}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.root, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate for %s: %w", name, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("check certificate for %s: %w", name, err)
	}
	// RFC 8446 section 4.4.2 lets a server leave the root out; a browser told to
	// trust the root's key for one run looks for it among what it was sent.
	return &tls.Certificate{Certificate: [][]byte{der, a.root.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// leafEnd returns when a leaf made at now ends: not after its root.
func leafEnd(now time.Time, root *x509.Certificate) time.Time {
	end := now.Add(leafLifetime)
	if end.After(root.NotAfter) {
		return root.NotAfter
	}
	return end
}
