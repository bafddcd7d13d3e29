package certs

import (
	"crypto/x509"
	"fmt"
)

// LoadRoots returns the system's roots and the certificates in the file at
// path, PEM or DER, to verify servers by. The system's stay: a user who names a
// private root still wants to reach public servers.
func LoadRoots(path string) (*x509.CertPool, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("read roots: %w", err)
	}
	certificates, err := parseCertificates(data)
	if err != nil {
		return nil, fmt.Errorf("roots in %s: %w", path, err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the system's roots: %w", err)
	}
	for _, certificate := range certificates {
		pool.AddCert(certificate)
	}
	return pool, nil
}
