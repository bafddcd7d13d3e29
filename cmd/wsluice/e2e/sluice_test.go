//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
)

// sluice is a running wsluice proxy.
type sluice struct {
	*process
	home    string // WSLUICE_HOME
	capture string
	addr    string
	listed  []connection // by conns
}

var ready = regexp.MustCompile(`(?m)^wsluice: listening on (\S+)$`)

// record starts a proxy with a home and a capture of its own.
func record(t testing.TB, flags ...string) *sluice {
	t.Helper()
	return recordIn(t, t.TempDir(), flags...)
}

// recordIn starts a proxy with a home that may have been in use before.
func recordIn(t testing.TB, home string, flags ...string) *sluice {
	t.Helper()
	s := &sluice{home: home}
	s.capture = filepath.Join(s.home, "capture.db")
	args := append([]string{"proxy", "--listen", "127.0.0.1:0", "--capture", s.capture}, flags...)
	s.process = start(t, s.env(), func([]byte) {}, wsluice, args...)
	s.stderr.await(t, "ready line", func(stderr string) bool {
		found := ready.FindStringSubmatch(stderr)
		if found != nil {
			s.addr = found[1]
		}
		return found != nil
	})
	return s
}

func (s *sluice) env() []string { return []string{"WSLUICE_HOME=" + s.home} }

func (s *sluice) url() string { return "http://" + s.addr }

// authority is the file with the root clients have to trust.
func (s *sluice) authority() string { return filepath.Join(s.home, "ca.pem") }

// stop ends the proxy as Ctrl-C does. The capture is whole and can be read
// afterwards.
func (s *sluice) stop(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGINT)
	if code := s.wait(t); code != 0 {
		t.Errorf("wsluice proxy ended with %d after SIGINT, want 0; stderr:\n%s", code, s.stderr.tail())
	}
	s.verify(t)
}

// verify checks the capture with wsluice verify.
func (s *sluice) verify(t testing.TB) {
	t.Helper()
	cmd := s.run("verify")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("wsluice verify: %v\n%s", err, out)
	}
}

// run runs another wsluice command on the proxy's capture.
func (s *sluice) run(args ...string) *exec.Cmd {
	cmd := exec.Command(wsluice, append(args, "--capture", s.capture)...)
	cmd.Env = append(cmd.Environ(), s.env()...)
	return cmd
}
