//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// headless are the flags of a browser without a screen. As root it needs to go
// without its sandbox, and it must not ask its maker for anything.
var headless = []string{
	"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--log-level=3",
	"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
}

// servePage serves a page that talks to a site over ws and over wss, and tells
// what it got.
func servePage(t testing.TB, at site) (url string, told <-chan string) {
	t.Helper()
	answers := make(chan string, 1)
	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!doctype html><script type="module">
const echo = (url) => new Promise((resolve) => {
  const socket = new WebSocket(url + '/page')
  let got = 'nothing'
  socket.onopen = () => socket.send('hello from page')
  socket.onmessage = ({ data }) => { got = data; socket.close(1000) }
  socket.onclose = () => resolve(got)
})
const told = []
for (const url of [%q, %q]) told.push(await echo(url))
await fetch('/told', { method: 'POST', body: told.join(', ') })
</script>`, at.ws, at.wss)
	})
	pages.HandleFunc("POST /told", func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("what the page tells: %v", err)
		}
		answers <- string(body)
	})
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	return server.URL, answers
}

// TestInstallSystem would catch a root that programs of this system do not trust
// after wsluice ca install, or still do after wsluice ca uninstall.
func TestInstallSystem(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this test changes the system's store and needs to be root for it")
	}
	pki := newAuthority(t)
	at := serveSite(t, pki, "127.0.0.1", "localhost")
	s := record(t, "--upstream-ca", pki.file)
	curl := func() error {
		cmd := exec.Command("env", "-i", "curl", "--silent", "--show-error", "--max-time", "30", "--proxy", s.url(), at.https+"/curl")
		out, err := cmd.CombinedOutput()
		if err == nil && string(out) != "hello over http" {
			err = fmt.Errorf("it printed %q", out)
		}
		return err
	}
	change := func(want string, args ...string) {
		t.Helper()
		out, err := s.run(append([]string{"ca"}, args...)...).CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), want+" the system's store in ") {
			t.Errorf("ca %v: %v\n%s", args, err, out)
		}
	}
	t.Cleanup(func() { s.run("ca", "uninstall", "--store", "system").Run() })
	if curl() == nil {
		t.Fatal("curl trusts the authority before it is installed")
	}
	change("not in", "uninstall", "--store", "system")
	change("installed into", "install", "--store", "system")
	change("already in", "install", "--store", "system")
	if err := curl(); err != nil {
		t.Errorf("curl with the authority installed: %v", err)
	}
	change("removed from", "uninstall", "--store", "system")
	if curl() == nil {
		t.Error("curl still trusts the authority")
	}
	s.stop(t)
}

// TestInstallBrowser would catch a database that Chromium does not read, and one
// from which the root is not gone afterwards.
func TestInstallBrowser(t *testing.T) {
	pki := newAuthority(t)
	at := serveSite(t, pki, "127.0.0.1", "localhost")
	s := record(t, "--upstream-ca", pki.file)
	// Not t.TempDir: the browser may write for a moment after it was killed.
	home, err := os.MkdirTemp("", "wsluice-e2e-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	database := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(database, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("certutil", "-d", "sql:"+database, "-N", "--empty-password").CombinedOutput(); err != nil {
		t.Fatalf("certutil: %v\n%s", err, out)
	}
	env := []string{"HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_CACHE_HOME=" + home, "XDG_DATA_HOME="}
	change := func(want string, args ...string) {
		t.Helper()
		cmd := s.run(append([]string{"ca"}, args...)...)
		cmd.Env = append(cmd.Env, env...)
		out, err := cmd.Output()
		if err != nil || !strings.HasPrefix(string(out), want+" Chromium's database in "+database+"\n") {
			t.Errorf("ca %v: %v\n%s", args, err, out)
		}
	}
	browse := func() string {
		page, told := servePage(t, at)
		flags := append([]string{"--user-data-dir=" + filepath.Join(home, "profile"), "--proxy-server=" + s.url(),
			"--proxy-bypass-list=<-loopback>", "--no-first-run"}, headless...)
		p := start(t, env, func([]byte) {}, "/usr/bin/chromium", append(flags, page)...)
		defer func() {
			syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
			<-p.exited
		}()
		select {
		case got := <-told:
			return got
		case <-p.exited:
			t.Fatalf("chromium ended early: %v\n%s", p.err, p.stderr.tail())
		case <-time.After(patience):
			t.Fatalf("the page told nothing\n%s", p.stderr.tail())
		}
		return ""
	}
	change("installed into", "install", "--store", "browsers")
	change("already in", "install", "--store", "browsers")
	if got := browse(); got != "hello from page, hello from page" {
		t.Errorf("with the authority installed the page got %q", got)
	}
	change("removed from", "uninstall", "--store", "browsers")
	change("not in", "uninstall", "--store", "browsers")
	if got := browse(); got != "hello from page, nothing" {
		t.Errorf("without the authority the page got %q", got)
	}
	s.stop(t)
}
