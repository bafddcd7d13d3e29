package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

func (p *program) connsCommand() *cobra.Command {
	var limit, last int
	var asJSON bool
	c := &cobra.Command{
		Use:   "conns",
		Short: "List the connections of a capture",
		Long: `List the connections of a capture, the oldest first: WebSocket connections,
refused and failed handshakes, and hosts that were passed through as tunnels.`,
		Example: `  wsluice conns --last 20
  wsluice conns --json | jq -r 'select(.state == "refused") | .url'`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			window, err := newWindow(c, limit, last)
			if err != nil {
				return err
			}
			r, err := p.open()
			if err != nil {
				return err
			}
			defer r.Close()
			conns, err := connections(c.Context(), r, window)
			if err != nil {
				return err
			}
			if asJSON {
				encoder := json.NewEncoder(p.stdout)
				encoder.SetEscapeHTML(false)
				for i := range conns {
					if err := encoder.Encode(&conns[i]); err != nil {
						return err
					}
				}
				return nil
			}
			return printConnections(p.stdout, conns)
		},
	}
	windowFlags(c, &limit, &last, "connections")
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a line")
	return c
}

// connections returns the connections in w, the oldest first.
func connections(ctx context.Context, r *store.Reader, w window) ([]frame.Connection, error) {
	const page = 1000
	var newest []frame.Connection
	for before := uint64(0); ; {
		n := page
		if w.last > 0 {
			n = min(n, w.last-len(newest))
		}
		conns, err := r.Conns(ctx, before, n)
		if err != nil {
			return nil, err
		}
		newest = append(newest, conns...)
		if len(conns) < n || len(newest) == w.last {
			break
		}
		before = conns[len(conns)-1].ID
	}
	slices.Reverse(newest)
	if w.limit > 0 && len(newest) > w.limit {
		newest = newest[:w.limit]
	}
	return newest, nil
}

// longestURL bounds a URL, and what went wrong with it, in terminal cells.
const longestURL = 200

func printConnections(w io.Writer, conns []frame.Connection) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CONN\tSTART\tSTATE\tSTATUS\tMESSAGES →\tMESSAGES ←\tBYTES\tTIME\tEND\tURL")
	for i := range conns {
		c := &conns[i]
		status := "-"
		if c.Status != 0 {
			status = strconv.Itoa(c.Status)
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\t%s\n",
			c.ID, c.Start.Local().Format("15:04:05"), c.State, status,
			c.Messages[frame.Client], c.Messages[frame.Server],
			byteCount(c.Bytes[frame.Client]+c.Bytes[frame.Server]),
			duration(c), ending(c), what(c))
	}
	return table.Flush()
}

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

// byteCount writes n as people read sizes.
func byteCount(n uint64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1024 && unit < 3 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGT"[unit])
}
