package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// dialog is a wsluice that a script talks with.
type dialog struct {
	process *exec.Cmd
	stdin   io.WriteCloser
	lines   chan string // of its stdout; closed at its end
}

// dialogKey finds the dialog of a script.
type dialogKey struct{}

// scriptDialog talks with a wsluice over its stdin and stdout: dialog start
// ARGS… begins, dialog says REGEXP is the next line it prints, dialog type LINE
// tells it something, dialog end [STATUS] ends its stdin and dialog interrupt
// [STATUS] is Ctrl-C. What it says on stderr is in the file dialog.log.
func scriptDialog(ts *testscript.TestScript, neg bool, args []string) {
	d := ts.Value(dialogKey{}).(*dialog)
	if neg || len(args) == 0 || (args[0] == "start") == (d.process != nil) {
		ts.Fatalf("usage: dialog start ARGS…, then says REGEXP, type LINE, end or interrupt")
	}
	rest := strings.Join(args[1:], " ")
	switch args[0] {
	case "start":
		d.start(ts, args[1:])
	case "says":
		want, err := regexp.Compile(rest)
		ts.Check(err)
		select {
		case line := <-d.lines:
			if !want.MatchString(line) {
				ts.Fatalf("it said %q, which does not match; stderr: %s", line, ts.ReadFile("dialog.log"))
			}
		case <-time.After(patience):
			ts.Fatalf("it said nothing; stderr: %s", ts.ReadFile("dialog.log"))
		}
	case "type":
		_, err := io.WriteString(d.stdin, rest+"\n")
		ts.Check(err)
	case "end":
		ts.Check(d.stdin.Close())
		d.wait(ts, rest)
	case "interrupt":
		ts.Check(d.process.Process.Signal(os.Interrupt))
		d.wait(ts, rest)
	default:
		ts.Fatalf("dialog %s is not known", args[0])
	}
}

func (d *dialog) start(ts *testscript.TestScript, args []string) {
	wsluice, err := exec.LookPath("wsluice")
	ts.Check(err)
	c := exec.Command(wsluice, args...)
	c.Dir = ts.MkAbs(".")
	c.Env = append(os.Environ(), "WSLUICE_HOME="+ts.Getenv("WSLUICE_HOME"))
	log, err := os.Create(filepath.Join(c.Dir, "dialog.log"))
	ts.Check(err)
	c.Stderr = log
	d.stdin, err = c.StdinPipe()
	ts.Check(err)
	stdout, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	log.Close()
	lines := make(chan string, 10_000)
	d.process, d.lines = c, lines
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(lines)
		for in := bufio.NewScanner(stdout); in.Scan(); {
			lines <- in.Text()
		}
	}()
	ts.Defer(func() {
		_ = c.Process.Kill()
		<-done
	})
}

// wait waits for the end with a status, 0 when none is named.
func (d *dialog) wait(ts *testscript.TestScript, status string) {
	var rest []string
	for line := range d.lines { // Wait closes the pipe
		rest = append(rest, line)
	}
	_ = d.process.Wait()
	if status == "" {
		status = "0"
	}
	if got := strconv.Itoa(d.process.ProcessState.ExitCode()); got != status {
		ts.Fatalf("it ended with %s, want %s; stderr: %s", got, status, ts.ReadFile("dialog.log"))
	}
	if len(rest) > 0 {
		ts.Fatalf("it also said %q", rest)
	}
	*d = dialog{}
}
