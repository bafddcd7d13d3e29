package certs

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// The files of an authority within its folder.
const (
	certificateFile = "ca.pem"
	keyFile         = "ca-key.pem"
)

// Authority is a root certificate with its key, and the leaf certificates it
// has signed in this run. Its methods may be called from any goroutine.
type Authority struct {
	path   string
	root   *x509.Certificate
	key    crypto.Signer
	server *tls.Config
	leaves *leaves
}

// Open loads the root from dir, ca.pem and ca-key.pem, and creates folder and
// files on first use. Processes that do so at the same time end with the same
// root. A file that is there is never written: when it is damaged, does not fit
// the other, or the root is not valid now, the error names it.
func Open(dir string) (*Authority, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find folder %s: %w", dir, err)
	}
	root, key, err := openRoot(dir)
	if err != nil {
		return nil, err
	}
	a := &Authority{path: filepath.Join(dir, certificateFile), root: root, key: key}
	if err := a.valid(time.Now()); err != nil {
		return nil, err
	}
	a.leaves = newLeaves(maxLeaves, a.mint)
	// Each connection gets a configuration of its own; the common key is what
	// lets a client resume its session on the next connection.
	var ticket [32]byte
	rand.Read(ticket[:])
	a.server = &tls.Config{NextProtos: []string{"http/1.1"}}
	a.server.SetSessionTicketKeys([][32]byte{ticket})
	return a, nil
}

// TLSConfig returns the configuration to serve a client that asked to be
// connected to host, which may carry a port. The leaf is for the name the
// client sends in its hello (RFC 6066 section 3), or for host when it sends none
// or one that cannot be a name. Only HTTP/1.1 is offered in ALPN, because there
// is no upgrade to WebSocket in what follows HTTP/2's preface. The caller owns
// the result.
func (a *Authority) TLSConfig(host string) *tls.Config {
	config := a.server.Clone()
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return a.leaf(hello.ServerName, host)
	}
	return config
}

// leaf returns the certificate to show to a client that sent serverName on a
// connection meant for host.
func (a *Authority) leaf(serverName, host string) (*tls.Certificate, error) {
	now := time.Now()
	if err := a.valid(now); err != nil {
		return nil, err
	}
	name, err := canonicalName(serverName)
	if err != nil {
		if name, err = canonicalName(withoutPort(host)); err != nil {
			return nil, fmt.Errorf("certificate for %.300q: %w", host, err)
		}
	}
	return a.leaves.get(name, now)
}

// valid checks that the root can be used at now.
func (a *Authority) valid(now time.Time) error {
	const advice = "delete %s and %s, and trust the one that wsluice then makes"
	switch {
	case now.After(a.root.NotAfter):
		return fmt.Errorf("root certificate %s expired on %s: "+advice,
			a.path, a.root.NotAfter.Format(time.DateOnly), certificateFile, keyFile)
	case now.Before(a.root.NotBefore):
		return fmt.Errorf("root certificate %s is valid from %s only: check this machine's clock, or "+advice,
			a.path, a.root.NotBefore.Format(time.RFC3339), certificateFile, keyFile)
	}
	return nil
}

// Path returns the absolute path of the root certificate's PEM file.
func (a *Authority) Path() string { return a.path }

// Certificate returns the root certificate. It must not be changed.
func (a *Authority) Certificate() *x509.Certificate { return a.root }

// DER returns the root certificate in DER. The caller owns the result.
func (a *Authority) DER() []byte { return bytes.Clone(a.root.Raw) }

// PEM returns the root certificate in PEM. The caller owns the result.
func (a *Authority) PEM() []byte { return encodePEM(pemCertificate, a.root.Raw) }

// PKCS12 returns the root certificate in PKCS#12 for trust stores that want it,
// Java's among them. The key is not in it: who trusts a root has no use for its
// key. With a password the old algorithms are used that every importer knows,
// which is no loss since nothing in it is secret; without one the file is
// neither encrypted nor authenticated.
func (a *Authority) PKCS12(password string) ([]byte, error) {
	encoder := pkcs12.LegacyDES
	if password == "" {
		encoder = pkcs12.Passwordless
	}
	store, err := encoder.EncodeTrustStore([]*x509.Certificate{a.root}, password)
	if err != nil {
		return nil, fmt.Errorf("encode PKCS#12: %w", err)
	}
	return store, nil
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
