//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// terminal is wsluice on a pseudo terminal of its own, with what it shows there.
// The program ends with its test at the latest.
type terminal struct {
	cmd           *exec.Cmd
	keys          *os.File    // the end a person sits at
	line          *os.File    // the end of the program
	before, after *term.State // of the line
	exited        chan struct{}
	err           error // from Wait, valid after exited
	reading       sync.WaitGroup

	mu      sync.Mutex
	screen  *screen
	changed chan struct{} // closed when the screen has changed
}

// onTerminal starts wsluice on a terminal of 100x30 with some variables besides the
// usual ones.
func onTerminal(t testing.TB, env []string, args ...string) *terminal {
	t.Helper()
	keys, line := openTerminal(t)
	p := &terminal{
		cmd: exec.Command(wsluice, args...), keys: keys, line: line,
		exited: make(chan struct{}), screen: newScreen(100, 30), changed: make(chan struct{}),
	}
	p.size(t, 100, 30)
	var err error
	if p.before, err = term.GetState(int(line.Fd())); err != nil {
		t.Fatal(err)
	}
	p.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8", "NO_COLOR=", "COLORTERM=", "LINES=", "COLUMNS=")
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = line, line, line
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	// Who runs the tests under nohup ignores hangups, and what is started would as
	// well; a signal that is caught is not ignored.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.reading.Go(p.read)
	go func() {
		defer close(p.exited)
		p.err = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.exited
		p.line.Close()
		p.keys.Close()
		p.reading.Wait()
		if t.Failed() {
			t.Logf("wsluice %q, on its terminal:\n%s", args, p.screen.text())
		}
	})
	return p
}

// openTerminal returns the ends of a pseudo terminal. That of the person can be
// closed while it is read from.
func openTerminal(t testing.TB) (keys, line *os.File) {
	t.Helper()
	blocking, line, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer blocking.Close()
	fd, err := syscall.Dup(int(blocking.Fd()))
	if err == nil {
		syscall.CloseOnExec(fd)
		err = syscall.SetNonblock(fd, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), blocking.Name()), line
}

// read shows what the program writes.
func (p *terminal) read() {
	part := make([]byte, 32<<10)
	for {
		n, err := p.keys.Read(part)
		p.mu.Lock()
		p.screen.write(part[:n])
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// press types text and keys, which are named in angle brackets.
func (p *terminal) press(t testing.TB, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if named, ok := named[key]; ok {
			key = named
		}
		if _, err := io.WriteString(p.keys, key); err != nil {
			t.Fatalf("press %q: %v", key, err)
		}
	}
}

var named = map[string]string{"<enter>": "\r", "<esc>": "\x1b", "<down>": "\x1bOB", "<up>": "\x1bOA", "<ctrl-c>": "\x03"}

// size makes the terminal another size.
func (p *terminal) size(t testing.TB, width, height int) {
	t.Helper()
	p.mu.Lock()
	p.screen.resize(width, height)
	p.mu.Unlock()
	if err := pty.Setsize(p.line, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		t.Fatal(err)
	}
}

// see waits until the screen shows all of the texts and returns it.
func (p *terminal) see(t testing.TB, texts ...string) string {
	t.Helper()
	var shown string
	p.until(t, fmt.Sprintf("%q", texts), func(s *screen) bool {
		shown = s.text()
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(shown, text) })
	})
	return shown
}

// until waits until the screen, between two frames, is as wanted.
func (p *terminal) until(t testing.TB, what string, wanted func(*screen) bool) {
	t.Helper()
	timeout := time.After(patience)
	for {
		p.mu.Lock()
		found := !p.screen.drawing() && wanted(p.screen)
		changed, text := p.changed, p.screen.text()
		p.mu.Unlock()
		if found {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("no %s on the terminal after %v; it shows\n%s", what, patience, text)
		}
	}
}

// hangUp closes the terminal.
func (p *terminal) hangUp(t testing.TB) {
	t.Helper()
	if err := p.keys.Close(); err != nil {
		t.Fatal(err)
	}
	p.reading.Wait()
}

// wait returns the exit code once the program has ended by itself, -1 when a
// signal ended it, and the screen it left.
func (p *terminal) wait(t testing.TB) (int, string) {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Fatalf("%q did not end in %v", p.cmd.Args, patience)
	}
	if exit, ok := errors.AsType[*exec.ExitError](p.err); p.err != nil && !ok {
		t.Fatalf("%q: %v, %v", p.cmd.Args, p.err, exit)
	}
	p.after, _ = term.GetState(int(p.line.Fd())) // not of one that was closed
	p.line.Close()
	p.reading.Wait()
	return p.cmd.ProcessState.ExitCode(), p.screen.text()
}

// leaves waits for the program to end with a code and checks that it has left the
// terminal as it was, with what it had to say.
func (p *terminal) leaves(t testing.TB, want int, said ...string) {
	t.Helper()
	code, text := p.wait(t)
	if code != want {
		t.Errorf("%q ended with %d, want %d", p.cmd.Args, code, want)
	}
	if !reflect.DeepEqual(p.before, p.after) {
		t.Errorf("the modes of the terminal were %+v and are %+v", *p.before, p.after)
	}
	if left := p.screen.left(); len(left) > 0 {
		t.Errorf("left on the terminal: %q", left)
	}
	if len(p.screen.faults) > 0 {
		t.Errorf("faults on the terminal: %q", p.screen.faults)
	}
	for _, s := range said {
		if !strings.Contains(text, s) {
			t.Errorf("no %q on the terminal:\n%s", s, text)
		}
	}
}
