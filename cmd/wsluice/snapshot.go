package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/store"
)

func (p *program) snapshotCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "snapshot FILE",
		Short: "Copy a capture, also while it is recorded",
		Long: `Copy a capture into a file, in a consistent state also while it is recorded. A
copy of the file by other means is not.`,
		Example: `  wsluice snapshot monday.db
  wsluice messages 3 --capture monday.db`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return p.snapshot(c.Context(), args[0], force) },
	}
	c.Flags().BoolVarP(&force, "force", "f", false, "replace FILE if there is one")
	return c
}

func (p *program) snapshot(ctx context.Context, to string, force bool) error {
	path, err := p.capturePath()
	if err != nil {
		return err
	}
	from, err := os.Stat(path)
	if err != nil {
		return p.openFailure(path, err)
	}
	switch there, err := os.Stat(to); {
	case err != nil:
	case os.SameFile(from, there):
		return usagef("name another file for the copy", "%s is the capture itself", to)
	case !force:
		return usagef("give --force to replace it, or name another file", "%s exists", to)
	}
	r, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := store.CheckSpace(to, from.Size()); err != nil {
		return err
	}
	out, err := createOutput(to)
	if err != nil {
		return err
	}
	defer out.Discard()
	bar := p.progress("copy")
	err = r.Snapshot(ctx, &meter{w: out, bar: bar, total: from.Size()})
	bar.finish()
	if err != nil {
		return err
	}
	size, err := out.Seek(0, io.SeekEnd)
	if err == nil {
		err = out.Commit()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	fmt.Fprintf(p.stdout, "%s: a copy of %s, %s\n", to, path, byteCount(size))
	return nil
}

// meter shows how much was written.
type meter struct {
	w           io.Writer
	bar         *progress
	done, total int64
}

func (m *meter) Write(b []byte) (int, error) {
	n, err := m.w.Write(b)
	m.done += int64(n)
	m.bar.set(min(m.done, m.total), m.total)
	return n, err
}
