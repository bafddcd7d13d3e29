package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// Catches a root that is made anew on each start, so that trust is lost.
func TestOpenKeepsRoot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	first, second := open(t, dir), open(t, dir)
	if !first.Certificate().Equal(second.Certificate()) {
		t.Error("the second Open made another root")
	}
	if want := filepath.Join(dir, "ca.pem"); first.Path() != want {
		t.Errorf("Path() = %s, want %s", first.Path(), want)
	}
	file, err := os.ReadFile(first.Path())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, first.PEM()) {
		t.Error("PEM() is not what the file holds")
	}
}

// Catches a key that others may read, and files left behind.
func TestOpenModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	open(t, dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, []string{"ca-key.pem", "ca.pem"}) {
		t.Errorf("the folder holds %q", names)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700, filepath.Join(dir, "ca-key.pem"): 0o600, filepath.Join(dir, "ca.pem"): 0o644} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %04o, want %04o", path, got, want)
		}
	}
}

// Catches a root that importers refuse, that could sign further authorities, or
// that tells where it was made.
func TestRootCertificate(t *testing.T) {
	root := open(t, t.TempDir()).Certificate()
	if key, ok := root.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("the root key is %T, want P-256", root.PublicKey)
	}
	if !root.IsCA || !root.BasicConstraintsValid || root.MaxPathLen != 0 || !root.MaxPathLenZero {
		t.Errorf("CA %v, path length %d %v", root.IsCA, root.MaxPathLen, root.MaxPathLenZero)
	}
	if want := x509.KeyUsageCertSign | x509.KeyUsageCRLSign; root.KeyUsage != want {
		t.Errorf("key usage %v, want %v", root.KeyUsage, want)
	}
	if len(root.SubjectKeyId) != 20 || !bytes.Equal(root.SubjectKeyId, root.AuthorityKeyId) {
		t.Errorf("key ids %x and %x", root.SubjectKeyId, root.AuthorityKeyId)
	}
	if err := root.CheckSignatureFrom(root); err != nil {
		t.Errorf("self-signature: %v", err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if subject := root.Subject.String(); !strings.Contains(subject, "wsluice") || strings.Contains(subject, host) {
		t.Errorf("subject %q", subject)
	}
	if other := open(t, t.TempDir()).Certificate(); other.Subject.String() == root.Subject.String() ||
		other.SerialNumber.Cmp(root.SerialNumber) == 0 {
		t.Error("two roots cannot be told apart")
	}
}

// Catches two processes that start together and end with different roots, or
// one that reads what the other has half written.
func TestOpenInSeveralProcesses(t *testing.T) {
	const processes = 6
	for round := range 3 {
		dir := t.TempDir()
		gate, start, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var out [processes]bytes.Buffer
		var children [processes]*exec.Cmd
		for i := range children {
			c := exec.CommandContext(t.Context(), os.Args[0])
			c.Env = append(os.Environ(), openIn+"="+dir)
			c.Stdin, c.Stdout, c.Stderr = gate, &out[i], &out[i]
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			children[i] = c
		}
		gate.Close()
		start.Close()
		for i, c := range children {
			if err := c.Wait(); err != nil {
				t.Errorf("round %d: %v: %s", round, err, &out[i])
			}
		}
		want := open(t, dir).PEM()
		for i := range out {
			if !bytes.Equal(out[i].Bytes(), want) {
				t.Errorf("round %d: process %d has another root: %s", round, i, &out[i])
			}
		}
	}
}

// Catches a crash between the two files that leaves the folder unusable.
func TestOpenCompletesCreation(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	if err := os.Remove(first.Path()); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir)
	if !fits(first.key, second.Certificate()) {
		t.Error("the key was replaced")
	}
}

