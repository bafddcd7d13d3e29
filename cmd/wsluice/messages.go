package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

func (p *program) messagesCommand() *cobra.Command {
	var (
		s      selection
		from   sides
		asJSON bool
	)
	c := &cobra.Command{
		Use:   "messages [CONN]",
		Short: "Print the messages of a connection, or of all in the order they were kept",
		Long: `Print the messages of a connection: fragments put together, compression undone,
control frames as messages of their own. Without CONN the messages of all
connections come in the order they were kept.

With --follow it prints what there is and goes on while a capture is recorded.`,
		Example: `  wsluice messages 3
  wsluice messages 3 --from server --last 10
  wsluice messages --filter 'order filled'
  wsluice messages --follow --filter 'from == server && json.type == "trade"' --json | jq .text`,
		Args:              usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: p.completeConnections,
		RunE: func(c *cobra.Command, args []string) error {
			if err := s.check(c); err != nil {
				return err
			}
			q := store.Query{Side: from.only}
			if !asJSON {
				q.Limit = longestPreview
			}
			if s.filter != "" {
				var err error
				if q.Filter, err = filter.ParseMessages(s.filter); err != nil {
					return filterFailure(err)
				}
				defer func() { p.gaveUp(q.Filter.GaveUp(), "message") }()
			}
			return p.list(c.Context(), args, func(r *store.Reader, conn uint64, l *list) error {
				q.Conn = conn
				return p.eachMessage(c.Context(), r, q, s, l.out.Flush, func(m *frame.Message) error {
					if asJSON {
						return l.json(m.AppendJSON(l.buffer()))
					}
					return l.message(m)
				})
			})
		},
	}
	s.flags(c, "messages")
	sideFlag(c, &from)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a line")
	return c
}

// eachMessage calls each for the messages of q that s selects, and idle before
// it waits for more.
func (p *program) eachMessage(ctx context.Context, r *store.Reader, q store.Query, s selection, idle func() error, each func(*frame.Message) error) error {
	skip := 0
	if s.lastGiven {
		var err error
		if q.Start, skip, err = r.LastMessages(ctx, q, s.last); err != nil {
			return err
		}
	}
	messages := r.Messages(ctx, q)
	defer messages.Close()
	printed := 0
	return p.drain(ctx, r, messages, s.follow, func() error {
		if skip > 0 {
			skip--
			return nil
		}
		if err := each(messages.Message()); err != nil {
			return err
		}
		if printed++; printed == s.limit {
			return errEnough
		}
		return nil
	}, idle)
}
