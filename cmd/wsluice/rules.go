package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/proxy/rules"
)

func (p *program) rulesCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "rules",
		Short: "Standing changes to live traffic: list, load, switch and check them",
		Long: `List the rules that are in force in the proxy that records the capture, and how
often each has acted.

Rules are written in YAML. They replace, drop, delay, answer and break messages,
end connections and change handshakes: docs/rules.md describes them. They come
with wsluice proxy --rules FILE, which follows the file as it changes, or from
here, and go with the proxy.`,
		Example: `  wsluice rules
  wsluice rules check rules.yaml
  wsluice rules load rules.yaml
  wsluice rules off 'no ads'
  wsluice rules --json | jq -r 'select(.hits == 0) | .name'`,
		Args:                       unknownCommand,
		SuggestionsMinimumDistance: 2,
		RunE:                       func(c *cobra.Command, _ []string) error { return p.listRules(c.Context(), asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a line")
	c.AddCommand(
		p.rulesShowCommand(),
		p.rulesCheckCommand(),
		p.rulesLoadCommand(),
		p.rulesSwitchCommand("on", true),
		p.rulesSwitchCommand("off", false),
		p.rulesClearCommand(),
	)
	return c
}

// ruled calls do with a client of the recorder.
func (p *program) ruled(ctx context.Context, do func(*control.Client) error) error {
	client, err := p.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	return p.actionFailure(0, do(client))
}

func (p *program) listRules(ctx context.Context, asJSON bool) error {
	return p.ruled(ctx, func(client *control.Client) error {
		book, err := client.Rules(ctx)
		if err != nil {
			return err
		}
		if book.Error != "" {
			p.warnf("the rules file has changed, and the new text is not in force: %s", visible(book.Error, longestValue))
		}
		out := bufio.NewWriter(p.stdout)
		if asJSON {
			to := json.NewEncoder(out)
			to.SetEscapeHTML(false)
			for i := range book.Rules {
				if err := to.Encode(&book.Rules[i]); err != nil {
					return err
				}
			}
			return out.Flush()
		}
		writeRules(out, book.Rules)
		return out.Flush()
	})
}

// writeRules writes a table of rules.
func writeRules(out io.Writer, list []control.Rule) {
	name, does := len("NAME"), len("DOES")
	for i := range list {
		const widest = 60
		name = max(name, min(len([]rune(list[i].Name)), widest/2))
		does = max(does, min(len([]rune(list[i].Does)), widest))
	}
	row := "%-" + strconv.Itoa(name) + "s  %-3s  %-9s  %10s  %-" + strconv.Itoa(does) + "s  %s\n"
	fmt.Fprintf(out, row, "NAME", "ON", "FROM", "HITS", "DOES", "WHEN")
	for i := range list {
		r := &list[i]
		on, from, hits := "off", r.From, strconv.FormatUint(r.Hits, 10)
		if r.On {
			on = "on"
		}
		if from == "" {
			from = "both"
		}
		if r.Most > 0 {
			hits += "/" + strconv.FormatUint(r.Most, 10)
		}
		fmt.Fprintf(out, row, visible(r.Name, longestValue), on, from, hits, visible(r.Does, longestValue), visible(r.When, longestValue))
		if r.Failed > 0 {
			fmt.Fprintf(out, "%*s  could not act on %s, the last time because %s\n", name, "", counted(r.Failed, "message"), visible(r.Failure, longestValue))
		}
	}
}

func (p *program) rulesShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show",
		Short:   "Print the YAML of the rules in force",
		Example: "  wsluice rules show > rules.yaml",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.ruled(c.Context(), func(client *control.Client) error {
				book, err := client.Rules(c.Context())
				if err != nil {
					return err
				}
				if book.Text == "" {
					fmt.Fprintln(p.stderr, "wsluice: no rules are in force")
				}
				_, err = io.WriteString(p.stdout, book.Text)
				return err
			})
		},
	}
}

