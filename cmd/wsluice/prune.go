package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/store"
)

func (p *program) pruneCommand() *cobra.Command {
	var older age
	var size byteSize
	c := &cobra.Command{
		Use:   "prune",
		Short: "Remove the oldest frames of a capture",
		Long: `Remove the oldest frames of a capture, while it is recorded as well as at rest.
A connection goes with its last frame. Frames go in blocks, so that a few more
may stay than were asked for.

The file keeps its size, and what is recorded next takes the room: wsluice
compact makes it smaller.`,
		Example: `  wsluice prune --older-than 7d
  wsluice prune --to-size 2GB`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			bound := store.Bound{Size: int64(size)}
			if older > 0 {
				bound.Before = time.Now().Add(-time.Duration(older))
			}
			if bound == (store.Bound{}) {
				return usagef("give --older-than 7d, --to-size 2GB, or both", "nothing says what is to be kept")
			}
			return p.prune(c.Context(), bound)
		},
	}
	c.Flags().Var(&older, "older-than", "remove what is older than this `age`, such as 36h, 7d or 2w")
	c.Flags().Var(&size, "to-size", "remove the oldest until this `size` is in use, such as 500MB or 2GB")
	for _, name := range []string{"older-than", "to-size"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return c
}

func (p *program) prune(ctx context.Context, b store.Bound) error {
	path, err := p.capturePath()
	if err != nil {
		return err
	}
	done, err := care(ctx, path, func(live *control.Client) (store.Pruned, error) {
		return live.Prune(ctx, b)
	}, func() (store.Pruned, error) {
		bar := p.progress("prune")
		defer bar.finish()
		return store.Prune(ctx, path, b, bar.set)
	})
	if err != nil {
		return p.openFailure(path, err)
	}
	fmt.Fprintf(p.stdout, "%s: pruned %s and %s, %s\n", path,
		counted(done.Frames, "frame"), counted(done.Connections, "connection"), byteCount(done.Bytes))
	return nil
}

// care removes something from the capture at path: through its recorder when it
// is recorded, otherwise from the file.
func care(ctx context.Context, path string, live func(*control.Client) (store.Pruned, error), rest func() (store.Pruned, error)) (store.Pruned, error) {
	client, err := control.Dial(ctx, path)
	if errors.Is(err, control.ErrNotRecording) {
		done, err := rest()
		if !errors.Is(err, store.ErrLocked) {
			return done, err
		}
		// A recorder may have come meanwhile.
		if client, err = control.Dial(ctx, path); err != nil {
			return done, fmt.Errorf("%w (%w)", store.ErrLocked, err)
		}
		defer client.Close()
		return live(client)
	}
	if err != nil {
		return store.Pruned{}, err
	}
	defer client.Close()
	return live(client)
}
