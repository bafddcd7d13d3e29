package certs

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxFile bounds the certificate files read, in bytes; the bundle of all public
// roots has about 220 KiB.
const maxFile = 16 << 20

// The PEM types written.
const (
	pemCertificate = "CERTIFICATE"
	pemKey         = "PRIVATE KEY"
)

var (
	errNoCertificate = errors.New("no certificate in it")
	errNoKey         = errors.New("no private key in it")
	errEncryptedKey  = errors.New("the private key is encrypted: decrypt it with openssl pkey, or make a PKCS#12 file of it and its certificate")
)

// readFile reads a whole file of bounded size.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	}
	return data, nil
}

// parseCertificates returns the certificates in data, PEM or DER; there is at
// least one. Other things in PEM are passed over.
func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	if !isPEM(data) {
		certificates, err := x509.ParseCertificates(data)
		if err != nil || len(certificates) == 0 {
			return nil, errNoCertificate
		}
		return certificates, nil
	}
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != pemCertificate {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(certificates)+1, err)
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return nil, errNoCertificate
	}
	return certificates, nil
}

// parseKey returns the first private key in data, PEM or DER, in PKCS#8, SEC 1
// or PKCS#1 form. Other things in PEM are passed over.
func parseKey(data []byte) (crypto.Signer, error) {
	if !isPEM(data) {
		return parseKeyDER(data)
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case !strings.HasSuffix(block.Type, pemKey):
		case strings.HasPrefix(block.Type, "ENCRYPTED"), strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
			return nil, errEncryptedKey
		default:
			return parseKeyDER(block.Bytes)
		}
	}
	return nil, errNoKey
}

func parseKeyDER(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return asSigner(key)
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	return nil, errNoKey
}

func asSigner(key any) (crypto.Signer, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a private key of type %T cannot sign", key)
	}
	return signer, nil
}

func isPEM(data []byte) bool { return bytes.Contains(data, []byte("-----BEGIN ")) }
