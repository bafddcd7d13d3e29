package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/store"
)

func (p *program) verifyCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check that a capture is whole",
		Long: `Read a whole capture and check every checksum, the sequence of frames and the
index. Exit code 0 says that everything in it can be read.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return p.verify(c.Context(), asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return c
}

func (p *program) verify(ctx context.Context, asJSON bool) error {
	path, err := p.capturePath()
	if err != nil {
		return err
	}
	bar := p.progress("verify")
	report, err := store.Verify(ctx, path, bar.set)
	bar.finish()
	if errors.Is(err, store.ErrCorrupt) {
		return &failure{code: exitUsage, hint: "wsluice repair saves what is left of it", err: err}
	}
	if err != nil {
		return p.openFailure(path, err)
	}
	if asJSON {
		err = json.NewEncoder(p.stdout).Encode(map[string]any{
			"capture": path, "ok": report.OK(), "connections": report.Connections, "frames": report.Frames,
			"blocks": report.Blocks, "parts": report.Parts, "incomplete": report.Incomplete,
			"unfinished": report.Unfinished, "missing": report.Missing, "pruned": report.Pruned, "deleted": report.Deleted,
			"problems": append([]string{}, report.Problems...), "found": report.Found,
		})
	} else {
		err = p.printReport(path, &report)
	}
	if err == nil && !report.OK() {
		err = &failure{
			code: exitFailed,
			hint: "what stands before and after the damage can still be read; wsluice repair makes a whole capture of it",
			err:  fmt.Errorf("%s is damaged: %s", path, counted(report.Found, "problem")),
		}
	}
	return err
}

func (p *program) printReport(path string, r *store.Report) error {
	verdict := "whole"
	if !r.OK() {
		verdict = "damaged"
	}
	fmt.Fprintf(p.stdout, "%s: %s: %s, %s in %s\n", path, verdict,
		counted(r.Connections, "connection"), counted(r.Frames, "frame"), counted(r.Blocks, "block"))
	if r.Incomplete > 0 {
		fmt.Fprintf(p.stdout, "  %s whose bytes did not all come or were shed\n", counted(r.Incomplete, "frame"))
	}
	if r.Unfinished > 0 {
		fmt.Fprintf(p.stdout, "  %s whose end was not recorded\n", counted(r.Unfinished, "connection"))
	}
	if r.Pruned > 0 {
		fmt.Fprintf(p.stdout, "  %s pruned before the first one\n", counted(r.Pruned, "frame"))
	}
	if r.Deleted > 0 {
		fmt.Fprintf(p.stdout, "  %s deleted, of which compact erases the bytes\n", counted(r.Deleted, "connection"))
	}
	if r.Missing > 0 {
		fmt.Fprintf(p.stdout, "  %s missing that a repair gave up or compact left out\n", counted(r.Missing, "frame"))
	}
	for _, problem := range r.Problems {
		fmt.Fprintf(p.stdout, "  problem: %s\n", problem)
	}
	if more := r.Found - uint64(len(r.Problems)); more > 0 {
		fmt.Fprintf(p.stdout, "  and %d more\n", more)
	}
	return nil
}

// counted writes "1 frame" and "2 frames".
func counted(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
