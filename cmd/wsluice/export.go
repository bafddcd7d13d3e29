package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// exportFlags are the flags of wsluice export as they were given.
type exportFlags struct {
	format, output string
	from           sides
	wire           bool
}

func (p *program) exportCommand() *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export [CONN]",
		Short: "Write a capture, or one connection of it, in another form",
		Long: `Write a capture, or one connection of it, in another form:

  jsonl  a JSON object a line: each connection, then its messages
  text   lines for people, payloads whole
  raw    the payloads of text and binary messages back to back; with --wire
         the bytes of the frames exactly as they passed. Of one connection,
         and with --wire of one side`,
		Example: `  wsluice export --format jsonl --output capture.jsonl
  wsluice export 3 --format text | less
  wsluice export 3 --format raw --from server --output video.bin`,
		Args:              usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: p.completeConnections,
		RunE: func(c *cobra.Command, args []string) error {
			conn, err := connection(args)
			if err != nil {
				return err
			}
			if err := f.check(conn); err != nil {
				return err
			}
			return p.export(c.Context(), f, conn)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.format, "format", "jsonl", "the `format`: jsonl, text or raw")
	flags.StringVarP(&f.output, "output", "o", "", "write to this `file` instead of stdout; it appears when it is complete")
	flags.BoolVar(&f.wire, "wire", false, "with --format raw, write whole frames as they were on the wire")
	sideFlag(c, &f.from)
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"jsonl", "text", "raw"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// check finds what does not fit together.
func (f *exportFlags) check(conn uint64) error {
	switch f.format {
	case "jsonl", "text":
		if f.wire {
			return usagef("use --format raw --wire, or wsluice frames --json --wire", "--wire does not go with --format %s", f.format)
		}
	case "raw":
		if conn == 0 {
			return usagef("name a connection: wsluice export CONN --format raw", "payloads of several connections would run together")
		}
		if f.wire && f.from.only == nil {
			return usagef("add --from client or --from server", "frames of both sides would run together")
		}
	default:
		return usagef("use jsonl, text or raw", "--format %q is not known", f.format)
	}
	return nil
}

func (f *exportFlags) writer(w io.Writer) export.Writer {
	switch {
	case f.format == "text":
		return export.NewText(w, nil)
	case f.wire:
		return export.NewWire(w)
	case f.format == "raw":
		return export.NewRaw(w)
	}
	return export.NewJSONL(w, false)
}

func (p *program) export(ctx context.Context, f exportFlags, conn uint64) error {
	r, err := p.open()
	if err != nil {
		return err
	}
	defer r.Close()
	if conn != 0 {
		if _, err := r.Conn(ctx, conn); err != nil {
			return err
		}
	}
	out, finish, err := p.destination(f.output)
	if err != nil {
		return err
	}
	if f.format == "raw" && isTerminal(out) {
		return usagef("name a file with --output, or send stdout elsewhere", "raw bytes may harm a terminal, and stdout is one")
	}
	w := f.writer(out)
	bar := p.progress("export")
	if f.wire {
		err = exportFrames(ctx, r, conn, f.from, w, bar)
	} else {
		err = exportMessages(ctx, r, conn, f.from, w, bar)
	}
	bar.finish()
	err = errors.Join(err, w.Close())
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("export: %w", err)
	}
	return finish(err)
}

func exportFrames(ctx context.Context, r *store.Reader, conn uint64, from sides, w export.Writer, bar *progress) error {
	return eachFrame(ctx, r, conn, from, window{}, bar, func(record *frame.Record) error {
		if err := complete(ctx, r, record); err != nil {
			return err
		}
		return w.Frame(record)
	})
}

func exportMessages(ctx context.Context, r *store.Reader, conn uint64, from sides, w export.Writer, bar *progress) error {
	// A connection without frames comes before the first message of a later
	// one.
	next := conn
	announce := func(last uint64) error {
		for ; next <= last; next++ {
			c, err := r.Conn(ctx, next)
			if errors.Is(err, store.ErrNoConnection) {
				continue
			}
			if err == nil {
				err = w.Connection(&c)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	pass := walk{
		reader: r, conn: conn, limit: longestMessage, bar: bar,
		began: func(c *frame.Connection) error { return announce(c.ID) },
		each: func(m *frame.Message) error {
			if !from.has(m.From) {
				return nil
			}
			return w.Message(m)
		},
	}
	if err := pass.run(ctx); err != nil {
		return err
	}
	last := conn
	if conn == 0 {
		newest, err := r.Conns(ctx, 0, 1)
		if err != nil || len(newest) == 0 {
			return err
		}
		last = newest[0].ID
	}
	return announce(last)
}
