//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

// TestExportedPage opens an exported page, with hostile messages in it, in
// Chromium: its own script must run under its policy and show them as text, and
// nothing in them may run.
func TestExportedPage(t *testing.T) {
	home, err := os.MkdirTemp("", "wsluice-e2e-page-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	path := filepath.Join(home, "capture.html")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	const hostile = `</script><script>document.title="taken"</script><img src=x onerror="document.title='taken'"><b>bold</b>`
	w := export.NewHTML(f)
	began := time.Date(2026, 11, 21, 3, 4, 5, 0, time.UTC)
	if err := w.Connection(&frame.Connection{ID: 7, State: frame.Closed, URL: "wss://h.example/" + hostile, Start: began}); err != nil {
		t.Fatal(err)
	}
	for i := range 20_000 {
		m := frame.Message{Conn: 7, Seq: uint64(i + 1), Type: frame.Text, Payload: []byte(hostile), Size: uint64(len(hostile)), Time: began.Add(time.Duration(i) * time.Millisecond)}
		if err := w.Message(&m); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	browser := exec.CommandContext(ctx, "/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--log-level=3",
		"--disable-extensions", "--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir="+filepath.Join(home, "profile"),
		"--virtual-time-budget=20000", "--dump-dom", "file://"+path)
	browser.Env = append(os.Environ(), "HOME="+home)
	browser.WaitDelay = time.Second
	out, err := browser.Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	dom := string(out)
	if !strings.Contains(dom, `data-ready="yes"`) || !strings.Contains(dom, "20000 messages") {
		t.Errorf("the page did not come to show its messages: %.500s", dom)
	}
	rows := strings.Count(dom, `class="row`)
	if rows < 5 || rows > 200 || !strings.Contains(dom, `&lt;b&gt;bold&lt;/b&gt;`) {
		t.Errorf("%d rows are there", rows)
	}
	if strings.Contains(dom, "<title>taken") || strings.Contains(dom, "<img") || strings.Contains(dom, "<b>bold") {
		t.Error("markup in a message was taken for markup of the page")
	}
}
