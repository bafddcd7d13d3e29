package main

import (
	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/frame"
)

// window is the part of a list a user asked for; zero values mean all of it.
type window struct{ limit, last int }

func windowFlags(c *cobra.Command, limit, last *int, what string) {
	c.Flags().IntVar(limit, "limit", 0, "print at most `n` "+what+", the first ones")
	c.Flags().IntVar(last, "last", 0, "print the last `n` "+what+" only")
	for _, name := range []string{"limit", "last"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// newWindow checks --limit and --last. Together they mean the first of the last.
func newWindow(c *cobra.Command, limit, last int) (window, error) {
	for name, n := range map[string]int{"limit": limit, "last": last} {
		if c.Flags().Changed(name) && n <= 0 {
			return window{}, usagef("give a number from 1 up", "--%s %d asks for nothing", name, n)
		}
	}
	return window{limit: limit, last: last}, nil
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

func (s *sides) has(side frame.Side) bool { return s.only == nil || *s.only == side }

func sideFlag(c *cobra.Command, s *sides) {
	c.Flags().Var(s, "from", "print what this `side` sent only: client or server")
	_ = c.RegisterFlagCompletionFunc("from", cobra.FixedCompletions([]string{"client", "server"}, cobra.ShellCompDirectiveNoFileComp))
}
