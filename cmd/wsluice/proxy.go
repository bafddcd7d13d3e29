package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

// defaultListen is where the proxy listens.
const defaultListen = "127.0.0.1:8080"

func (p *program) proxyCommand() *cobra.Command {
	var f recordFlags
	c := &cobra.Command{
		Use:   "proxy",
		Short: "Record the WebSocket traffic of every app that uses this proxy",
		Long: `Listen as an HTTP proxy, pass everything untouched and record every WebSocket
frame. Plain HTTP passes as well and leaves a line each on stderr.

Stop it with Ctrl-C: connections are ended, the capture is completed and closed.`,
		Example: `  wsluice proxy
  wsluice proxy --listen 127.0.0.1:0 --capture /tmp/chat.db
  wsluice proxy --reverse wss://echo.example.com --listen 127.0.0.1:9001
  wsluice proxy --upstream-proxy http://user:secret@proxy.example.com:3128
  wsluice proxy --client-cert me.pem --client-key me.key --for '*.example.com'`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return p.record(c.Context(), f) },
	}
	f.add(c, defaultListen)
	f.addShared(c)
	return c
}

// record runs the proxy until ctx ends.
func (p *program) record(ctx context.Context, f recordFlags) error {
	r, err := p.openRecording(ctx, f, newLogger(p.stderr))
	if err != nil {
		return err
	}
	if f.insecure {
		fmt.Fprintln(p.stderr, "wsluice: warning: servers' certificates are not verified (--insecure)")
	}
	fmt.Fprintf(p.stderr, "wsluice: recording into %s\n", r.path)
	fmt.Fprintf(p.stderr, "wsluice: listening on %s\n", r.address())
	stats, err := r.close(r.serve(ctx))
	fmt.Fprintf(p.stderr, "wsluice: recorded %s into %s\n", counted(stats.Frames, "frame"), r.path)
	return err
}
