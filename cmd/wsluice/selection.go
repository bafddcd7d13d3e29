package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// selection is the part of a capture a user asked a list command for. Zero
// values mean all of it.
type selection struct {
	limit, last int
	filter      string
	follow      bool

	lastGiven bool
}

// flags adds the flags of s to c, which lists what.
func (s *selection) flags(c *cobra.Command, what string) {
	c.Flags().IntVar(&s.limit, "limit", 0, "print at most `n` "+what+", the first ones")
	c.Flags().IntVar(&s.last, "last", 0, "print the last `n` "+what+" only; with --follow, 0 begins with new ones")
	s.streamFlags(c, what)
	for _, name := range []string{"limit", "last"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// streamFlags adds those that go with everything that can be streamed.
func (s *selection) streamFlags(c *cobra.Command, what string) {
	c.Flags().StringVar(&s.filter, "filter", "", "only "+what+" that match this `expression` or hold these words (see wsluice help filters)")
	c.Flags().BoolVarP(&s.follow, "follow", "f", false, "go on with new "+what+" as they are recorded, until Ctrl-C")
	_ = c.RegisterFlagCompletionFunc("filter", cobra.NoFileCompletions)
}

// check finds what makes no sense. Limit and last together mean the first of
// the last.
func (s *selection) check(c *cobra.Command) error {
	s.lastGiven = c.Flags().Changed("last")
	least := 1
	if s.follow {
		least = 0
	}
	switch {
	case c.Flags().Changed("limit") && s.limit < 1:
		return usagef("give a number from 1 up", "--limit %d asks for nothing", s.limit)
	case s.lastGiven && s.last < least:
		return usagef("give a number from 1 up", "--last %d asks for nothing", s.last)
	case c.Flags().Changed("filter") && s.filter == "":
		return usagef("leave --filter out to see everything", "--filter is empty")
	}
	return nil
}

// filterFailure explains what is wrong with a --filter.
func filterFailure(err error) error {
	f := &failure{code: exitUsage, hint: "wsluice help filters lists the names and operators", err: err}
	if e, ok := errors.AsType[*filter.Error](err); ok && e.Suggestion != "" {
		f.hint = e.Suggestion
	}
	return f
}

// gaveUp says that a filter could not be evaluated for n of what it was asked
// about, which therefore does not show.
func (p *program) gaveUp(n uint64, what string) {
	if n > 0 {
		p.warnf("the filter was given up on %s, for which it took too long or too much memory", counted(n, what))
	}
}

// sides is a --from flag: nil means both.
type sides struct{ only *frame.Side }

func (s *sides) String() string {
	if s.only == nil {
		return ""
	}
	return s.only.String()
}

// Set accepts "client" and "server".
func (s *sides) Set(text string) error {
	side := new(frame.Side)
	if err := side.UnmarshalText([]byte(text)); err != nil {
		return err
	}
	s.only = side
	return nil
}

func (s *sides) Type() string { return "side" }

func sideFlag(c *cobra.Command, s *sides) {
	c.Flags().Var(s, "from", "print what this `side` sent only: client or server")
	_ = c.RegisterFlagCompletionFunc("from", cobra.FixedCompletions([]string{"client", "server"}, cobra.ShellCompDirectiveNoFileComp))
}
