package certs

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"
)

// SystemRoots returns the roots the system trusts, in PEM. A system without any
// is no error. Windows fetches some public roots only when they are needed;
// those are not among them.
func SystemRoots() ([]byte, error) {
	name, err := syscall.UTF16PtrFromString("ROOT")
	if err != nil {
		return nil, err
	}
	store, err := syscall.CertOpenSystemStore(0, name)
	if err != nil {
		return nil, fmt.Errorf("open the system's roots: %w", err)
	}
	defer syscall.CertCloseStore(store, 0)
	const notFound = syscall.Errno(0x80092004) // CRYPT_E_NOT_FOUND
	var roots []byte
	for current := (*syscall.CertContext)(nil); ; {
		// It frees the one before.
		current, err = syscall.CertEnumCertificatesInStore(store, current)
		switch {
		case errors.Is(err, notFound), err == nil && current == nil:
			return roots, nil
		case err != nil:
			return nil, fmt.Errorf("read the system's roots: %w", err)
		}
		roots = append(roots, encodePEM(pemCertificate, unsafe.Slice(current.EncodedCert, current.Length))...)
	}
}
