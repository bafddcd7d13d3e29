package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/store"
)

func (p *program) compactCommand() *cobra.Command {
	var zstd bool
	c := &cobra.Command{
		Use:   "compact",
		Short: "Make the file of a capture smaller",
		Long: `Write a capture anew without the room that pruned and deleted frames left, and
erase for good what was deleted. The new file takes the place of the old one
when it is complete; until then the disk must have room for both.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			codec := store.Kept
			if zstd {
				codec = store.Zstd
			}
			return p.compact(c.Context(), codec)
		},
	}
	c.Flags().BoolVar(&zstd, "zstd", false, "compress better, which takes longer; an older wsluice cannot read the result")
	return c
}

func (p *program) compact(ctx context.Context, codec store.Codec) error {
	path, err := p.capturePath()
	if err != nil {
		return err
	}
	before, err := os.Stat(path)
	if err != nil {
		return p.openFailure(path, err)
	}
	switch client, err := control.Dial(ctx, path); {
	case err == nil:
		client.Close()
		return liveFailure(path, "compacted")
	case !errors.Is(err, control.ErrNotRecording):
		return err
	}
	bar := p.progress("compact")
	err = store.Compact(ctx, path, codec, bar.set)
	bar.finish()
	if err != nil {
		return p.openFailure(path, err)
	}
	after, err := os.Stat(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s: had %s, has %s\n", path, byteCount(before.Size()), byteCount(after.Size()))
	return nil
}

// liveFailure is for what cannot be done to the capture at path while it is
// recorded.
func liveFailure(path, doing string) error {
	return &failure{
		code: exitFailed,
		hint: "stop the recording first, or take a copy with wsluice snapshot FILE and work on that",
		err:  fmt.Errorf("%s is being recorded and cannot be %s", path, doing),
	}
}
