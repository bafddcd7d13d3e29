package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/store"
)

func (p *program) deleteCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "delete CONN...",
		Short: "Remove connections from a capture",
		Long: `Remove connections and their frames from a capture, while it is recorded as well
as at rest. Nobody sees them any more, but bytes of theirs stay in the file
until wsluice compact erases them for good.

When one of the connections does not exist or is still open, none is removed.`,
		Example:           `  wsluice delete 3 7 && wsluice compact`,
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: p.completeConnections,
		RunE:              func(c *cobra.Command, args []string) error { return p.delete(c.Context(), args) },
	}
}

func (p *program) delete(ctx context.Context, args []string) error {
	ids := make([]uint64, len(args))
	for i := range args {
		var err error
		if ids[i], err = connection(args[i : i+1]); err != nil {
			return err
		}
	}
	path, err := p.capturePath()
	if err != nil {
		return err
	}
	done, err := care(ctx, path, func(live *control.Client) (store.Pruned, error) {
		return live.Delete(ctx, ids...)
	}, func() (store.Pruned, error) {
		return store.Delete(ctx, path, ids...)
	})
	if errors.Is(err, store.ErrOpen) {
		return &failure{code: exitFailed, hint: "delete it when it has ended", err: err}
	}
	if err != nil {
		return p.openFailure(path, err)
	}
	fmt.Fprintf(p.stdout, "%s: deleted %s with %s\n", path,
		counted(done.Connections, "connection"), counted(done.Frames, "frame"))
	fmt.Fprintln(p.stderr, "wsluice: hint: bytes of theirs are still in the file until wsluice compact erases them for good")
	return nil
}
