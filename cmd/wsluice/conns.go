package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

func (p *program) connsCommand() *cobra.Command {
	var s selection
	var asJSON bool
	c := &cobra.Command{
		Use:   "conns",
		Short: "List the connections of a capture",
		Long: `List the connections of a capture, the oldest first: WebSocket connections,
refused and failed handshakes, and hosts that were passed through as tunnels.

With --follow it goes on while a capture is recorded: a line when a connection
begins, and one when it ends.`,
		Example: `  wsluice conns --last 20
  wsluice conns --filter 'state == "refused" || bytes > 10*MB'
  wsluice conns --json | jq -r 'select(.state == "refused") | .url'`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.check(c); err != nil {
				return err
			}
			l := connList{selection: s}
			if s.filter != "" {
				var err error
				if l.wanted, err = filter.ParseConnections(s.filter); err != nil {
					return filterFailure(err)
				}
				defer func() { p.gaveUp(l.wanted.GaveUp(), "connection") }()
			}
			var err error
			if l.r, err = p.open(c.Context()); err != nil {
				return err
			}
			defer l.r.Close()
			l.out = bufio.NewWriter(p.stdout)
			if l.print = l.json; !asJSON {
				l.print = l.row
				fmt.Fprintf(l.out, connHeader, "CONN", "START", "STATE", "STATUS", "MESSAGES →", "MESSAGES ←", "BYTES", "TIME", "END", "URL")
			}
			err = l.run(c.Context())
			if flushing := l.out.Flush(); err == nil {
				err = flushing
			}
			return err
		},
	}
	s.flags(c, "connections")
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a line")
	return c
}

// connList prints connections.
type connList struct {
	selection
	r       *store.Reader
	wanted  *filter.Connections
	out     *bufio.Writer
	print   func(*frame.Connection) error
	printed int

	newest uint64          // the last connection seen
	open   map[uint64]bool // those that had not ended when they were seen last
}

func (l *connList) run(ctx context.Context) error {
	l.open = make(map[uint64]bool)
	conns, err := l.first(ctx)
	if err != nil {
		return err
	}
	var version uint64
	for {
		for i := range conns {
			if err := l.show(&conns[i]); errors.Is(err, errEnough) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if !l.follow {
			return nil
		}
		if err := l.out.Flush(); err != nil {
			return err
		}
		if version, err = l.r.Wait(ctx, version); err != nil {
			return err
		}
		// Commits come more often than a list needs to change.
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		if conns, err = l.changed(ctx); err != nil {
			return err
		}
	}
}

// first returns the connections there are, the oldest first, as --last says.
func (l *connList) first(ctx context.Context) ([]frame.Connection, error) {
	const page = 1000
	var newest []frame.Connection
	for before := uint64(0); ; {
		conns, err := l.r.Conns(ctx, before, page)
		if err != nil {
			return nil, err
		}
		for i := range conns {
			c := &conns[i]
			before, l.newest = c.ID, max(l.newest, c.ID)
			l.note(c)
			if l.lastGiven && len(newest) >= l.last {
				break
			}
			if l.wanted == nil || l.wanted.Match(c) {
				newest = append(newest, *c)
			}
		}
		if len(conns) < page || l.lastGiven && len(newest) >= l.last {
			break
		}
	}
	slices.Reverse(newest)
	return newest, nil
}

// changed returns the connections that have begun or ended since.
func (l *connList) changed(ctx context.Context) ([]frame.Connection, error) {
	var conns []frame.Connection
	for id := range l.open {
		c, err := l.r.Conn(ctx, id)
		if errors.Is(err, store.ErrNoConnection) {
			delete(l.open, id)
			continue
		}
		if err != nil {
			return nil, err
		}
		if c.State != frame.Open {
			conns = append(conns, c)
		}
	}
	for before := uint64(0); ; {
		page, err := l.r.Conns(ctx, before, 100)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if before = c.ID; before > l.newest {
				conns = append(conns, c)
			}
		}
		if len(page) == 0 || before <= l.newest {
			break
		}
	}
	slices.SortFunc(conns, func(a, b frame.Connection) int { return cmp.Compare(a.ID, b.ID) })
	return conns, nil
}

// note remembers whether c may change.
func (l *connList) note(c *frame.Connection) {
	if delete(l.open, c.ID); c.State == frame.Open {
		l.open[c.ID] = true
	}
}

// show prints c when it is wanted.
func (l *connList) show(c *frame.Connection) error {
	l.newest = max(l.newest, c.ID)
	l.note(c)
	if l.wanted != nil && !l.wanted.Match(c) {
		return nil
	}
	if err := l.print(c); err != nil {
		return err
	}
	if l.printed++; l.printed == l.limit {
		return errEnough
	}
	return nil
}

func (l *connList) json(c *frame.Connection) error {
	_, err := l.out.Write(append(c.AppendJSON(nil), '\n'))
	return err
}

const (
	connHeader = "%5s  %-8s  %-8s  %6s  %10s  %10s  %9s  %8s  %-20s  %s\n"
	connRow    = "%5d  %-8s  %-8s  %6s  %10d  %10d  %9s  %8s  %-20s  %s\n"
)

func (l *connList) row(c *frame.Connection) error {
	status := "-"
	if c.Status != 0 {
		status = strconv.Itoa(c.Status)
	}
	_, err := fmt.Fprintf(l.out, connRow,
		c.ID, c.Start.Local().Format("15:04:05"), c.State, status,
		c.Messages[frame.Client], c.Messages[frame.Server],
		byteCount(c.Bytes[frame.Client]+c.Bytes[frame.Server]),
		duration(c), ending(c), what(c))
	return err
}

// longestURL bounds a URL, and what went wrong with it, in terminal cells.
const longestURL = 200

// what says what c is, and what went wrong with it.
func what(c *frame.Connection) string {
	if c.Error == "" {
		return visible(c.URL, longestURL)
	}
	return visible(c.URL, longestURL) + "  " + visible(c.Error, longestURL)
}

// visible returns s harmless for a terminal and at most cells wide, with an
// ellipsis where it was cut.
func visible(s string, cells int) string {
	out, shown := decode.AppendVisible(nil, []byte(s), cells)
	if shown < len(s) {
		out = append(out, "…"...)
	}
	return string(out)
}

// duration returns how long c lasted, to a sensible precision.
func duration(c *frame.Connection) string {
	if c.End.IsZero() {
		return "-"
	}
	d := c.End.Sub(c.Start)
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// ending says in a few words how c ended.
func ending(c *frame.Connection) string {
	if c.State == frame.Failed || c.How == "" {
		return "-"
	}
	words := []string{string(c.How), "by", string(c.EndedBy)}
	if c.EndedBy == "" {
		words = words[:1]
	}
	if c.Code != 0 {
		words = slices.Insert(words, 1, strconv.Itoa(int(c.Code)))
	}
	return strings.Join(words, " ")
}