func (p *program) rulesCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Say whether files hold rules, and what is wrong with them",
		Long: `Read files of rules and say what is wrong with them, by line and column. Nothing
is put in force, and no proxy is needed. A file named - is stdin.`,
		Example: "  wsluice rules check rules.yaml",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			var failed error
			for _, path := range args {
				set, err := p.readRules(path)
				switch {
				case err == nil:
					fmt.Fprintf(p.stderr, "wsluice: %s holds %s\n", set.Name(), counted(uint64(len(set.Rules())), "rule"))
				case failed != nil:
					p.fail(failed)
					failed = err
				default:
					failed = err
				}
			}
			return failed
		},
	}
}

func (p *program) rulesLoadCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "load FILE",
		Short: "Put the rules of a file in force, in place of all others",
		Long: `Put the rules of a file in force, in place of all others, for the connections
under way and those to come. A file with a mistake changes nothing. Rules that
are the same as before go on counting. A file named - is stdin.

The file is read once. A proxy that was started with --rules goes back to its own
file when that changes.`,
		Example: "  wsluice rules load rules.yaml",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			set, err := p.readRules(args[0])
			if err != nil {
				return err
			}
			return p.ruled(c.Context(), func(client *control.Client) error {
				if err := client.SetRules(c.Context(), set.Name(), set.Text()); err != nil {
					return err
				}
				fmt.Fprintf(p.stderr, "wsluice: %s in force\n", areIs(len(set.Rules()), "rule"))
				return nil
			})
		},
	}
}

// areIs writes "1 rule is" and "2 rules are".
func areIs(n int, noun string) string {
	if n == 1 {
		return counted(1, noun) + " is"
	}
	return counted(uint64(n), noun) + " are"
}

func (p *program) rulesSwitchCommand(word string, on bool) *cobra.Command {
	return &cobra.Command{
		Use:     word + " NAME",
		Short:   "Switch a rule " + word,
		Long:    "Switch a rule " + word + ". A file of rules is not changed, only what is in force.",
		Example: "  wsluice rules " + word + " 'no ads'",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return p.ruled(c.Context(), func(client *control.Client) error {
				err := client.SwitchRule(c.Context(), args[0], on)
				if err == nil || errors.Is(err, control.ErrNotRecording) || c.Context().Err() != nil {
					return err
				}
				return &failure{code: exitUsage, hint: "wsluice rules lists the names", err: err}
			})
		},
		ValidArgsFunction: p.completeRules(!on),
	}
}

// completeRules offers the names of the rules that are on, or off, to the shell.
func (p *program) completeRules(on bool) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
		if len(args) == 0 {
			_ = p.ruled(c.Context(), func(client *control.Client) error {
				book, err := client.Rules(c.Context())
				for _, r := range slices.DeleteFunc(book.Rules, func(r control.Rule) bool { return r.On != on }) {
					names = append(names, r.Name+"\t"+visible(r.Does, longestURL))
				}
				return err
			})
		}
		return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

func (p *program) rulesClearCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "clear",
		Short: "Take all rules out of force",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.ruled(c.Context(), func(client *control.Client) error {
				return client.SetRules(c.Context(), "", "")
			})
		},
	}
}

// readRules reads a file of rules, or stdin when it is named -.
func (p *program) readRules(path string) (*rules.Set, error) {
	in, name := p.stdin, "stdin"
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, &failure{code: exitUsage, hint: "check the path of the file of rules", err: err}
		}
		defer file.Close()
		in, name = file, path
	}
	text, err := io.ReadAll(io.LimitReader(in, rules.MaxText+1))
	if err != nil {
		return nil, &failure{code: exitUsage, hint: "check the path of the file of rules", err: fmt.Errorf("read %s: %w", name, err)}
	}
	set, err := rules.Parse(name, text)
	if err != nil {
		return nil, rulesFailure(err)
	}
	return set, nil
}

// rulesFailure explains what is wrong with a text of rules.
func rulesFailure(err error) error {
	f := &failure{code: exitUsage, hint: "docs/rules.md describes rules", err: err}
	if e, ok := errors.AsType[*rules.Error](err); ok && e.Suggestion != "" {
		f.hint = e.Suggestion
	}
	return f
}
