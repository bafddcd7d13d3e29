package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/store"
)

func (p *program) marksCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "marks",
		Short: "List the marks and notes on messages of a capture",
		Long: `List the messages of a capture that were marked, with the notes on them, by
connection and number.`,
		Example: `  wsluice marks
  wsluice marks --json | jq -r 'select(.label == "a") | "\(.conn) \(.seq)"'`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return p.marks(c.Context(), asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a line")
	return c
}

func (p *program) marks(ctx context.Context, asJSON bool) error {
	r, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	marks, err := r.Marks(ctx)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(p.stdout)
	const row = "%5s  %8s  %-19s  %-5s  %s\n"
	if !asJSON {
		fmt.Fprintf(out, row, "CONN", "SEQ", "SET", "LABEL", "NOTE")
	}
	for i := range marks {
		m := &marks[i]
		if asJSON {
			_, _ = out.Write(append(m.AppendJSON(nil), '\n'))
			continue
		}
		label := visible(m.Label, longestValue)
		if label == "" {
			label = "-"
		}
		fmt.Fprintf(out, row, strconv.FormatUint(m.Conn, 10), strconv.FormatUint(m.Seq, 10),
			m.Time.Local().Format(time.DateTime), label, visible(m.Note, longestValue))
	}
	return out.Flush()
}

func (p *program) markCommand() *cobra.Command {
	var m store.Mark
	var take bool
	c := &cobra.Command{
		Use:   "mark CONN SEQ [NOTE...]",
		Short: "Mark a message of a capture, or put a note on it",
		Long: `Mark a message, in place of the mark it has: with a note, a short label to find
it by, or both. CONN is its connection and SEQ the number of its first frame in
that. Marks are kept in the capture, while it is recorded as well as at rest.`,
		Example: `  wsluice mark 3 17 here the server loses its patience
  wsluice mark 3 17 --label a
  wsluice mark 3 17 --remove`,
		Args:              usageArgs(cobra.MinimumNArgs(2)),
		ValidArgsFunction: p.completeConnection,
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			if m.Conn, err = connection(args[:1]); err != nil {
				return err
			}
			if m.Seq, err = strconv.ParseUint(args[1], 10, 64); err != nil || m.Seq == 0 {
				return usagef("wsluice messages "+args[0]+" --json shows the numbers of messages", "%q is no number of a frame", args[1])
			}
			m.Note = strings.Join(args[2:], " ")
			switch said := m.Note != "" || m.Label != ""; {
			case take && said:
				return usagef("leave the note and the label out, or --remove", "a mark cannot be set and removed at a time")
			case !take && !said:
				return usagef("give a note, --label or --remove", "there is nothing to mark the message with")
			}
			return p.mark(c.Context(), m)
		},
	}
	c.Flags().StringVar(&m.Label, "label", "", "a short `name` to find the message by")
	c.Flags().BoolVar(&take, "remove", false, "take the mark away")
	_ = c.RegisterFlagCompletionFunc("label", cobra.NoFileCompletions)
	return c
}

func (p *program) mark(ctx context.Context, m store.Mark) error {
	path, err := p.capturePath()
	if err != nil {
		return err
	}
	err = control.SetMark(ctx, path, m)
	switch {
	case errors.Is(err, store.ErrMark):
		return &failure{code: exitUsage, hint: "a label has at most 32 bytes, a note 4096, and a capture 10,000 marks", err: err}
	case errors.Is(err, store.ErrNoFrame):
		return &failure{code: exitUsage, hint: fmt.Sprintf("wsluice messages %d --json shows the numbers of its messages", m.Conn), err: err}
	case err != nil:
		return p.openFailure(path, err)
	}
	return nil
}

// completeConnection is completeConnections for a first argument alone.
func (p *program) completeConnection(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return p.completeConnections(c, args, begun)
}
