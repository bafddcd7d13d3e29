package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

// What a shell says of a command it cannot run.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
)

// exitStatus is the status of a child, to be passed on. It is no error of
// wsluice's and printed by nobody.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// child is a command to be run in place of wsluice, as it were: it has the same
// input and output, gets the signals wsluice gets, and its exit status counts.
type child struct {
	cmd     *exec.Cmd
	signals chan os.Signal
}

// newChild finds the command. From here on signals are for the child: they no
// longer end wsluice. Call end in any case.
func (p *program) newChild(args []string) (*child, error) {
	path, err := exec.LookPath(args[0])
	if err != nil {
		return nil, notStarted(args[0], err)
	}
	cmd := exec.Command(path, args[1:]...)
	cmd.Args[0] = args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.stdin, p.stdout, p.stderr
	c := &child{cmd: cmd, signals: make(chan os.Signal, 16)}
	signal.Notify(c.signals, childSignals...)
	return c, nil
}

func (c *child) end() { signal.Stop(c.signals) }

// run starts the child and returns its exit status when it has ended, 128 and the
// signal's number if a signal did it.
func (c *child) run(environment []string) (int, error) {
	c.cmd.Env = environment
	if err := c.cmd.Start(); err != nil {
		return 0, notStarted(c.cmd.Args[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.cmd.Wait() }()
	for {
		select {
		case s := <-c.signals:
			if forwarded(s) {
				_ = c.cmd.Process.Signal(s) // it may have just ended
			}
		case err := <-ended:
			return statusOf(c.cmd.ProcessState, err)
		}
	}
}

func statusOf(state *os.ProcessState, err error) (int, error) {
	if state == nil {
		return 0, fmt.Errorf("wait for the command: %w", err)
	}
	if status, ok := signalStatus(state); ok {
		return status, nil
	}
	return state.ExitCode(), nil
}

// notStarted explains why a command cannot be run.
func notStarted(name string, err error) error {
	f := &failure{code: exitNotExecutable, err: fmt.Errorf("run %s: %w", name, errors.Unwrap(err))}
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		f.code = exitNotFound
		f.err = fmt.Errorf("command %q is not found", name)
		f.hint = "check its spelling"
		if filepath.Base(name) == name {
			f.hint += " and PATH; a program in this folder is ./" + name
		}
	case errors.Is(err, exec.ErrDot):
		f.hint = "to run a program in this folder write ./" + name
	case errors.Is(err, fs.ErrPermission):
		f.err = fmt.Errorf("%s may not be executed", name)
		f.hint = "check its mode: chmod +x makes a file a program"
	case errors.Is(err, syscall.ENOEXEC):
		f.hint = "a script needs a first line such as #!/bin/sh, or its interpreter named: wsluice run -- sh " + name
	}
	return f
}