// Catches a damaged folder that is silently replaced, or an error that does not
// say which file is damaged.
func TestOpenDamaged(t *testing.T) {
	other := t.TempDir()
	open(t, other)
	leaf, err := open(t, other).leaf("", "localhost")
	if err != nil {
		t.Fatal(err)
	}
	damage := map[string]struct {
		file    string
		content func(old []byte) []byte
		want    string
	}{
		"empty certificate":      {"ca.pem", func([]byte) []byte { return nil }, "no certificate in it"},
		"half a certificate":     {"ca.pem", func(old []byte) []byte { return old[:len(old)/2] }, "no certificate in it"},
		"garbled certificate":    {"ca.pem", func(old []byte) []byte { return encodePEM(pemCertificate, []byte("no")) }, "certificate 1"},
		"certificate of a leaf":  {"ca.pem", func([]byte) []byte { return encodePEM(pemCertificate, leaf.Certificate[0]) }, "may not sign"},
		"another certificate":    {"ca.pem", func([]byte) []byte { return read(t, other, "ca.pem") }, "does not belong"},
		"empty key":              {"ca-key.pem", func([]byte) []byte { return nil }, "no private key in it"},
		"half a key":             {"ca-key.pem", func(old []byte) []byte { return old[:len(old)/2] }, "no private key in it"},
		"another key":            {"ca-key.pem", func([]byte) []byte { return read(t, other, "ca-key.pem") }, "does not belong"},
		"key that is too large":  {"ca-key.pem", func([]byte) []byte { return make([]byte, maxFile+1) }, "larger than"},
		"encrypted key":          {"ca-key.pem", func([]byte) []byte { return encodePEM("ENCRYPTED PRIVATE KEY", []byte("?")) }, "is encrypted"},
		"certificate, lost key":  {"ca-key.pem", nil, "is missing"},
		"certificate as the key": {"ca-key.pem", func([]byte) []byte { return read(t, other, "ca.pem") }, "no private key in it"},
	}
	for name, d := range damage {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			open(t, dir)
			path := filepath.Join(dir, d.file)
			if d.content == nil {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			} else if err := os.WriteFile(path, d.content(read(t, dir, d.file)), 0o600); err != nil {
				t.Fatal(err)
			}
			before := contents(t, dir)
			_, err := Open(dir)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), d.want) {
				t.Errorf("error %q, want one with %q and %q", err, path, d.want)
			}
			if after := contents(t, dir); after != before {
				t.Error("the files changed")
			}
		})
	}
}

// Catches a key that was opened to others and is used as if nothing happened.
func TestOpenRefusesReadableKey(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // no such modes
	}
	dir := t.TempDir()
	open(t, dir)
	path := filepath.Join(dir, "ca-key.pem")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("error %v", err)
	}
}

// Catches a folder that cannot be made reported as something else.
func TestOpenBadFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(file, "ca")); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v", err)
	}
}

// Catches a root out of its time that only the clients complain about.
func TestRootExpires(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := open(t, dir)
		time.Sleep(rootLifetime - time.Hour)
		leaf, err := a.leaf("", "localhost")
		if err != nil {
			t.Fatalf("an hour before the end: %v", err)
		}
		if leaf.Leaf.NotAfter.After(a.root.NotAfter) {
			t.Error("the leaf outlives its root")
		}
		time.Sleep(2 * time.Hour)
		_, leafErr := a.leaf("", "localhost")
		_, openErr := Open(dir)
		for _, err := range []error{leafErr, openErr} {
			if err == nil || !strings.Contains(err.Error(), a.Path()+" expired") || !strings.Contains(err.Error(), "delete ca.pem and ca-key.pem") {
				t.Errorf("error %v", err)
			}
		}
	})
	// Outside the bubble the clock is right, and the bubble's was long before.
	early := t.TempDir()
	open(t, early)
	synctest.Test(t, func(t *testing.T) {
		if _, err := Open(early); err == nil || !strings.Contains(err.Error(), "clock") {
			t.Errorf("error %v", err)
		}
	})
}

// Catches an exported file without the root, or with its key.
func TestExports(t *testing.T) {
	a := open(t, t.TempDir())
	if der, err := x509.ParseCertificate(a.DER()); err != nil || !der.Equal(a.Certificate()) {
		t.Errorf("DER: %v", err)
	}
	for _, password := range []string{"", "changeit", "Zürich €"} {
		file, err := a.PKCS12(password)
		if err != nil {
			t.Fatalf("password %q: %v", password, err)
		}
		certificates, err := pkcs12.DecodeTrustStore(file, password)
		if err != nil || len(certificates) != 1 || !certificates[0].Equal(a.Certificate()) {
			t.Errorf("password %q: %d certificates, error %v", password, len(certificates), err)
		}
		if _, _, err := pkcs12.Decode(file, password); err == nil {
			t.Errorf("password %q: the file has a key", password)
		}
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// contents returns all that is in dir, for comparison.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		all.WriteString(path)
		_, err = io.Copy(&all, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
