package certs

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// identity is a client certificate made for a test, with its issuer.
type identity struct {
	key          crypto.Signer
	leaf, issuer *x509.Certificate
}

func newTestIdentity(t *testing.T, a *Authority, key crypto.Signer) identity {
	t.Helper()
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "client"},
		NotBefore:   time.Now().Add(-time.Hour),
		NotAfter:    time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.root, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return identity{key: key, leaf: leaf, issuer: a.root}
}

func ecKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (i identity) chainPEM() []byte {
	return append(encodePEM(pemCertificate, i.leaf.Raw), encodePEM(pemCertificate, i.issuer.Raw)...)
}

func (i identity) keyPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM(pemKey, der)
}

func (i identity) pkcs12(t *testing.T, e *pkcs12.Encoder, password string) []byte {
	t.Helper()
	file, err := e.Encode(i.key, i.leaf, []*x509.Certificate{i.issuer}, password)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Catches a form of client certificate that curl and browsers accept and wsluice
// does not, and a chain that a server would refuse.
func TestLoadIdentity(t *testing.T) {
	a := open(t, t.TempDir())
	id := newTestIdentity(t, a, ecKey(t))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	withRSA, withEd := newTestIdentity(t, a, rsaKey), newTestIdentity(t, a, edKey)
	sec1, err := x509.MarshalECPrivateKey(id.key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	issuerFirst := append(encodePEM(pemCertificate, id.issuer.Raw), encodePEM(pemCertificate, id.leaf.Raw)...)
	for _, c := range []struct {
		name, password string
		certificate    []byte
		key            []byte
		want           identity
	}{
		{name: "two PEM files", certificate: id.chainPEM(), key: id.keyPEM(t), want: id},
		{name: "one PEM file", certificate: append(id.chainPEM(), id.keyPEM(t)...), want: id},
		{name: "key first", certificate: append(id.keyPEM(t), id.chainPEM()...), want: id},
		{name: "issuer first", certificate: issuerFirst, key: id.keyPEM(t), want: id},
		{name: "SEC 1 key behind its parameters", certificate: id.chainPEM(), key: append(encodePEM("EC PARAMETERS", []byte{5, 0}), encodePEM("EC PRIVATE KEY", sec1)...), want: id},
		{name: "PKCS#1 key", certificate: withRSA.chainPEM(), key: encodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), want: withRSA},
		{name: "Ed25519 key", certificate: withEd.chainPEM(), key: withEd.keyPEM(t), want: withEd},
		{name: "DER files", certificate: append(slices.Clone(id.leaf.Raw), id.issuer.Raw...), key: sec1, want: id},
		{name: "PEM with an unused password", certificate: id.chainPEM(), key: id.keyPEM(t), password: "x", want: id},
		{name: "PKCS#12", certificate: id.pkcs12(t, pkcs12.Modern, "secret"), password: "secret", want: id},
		{name: "old PKCS#12", certificate: id.pkcs12(t, pkcs12.LegacyRC2, "secret"), password: "secret", want: id},
		{name: "PKCS#12, empty password", certificate: id.pkcs12(t, pkcs12.Modern, ""), want: id},
		{name: "PKCS#12 without encryption", certificate: id.pkcs12(t, pkcs12.Passwordless, ""), want: id},
	} {
		t.Run(c.name, func(t *testing.T) {
			certificate, key := write(t, c.certificate), ""
			if c.key != nil {
				key = write(t, c.key)
			}
			got, err := LoadIdentity(certificate, key, c.password)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Leaf.Equal(c.want.leaf) || len(got.Certificate) != 2 || !slices.Equal(got.Certificate[0], c.want.leaf.Raw) {
				t.Errorf("leaf %v, chain of %d", got.Leaf.Subject, len(got.Certificate))
			}
			authenticate(t, a, got)
		})
	}
}

// authenticate shows the certificate to a server that demands one.
func authenticate(t *testing.T, a *Authority, certificate tls.Certificate) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	config := a.TLSConfig("server.example")
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, trusting(a)
	result := make(chan error, 1)
	go func() {
		defer far.Close()
		result <- tls.Server(far, config).HandshakeContext(t.Context())
	}()
	client := tls.Client(near, &tls.Config{ServerName: "server.example", RootCAs: trusting(a), Certificates: []tls.Certificate{certificate}})
	if err := client.HandshakeContext(t.Context()); err != nil {
		t.Error(err)
	}
	// The server's handshake ends with a session ticket that has to be read.
	client.Read(make([]byte, 1))
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// Catches a broken or wrong file with an error that does not say what to mend.
func TestLoadIdentityErrors(t *testing.T) {
	a := open(t, t.TempDir())
	id, other := newTestIdentity(t, a, ecKey(t)), newTestIdentity(t, a, ecKey(t))
	trust, err := a.PKCS12("secret")
	if err != nil {
		t.Fatal(err)
	}
	locked := id.pkcs12(t, pkcs12.Modern, "secret")
	for _, c := range []struct {
		name, password   string
		certificate, key []byte
		want             string
	}{
		{name: "wrong password", certificate: locked, password: "guess", want: "the password is wrong"},
		{name: "missing password", certificate: locked, want: "needs a password"},
		{name: "key of another", certificate: id.chainPEM(), key: other.keyPEM(t), want: "does not belong"},
		{name: "no key", certificate: id.chainPEM(), want: "no private key in it"},
		{name: "no certificate", certificate: id.keyPEM(t), want: "no certificate in it"},
		{name: "encrypted PEM key", certificate: id.chainPEM(), key: encodePEM("ENCRYPTED PRIVATE KEY", []byte("?")), want: "is encrypted"},
		{name: "old encrypted PEM key", certificate: id.chainPEM(),
			key: []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), want: "is encrypted"},
		{name: "PKCS#12 without key", certificate: trust, password: "secret", want: "neither PEM, DER nor a PKCS#12 file with one key"},
		{name: "PKCS#12 and a key", certificate: locked, key: id.keyPEM(t), password: "secret", want: "PKCS#12 file comes without key file"},
		{name: "cut PKCS#12", certificate: locked[:len(locked)/2], password: "secret", want: "neither PEM"},
		{name: "empty", certificate: []byte{}, want: "neither PEM"},
		{name: "key that cannot sign", certificate: id.chainPEM(), key: encodePEM(pemKey, x25519(t)), want: "cannot sign"},
	} {
		t.Run(c.name, func(t *testing.T) {
			certificate, key := write(t, c.certificate), ""
			if c.key != nil {
				key = write(t, c.key)
			}
			_, err := LoadIdentity(certificate, key, c.password)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), filepath.Dir(filepath.Dir(certificate))) {
				t.Errorf("error %q, want %q and a path", err, c.want)
			}
			if c.password != "" && strings.Contains(err.Error(), c.password) {
				t.Errorf("error %q shows the password", err)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "none.pem")
	if _, err := LoadIdentity(missing, "", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// Catches a user's root that replaces the system's, or a bad bundle that passes
// for an empty one.
func TestLoadRoots(t *testing.T) {
	a, b := open(t, t.TempDir()), open(t, t.TempDir())
	system, err := x509.SystemCertPool()
	if err != nil {
		t.Fatal(err)
	}
	both := append(append([]byte("# a comment\n"), a.PEM()...), b.PEM()...)
	for name, file := range map[string][]byte{"PEM": both, "DER": append(a.DER(), b.DER()...)} {
		pool, err := LoadRoots(write(t, file))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := system.Clone()
		want.AddCert(a.Certificate())
		want.AddCert(b.Certificate())
		if !pool.Equal(want) {
			t.Errorf("%s: not the system's roots and the two", name)
		}
	}
	for name, file := range map[string][]byte{
		"empty": {}, "text": []byte("hello"), "cut": a.PEM()[:100],
		"second garbled": append(a.PEM(), encodePEM(pemCertificate, []byte("?"))...),
	} {
		path := write(t, file)
		if _, err := LoadRoots(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := LoadRoots(filepath.Join(t.TempDir(), "none.pem")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// Catches a certificate file that makes a parser panic.
func FuzzParse(f *testing.F) {
	dir := f.TempDir()
	a := open(f, dir)
	f.Add(a.PEM())
	f.Add(a.DER())
	key, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(key)
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n-----END RSA PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if certificates, err := parseCertificates(data); (err == nil) != (len(certificates) > 0) {
			t.Errorf("%d certificates, error %v", len(certificates), err)
		}
		if key, err := parseKey(data); (err == nil) != (key != nil) {
			t.Errorf("key %v, error %v", key, err)
		}
	})
}

// x25519 returns a key for key agreement in PKCS#8.
func x25519(t *testing.T) []byte {
	t.Helper()
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// write puts content into a new file.
func write(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
