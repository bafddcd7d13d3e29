//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestRunInterrupt would catch a signal sent to wsluice alone that the command
// does not get.
func TestRunInterrupt(t *testing.T) {
	home := t.TempDir()
	said := newTranscript()
	p := start(t, []string{"WSLUICE_HOME=" + home}, func(line []byte) { said.Write(line) }, wsluice, "run", "--", "sh", "-c",
		`trap "echo interrupted; exit 5" INT; echo ready; while :; do sleep 0.01; done`)
	said.await(t, "ready", func(s string) bool { return strings.Contains(s, "ready") })
	p.signal(t, syscall.SIGINT)
	if code := p.wait(t); code != 5 || said.String() != "ready\ninterrupted\n" {
		t.Errorf("ended with %d, printed %q; stderr:\n%s", code, said.String(), p.stderr.tail())
	}
}

// TestRunTerminal would catch a command that does not have the terminal wsluice
// has, or gets a Ctrl-C typed there twice, or is left by wsluice because of one.
func TestRunTerminal(t *testing.T) {
	cmd := exec.Command("/usr/bin/python3", "peers/run_terminal.py", wsluice)
	cmd.Env = append(os.Environ(), "WSLUICE_HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"a terminal: True", "interrupts: 1", "read: some words", "ended with 3", "wsluice: recorded no connections"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q on the terminal:\n%s", want, out)
		}
	}
}

// TestRunBrowser would catch a browser that goes around the proxy, does not trust
// it, or stays when wsluice is told to end.
func TestRunBrowser(t *testing.T) {
	pki := newAuthority(t)
	at := serveSite(t, pki, "127.0.0.1", "localhost")
	r := &ran{sluice: &sluice{home: t.TempDir()}}
	r.capture = filepath.Join(r.home, "capture.db")
	temp := t.TempDir()
	page, told := servePage(t, at)
	p := start(t, append(r.env(), "TMPDIR="+temp, "HOME="+r.home, "XDG_CONFIG_HOME="+r.home, "XDG_CACHE_HOME="+r.home), func([]byte) {},
		wsluice, append([]string{"run", "--upstream-ca", pki.file, "--capture", r.capture, "--browser", page, "--"}, headless...)...)
	select {
	case got := <-told:
		if got != "hello from page, hello from page" {
			t.Errorf("the page got %q", got)
		}
	case <-p.exited:
		t.Fatalf("the browser ended early: %v", p.err)
	case <-time.After(patience):
		t.Fatal("the page told nothing")
	}
	p.signal(t, syscall.SIGTERM)
	p.wait(t)
	r.stderr = p.stderr.String()
	r.expect(t, "page", at)
	if left, err := filepath.Glob(filepath.Join(temp, "wsluice-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}
