package main

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/wsluice/wsluice/store"
)

// The exit codes of every command.
const (
	exitDone        = 0
	exitFailed      = 1 // failed, or something was lost
	exitUsage       = 2 // wrong flags or arguments, or a file that cannot be used
	exitInterrupted = 130
)

// failure is an error with what the user can do about it.
type failure struct {
	code int
	hint string
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usagef makes a usage error with a hint.
func usagef(hint, format string, args ...any) error {
	return &failure{code: exitUsage, hint: hint, err: fmt.Errorf(format, args...)}
}

// explain gives err its exit code and hint.
func explain(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	f := &failure{code: exitFailed, err: err}
	switch {
	case errors.Is(err, store.ErrLocked):
		f.code = exitUsage
		f.hint = "another wsluice is recording into this capture: stop it first, or name another file with --capture"
	case errors.Is(err, store.ErrVersion):
		f.code = exitUsage
		f.hint = "the capture was written by a newer wsluice: update wsluice to read it"
	case errors.Is(err, store.ErrNotCapture):
		f.code = exitUsage
		f.hint = "name a file that wsluice recorded with --capture FILE"
	case errors.Is(err, store.ErrCorrupt):
		f.code = exitUsage
		f.hint = "run wsluice verify --capture FILE to see how far the damage goes"
	case errors.Is(err, store.ErrNoConnection):
		f.code = exitUsage
		f.hint = "wsluice conns lists the connections of a capture"
	case errors.Is(err, fs.ErrPermission):
		f.code = exitUsage
		f.hint = "check who owns the file and its mode"
	case errors.Is(err, syscall.ENOSPC):
		f.hint = "free some disk space"
	}
	return f
}
