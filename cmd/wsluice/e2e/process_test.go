//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a child process in a process group of its own. It ends with its
// test at the latest.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr *transcript
	exited chan struct{} // closed when it has ended and its output is read
	err    error         // from Wait, valid after exited
}

// start starts a command and hands each line of its standard output to line.
func start(t testing.TB, env []string, line func([]byte), name string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &process{cmd: cmd, stderr: newTranscript(), exited: make(chan struct{})}
	cmd.Stderr = p.stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v (cmd/wsluice/e2e/setup.sh installs what these tests need)", name, err)
	}
	go func() {
		defer close(p.exited)
		lines := bufio.NewReader(stdout)
		for {
			l, err := lines.ReadBytes('\n')
			if err != nil {
				break
			}
			line(l)
		}
		p.err = cmd.Wait()
	}()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-p.exited
		if t.Failed() {
			t.Logf("%s %q said on stderr:\n%s", name, args, p.stderr.tail())
		}
	})
	return p
}

// signal sends a signal to the process alone.
func (p *process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("signal %v to %s: %v", s, p.cmd.Path, err)
	}
}

// wait returns the exit code once the process has ended by itself, and -1 when
// a signal ended it.
func (p *process) wait(t testing.TB) int {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Fatalf("%q did not end in %v", p.cmd.Args, patience)
	}
	var exit *exec.ExitError
	if p.err != nil && !errors.As(p.err, &exit) {
		t.Fatalf("%q: %v", p.cmd.Args, p.err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// transcript keeps what a process writes and lets a test wait for a part of it.
type transcript struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	changed chan struct{}
}

func newTranscript() *transcript { return &transcript{changed: make(chan struct{})} }

func (o *transcript) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.buf.Write(p)
}

func (o *transcript) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// tail returns the last 4 KiB.
func (o *transcript) tail() string {
	s := o.String()
	return s[max(0, len(s)-4096):]
}

// await waits until found, given all output so far, returns true.
func (o *transcript) await(t testing.TB, what string, found func(string) bool) {
	t.Helper()
	timeout := time.After(patience)
	for {
		o.mu.Lock()
		s, changed := o.buf.String(), o.changed
		o.mu.Unlock()
		if found(s) {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("no %s on stderr after %v; it has:\n%s", what, patience, o.tail())
		}
	}
}
