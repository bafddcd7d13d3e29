//go:build e2e

package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// appOf makes this test program an app for wsluice run: Go's net/http and
// gorilla's default dialer, which know nothing of a proxy.
const appOf = "WSLUICE_E2E_APP"

func init() {
	if os.Getenv(appOf) == "" {
		return
	}
	for _, base := range os.Args[2:] {
		got, err := visit(os.Args[1], base)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(got)
	}
	os.Exit(0)
}

func visit(library, base string) (string, error) {
	url := base + "/" + library
	if strings.HasPrefix(base, "http") {
		response, err := http.Get(url)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return string(body), err
	}
	ws, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		return "", err
	}
	defer ws.Close()
	if err := ws.WriteMessage(websocket.TextMessage, []byte("hello from "+library)); err != nil {
		return "", err
	}
	_, got, err := ws.ReadMessage()
	if err != nil {
		return "", err
	}
	end := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := ws.WriteMessage(websocket.CloseMessage, end); err != nil {
		return "", err
	}
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		return "", err
	}
	return string(got), nil
}

// site is an echo server for WebSocket, and says hello to all else.
type site struct{ http, https, ws, wss string }

// serveSite starts a site at an address of this machine, under the name given.
func serveSite(t testing.TB, pki *authority, address, name string) site {
	t.Helper()
	pair := pki.sign(t, &x509.Certificate{
		Subject:     pkix.Name{CommonName: "site"},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.ParseIP(address)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !websocket.IsWebSocketUpgrade(r) {
			fmt.Fprint(w, "hello over http")
			return
		}
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		for {
			kind, p, err := ws.ReadMessage()
			if err != nil || ws.WriteMessage(kind, p) != nil {
				return
			}
		}
	})
	at := func(secure bool) string {
		l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(handler)
		server.Listener.Close()
		server.Listener = l
		if secure {
			server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
			server.StartTLS()
		} else {
			server.Start()
		}
		t.Cleanup(server.Close)
		return net.JoinHostPort(name, port(l))
	}
	open, secure := at(false), at(true)
	return site{"http://" + open, "https://" + secure, "ws://" + open, "wss://" + secure}
}

// outside returns an address of this machine that is no loopback: Go and Ruby
// never use a proxy for those.
func outside(t testing.TB) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && !network.IP.IsLoopback() && network.IP.To4() != nil {
			return network.IP.String()
		}
	}
	t.Fatal("this test needs an IPv4 address besides loopback on this machine")
	return ""
}

// ran is what came of wsluice run.
type ran struct {
	*sluice
	stdout, stderr string
	code           int
}

