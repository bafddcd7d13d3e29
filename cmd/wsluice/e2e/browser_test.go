//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// browse plays plans in a page in headless Chromium that trusts the authority.
// The page comes, and its reports go, through the proxy as plain HTTP.
func browse(t testing.TB, via door, plans []plan) *journal {
	t.Helper()
	events := newJournal()
	note := report(t, events)
	done := make(chan struct{})
	pages := http.NewServeMux()
	pages.Handle("GET /", http.FileServer(http.Dir("peers")))
	pages.HandleFunc("GET /plans", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(plans)
	})
	pages.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		line, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("a report of the page: %v", err)
		}
		note(line)
	})
	pages.HandleFunc("POST /done", func(http.ResponseWriter, *http.Request) { close(done) })
	site := httptest.NewServer(pages)
	defer site.Close()

	p := chromium(t, via, site.URL+"/client_page.html")
	select {
	case <-done:
	case <-p.exited:
		t.Fatalf("chromium ended early: %v\n%s", p.err, p.stderr.tail())
	case <-time.After(patience):
		t.Fatalf("the page was not done after %v; it reported %+v\n%s", patience, events.events, p.stderr.tail())
	}
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.exited
	return events
}

// chromium opens a page with everything, loopback included, through the proxy.
func chromium(t testing.TB, via door, page string) *process {
	t.Helper()
	// Not t.TempDir: helpers of the browser may still write into it for a moment
	// after their parent was killed, and TempDir fails the test for that.
	home, err := os.MkdirTemp("", "wsluice-e2e-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	trust(t, home, via.authority)
	return start(t, []string{"HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_CACHE_HOME=" + home}, func([]byte) {},
		"/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--log-level=3", "--disable-default-apps", "--disable-extensions", "--remote-debugging-port=0",
		"--user-data-dir="+filepath.Join(home, "profile"),
		"--proxy-server="+via.proxy, "--proxy-bypass-list=<-loopback>;*google*",
		// What the browser wants from its maker must not leave this machine.
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
		page)
}

// trust adds an authority to the NSS database Chromium reads in its home.
func trust(t testing.TB, home, authority string) {
	t.Helper()
	db := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(db, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-N", "--empty-password"},
		{"-A", "-n", "wsluice", "-t", "C,,", "-i", authority},
	} {
		cmd := exec.Command("certutil", append([]string{"-d", "sql:" + db}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", cmd.Args, err, out)
		}
	}
}
