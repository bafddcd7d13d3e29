package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/store"
)

// open opens the capture for reading, while it is recorded as well as at rest.
func (p *program) open(ctx context.Context) (*store.Reader, error) {
	path, err := p.capturePath()
	if err != nil {
		return nil, err
	}
	r, err := control.Open(ctx, path)
	if err != nil {
		return nil, p.openFailure(path, err)
	}
	return r, nil
}

// openFailure explains why the capture at path cannot be read or written.
func (p *program) openFailure(path string, err error) error {
	if errors.Is(err, store.ErrLocked) {
		return lockedFailure(path, err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	hint := "record one with wsluice proxy"
	if p.capture != "" {
		hint = "check the path of the capture"
	}
	return &failure{code: exitUsage, hint: hint, err: fmt.Errorf("there is no capture at %s", path)}
}

// lockedFailure says who has the capture at path.
func lockedFailure(path string, err error) error {
	f := &failure{code: exitUsage, err: err}
	f.hint = "another wsluice command has it open: try again when that is done, or name another file with --capture"
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s, err := askStatus(ctx, path); err == nil {
		f.hint = fmt.Sprintf("the wsluice on %s (process %d) is recording into it: stop that first, or name another file with --capture", s.Address, s.PID)
	}
	return f
}

// connection reads a CONN argument; none is 0, which means all connections.
func connection(args []string) (uint64, error) {
	if len(args) == 0 {
		return 0, nil
	}
	id, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil || id == 0 {
		return 0, usagef("wsluice conns lists the connections of a capture", "%q is no connection number", args[0])
	}
	return id, nil
}

// completeConnections offers the newest connections to the shell.
func (p *program) completeConnections(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	r, err := p.open(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer r.Close()
	conns, _ := r.Conns(c.Context(), 0, 20)
	offers := make([]string, len(conns))
	for i := range conns {
		offers[i] = fmt.Sprintf("%d\t%s", conns[i].ID, visible(conns[i].URL, longestURL))
	}
	return offers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
