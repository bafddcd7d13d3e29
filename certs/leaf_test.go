package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// handshake connects a client to a server with the authority's configuration
// for host and returns what the client saw.
func handshake(t *testing.T, a *Authority, host string, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	var served sync.WaitGroup
	defer served.Wait()
	served.Go(func() {
		defer far.Close()
		server := tls.Server(far, a.TLSConfig(host))
		if server.HandshakeContext(t.Context()) == nil {
			server.Write([]byte("!"))
		}
	})
	conn := tls.Client(near, client)
	if err := conn.HandshakeContext(t.Context()); err != nil {
		return tls.ConnectionState{}, err
	}
	// The session ticket follows the handshake; reading makes the client take it.
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return tls.ConnectionState{}, err
	}
	return conn.ConnectionState(), nil
}

func trusting(a *Authority) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate())
	return pool
}

// Catches leaves that clients refuse: for names, addresses, loopback, and hosts
// with ports. Go sends no server name for addresses, as browsers do not.
func TestHandshake(t *testing.T) {
	a := open(t, t.TempDir())
	long := strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + ".example"
	for _, c := range []struct{ name, host, verify string }{
		{"name", "api.example.com:443", "api.example.com"},
		{"name without port", "api.example.com", "api.example.com"},
		{"upper case", "API.Example.COM:443", "api.example.com"},
		{"final dot", "api.example.com.:443", "api.example.com"},
		{"single label", "intranet:8443", "intranet"},
		{"underscore", "my_service:443", "my_service"},
		{"international", "xn--bcher-kva.example:443", "xn--bcher-kva.example"},
		{"longer than a common name", long + ":443", long},
		{"server name differs from host", "10.0.0.7:443", "api.example.com"},
		{"IPv4", "192.0.2.1:443", "192.0.2.1"},
		{"IPv6", "[2001:db8::1]:443", "2001:db8::1"},
		{"IPv6 without port", "2001:db8::1", "2001:db8::1"},
		{"IPv6 in brackets", "[2001:db8::1]", "2001:db8::1"},
		{"IPv6 in another form", "[2001:DB8:0::0:1]:443", "2001:db8::1"},
		{"IPv6 with zone", "[fe80::1%eth0]:443", "fe80::1"},
		{"loopback", "127.0.0.1:443", "127.0.0.1"},
		{"loopback IPv6", "[::1]:443", "::1"},
		{"localhost", "localhost:443", "localhost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			state, err := handshake(t, a, c.host, &tls.Config{ServerName: c.verify, RootCAs: trusting(a), NextProtos: []string{"h2", "http/1.1"}})
			if err != nil {
				t.Fatal(err)
			}
			if state.NegotiatedProtocol != "http/1.1" {
				t.Errorf("ALPN %q", state.NegotiatedProtocol)
			}
		})
	}
}

// Catches a loopback leaf that clients which check for localhost refuse.
func TestLoopbackIsLocalhost(t *testing.T) {
	a := open(t, t.TempDir())
	for host, want := range map[string]bool{"127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true, "192.0.2.1": false} {
		leaf, err := a.leaf("", host)
		if err != nil {
			t.Fatal(err)
		}
		if got := leaf.Leaf.VerifyHostname("localhost") == nil; got != want {
			t.Errorf("%s: valid for localhost %v, want %v", host, got, want)
		}
		if err := leaf.Leaf.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
}

// Catches a leaf outside of what Apple's and Chrome's rules accept, or one that
// could do more than name a server.
func TestLeafCertificate(t *testing.T) {
	a := open(t, t.TempDir())
	made := time.Now()
	minted, err := a.leaf("api.example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	leaf := minted.Leaf
	if got := leaf.NotAfter.Sub(leaf.NotBefore); got > 398*24*time.Hour {
		t.Errorf("valid for %v", got)
	}
	if leaf.NotBefore.After(made.Add(-time.Hour)) || leaf.NotAfter.Before(made.Add(30*24*time.Hour)) {
		t.Errorf("valid from %v to %v", leaf.NotBefore, leaf.NotAfter)
	}
	if leaf.IsCA || leaf.KeyUsage != x509.KeyUsageDigitalSignature {
		t.Errorf("CA %v, key usage %v", leaf.IsCA, leaf.KeyUsage)
	}
	if len(leaf.ExtKeyUsage) != 1 || leaf.ExtKeyUsage[0] != x509.ExtKeyUsageServerAuth {
		t.Errorf("extended key usage %v", leaf.ExtKeyUsage)
	}
	if !bytes.Equal(leaf.AuthorityKeyId, a.Certificate().SubjectKeyId) || len(leaf.SubjectKeyId) == 0 ||
		bytes.Equal(leaf.SubjectKeyId, leaf.AuthorityKeyId) {
		t.Errorf("key ids: subject %x, authority %x", leaf.SubjectKeyId, leaf.AuthorityKeyId)
	}
	if leaf.SerialNumber.BitLen() < 64 || leaf.SerialNumber.BitLen() > 159 {
		t.Errorf("serial number of %d bits", leaf.SerialNumber.BitLen())
	}
	if key := leaf.PublicKey.(*ecdsa.PublicKey); key.Curve != elliptic.P256() || key.Equal(a.Certificate().PublicKey) {
		t.Error("the leaf's key is not its own on P-256")
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: trusting(a), DNSName: "api.example.com"}); err != nil {
		t.Error(err)
	}
}

// Catches keys or serial numbers derived from the name or the root: anyone could
// compute them. The second authority has the same root.
func TestLeavesAreFresh(t *testing.T) {
	dir := t.TempDir()
	first, err := open(t, dir).leaf("a.example", "")
	if err != nil {
		t.Fatal(err)
	}
	a := open(t, dir)
	again, err := a.leaf("a.example", "")
	if err != nil {
		t.Fatal(err)
	}
	other, err := a.leaf("b.example", "")
	if err != nil {
		t.Fatal(err)
	}
	if fits(first.PrivateKey.(*ecdsa.PrivateKey), again.Leaf) || fits(again.PrivateKey.(*ecdsa.PrivateKey), other.Leaf) {
		t.Error("two leaves have the same key")
	}
	if first.Leaf.SerialNumber.Cmp(again.Leaf.SerialNumber) == 0 {
		t.Error("two leaves have the same serial number")
	}
}

// Catches a server name that becomes a certificate, a path or memory it should
// not become. One that is no name is as good as none: the host decides.
func TestHostileServerName(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir)
	before := contents(t, dir)
	for _, name := range []string{
		"../../etc/passwd", "/etc/passwd", `..\..\x`, "*.example.com", "*", ".", "..", "a..b", "-a.example", "a-.example",
		"a b", "a\x00b", "a\nb", "bücher.example", "a/b", "a:443", "::1]:443", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "com",
		strings.Repeat("a", 60000), "\xff\xfe",
	} {
		leaf, err := a.leaf(name, "fallback.example:443")
		if err != nil {
			t.Errorf("%.40q: %v", name, err)
			continue
		}
		if len(leaf.Leaf.DNSNames) != 1 || leaf.Leaf.DNSNames[0] != "fallback.example" || len(leaf.Leaf.IPAddresses) != 0 {
			t.Errorf("%.40q: names %q, %v", name, leaf.Leaf.DNSNames, leaf.Leaf.IPAddresses)
		}
		_, err = a.leaf("", name)
		switch {
		case strings.HasSuffix(name, ":443") && !strings.Contains(name, "]"):
		case err == nil:
			t.Errorf("%.40q: got a leaf as host", name)
		case len(err.Error()) > 2000 || strings.ContainsAny(err.Error(), "\x00\n"):
			t.Errorf("%.40q: error %q", name, err)
		}
	}
	if a.leaves.recent.Len() != 2 {
		t.Errorf("%d leaves are kept", a.leaves.recent.Len())
	}
	if contents(t, dir) != before {
		t.Error("the folder changed")
	}
}

