package main

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
)

func (p *program) killCommand() *cobra.Command {
	end := proxy.Ending{Code: frame.GoingAway}
	c := &cobra.Command{
		Use:   "kill CONN...",
		Short: "End live connections",
		Long: `End connections: client and server both get a close frame, nothing they still
send is passed on, and their sockets are closed when both have answered or after
two seconds. With --reset both get a TCP reset and no word.

CONN is a number or "` + newestOpen + `", the newest connection that is open.`,
		Example: `  wsluice kill 3
  wsluice kill 3 4 --code 1012 --reason 'back in a minute'
  wsluice kill last --reset`,
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: p.completeOpen,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkEnding(c, end); err != nil {
				return err
			}
			if end.Reset {
				end.Code = 0
			}
			return p.kill(c.Context(), args, end)
		},
	}
	flags := c.Flags()
	flags.Uint16Var((*uint16)(&end.Code), "code", uint16(end.Code), "the `code` of the close frames")
	flags.StringVar(&end.Reason, "reason", "", "their `reason`, at most 123 bytes")
	flags.BoolVar(&end.Reset, "reset", false, "reset the connections instead")
	for _, name := range []string{"code", "reason"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return c
}

// checkEnding refuses close frames that RFC 6455 does not know.
func checkEnding(c *cobra.Command, e proxy.Ending) error {
	const longest = frame.MaxControl - 2
	switch {
	case e.Reset && (c.Flags().Changed("code") || c.Flags().Changed("reason")):
		return usagef("leave out either", "a --reset has no code and no reason")
	case !e.Code.Sendable(frame.Client) && !e.Code.Sendable(frame.Server):
		return usagef("use 1000 to 1014 or 3000 to 4999; wsluice inject --type close sends any", "--code %s must not be sent (RFC 6455 section 7.4)", e.Code)
	case len(e.Reason) > longest:
		return usagef(fmt.Sprintf("a close frame has room for %d bytes", longest), "--reason has %d bytes", len(e.Reason))
	case !utf8.ValidString(e.Reason):
		return usagef("give it as UTF-8", "--reason is not UTF-8")
	}
	return nil
}

// kill ends the connections that words mean, those that can be ended whatever
// becomes of the others.
func (p *program) kill(ctx context.Context, words []string, e proxy.Ending) error {
	client, err := p.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	ids := make([]uint64, len(words))
	for i, word := range words {
		if ids[i], err = openConnection(ctx, client, word); err != nil {
			return err
		}
	}
	how := "with " + e.Code.String()
	if e.Reset {
		how = "by a reset"
	}
	var failed error
	for _, id := range ids {
		switch err := client.Kill(ctx, id, e); {
		case err == nil:
			fmt.Fprintf(p.stderr, "wsluice: ended connection %d %s\n", id, how)
		case ctx.Err() != nil || errors.Is(err, control.ErrNotRecording):
			return p.actionFailure(id, err)
		case failed == nil:
			failed = p.actionFailure(id, err)
		default:
			p.warnf("%v", p.actionFailure(id, err))
		}
	}
	return failed
}
