package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

func (p *program) framesCommand() *cobra.Command {
	var (
		s            selection
		from         sides
		asJSON, wire bool
	)
	c := &cobra.Command{
		Use:   "frames [CONN]",
		Short: "Print the frames of a connection, or of all in the order they were kept",
		Long: `Print the frames of a connection as they were on the wire: fragments each by
itself, compressed payloads compressed. Without CONN the frames of all
connections come in the order they were kept.

With --follow it prints what there is and goes on while a capture is recorded.`,
		Example: `  wsluice frames 3
  wsluice frames 3 --from client --last 10
  wsluice frames --filter 'violation != "" || !fin'
  wsluice frames 3 --json --wire | jq -r .wire | base64 -d | xxd`,
		Args:              usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: p.completeConnections,
		RunE: func(c *cobra.Command, args []string) error {
			if err := s.check(c); err != nil {
				return err
			}
			q := store.FrameQuery{Side: from.only, Whole: asJSON || wire}
			if s.filter != "" {
				var err error
				if q.Filter, err = filter.ParseFrames(s.filter); err != nil {
					return filterFailure(err)
				}
				defer func() { p.gaveUp(q.Filter.GaveUp(), "frame") }()
			}
			return p.list(c.Context(), args, func(r *store.Reader, conn uint64, l *list) error {
				q.Conn = conn
				return p.eachFrame(c.Context(), r, q, s, l.out.Flush, func(record *frame.Record) error {
					switch {
					case asJSON:
						return l.json(record.AppendJSON(l.buffer(), wire))
					case wire:
						return l.wire(record)
					}
					return l.frame(record)
				})
			})
		},
	}
	s.flags(c, "frames")
	sideFlag(c, &from)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a line")
	c.Flags().BoolVar(&wire, "wire", false, "show the bytes as they were on the wire, header and mask included")
	return c
}

// eachFrame calls each for the frames of q that s selects, and idle before it
// waits for more.
func (p *program) eachFrame(ctx context.Context, r *store.Reader, q store.FrameQuery, s selection, idle func() error, each func(*frame.Record) error) error {
	skip := 0
	if s.lastGiven {
		var err error
		if q.Start, skip, err = r.LastFrames(ctx, q, s.last); err != nil {
			return err
		}
	}
	frames := r.Frames(ctx, q)
	defer frames.Close()
	printed := 0
	return p.drain(ctx, r, frames, s.follow, func() error {
		if skip > 0 {
			skip--
			return nil
		}
		if err := each(frames.Record()); err != nil {
			return err
		}
		if printed++; printed == s.limit {
			return errEnough
		}
		return nil
	}, idle)
}
