package main

import (
	"bufio"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/filter"
)

// diffFlags is what a user said of a comparison.
type diffFlags struct {
	ignore, mask   []string
	from           sides
	filter         string
	window         int
	noDetect       bool
	asJSON         bool
	twoUp, unified bool
}

// twoUpWidth is from which width of a terminal on both sides fit beside each other.
const twoUpWidth = 100

func (p *program) diffCommand() *cobra.Command {
	var f diffFlags
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare two connections as conversations",
		Long: `Compare two connections: their handshakes, their messages, and how they ended.
A and B are connections of the capture, or FILE:CONN, or a FILE that has one
connection.

Messages are compared by what they say: of JSON neither the order of members nor
white space counts. What one side sends keeps its order, but which side was faster
counts as no difference. Ids and times are found by themselves, and a value of A
that always stands where one value of B stands is told once. Messages that were
dropped on the way are left out.

It exits with 0 when the two are the same, with 1 when they differ, and with 2 when
they could not be compared.`,
		Example: `  wsluice diff 3 7
  wsluice diff monday.db:3 friday.db:1 --ignore '$..price' --ignore '$.seq'
  wsluice diff 3 7 --mask 'build [0-9]+' --filter 'type != "ping" && type != "pong"'
  wsluice diff 3 7 --json | jq -r 'select(.outcome == "differs") | .changes[].path'`,
		Args: usageArgs(cobra.ExactArgs(2)),
		ValidArgsFunction: func(c *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 1 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			offers, _ := p.completeConnections(c, args, text)
			return offers, cobra.ShellCompDirectiveDefault
		},
		RunE: func(c *cobra.Command, args []string) error {
			err := p.diff(c.Context(), &f, args[0], args[1])
			return troubled(c.Context(), err)
		},
	}
	c.Flags().StringArrayVar(&f.ignore, "ignore", nil, "leave out JSON values at this `path`, such as $.ts, $..id or $.items[*].at; repeatable")
	c.Flags().StringArrayVar(&f.mask, "mask", nil, "what this regular `expression` matches counts as equal; repeatable")
	c.Flags().StringVar(&f.filter, "filter", "", "only messages that match this `expression` or hold these words (see wsluice help filters)")
	c.Flags().IntVar(&f.window, "window", 0, "messages may have moved by up to `n` places among those of their side")
	c.Flags().BoolVar(&f.noDetect, "no-detect", false, "count ids and times as all else")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print a JSON object a line")
	c.Flags().BoolVar(&f.twoUp, "side-by-side", false, "print A on the left and B on the right, as on wide terminals")
	c.Flags().BoolVar(&f.unified, "unified", false, "print A and B below each other")
	c.MarkFlagsMutuallyExclusive("json", "side-by-side", "unified")
	sideFlag(c, &f.from)
	c.Flags().Lookup("from").Usage = "compare what this `side` sent only: client or server"
	for _, name := range []string{"ignore", "mask", "filter", "window"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return c
}

// troubled gives what kept a comparison from being made an exit code of its own,
// so that it is not taken for a difference.
func troubled(ctx context.Context, err error) error {
	if _, differs := errors.AsType[exitStatus](err); err == nil || differs || ctx.Err() != nil {
		return err
	}
	f := *explain(err)
	f.code = exitUsage
	return &f
}

// rules makes the rules of a comparison.
func (f *diffFlags) rules() (*compare.Rules, error) {
	r := &compare.Rules{Window: f.window, Detect: !f.noDetect}
	if f.window < 0 {
		return nil, usagef("give a number from 0 up", "--window %d makes no sense", f.window)
	}
	return r, ignoring(r, f.ignore, f.mask)
}

// diff compares two connections; it returns an exitStatus when they differ.
func (p *program) diff(ctx context.Context, f *diffFlags, a, b string) error {
	rules, err := f.rules()
	if err != nil {
		return err
	}
	var wanted *filter.Messages
	if f.filter != "" {
		if wanted, err = filter.ParseMessages(f.filter); err != nil {
			return filterFailure(err)
		}
		defer func() { p.gaveUp(wanted.GaveUp(), "message") }()
	}
	left, err := p.openDiffed(ctx, a, f.from.only, wanted)
	if err != nil {
		return err
	}
	defer left.close()
	right, err := p.openDiffed(ctx, b, f.from.only, wanted)
	if err != nil {
		return err
	}
	defer right.close()

	bar := p.progress("comparing")
	d, err := compared(ctx, rules, left, right, func(done, total int) { bar.set(int64(done), int64(total)) })
	bar.finish()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(p.stdout, 64<<10)
	switch {
	case f.asJSON:
		err = d.json(out)
	default:
		err = d.text(out, p.diffLayout(f))
	}
	if flushing := out.Flush(); err == nil {
		err = flushing
	}
	if err == nil && !d.same() {
		err = exitStatus(exitFailed)
	}
	return err
}

// compared compares two connections. Tell is told how many messages of how many were
// looked at.
func compared(ctx context.Context, rules *compare.Rules, left, right *diffedConn, tell func(done, total int)) (*diffed, error) {
	done, total := 0, left.count()+right.count()
	result, err := rules.Conversations(ctx, left.conversation(), right.conversation(), func(n int) {
		// Messages that differ are looked at twice.
		done = min(done+n, total)
		tell(done, total)
	})
	if err != nil {
		return nil, err
	}
	d := &diffed{
		left: left, right: right, result: result, rules: rules,
		facts: append(handshakeFacts(&left.conn, &right.conn), endFacts(&left.conn, &right.conn)...),
	}
	d.keepDifferent()
	return d, nil
}

// diffLayout returns how a comparison is printed.
func (p *program) diffLayout(f *diffFlags) diffLayout {
	l := diffLayout{width: terminalWidth(p.stdout), colour: colour(p.stdout)}
	l.twoUp = f.twoUp || !f.unified && l.width >= twoUpWidth
	if l.width == 0 {
		if l.width = longestPreview; l.twoUp {
			l.width = 2 * twoUpWidth
		}
	}
	return l
}
