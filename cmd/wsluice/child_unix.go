//go:build unix

package main

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// childSignals are what wsluice gets in place of its child, or as well as it.
var childSignals = []os.Signal{
	syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2,
}

// forwarded reports whether the child needs to be sent a signal wsluice got. What
// is typed at a terminal reaches all of its foreground processes, so that the
// child has it already.
func forwarded(s os.Signal) bool {
	return s != syscall.SIGINT && s != syscall.SIGQUIT || !inForeground()
}

// inForeground reports whether this process is in the foreground of a terminal.
func inForeground() bool {
	terminal, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer terminal.Close()
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// signalStatus returns the exit status a shell has for a process that a signal
// ended.
func signalStatus(state *os.ProcessState) (status int, ok bool) {
	if wait, is := state.Sys().(syscall.WaitStatus); is && wait.Signaled() {
		return 128 + int(wait.Signal()), true
	}
	return 0, false
}
