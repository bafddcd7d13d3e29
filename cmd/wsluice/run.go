package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wsluice/wsluice/certs"
)

// runFlags are the flags of wsluice run as they were given.
type runFlags struct {
	recordFlags
	browser, verbose bool
}

func (p *program) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [flags] [--] COMMAND [ARGUMENT…]",
		Short: "Record the WebSocket traffic of one command, or of a browser",
		Long: `Run a command with a proxy of its own and record what passes. The command finds
the proxy, and the certificate authority to trust, in its environment: Node.js,
Python, Java, Go, Ruby, Deno, Bun, curl, git and others look there. Its input,
output, signals and exit status are its own.

Programs that ignore the environment, and Go and Ruby programs that talk to
localhost, take wsluice proxy --reverse instead.

With --browser it starts the Chrome, Chromium, Edge or Brave it finds, with a
new profile that trusts the authority and goes when the browser ends. What is
behind -- is for the browser.`,
		Example: `  wsluice run node app.js
  wsluice run --capture /tmp/tests.db -- npm test
  wsluice run --insecure -- python3 client.py --url wss://staging.example.com
  wsluice run --browser https://chat.example.com
  wsluice run --browser -- --incognito`,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case f.browser:
				return p.browse(c, f, args)
			case len(args) == 0:
				return usagef("see wsluice run --help", "there is no command to run")
			}
			return p.run(c, f, args)
		},
	}
	f.add(c, "127.0.0.1:0")
	c.Flags().BoolVar(&f.browser, "browser", false, "run a browser; the argument is the URL to open, if any")
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "print the events of the proxy, not only its warnings")
	c.Flags().SetInterspersed(false)
	return c
}

// run runs a command through a proxy and returns its exit status as an error.
func (p *program) run(c *cobra.Command, f runFlags, args []string) error {
	command, err := p.newChild(args)
	if err != nil {
		return err
	}
	defer command.end()
	return p.through(c, f, func(proxy string, a *certs.Authority) (int, error) {
		dir, err := os.MkdirTemp("", "wsluice-run-")
		if err != nil {
			return 0, fmt.Errorf("make a folder for the command's files: %w", err)
		}
		defer os.RemoveAll(dir)
		e := environment{proxy: proxy, authority: a, dir: dir, warn: p.warnf}
		variables, err := e.variables(os.LookupEnv)
		if err != nil {
			return 0, err
		}
		return command.run(withVariables(os.Environ(), variables))
	})
}

// through calls do with the address and the authority of a proxy that records:
// the one that does so already, or one that lasts as long as do. The status do
// returns becomes the error.
func (p *program) through(c *cobra.Command, f runFlags, do func(proxy string, a *certs.Authority) (int, error)) error {
	path, err := p.capturePath()
	if err != nil {
		return err
	}
	a, err := authority()
	if err != nil {
		return err
	}
	address, recorded, err := p.running(c.Context(), path)
	if err != nil {
		return err
	}
	if recorded {
		if err := onlyOwn(c); err != nil {
			return err
		}
		fmt.Fprintf(p.stderr, "wsluice: using the proxy on %s, which records into %s\n", address, path)
		return passOn(do(address, a))
	}
	p.mentionProxies(f)
	r, err := p.openRecording(c.Context(), f.recordFlags, p.quietLogger(f.verbose))
	if err != nil {
		return err
	}
	if f.insecure {
		p.warnf("servers' certificates are not verified (--insecure)")
	}
	// Signals are for the command; the proxy ends after it.
	serving, stop := context.WithCancel(context.WithoutCancel(c.Context()))
	defer stop()
	served := make(chan error, 1)
	go func() { served <- r.serve(serving) }()
	status, err := do(r.address(), a)
	stop()
	failed := <-served
	if err == nil {
		p.summarize(r)
	}
	if _, closed := r.close(failed); err == nil && status == 0 {
		err = closed
	} else if closed != nil {
		p.fail(closed)
	}
	return passOn(status, err)
}

// passOn makes an error of a status that is not 0.
func passOn(status int, err error) error {
	if err == nil && status != 0 {
		return exitStatus(status)
	}
	return err
}

// onlyOwn refuses flags of a recording where another wsluice records: that one's
// count.
func onlyOwn(c *cobra.Command) error {
	var given []string
	c.Flags().Visit(func(flag *pflag.Flag) {
		if !slices.Contains([]string{"capture", "browser", "verbose"}, flag.Name) {
			given = append(given, "--"+flag.Name)
		}
	})
	if len(given) == 0 {
		return nil
	}
	return usagef("leave it out, or record into another file with --capture",
		"%s has no effect: another wsluice records into this capture already", strings.Join(given, ", "))
}

// summarize says what was recorded, while the capture is still open.
func (p *program) summarize(r *recording) {
	connections, messages, err := r.tally()
	switch {
	case err != nil:
		p.warnf("%v", err)
	case connections == 0:
		fmt.Fprintf(p.stderr, "wsluice: recorded no connections into %s\n", r.path)
		fmt.Fprintln(p.stderr, "wsluice: hint: a command that ignores proxies is recorded with wsluice proxy --reverse")
	default:
		look := "wsluice conns"
		if p.capture != "" {
			look += " --capture " + p.capture
		}
		fmt.Fprintf(p.stderr, "wsluice: recorded %s, %s into %s (see %s)\n",
			counted(connections, "connection"), counted(messages, "message"), r.path, look)
	}
}

// mentionProxies warns of a proxy of the user's that nothing goes through.
func (p *program) mentionProxies(f runFlags) {
	if f.upstreamProxy != "" {
		return
	}
	for _, name := range proxyVariables {
		for _, name := range []string{name, strings.ToUpper(name)} {
			if os.Getenv(name) != "" {
				p.warnf("%s is replaced for the command and wsluice goes straight to servers: to go through that proxy give --upstream-proxy \"$%s\"", name, name)
				return
			}
		}
	}
}

func (p *program) warnf(format string, args ...any) {
	fmt.Fprintf(p.stderr, "wsluice: warning: %s\n", oneLine(fmt.Sprintf(format, args...)))
}

// quietLogger returns the event log, without what is no trouble unless all is
// asked for: the terminal belongs to the command.
func (p *program) quietLogger(all bool) *slog.Logger {
	logger := newLogger(p.stderr)
	if all {
		return logger
	}
	return slog.New(troubleOnly{logger.Handler()})
}

// troubleOnly is a slog.Handler that lets warnings and errors through.
type troubleOnly struct{ slog.Handler }

func (t troubleOnly) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && t.Handler.Enabled(ctx, level)
}

func (t troubleOnly) WithAttrs(attrs []slog.Attr) slog.Handler {
	return troubleOnly{t.Handler.WithAttrs(attrs)}
}

func (t troubleOnly) WithGroup(name string) slog.Handler {
	return troubleOnly{t.Handler.WithGroup(name)}
}
