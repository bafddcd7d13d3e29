package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/filter"
)

// filtersTopic is what "wsluice help filters" shows; it is no command.
func (p *program) filtersTopic() *cobra.Command {
	var long strings.Builder
	long.WriteString(`A filter is what --filter takes, in every list and export:

  order filled                    plain words: the payload holds this text, in any case
  /order-[0-9]+ (filled|cancelled)/i    a regular expression; i ignores case
  from == server && json.type == "trade" && size > 1*KB
                                  an expression

Operators: == != < <= > >=, && || ! (or: and or not), in, contains, startsWith,
endsWith, matches, + - * / %, and ?: ; see docs/filters.md for all of it.
What is missing, in JSON or otherwise, matches no comparison.

`)
	for _, subject := range []filter.Subject{filter.OfMessages, filter.OfFrames, filter.OfConnections} {
		fmt.Fprintf(&long, "Of %s:\n", subject)
		table := tabwriter.NewWriter(&long, 0, 0, 2, ' ', 0)
		for _, n := range filter.Names(subject) {
			fmt.Fprintf(table, "  %s\t%s\t%s\n", n.Name, n.Type, n.Meaning)
		}
		_ = table.Flush() // a strings.Builder takes everything
		long.WriteByte('\n')
	}
	return &cobra.Command{Use: "filters", Short: "What --filter takes", Long: strings.TrimSpace(long.String())}
}
