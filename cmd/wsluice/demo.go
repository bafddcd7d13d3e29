package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/certs"
	"github.com/wsluice/wsluice/cmd/wsluice/demo"
	"github.com/wsluice/wsluice/inspector"
	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/store"
)

func (p *program) demoCommand() *cobra.Command {
	var period time.Duration
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show a recording of made-up traffic, without a network",
		Long: `Record the traffic of a few servers and apps that run inside this process: a
price feed, a chat, telemetry in binary formats, compressed logs, GraphQL, and
connections that are refused, break the rules or die. On a terminal the inspector
shows it.

It uses a free port of this machine and a certificate authority of its own. All
of it goes when the demo ends, the capture too unless --capture names one.`,
		Example: `  wsluice demo
  wsluice demo --for 10s --capture demo.db`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("for") && period <= 0 {
				return usagef("write --for 10s", "--for %v is no time to run", period)
			}
			return p.demo(c.Context(), period)
		},
	}
	c.Flags().DurationVar(&period, "for", 0, "end after this `time`, such as 10s")
	_ = c.RegisterFlagCompletionFunc("for", cobra.NoFileCompletions)
	return c
}

// demo records a demo until the user quits the inspector, ctx ends or, unless
// period is 0, for that long.
func (p *program) demo(ctx context.Context, period time.Duration) error {
	// Readable by the user only.
	dir, err := os.MkdirTemp("", "wsluice-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer os.RemoveAll(dir)
	var o inspector.Options
	logger, inspecting := newLogger(p.stderr), isTerminal(p.stdout) && isTerminal(os.Stdin)
	if inspecting {
		if o, err = p.inspectorOptions(""); err != nil {
			return err
		}
		o.Notice = "this is a demo: q ends it, ? shows the keys"
		logger = slog.New(slog.DiscardHandler)
	}
	world, err := demo.Open(demo.Options{Seed: 1})
	if err != nil {
		return err
	}
	defer world.Close()
	r, clients, err := p.recordDemo(ctx, dir, world, logger)
	if err != nil {
		return err
	}
	if !inspecting {
		p.announceDemo(r)
	}
	playing, end := context.WithCancel(ctx)
	defer end()
	if period > 0 {
		defer time.AfterFunc(period, end).Stop()
	}
	// The proxy outlives the apps, whose goodbyes are worth recording.
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	served, played := make(chan error, 1), make(chan error, 1)
	go func() {
		defer end()
		served <- r.serve(serving)
	}()
	go func() {
		defer end()
		played <- world.Run(playing, &url.URL{Scheme: "http", Host: r.address()}, clients)
	}()
	var shown error
	if inspecting {
		shown = p.inspect(playing, r.path, o)
	} else {
		<-playing.Done()
	}
	end()
	failed := <-played
	stop()
	stats, err := r.close(cmp.Or(<-served, failed))
	where := "into " + p.capture
	if p.capture == "" {
		where = "and removed them; --capture FILE keeps them"
	}
	fmt.Fprintf(p.stderr, "wsluice: recorded %s %s\n", counted(stats.Frames, "frame"), where)
	return cmp.Or(shown, err)
}

// recordDemo starts a recording of a demo with a capture, unless one was named,
// and an authority in dir. The clients trust the roots it returns.
func (p *program) recordDemo(ctx context.Context, dir string, world *demo.Demo, logger *slog.Logger) (*recording, *x509.CertPool, error) {
	path := p.capture
	if path == "" {
		path = filepath.Join(dir, "demo.db")
	}
	a, err := certs.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	servers, clients := x509.NewCertPool(), x509.NewCertPool()
	servers.AppendCertsFromPEM(world.Certificate())
	clients.AddCert(a.Certificate())
	options := proxy.Options{Authority: a, Upstream: world.Upstream(), Roots: servers}
	r, err := p.startRecording(ctx, path, "127.0.0.1:0", options, store.Options{App: "wsluice " + version()}, nil, logger)
	return r, clients, err
}

// announceDemo says on stderr what is recorded.
func (p *program) announceDemo(r *recording) {
	fmt.Fprintf(p.stderr, "wsluice: recording into %s\n", r.path)
	if p.capture == "" {
		fmt.Fprintln(p.stderr, "wsluice: hint: that file goes when the demo ends; --capture FILE keeps it")
	}
	fmt.Fprintf(p.stderr, "wsluice: listening on %s\n", r.address())
}
