package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

func (p *program) framesCommand() *cobra.Command {
	var (
		limit, last  int
		from         sides
		asJSON, wire bool
	)
	c := &cobra.Command{
		Use:   "frames [CONN]",
		Short: "Print the frames of a connection, or of all in the order they were kept",
		Long: `Print the frames of a connection as they were on the wire: fragments each by
itself, compressed payloads compressed. Without CONN the frames of all
connections come in the order they were kept.`,
		Example: `  wsluice frames 3
  wsluice frames 3 --from client --last 10
  wsluice frames 3 --json --wire | jq -r .wire | base64 -d | xxd`,
		Args:              usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: p.completeConnections,
		RunE: func(c *cobra.Command, args []string) error {
			return p.list(c, args, limit, last, func(r *store.Reader, conn uint64, w window, l *list) error {
				return eachFrame(c.Context(), r, conn, from, w, nil, func(record *frame.Record) error {
					if asJSON || wire {
						if err := complete(c.Context(), r, record); err != nil {
							return err
						}
					}
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
	windowFlags(c, &limit, &last, "frames")
	sideFlag(c, &from)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a line")
	c.Flags().BoolVar(&wire, "wire", false, "show the bytes as they were on the wire, header and mask included")
	return c
}

// eachFrame calls each for the frames asked for.
func eachFrame(ctx context.Context, r *store.Reader, conn uint64, from sides, w window, bar *progress, each func(*frame.Record) error) error {
	if conn != 0 {
		if _, err := r.Conn(ctx, conn); err != nil {
			return err
		}
	}
	start := uint64(1)
	if w.last > 0 {
		var err error
		if start, err = lastFrames(ctx, r, conn, from, w.last); err != nil {
			return err
		}
	}
	cursor := r.Scan(ctx, conn, start)
	defer cursor.Close()
	for printed := 0; (w.limit == 0 || printed < w.limit) && cursor.Next(); {
		bar.of(cursor)
		record := cursor.Record()
		if !from.has(record.From) {
			continue
		}
		printed++
		if err := each(record); err != nil {
			return err
		}
	}
	return cursor.Err()
}

// lastFrames returns where the last n frames of from begin.
func lastFrames(ctx context.Context, r *store.Reader, conn uint64, from sides, n int) (uint64, error) {
	total, err := r.Count(ctx, conn)
	if err != nil {
		return 0, err
	}
	if from.only == nil {
		return max(total, uint64(n)) - uint64(n) + 1, nil
	}
	// Going back page by page ends as soon as n are found.
	const page = 1000
	for end := total; end > 0; {
		start := max(end, page) - page + 1
		records, err := r.Page(ctx, conn, start, int(end-start+1))
		if err != nil {
			return 0, err
		}
		for i := len(records) - 1; i >= 0; i-- {
			if !from.has(records[i].From) {
				continue
			}
			if n--; n == 0 {
				return start + uint64(i), nil
			}
		}
		end = start - 1
	}
	return 1, nil
}

// complete gives a record the payload it came without.
func complete(ctx context.Context, r *store.Reader, record *frame.Record) error {
	if uint64(len(record.Payload)) == record.Stored {
		return nil
	}
	p, err := payload(ctx, r, record)
	record.Payload = p
	return err
}