// through runs a command with wsluice run, with a home of its own.
func through(t testing.TB, pki *authority, env []string, command ...string) *ran {
	t.Helper()
	home, temp := t.TempDir(), t.TempDir()
	r := &ran{sluice: &sluice{home: home, capture: filepath.Join(home, "capture.db")}}
	cmd := exec.Command(wsluice, append([]string{"run", "-v", "--upstream-ca", pki.file, "--capture", r.capture, "--"}, command...)...)
	cmd.Env = append(append(os.Environ(), "TMPDIR="+temp, "PYTHONDONTWRITEBYTECODE=1"), append(env, r.env()...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	exit, _ := errors.AsType[*exec.ExitError](err)
	if err != nil && exit == nil {
		t.Fatalf("%q: %v", cmd.Args, err)
	}
	r.stdout, r.stderr, r.code = stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
	if left, err := filepath.Glob(filepath.Join(temp, "wsluice-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	return r
}

// TestRunApps would catch a runtime or library that does not find the proxy, goes
// around it, or does not trust it, when its program knows of none of that.
func TestRunApps(t *testing.T) {
	pki := newAuthority(t)
	local := serveSite(t, pki, "127.0.0.1", "localhost")
	node := []string{"node", "--experimental-websocket", "--no-warnings", "peers/run_app.mjs"}
	python := []string{"/usr/bin/python3", "peers/run_app.py"}
	tests := []struct {
		library string
		command []string
		http    bool
		ws      bool
		outside bool // it uses no proxy for the own machine
	}{
		{library: "ws", command: node, http: true, ws: true},
		{library: "node-own", command: node, http: true, ws: true},
		{library: "deno-own", command: []string{"node_modules/.bin/deno", "run", "--allow-net", "peers/run_app.mjs"}, http: true, ws: true},
		{library: "bun-own", command: []string{"node_modules/.bin/bun", "peers/run_app.mjs"}, http: true, ws: true},
		{library: "requests", command: python, http: true},
		{library: "aiohttp", command: python, http: true, ws: true},
		{library: "websockets", command: python, ws: true},
		{library: "websocket", command: python, ws: true},
		{library: "java", command: []string{"java", "peers/RunApp.java"}, http: true, ws: true},
		{library: "go", command: []string{os.Args[0]}, http: true, ws: true, outside: true},
		{library: "ruby", command: []string{"/usr/bin/ruby", "peers/run_app.rb"}, http: true, outside: true},
	}
	for _, test := range tests {
		t.Run(test.library, func(t *testing.T) {
			at := local
			if test.outside {
				address := outside(t)
				at = serveSite(t, pki, address, address)
			}
			command := append(slices.Clone(test.command), test.library)
			var want []string
			if test.http {
				command = append(command, at.http, at.https)
				want = append(want, "hello over http", "hello over http")
			}
			if test.ws {
				command = append(command, at.ws, at.wss)
				want = append(want, "hello from "+test.library, "hello from "+test.library)
			}
			var env []string
			if test.command[0] == os.Args[0] {
				env = []string{appOf + "=1"}
			}
			r := through(t, pki, env, command...)
			if got := strings.Fields(r.stdout); r.code != 0 || !slices.Equal(got, strings.Fields(strings.Join(want, " "))) {
				t.Fatalf("ended with %d, printed %q, want %q; stderr:\n%s", r.code, r.stdout, want, r.stderr)
			}
			if test.http {
				for _, base := range []string{at.http, at.https} {
					if !strings.Contains(r.stderr, "url="+base+"/"+test.library+" status=200") {
						t.Errorf("%s did not pass the proxy; stderr:\n%s", base, r.stderr)
					}
				}
			}
			if test.ws {
				r.expect(t, test.library, at)
			}
		})
	}
}

// expect checks that the capture has the talk over ws and over wss, and nothing
// else.
func (r *ran) expect(t *testing.T, library string, at site) {
	t.Helper()
	if !strings.Contains(r.stderr, "\nwsluice: recorded 2 connections, 8 messages into "+r.capture) {
		t.Errorf("no summary of 2 connections and 8 messages on stderr:\n%s", r.stderr)
	}
	var urls []string
	for _, c := range r.conns(t) {
		urls = append(urls, c.URL)
		var texts []string
		for _, m := range r.messages(t, c.Conn) {
			texts = append(texts, m.Type+" "+m.From+" "+m.Text)
		}
		hello := "hello from " + library
		if c.State != "closed" || c.Code != 1000 || len(texts) != 4 || texts[0] != "text client "+hello || texts[1] != "text server "+hello {
			t.Errorf("connection %s: %s, code %d, messages %q", c.URL, c.State, c.Code, texts)
		}
	}
	slices.Sort(urls)
	if want := []string{at.ws + "/" + library, at.wss + "/" + library}; !slices.Equal(urls, want) {
		t.Errorf("recorded %q, want %q", urls, want)
	}
}

// TestRunCurl would catch curl, or a handshake by hand, that needs more than the
// environment.
func TestRunCurl(t *testing.T) {
	pki := newAuthority(t)
	open, secure := serveRaw(t, nil), serveRaw(t, pki.config(t, "curl"))
	greeting := plain(0x81, "hello curl") + plain(0x88, "\x03\xe8")
	for name, host := range map[string]*host{"curl-ws": open, "curl-wss": secure} {
		host.always(switching + greeting)
		args := []string{"curl", "--silent", "--show-error", "--no-buffer", "--http1.1", "--max-time", "30"}
		for _, field := range upgrade {
			args = append(args, "--header", field)
		}
		r := through(t, pki, nil, append(args, strings.Replace(host.url.String(), "ws", "http", 1)+"/"+name)...)
		if r.code != 0 || r.stdout != greeting {
			t.Errorf("%s: ended with %d, printed %q; stderr:\n%s", name, r.code, r.stdout, r.stderr)
		}
		conn := r.conn(t, name)
		sameBytes(t, name+": wire bytes from the server", wireOf(r.frames(t, conn.Conn), "server"), []byte(greeting))
	}
}

// TestRunKeepsSitecustomize would catch a sitecustomize of the user's that is no
// longer loaded, and one whose own import hook and ours ask each other for ever.
func TestRunKeepsSitecustomize(t *testing.T) {
	pki := newAuthority(t)
	dir := t.TempDir()
	const mine = `
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        found = (f.find_spec(name, path, target) for f in sys.meta_path if f is not self)
        return next((spec for spec in found if spec), None)
sys.meta_path.insert(0, Finder())
sys.mine = 1
`
	if err := os.WriteFile(filepath.Join(dir, "sitecustomize.py"), []byte(mine), 0o600); err != nil {
		t.Fatal(err)
	}
	const script = `
import sys, sitecustomize, aiohttp.client
print(sys.mine, sitecustomize.__file__, [p for p in sys.path if 'wsluice' in p], aiohttp.client.ClientSession._request.__module__)
`
	r := through(t, pki, []string{"PYTHONPATH=" + dir}, "/usr/bin/python3", "-c", script)
	if want := "1 " + filepath.Join(dir, "sitecustomize.py") + " [] wsluice_libraries\n"; r.code != 0 || r.stdout != want {
		t.Errorf("ended with %d, printed %q, want %q; stderr:\n%s", r.code, r.stdout, want, r.stderr)
	}
}
