package certs

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"software.sslmate.com/src/go-pkcs12"
)

// TestBundle would catch two certificates that run into each other where the
// first file does not end with a line.
func TestBundle(t *testing.T) {
	a, other := open(t, t.TempDir()), open(t, t.TempDir())
	for name, roots := range map[string][]byte{
		"whole":             other.PEM(),
		"without a newline": bytes.TrimSpace(other.PEM()),
		"with words":        append([]byte("# roots\n"), other.PEM()...),
	} {
		got, err := parseCertificates(a.Bundle(roots))
		if err != nil || len(got) != 2 || !got[0].Equal(other.Certificate()) || !got[1].Equal(a.Certificate()) {
			t.Errorf("%s: %d certificates, %v", name, len(got), err)
		}
	}
	if !bytes.Equal(a.Bundle(nil), a.PEM()) {
		t.Error("a bundle with no other roots is more than ours")
	}
}

// TestTrustStore would catch a root that cannot be read keeping Java from all.
func TestTrustStore(t *testing.T) {
	a, other := open(t, t.TempDir()), open(t, t.TempDir())
	roots := append(encodePEM(pemCertificate, []byte("of another time")), other.PEM()...)
	store, err := a.TrustStore(roots, "changeit")
	if err != nil {
		t.Fatal(err)
	}
	got, err := pkcs12.DecodeTrustStore(store, "changeit")
	if err != nil || len(got) != 2 || !got[0].Equal(a.Certificate()) || !got[1].Equal(other.Certificate()) {
		t.Errorf("%d certificates, %v", len(got), err)
	}
}

func TestReadBundle(t *testing.T) {
	a := open(t, t.TempDir())
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadBundle(a.Path()); err != nil || !bytes.Equal(got, a.PEM()) {
		t.Errorf("%q, %v", got, err)
	}
	for _, path := range []string{empty, t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := ReadBundle(path); err == nil {
			t.Errorf("read a bundle from %s", path)
		}
	}
}
