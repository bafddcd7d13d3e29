package certs

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"
)

// LoadIdentity returns a client certificate with its chain and key. certFile
// holds the certificates in PEM or DER, and the key too when keyFile is empty;
// or it is a PKCS#12 file with all of them, which password opens. Keys in PEM
// must not be encrypted.
func LoadIdentity(certFile, keyFile, password string) (tls.Certificate, error) {
	data, err := readFile(certFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read client certificate: %w", err)
	}
	chain, err := parseCertificates(data)
	if err != nil && !isPEM(data) {
		if keyFile != "" {
			return tls.Certificate{}, fmt.Errorf("client certificate %s: it is no certificate, and a PKCS#12 file comes without key file %s", certFile, keyFile)
		}
		return loadPKCS12(certFile, data, password)
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("client certificate %s: %w", certFile, err)
	}
	if keyFile == "" {
		keyFile = certFile
	} else if data, err = readFile(keyFile); err != nil {
		return tls.Certificate{}, fmt.Errorf("read client key: %w", err)
	}
	key, err := parseKey(data)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("client key %s: %w", keyFile, err)
	}
	identity, ok := newIdentity(key, chain)
	if !ok {
		return tls.Certificate{}, fmt.Errorf("client key %s does not belong to client certificate %s", keyFile, certFile)
	}
	return identity, nil
}

func loadPKCS12(path string, data []byte, password string) (tls.Certificate, error) {
	private, leaf, others, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && password == "":
		return tls.Certificate{}, fmt.Errorf("client certificate %s needs a password", path)
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return tls.Certificate{}, fmt.Errorf("client certificate %s: the password is wrong", path)
	case err != nil:
		return tls.Certificate{}, fmt.Errorf("client certificate %s is neither PEM, DER nor a PKCS#12 file with one key: %w", path, err)
	}
	key, err := asSigner(private)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("client certificate %s: %w", path, err)
	}
	identity, ok := newIdentity(key, append([]*x509.Certificate{leaf}, others...))
	if !ok {
		return tls.Certificate{}, fmt.Errorf("client certificate %s: none of its certificates belongs to its key", path)
	}
	return identity, nil
}

// newIdentity puts the certificate of key first and keeps the order of the
// others. It reports whether there is one.
func newIdentity(key crypto.Signer, chain []*x509.Certificate) (tls.Certificate, bool) {
	identity := tls.Certificate{PrivateKey: key, Certificate: make([][]byte, 1, len(chain))}
	for _, certificate := range chain {
		if identity.Leaf == nil && fits(key, certificate) {
			identity.Leaf = certificate
			identity.Certificate[0] = certificate.Raw
			continue
		}
		identity.Certificate = append(identity.Certificate, certificate.Raw)
	}
	return identity, identity.Leaf != nil
}
