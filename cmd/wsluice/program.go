package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// program is what every subcommand needs of its surroundings.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	capture        string // --capture
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	if status, ok := errors.AsType[exitStatus](err); ok {
		return int(status)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		if follow := c.Flags().Lookup("follow"); follow != nil && follow.Value.String() == "true" {
			return exitDone // this is how following ends
		}
		err = &failure{code: exitInterrupted, err: errors.New("interrupted")}
	}
	return p.fail(err)
}

// fail prints err with its hint and returns its exit code.
func (p *program) fail(err error) int {
	f := explain(err)
	fmt.Fprintf(p.stderr, "wsluice: error: %s\n", oneLine(f.err.Error()))
	if f.hint != "" {
		fmt.Fprintf(p.stderr, "wsluice: hint: %s\n", oneLine(f.hint))
	}
	return f.code
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "wsluice",
		Short: "An intercepting WebSocket debugging proxy",
		Long: `wsluice stands between a WebSocket client and its server, passes every byte
untouched and keeps every frame in a capture file.

Without a command it records and shows what passes in the terminal, or records
like "wsluice proxy" when there is no terminal.`,
		Example: `  wsluice                               record on 127.0.0.1:8080 and look at it
  wsluice proxy                         record without a screen
  wsluice inspect                       look at what was recorded, or is
  wsluice run node app.js               record what one command says
  wsluice conns                         list the recorded connections
  wsluice messages 1                    print the messages of connection 1
  wsluice ca show                       the certificate your clients must trust`,
		Args:                       unknownCommand,
		SuggestionsMinimumDistance: 2,
		SilenceErrors:              true,
		SilenceUsage:               true,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &failure{code: exitUsage, hint: fmt.Sprintf("see %s --help", c.CommandPath()), err: err}
	})
	root.PersistentFlags().StringVar(&p.capture, "capture", "", "the capture `file` (default "+defaultCaptureHint+")")
	_ = root.MarkPersistentFlagFilename("capture", "db")

	var f recordFlags
	var theme string
	f.add(root, defaultListen)
	f.addShared(root)
	themeFlag(root, &theme)
	root.RunE = func(c *cobra.Command, _ []string) error {
		if isTerminal(p.stdout) && isTerminal(os.Stdin) {
			return p.recordAndInspect(c.Context(), f, theme)
		}
		return p.record(c.Context(), f)
	}
	root.AddCommand(
		p.proxyCommand(),
		p.inspectCommand(),
		p.runCommand(),
		p.demoCommand(),
		p.statusCommand(),
		p.connsCommand(),
		p.messagesCommand(),
		p.framesCommand(),
		p.exportCommand(), p.importCommand(),
		p.eventsCommand(),
		p.marksCommand(), p.markCommand(),
		p.injectCommand(),
		p.holdCommand(),
		p.rulesCommand(),
		p.killCommand(),
		p.diffCommand(),
		p.serveCommand(),
		p.replayCommand(),
		p.caCommand(),
		p.verifyCommand(),
		p.repairCommand(),
		p.compactCommand(),
		p.pruneCommand(),
		p.deleteCommand(),
		p.snapshotCommand(),
		p.versionCommand(),
		p.filtersTopic(),
	)
	return root
}

// unknownCommand refuses arguments that are no subcommand.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("see %s --help", c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %s %s?", c.CommandPath(), near[0])
	}
	return usagef(hint, "unknown command %q for %q", args[0], c.CommandPath())
}

// usageArgs makes what an argument check says a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return &failure{code: exitUsage, hint: fmt.Sprintf("see %s --help", c.CommandPath()), err: err}
		}
		return nil
	}
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colour reports whether w should get colours: a terminal, unless NO_COLOR is
// set (no-color.org) or the terminal is dumb.
func colour(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// terminalWidth returns the width of w in cells, or 0 when it is no terminal.
func terminalWidth(w io.Writer) int {
	if !isTerminal(w) {
		return 0
	}
	width, _, err := term.GetSize(int(w.(*os.File).Fd()))
	if err != nil {
		return 0
	}
	return width
}

// oneLine keeps a message of several lines on one.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
