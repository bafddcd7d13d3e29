package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"
)

// Bundle returns roots, which is PEM and may be empty, and behind them the root
// certificate: a file for programs that take their roots from one. What roots
// has besides certificates stays in it. The caller owns the result.
func (a *Authority) Bundle(roots []byte) []byte {
	bundle := bytes.Clone(roots)
	if len(bundle) > 0 && bundle[len(bundle)-1] != '\n' {
		bundle = append(bundle, '\n')
	}
	return append(bundle, a.PEM()...)
}

// TrustStore returns the certificates in roots, which is PEM and may be empty,
// and the root certificate in PKCS#12, locked with password, as PKCS12 does for
// the root alone. What in roots this program cannot read is left out.
func (a *Authority) TrustStore(roots []byte, password string) ([]byte, error) {
	certificates := []*x509.Certificate{a.root}
	for block, rest := pem.Decode(roots); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != pemCertificate {
			continue
		}
		// Some public roots of old are not what today's rules ask for.
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			certificates = append(certificates, certificate)
		}
	}
	store, err := pkcs12.LegacyDES.EncodeTrustStore(certificates, password)
	if err != nil {
		return nil, fmt.Errorf("encode PKCS#12: %w", err)
	}
	return store, nil
}

// ReadBundle returns the content of the PEM file at path, whose certificates
// need not be ones this program can read. It must hold at least one.
func ReadBundle(path string) ([]byte, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("read roots: %w", err)
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == pemCertificate || block.Type == "TRUSTED CERTIFICATE" || block.Type == "X509 CERTIFICATE" {
			return data, nil
		}
	}
	return nil, fmt.Errorf("roots in %s: %w", path, errNoCertificate)
}
