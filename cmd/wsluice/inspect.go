package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/gdamore/tcell/v2/terminfo"
	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/inspector"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/store"
)

func (p *program) inspectCommand() *cobra.Command {
	var theme string
	c := &cobra.Command{
		Use:   "inspect [CAPTURE]",
		Short: "Browse a capture in the terminal, live or at rest",
		Long: `Browse a capture in the terminal: its connections, their messages, and each
message as text, tree, hex and header bits. It may be recorded meanwhile; then
the inspector shows what comes.

Press ? for the keys of where you are. Quitting the inspector ends nothing but
the inspector.

The configuration file is ` + configHint + `:

  theme = "default"      # ` + themeNames() + `
  mouse = false
  [keys]                 # docs/keys.md lists the actions
  copy = ["c", "y"]`,
		Example: `  wsluice inspect
  wsluice inspect colleague.db
  wsluice inspect --theme mono --capture chat.db`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				if p.capture != "" {
					return usagef("name the capture once", "both %s and --capture %s are given", args[0], p.capture)
				}
				p.capture = args[0]
			}
			if !isTerminal(p.stdout) || !isTerminal(os.Stdin) {
				return usagef("wsluice messages and wsluice export print what a capture holds", "the inspector needs a terminal")
			}
			o, err := p.inspectorOptions(theme)
			if err != nil {
				return err
			}
			path, err := p.capturePath()
			if err != nil {
				return err
			}
			return p.inspect(c.Context(), path, o)
		},
	}
	themeFlag(c, &theme)
	return c
}

func themeFlag(c *cobra.Command, theme *string) {
	c.Flags().StringVar(theme, "theme", "", "the inspector's `theme`: "+themeNames())
	_ = c.RegisterFlagCompletionFunc("theme", cobra.FixedCompletions(strings.Split(themeNames(), ", "), cobra.ShellCompDirectiveNoFileComp))
}

// inspectorOptions reads how the user likes the inspector, before anything is
// opened.
func (p *program) inspectorOptions(theme string) (inspector.Options, error) {
	c, err := readConfig()
	if err != nil {
		return inspector.Options{}, err
	}
	if theme != "" {
		if c.theme = draw.ThemeNamed(theme); c.theme == nil {
			return inspector.Options{}, usagef("there are "+themeNames(), "there is no theme %q", theme)
		}
	} else if !colour(p.stdout) {
		c.theme = draw.ThemeNamed("mono")
	}
	if err := checkTerminal(); err != nil {
		return inspector.Options{}, err
	}
	return inspector.Options{Keys: c.keys, Theme: c.theme, Mouse: c.mouse, ASCII: !utf8Terminal(), NoClipboard: noClipboard(), Editor: editor()}, nil
}

// checkTerminal refuses a terminal that the inspector cannot use.
func checkTerminal() error {
	if runtime.GOOS == "windows" {
		return nil // its console has no description
	}
	if _, err := tcell.LookupTerminfo(os.Getenv("TERM")); err != nil {
		return terminalFailure(err)
	}
	return nil
}

func terminalFailure(err error) error {
	return &failure{
		code: exitUsage, err: fmt.Errorf("use the terminal %q: %w", os.Getenv("TERM"), err),
		hint: "set TERM to what your terminal is, such as xterm-256color, or use wsluice messages and wsluice export",
	}
}

// noClipboard reports whether the terminal is known not to take anything for a
// clipboard.
func noClipboard() bool {
	info, err := terminfo.LookupTerminfo(os.Getenv("TERM"))
	return err == nil && !info.XTermLike
}

// utf8Terminal reports whether the locale says that the terminal shows UTF-8.
func utf8Terminal() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := os.Getenv(name); value != "" {
			value = strings.ToLower(value)
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return false
}

// inspect shows the capture at path until the user quits or ctx ends.
func (p *program) inspect(ctx context.Context, path string, o inspector.Options) error {
	r, err := control.Open(ctx, path)
	if err != nil {
		return p.openFailure(path, err)
	}
	defer r.Close()
	acts := intervene(path)
	defer acts.close()
	of := inspected{r, acts}
	o.Source, o.Actions, o.Name = of, of, filepath.Base(path)
	err = inspector.New(o).Run(ctx)
	if fault, ok := errors.AsType[*inspector.Fault](err); ok {
		fmt.Fprintf(p.stderr, "%s", fault.Stack)
		return &failure{code: exitFailed, hint: "this is a bug of wsluice: please report it with the lines above", err: err}
	}
	if err != nil {
		return terminalFailure(err)
	}
	return nil
}

// recordAndInspect runs the proxy with the inspector on what it records. When the
// capture is recorded already it only shows it.
func (p *program) recordAndInspect(ctx context.Context, f recordFlags, theme string) error {
	o, err := p.inspectorOptions(theme)
	if err != nil {
		return err
	}
	path, err := p.capturePath()
	if err != nil {
		return err
	}
	if address, recorded, err := p.running(ctx, path); err == nil && recorded {
		if f.rules != "" {
			return usagef("wsluice rules load "+f.rules+" puts them in force there", "--rules has no effect: the wsluice on %s records into this capture already", address)
		}
		o.Notice = "the wsluice on " + address + " records this capture already; this only shows it"
		return p.inspect(ctx, path, o)
	}
	r, err := p.openRecording(ctx, f, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	o.Records = true
	o.Notice = "point an app at the proxy http://" + reachable(r.address())
	stats, err := r.inspected(ctx, p, o)
	fmt.Fprintf(p.stderr, "wsluice: recorded %s into %s\n", counted(stats.Frames, "frame"), r.path)
	return err
}

// inspected serves the recording while the inspector shows it, and closes it when
// the user quits, ctx ends, or the listener fails.
func (r *recording) inspected(ctx context.Context, p *program, o inspector.Options) (store.Stats, error) {
	serving, stop := context.WithCancel(ctx)
	defer stop()
	showing, hide := context.WithCancel(ctx)
	defer hide()
	served := make(chan error, 1)
	go func() {
		defer hide()
		served <- r.serve(serving)
	}()
	shown := p.inspect(showing, r.path, o)
	stop()
	stats, err := r.close(<-served)
	if shown != nil {
		err = shown
	}
	return stats, err
}
