package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/store"
)

func (p *program) repairCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "repair",
		Short: "Save what is left of a damaged capture",
		Long: `Copy every frame that passes its checks from a damaged capture into a new one,
also from a file that cannot be opened any more. The new capture takes the place
of the damaged one, which is kept as FILE.damaged. A capture that is whole stays
as it is.

Exit code 0 says that nothing was lost, 1 that something was, 2 that the file is
no capture.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return p.repair(c.Context(), output) },
	}
	c.Flags().StringVar(&output, "output", "", "write the new capture to this `file` and leave the damaged one where it is")
	_ = c.MarkFlagFilename("output", "db")
	return c
}

func (p *program) repair(ctx context.Context, output string) error {
	path, err := p.capturePath()
	if err != nil {
		return err
	}
	switch client, err := control.Dial(ctx, path); {
	case err == nil:
		client.Close()
		return liveFailure(path, "repaired")
	case !errors.Is(err, control.ErrNotRecording) && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if output == "" {
		bar := p.progress("check")
		report, err := store.Verify(ctx, path, bar.set)
		bar.finish()
		if err == nil && report.OK() {
			fmt.Fprintf(p.stdout, "%s: whole, there is nothing to repair\n", path)
			return nil
		}
		// So much may be lost that the file does not look like a capture.
		if err != nil && !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, store.ErrNotCapture) {
			return p.openFailure(path, err)
		}
		output = path
	}
	bar := p.progress("repair")
	saved, err := store.Repair(ctx, path, output, bar.set)
	bar.finish()
	if errors.Is(err, fs.ErrExist) {
		return &failure{code: exitUsage, hint: "move it away, or name another file with --output", err: err}
	}
	if err != nil {
		return p.openFailure(path, err)
	}
	fmt.Fprintf(p.stdout, "%s: saved %s and %s\n", output, counted(saved.Frames, "frame"), counted(saved.Connections, "connection"))
	if output == path {
		fmt.Fprintf(p.stdout, "  the damaged file is kept as %s\n", store.DamagedPath(path))
	}
	for _, loss := range []struct {
		n    uint64
		noun string
		says string
	}{
		{saved.Lost, "frame", "lost"},
		{saved.Broken, "block", "damaged"},
		{saved.Cut, "long payload", "cut short"},
		{saved.Unnamed, "connection", "known by frames only"},
	} {
		if loss.n > 0 {
			fmt.Fprintf(p.stdout, "  %s %s\n", counted(loss.n, loss.noun), loss.says)
		}
	}
	if !saved.Whole() {
		return &failure{code: exitFailed, hint: "wsluice conns shows as missing what each connection lacks", err: errors.New("not everything could be saved")}
	}
	return nil
}