// Catches a client that speaks only HTTP/2 led to believe that it may.
func TestOnlyHTTP2(t *testing.T) {
	a := open(t, t.TempDir())
	_, err := handshake(t, a, "a.example", &tls.Config{ServerName: "a.example", RootCAs: trusting(a), NextProtos: []string{"h2"}})
	const noApplicationProtocol = tls.AlertError(120)
	if alert, ok := errors.AsType[tls.AlertError](err); ok && alert == noApplicationProtocol {
		return
	}
	if err == nil || !strings.Contains(err.Error(), "no application protocol") {
		t.Errorf("error %v", err)
	}
}

// Catches sessions that cannot be resumed because every connection has a
// configuration of its own.
func TestSessionResumption(t *testing.T) {
	a := open(t, t.TempDir())
	client := &tls.Config{ServerName: "a.example", RootCAs: trusting(a), ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	for i, want := range []bool{false, true} {
		state, err := handshake(t, a, "a.example:443", client)
		if err != nil {
			t.Fatal(err)
		}
		if state.DidResume != want {
			t.Errorf("handshake %d: resumed %v", i, state.DidResume)
		}
	}
}

// Catches a proxy that runs for months and shows leaves that have expired.
func TestLeafRenewal(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := open(t, dir)
		seen := make(map[string]bool)
		for range 400 {
			leaf, err := a.leaf("a.example", "")
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(leaf.Leaf.NotAfter); left < 24*time.Hour {
				t.Fatalf("a leaf with %v left", left)
			}
			seen[leaf.Leaf.SerialNumber.String()] = true
			time.Sleep(24 * time.Hour)
		}
		if len(seen) > 10 {
			t.Errorf("%d leaves in 400 days", len(seen))
		}
		if n := a.leaves.recent.Len(); n != 1 {
			t.Errorf("%d leaves are kept", n)
		}
	})
}

// Catches names that two spellings make two of, or that parse as something else.
func FuzzCanonicalName(f *testing.F) {
	for _, seed := range []string{"a.example", "A.Example.", "127.0.0.1", "[::1]", "fe80::1%eth0", "::ffff:1.2.3.4", "*", "..", "1.2.3.4.", "xn--bcher-kva", "a_b"} {
		f.Add(seed)
	}
	dir, err := os.MkdirTemp("", "wsluice-certs")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { os.RemoveAll(dir) })
	a := open(f, dir)
	f.Fuzz(func(t *testing.T, name string) {
		canonical, err := canonicalName(name)
		if err != nil {
			return
		}
		if canonical != strings.ToLower(canonical) {
			t.Fatalf("%q becomes %q", name, canonical)
		}
		if again, err := canonicalName(canonical); err != nil || again != canonical {
			t.Fatalf("%q becomes %q, which becomes %q, %v", name, canonical, again, err)
		}
		leaf, err := a.mint(canonical, time.Now())
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if err := leaf.Leaf.VerifyHostname(canonical); err != nil {
			t.Fatalf("%q: %v", name, err)
		}
	})
}
