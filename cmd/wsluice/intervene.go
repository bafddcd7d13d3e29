package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/store"
)

// dial returns a client of the wsluice that records the capture, which alone can
// act on live connections.
func (p *program) dial(ctx context.Context) (*control.Client, error) {
	path, err := p.capturePath()
	if err != nil {
		return nil, err
	}
	client, err := control.Dial(ctx, path)
	if errors.Is(err, control.ErrNotRecording) {
		return nil, notRecorded(path)
	}
	return client, err
}

// notRecorded says that nothing can be done to live connections of the capture
// at path.
func notRecorded(path string) error {
	return &failure{
		code: exitFailed, hint: "start wsluice proxy and have the app use it: only what passes through it can be acted on",
		err: fmt.Errorf("capture %s is not being recorded", path),
	}
}

// actionFailure explains why something could not be done to connection conn; 0
// stands for none.
func (p *program) actionFailure(conn uint64, err error) error {
	switch {
	case errors.Is(err, control.ErrNotRecording):
		return &failure{code: exitFailed, hint: "the wsluice that records the capture has ended; wsluice status tells", err: err}
	case errors.Is(err, proxy.ErrNotLive):
		return &failure{
			code: exitFailed, hint: `wsluice conns --filter 'state == "open"' lists the connections that can be acted on`,
			err: fmt.Errorf("connection %d is not under way", conn),
		}
	}
	return err
}

// newestOpen is the word for the newest connection that is open.
const newestOpen = "last"

// openConnection returns the connection that word, a CONN argument, means. An
// empty word means the only one that is open.
func openConnection(ctx context.Context, client *control.Client, word string) (uint64, error) {
	if word != "" && word != newestOpen {
		id, err := strconv.ParseUint(word, 10, 64)
		if err != nil || id == 0 {
			return 0, usagef("give its number, or "+newestOpen+" for the newest that is open; wsluice conns lists them", "%q is no connection number", word)
		}
		return id, nil
	}
	open, err := openConnections(ctx, client)
	switch {
	case err != nil:
		return 0, err
	case len(open) == 0:
		return 0, &failure{code: exitFailed, hint: "wsluice conns --follow shows when one begins", err: errors.New("no connection is open")}
	case word == "" && len(open) > 1:
		return 0, usagef("name one: a number, or "+newestOpen+" for the newest, which is connection "+strconv.FormatUint(open[0].ID, 10),
			"several connections are open")
	}
	return open[0].ID, nil
}

// openConnections returns the connections that are open, the newest first.
func openConnections(ctx context.Context, client *control.Client) (open []frame.Connection, err error) {
	status, err := client.Status(ctx)
	if err != nil {
		return nil, err
	}
	// What has just begun or ended is in the capture a moment later: with the
	// commit after the one that may be under way, if there is anything to commit.
	const gathering, longest = 50 * time.Millisecond, time.Second
	moment := min(gathering+time.Duration(status.SlowestCommit*float64(time.Second)), longest)
	soon, cancel := context.WithTimeout(ctx, moment)
	defer cancel()
	version := uint64(0)
	for range 3 { // the first answers at once
		if version, err = client.Wait(soon, version); err != nil && (soon.Err() == nil || ctx.Err() != nil) {
			return nil, err
		}
	}
	if status, err = client.Status(ctx); err != nil {
		return nil, err
	}
	return newestOpenOnes(ctx, client, status.Open)
}

// newestOpenOnes returns up to n connections that are open in a capture.
func newestOpenOnes(ctx context.Context, source store.Source, n int) (open []frame.Connection, err error) {
	const page = 1000
	for before := uint64(0); len(open) < n; {
		conns, err := source.Conns(ctx, before, page)
		if err != nil {
			return nil, err
		}
		for _, c := range conns {
			if before = c.ID; c.State == frame.Open && len(open) < n {
				open = append(open, c)
			}
		}
		if len(conns) < page {
			break
		}
	}
	return open, nil
}

// completeOpen offers the newest open connections to the shell.
func (p *program) completeOpen(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	client, err := p.dial(c.Context())
	if err != nil {
		return nil, directive
	}
	defer client.Close()
	open, _ := openConnections(c.Context(), client)
	open = open[:min(len(open), 20)]
	offers := make([]string, len(open))
	for i := range open {
		offers[i] = fmt.Sprintf("%d\t%s", open[i].ID, visible(open[i].URL, longestURL))
	}
	return offers, directive
}

// completeOneOpen is completeOpen for a first argument alone.
func (p *program) completeOneOpen(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return p.completeOpen(c, args, begun)
}
