//go:build !windows

package certs

import (
	"errors"
	"fmt"
	"io/fs"
)

// systemBundles are where systems keep their roots in one PEM file, of which
// the first there is counts.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Gentoo
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
	"/etc/pki/tls/certs/ca-bundle.crt",                  // older RHEL
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/ssl/cert.pem",                                 // Alpine, macOS, the BSDs
}

// SystemRoots returns the roots the system trusts, in PEM. A system without any
// is no error.
func SystemRoots() ([]byte, error) { return firstBundle(systemBundles) }

func firstBundle(paths []string) ([]byte, error) {
	for _, path := range paths {
		switch data, err := readFile(path); {
		case err == nil:
			return data, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("read the system's roots: %w", err)
		}
	}
	return nil, nil
}
