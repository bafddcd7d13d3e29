package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

func (p *program) messagesCommand() *cobra.Command {
	var (
		limit, last int
		from        sides
		asJSON      bool
	)
	c := &cobra.Command{
		Use:   "messages [CONN]",
		Short: "Print the messages of a connection, or of all in the order they were kept",
		Long: `Print the messages of a connection: fragments put together, compression undone,
control frames as messages of their own. Without CONN the messages of all
connections come in the order they were kept.`,
		Example: `  wsluice messages 3
  wsluice messages 3 --from server --last 10
  wsluice messages 3 --json | jq -r 'select(.type == "text") | .text'`,
		Args:              usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: p.completeConnections,
		RunE: func(c *cobra.Command, args []string) error {
			most := longestMessage
			if !asJSON {
				most = longestPreview
			}
			return p.list(c, args, limit, last, func(r *store.Reader, conn uint64, w window, l *list) error {
				return eachMessage(c.Context(), r, conn, from, w, most, func(m *frame.Message) error {
					if asJSON {
						return l.json(m.AppendJSON(l.buffer()))
					}
					return l.message(m)
				})
			})
		},
	}
	windowFlags(c, &limit, &last, "messages")
	sideFlag(c, &from)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a line")
	return c
}

// eachMessage calls each for the messages asked for, with at most most bytes of
// payload.
func eachMessage(ctx context.Context, r *store.Reader, conn uint64, from sides, w window, most int, each func(*frame.Message) error) error {
	if conn != 0 {
		if _, err := r.Conn(ctx, conn); err != nil {
			return err
		}
	}
	skip := 0
	if w.last > 0 {
		// Messages end in another order than they begin, so that only counting
		// them tells which are the last.
		total := 0
		count := walk{reader: r, conn: conn, limit: 1, each: func(m *frame.Message) error {
			if from.has(m.From) {
				total++
			}
			return nil
		}}
		if err := count.run(ctx); err != nil {
			return err
		}
		skip = max(0, total-w.last)
	}
	printed := 0
	pass := walk{reader: r, conn: conn, limit: most, each: func(m *frame.Message) error {
		if !from.has(m.From) {
			return nil
		}
		if skip > 0 {
			skip--
			return nil
		}
		if err := each(m); err != nil {
			return err
		}
		if printed++; printed == w.limit {
			return errEnough
		}
		return nil
	}}
	return pass.run(ctx)
}
