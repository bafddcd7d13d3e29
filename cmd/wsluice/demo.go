package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/certs"
	"github.com/wsluice/wsluice/cmd/wsluice/demo"
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
connections that are refused, break the rules or die.

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

// demo records a demo until ctx ends or, unless period is 0, for that long.
func (p *program) demo(ctx context.Context, period time.Duration) error {
	// Readable by the user only.
	dir, err := os.MkdirTemp("", "wsluice-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer os.RemoveAll(dir)
	path := p.capture
	if path == "" {
		path = filepath.Join(dir, "demo.db")
	}
	world, err := demo.Open(demo.Options{Seed: 1})
	if err != nil {
		return err
	}
	defer world.Close()
	a, err := certs.Open(dir)
	if err != nil {
		return err
	}
	servers, clients := x509.NewCertPool(), x509.NewCertPool()
	servers.AppendCertsFromPEM(world.Certificate())
	clients.AddCert(a.Certificate())
	options := proxy.Options{Authority: a, Upstream: world.Upstream(), Roots: servers}
	r, err := p.startRecording(ctx, path, "127.0.0.1:0", options, store.Options{App: "wsluice " + version()}, newLogger(p.stderr))
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "wsluice: recording into %s\n", path)
	if p.capture == "" {
		fmt.Fprintln(p.stderr, "wsluice: hint: that file goes when the demo ends; --capture FILE keeps it")
	}
	fmt.Fprintf(p.stderr, "wsluice: listening on %s\n", r.address())

	playing, end := context.WithCancel(ctx)
	defer end()
	if period > 0 {
		defer time.AfterFunc(period, end).Stop()
	}
	// The proxy outlives the apps, whose goodbyes are worth recording.
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	served := make(chan error, 1)
	go func() {
		served <- r.serve(serving)
		end()
	}()
	played := world.Run(playing, &url.URL{Scheme: "http", Host: r.address()}, clients)
	stop()
	failed := <-served
	if failed == nil {
		failed = played
	}
	stats, err := r.close(failed)
	fmt.Fprintf(p.stderr, "wsluice: recorded %s into %s\n", counted(stats.Frames, "frame"), path)
	return err
}
