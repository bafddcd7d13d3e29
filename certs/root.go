package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// rootLifetime is how long a new root is valid. Trusting one is work for a
// person, so it lasts.
const rootLifetime = 10 * 365 * 24 * time.Hour

// backdate is how long before its making a certificate is valid, for clients
// with a clock that is late.
const backdate = 24 * time.Hour

// openRoot reads the root in dir, or makes it.
//
// The key is published before the certificate, each in one step and never over
// another file. So whoever sees a certificate also sees its key if he looks for
// the key second, a certificate without a key is damage, and a key without a
// certificate is a creation under way or cut short, which anyone can complete.
func openRoot(dir string) (*x509.Certificate, crypto.Signer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("create folder of the certificate authority: %w", err)
	}
	certificatePath, keyPath := filepath.Join(dir, certificateFile), filepath.Join(dir, keyFile)
	root, certificateErr := readRoot(certificatePath)
	missing := errors.Is(certificateErr, fs.ErrNotExist)
	if certificateErr != nil && !missing {
		return nil, nil, certificateErr
	}
	key, err := readRootKey(keyPath)
	switch {
	case err == nil:
	case !errors.Is(err, fs.ErrNotExist):
		return nil, nil, err
	case !missing:
		return nil, nil, fmt.Errorf("the key of root certificate %s is missing: restore %s, or delete %s to get a new root",
			certificatePath, keyPath, certificateFile)
	default:
		if key, err = createRootKey(keyPath); err != nil {
			return nil, nil, err
		}
	}
	if missing {
		if root, err = createRoot(certificatePath, key); err != nil {
			return nil, nil, err
		}
	}
	if !fits(key, root) {
		return nil, nil, fmt.Errorf("root key %s does not belong to root certificate %s: restore the one that does, or delete both to get a new root",
			keyPath, certificatePath)
	}
	return root, key, nil
}

func readRoot(path string) (*x509.Certificate, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("read root certificate: %w", err)
	}
	certificates, err := parseCertificates(data)
	if err != nil {
		return nil, fmt.Errorf("root certificate %s: %w", path, err)
	}
	root := certificates[0]
	if !root.BasicConstraintsValid || !root.IsCA || root.KeyUsage != 0 && root.KeyUsage&x509.KeyUsageCertSign == 0 {
		return nil, fmt.Errorf("root certificate %s: %s may not sign certificates", path, root.Subject)
	}
	return root, nil
}

func readRootKey(path string) (crypto.Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read root key: %w", err)
	}
	// Windows has no such bits; there the user's profile protects the file.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("root key %s is open to other users (mode %04o): run chmod 600 on it, or delete it and %s if others may have read it",
			path, mode, certificateFile)
	}
	data, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("read root key: %w", err)
	}
	key, err := parseKey(data)
	if err != nil {
		return nil, fmt.Errorf("root key %s: %w", path, err)
	}
	return key, nil
}

// createRootKey makes a key at path, or reads the one another process put there
// first.
func createRootKey(path string) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make root key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode root key: %w", err)
	}
	switch err := publish(path, encodePEM(pemKey, der), 0o600); {
	case errors.Is(err, fs.ErrExist):
		return readRootKey(path)
	case err != nil:
		return nil, fmt.Errorf("create root key: %w", err)
	}
	return key, nil
}

// createRoot makes the certificate of key at path, or reads the one another
// process put there first.
func createRoot(path string, key crypto.Signer) (*x509.Certificate, error) {
	id, err := keyID(key.Public())
	if err != nil {
		return nil, fmt.Errorf("identify root key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		// Clients and servers get to see this, so it tells roots apart without
		// telling whose they are.
		Subject:               pkix.Name{Organization: []string{"wsluice"}, CommonName: fmt.Sprintf("wsluice CA %x", id[:4])},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(rootLifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		SubjectKeyId:          id,
		AuthorityKeyId:        id,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign root certificate: %w", err)
	}
	switch err := publish(path, encodePEM(pemCertificate, der), 0o644); {
	case errors.Is(err, fs.ErrExist):
		return readRoot(path)
	case err != nil:
		return nil, fmt.Errorf("create root certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// publish makes a file at path appear whole, or fails with fs.ErrExist when
// there is one. Nobody ever sees a part of it, not even after a power cut.
func publish(path string, content []byte, mode fs.FileMode) (err error) {
	// Opened with O_EXCL and mode 0600.
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// keyID identifies a key by 160 bits of the SHA-256 of its SubjectPublicKeyInfo;
// RFC 5280 section 4.2.1.2 leaves the method free.
func keyID(public crypto.PublicKey) ([]byte, error) {
	info, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(info)
	return sum[:20], nil
}

// fits reports whether key is the private key of certificate.
func fits(key crypto.Signer, certificate *x509.Certificate) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(certificate.PublicKey)
}
