package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/wsluice/wsluice/certs"
)

// talk is a program for the scripts: it sends a few messages to an echo server of
// its own, through the proxy its environment names.
func talk() {
	if err := traffic(os.Getenv("wss_proxy")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// environmentOf makes the environment of a command whose own is given.
func environmentOf(t *testing.T, own map[string]string) (e *environment, variables map[string]string, warnings []string) {
	t.Helper()
	a, err := certs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e = &environment{proxy: "127.0.0.1:4711", authority: a, dir: t.TempDir()}
	e.warn = func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	variables, err = e.variables(func(name string) (string, bool) { v, ok := own[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	return e, variables, warnings
}

// subjects returns the names of the certificates in a PEM file.
func subjects(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, certificate.Subject.CommonName)
	}
	return names
}

// TestEnvironment would catch a variable in one case only, hosts left out of the
// proxy, and a bundle without the authority or open to others.
func TestEnvironment(t *testing.T) {
	e, variables, warnings := environmentOf(t, nil)
	if len(warnings) > 0 {
		t.Errorf("warned of %q", warnings)
	}
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ws_proxy", "WSS_PROXY", "all_proxy"} {
		if variables[name] != "http://127.0.0.1:4711" {
			t.Errorf("%s=%s", name, variables[name])
		}
	}
	for _, name := range []string{"no_proxy", "NO_PROXY", "NODE_USE_ENV_PROXY"} {
		if _, ok := variables[name]; !ok {
			t.Errorf("%s is not set", name)
		}
	}
	ours := e.authority.Certificate().Subject.CommonName
	for _, name := range []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"} {
		if found := subjects(t, variables[name]); found[len(found)-1] != ours {
			t.Errorf("%s: the last certificate is %q, not ours", name, found[len(found)-1])
		}
	}
	if extra := subjects(t, variables["NODE_EXTRA_CA_CERTS"]); len(extra) != 1 {
		t.Errorf("NODE_EXTRA_CA_CERTS has %d certificates, want ours alone", len(extra))
	}
	for _, option := range []string{"-Dhttps.proxyHost=127.0.0.1", "-Dhttps.proxyPort=4711", "-Dhttp.nonProxyHosts= "} {
		if !strings.Contains(variables["JAVA_TOOL_OPTIONS"], option) {
			t.Errorf("JAVA_TOOL_OPTIONS has no %q: %s", option, variables["JAVA_TOOL_OPTIONS"])
		}
	}
	store, err := os.ReadFile(filepath.Join(e.dir, "roots.p12"))
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := pkcs12.DecodeTrustStore(store, trustStorePassword)
	if err != nil || !slices.ContainsFunc(trusted, e.authority.Certificate().Equal) {
		t.Errorf("Java's store of %d has not our root: %v", len(trusted), err)
	}
	err = filepath.Walk(e.dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 && path != e.dir {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestEnvironmentKeeps would catch a value of the user's that gets lost.
func TestEnvironmentKeeps(t *testing.T) {
	other, err := certs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	theirs := other.Certificate().Subject.CommonName
	missing := filepath.Join(t.TempDir(), "none.pem")
	e, variables, warnings := environmentOf(t, map[string]string{
		"SSL_CERT_FILE":       other.Path(),
		"NODE_EXTRA_CA_CERTS": other.Path(),
		"REQUESTS_CA_BUNDLE":  missing,
		"NODE_OPTIONS":        "--max-old-space-size=100",
		"BUN_OPTIONS":         "--smol",
		"JAVA_TOOL_OPTIONS":   "-Xmx100m",
		"PYTHONPATH":          "/my/modules",
	})
	want := []string{theirs, e.authority.Certificate().Subject.CommonName}
	for _, name := range []string{"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"} {
		if found := subjects(t, variables[name]); !slices.Equal(found, want) {
			t.Errorf("%s has %q, want %q", name, found, want)
		}
	}
	if found := subjects(t, variables["CURL_CA_BUNDLE"]); slices.Contains(found, theirs) {
		t.Error("CURL_CA_BUNDLE got the roots of another variable")
	}
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], "REQUESTS_CA_BUNDLE is replaced:") {
		t.Errorf("warnings %q", warnings)
	}
	for name, prefix := range map[string]string{
		"NODE_OPTIONS":      "--max-old-space-size=100 --require=",
		"BUN_OPTIONS":       "--smol --preload=",
		"JAVA_TOOL_OPTIONS": "-Xmx100m -D",
	} {
		if !strings.HasPrefix(variables[name], prefix) {
			t.Errorf("%s=%s", name, variables[name])
		}
	}
	if want := string(os.PathListSeparator) + "/my/modules"; !strings.HasSuffix(variables["PYTHONPATH"], want) {
		t.Errorf("PYTHONPATH=%s", variables["PYTHONPATH"])
	}
}

func TestNodeWord(t *testing.T) {
	for path, want := range map[string]string{
		"/tmp/x/a.cjs":       "/tmp/x/a.cjs",
		"/tmp/my files/a":    `"/tmp/my files/a"`,
		`C:\Users\me\a.cjs`:  `"C:\\Users\\me\\a.cjs"`,
		`/tmp/a "b" c/a.cjs`: `"/tmp/a \"b\" c/a.cjs"`,
	} {
		if got := nodeWord(path); got != want {
			t.Errorf("nodeWord(%s) = %s, want %s", path, got, want)
		}
	}
}

// TestWithVariables would catch a variable that is set twice: which one counts
// differs between programs.
func TestWithVariables(t *testing.T) {
	got := withVariables([]string{"A=1", "B=2", "C"}, map[string]string{"B": "3", "D": ""})
	slices.Sort(got)
	if want := []string{"A=1", "B=3", "C", "D="}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTroubleOnly would catch events printed over what the command prints.
func TestTroubleOnly(t *testing.T) {
	for verbose, want := range map[bool]string{false: "warning: two a=1", true: "one"} {
		var out bytes.Buffer
		p := &program{stderr: &out}
		logger := p.quietLogger(verbose).With("a", 1)
		logger.Info("one")
		logger.Warn("two")
		if !strings.Contains(out.String(), want) || !verbose && strings.Contains(out.String(), "one") {
			t.Errorf("verbose %v: %q", verbose, out.String())
		}
	}
}
