package main

import (
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/wsluice/wsluice/certs"
)

// Programs the interpreters load into themselves, for libraries that know no
// proxy variables.
var (
	//go:embed preload/javascript.cjs
	javascriptPreload []byte
	//go:embed preload/sitecustomize.py
	pythonPreload []byte
	//go:embed preload/wsluice_libraries.py
	pythonLibraries []byte
)

var (
	// proxyVariables name the proxy, in both cases.
	proxyVariables = []string{"http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "all_proxy"}
	// rootVariables name a file with all the roots a program trusts.
	rootVariables = []string{
		"SSL_CERT_FILE", // OpenSSL, Go, Python's ssl, Ruby, rustls-native-certs
		"NIX_SSL_CERT_FILE",
		"CURL_CA_BUNDLE",
		"REQUESTS_CA_BUNDLE",
		"WEBSOCKET_CLIENT_CA_BUNDLE",
		"HTTPLIB2_CA_CERTS",
		"PIP_CERT",
		"AWS_CA_BUNDLE",
		"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
		"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
		"GIT_SSL_CAINFO",
		"CARGO_HTTP_CAINFO",
	}
	// extraVariables name a file with roots a program trusts besides its own.
	extraVariables = []string{"NODE_EXTRA_CA_CERTS", "DENO_CERT"}
)

// trustStorePassword opens the trust store made for Java, as it does Java's own.
const trustStorePassword = "changeit"

// environment makes the variables that lead a command through a proxy.
type environment struct {
	proxy     string // HOST:PORT
	authority *certs.Authority
	dir       string // for the files the variables name
	warn      func(format string, args ...any)

	system  []byte            // the system's roots
	bundles map[string]string // written, by the file they are made of
	values  map[string]string
}

// variables returns what to set besides the variables the command inherits, and
// writes the files they name into dir. A value lookup finds there is made part
// of the new one where it can be.
func (e *environment) variables(lookup func(string) (string, bool)) (map[string]string, error) {
	var err error
	if e.system, err = certs.SystemRoots(); err != nil {
		return nil, err
	}
	e.bundles, e.values = map[string]string{}, map[string]string{}
	for _, name := range proxyVariables {
		e.values[name], e.values[strings.ToUpper(name)] = "http://"+e.proxy, "http://"+e.proxy
	}
	e.values["no_proxy"], e.values["NO_PROXY"] = "", ""
	if err := e.roots(lookup); err != nil {
		return nil, err
	}
	if err := e.preloads(lookup); err != nil {
		return nil, err
	}
	return e.values, e.java(lookup)
}

// roots makes the command trust the authority besides what it trusts now.
func (e *environment) roots(lookup func(string) (string, bool)) error {
	all, err := e.write("roots.pem", e.authority.Bundle(e.system))
	if err != nil {
		return err
	}
	ours, err := e.write("root.pem", e.authority.PEM())
	if err != nil {
		return err
	}
	for _, name := range rootVariables {
		if e.values[name], err = e.bundle(name, lookup, all); err != nil {
			return err
		}
	}
	for _, name := range extraVariables {
		if e.values[name], err = e.bundle(name, lookup, ours); err != nil {
			return err
		}
	}
	return nil
}

// bundle writes a file of the roots that the variable names now and the
// authority's, and returns its path; if it names none, that is fallback.
func (e *environment) bundle(variable string, lookup func(string) (string, bool), fallback string) (string, error) {
	file, _ := lookup(variable)
	if file == "" {
		return fallback, nil
	}
	if path, ok := e.bundles[file]; ok {
		return path, nil
	}
	own, err := certs.ReadBundle(file)
	if err != nil {
		e.warn("%s is replaced: %v", variable, err)
		return fallback, nil
	}
	path, err := e.write(fmt.Sprintf("roots-%d.pem", len(e.bundles)+1), e.authority.Bundle(own))
	e.bundles[file] = path
	return path, err
}

// preloads makes interpreters load what leads those libraries through the proxy
// that ignore its variables.
func (e *environment) preloads(lookup func(string) (string, bool)) error {
	script, err := e.write("javascript.cjs", javascriptPreload)
	if err != nil {
		return err
	}
	e.values["NODE_OPTIONS"] = joinWords(lookup, "NODE_OPTIONS", "--require="+nodeWord(script))
	e.values["BUN_OPTIONS"] = joinWords(lookup, "BUN_OPTIONS", "--preload="+nodeWord(script))
	// From 22.21 and 24 on Node.js leads its own fetch itself.
	e.values["NODE_USE_ENV_PROXY"] = "1"

	modules := filepath.Join(e.dir, "python")
	if err := os.Mkdir(modules, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if _, err := e.write(filepath.Join("python", "sitecustomize.py"), pythonPreload); err != nil {
		return err
	}
	if _, err := e.write(filepath.Join("python", "wsluice_libraries.py"), pythonLibraries); err != nil {
		return err
	}
	// An empty entry would be the current folder.
	if own, _ := lookup("PYTHONPATH"); own != "" {
		modules += string(os.PathListSeparator) + own
	}
	e.values["PYTHONPATH"] = modules
	return nil
}

// java sets the options every Java virtual machine reads.
func (e *environment) java(lookup func(string) (string, bool)) error {
	store, err := e.authority.TrustStore(e.system, trustStorePassword)
	if err != nil {
		return err
	}
	path, err := e.write("roots.p12", store)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(e.proxy)
	if err != nil {
		return fmt.Errorf("address of the proxy: %w", err)
	}
	options := []string{
		"-Dhttp.proxyHost=" + host, "-Dhttp.proxyPort=" + port,
		"-Dhttps.proxyHost=" + host, "-Dhttps.proxyPort=" + port,
		"-Dhttp.nonProxyHosts=",
		`"-Djavax.net.ssl.trustStore=` + path + `"`,
		"-Djavax.net.ssl.trustStoreType=PKCS12",
		"-Djavax.net.ssl.trustStorePassword=" + trustStorePassword,
	}
	e.values["JAVA_TOOL_OPTIONS"] = joinWords(lookup, "JAVA_TOOL_OPTIONS", options...)
	return nil
}

// joinWords puts words behind those the variable has; where two contradict each
// other the later counts.
func joinWords(lookup func(string) (string, bool), variable string, words ...string) string {
	if own, _ := lookup(variable); own != "" {
		words = append([]string{own}, words...)
	}
	return strings.Join(words, " ")
}

func (e *environment) write(name string, content []byte) (string, error) {
	path := filepath.Join(e.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return "", fmt.Errorf("write for the command: %w", err)
	}
	return path, nil
}

// nodeWord quotes s for NODE_OPTIONS where it needs to be. Tools that read the
// variable as well do not all know quotes.
func nodeWord(s string) string {
	if !strings.ContainsAny(s, ` "\`) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// withVariables returns the environment base with variables set.
func withVariables(base []string, variables map[string]string) []string {
	all := make([]string, 0, len(base)+len(variables))
	for _, entry := range base {
		name, _, _ := strings.Cut(entry, "=")
		if _, ours := variables[name]; !ours {
			all = append(all, entry)
		}
	}
	for name, value := range variables {
		all = append(all, name+"="+value)
	}
	return all
}
