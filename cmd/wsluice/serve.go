package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/mock/recorded"
	"github.com/wsluice/wsluice/store"
)

func (p *program) serveCommand() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve CONN…",
		Short: "Serve recorded connections as their server",
		Long: `Stand for the server of recorded connections: a client that asks for the path of
one gets its handshake, its messages and its end, or its refusal. Of several with
one path each client gets the next one, or as --pick says.

--pace says when: "reactive" sends a message when the client has said what it said
before it, after as long as it took then, "fastest" without that; "recorded" keeps
the times whatever the client says, "2x" and "0.5x" do so faster or slower.

--match says when a message of the client is the recorded one: "exact" compares what
JSON says, "id" leaves out the value of its id, "shape" all values but those that
say what kind of message it is. The id of the client takes the place of the one
that was recorded in the answer to it. A message the client sends once more is
answered once more.

--else says what becomes of a message that is none of the recorded ones: "ignore" it,
"close" the connection, take it for the "nearest", or send it to the server at a
URL, whose answers the client gets as well.

Pings are answered as they come. Stop it with Ctrl-C. The exit code is 1 with
--strict when something came that was not recorded.`,
		Example: `  wsluice serve 3
  wsluice serve 3 4 7 --listen 127.0.0.1:9000 --tls
  wsluice serve 3 --pace fastest --match shape --ignore '$.time' --strict
  wsluice serve 3 --else wss://staging.example.com/feed --record served.db`,
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: p.completeConnections,
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.parse(); err != nil {
				return err
			}
			return p.serve(c.Context(), &f, args)
		},
	}
	f.add(c)
	return c
}

// serve serves connections until ctx ends.
func (p *program) serve(ctx context.Context, f *serveFlags, args []string) (err error) {
	shelf, err := p.openServed(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shelf.close()) }()
	for _, arg := range args {
		id, err := connection([]string{arg})
		if err != nil {
			return err
		}
		conn, err := shelf.reader.Conn(ctx, id)
		if err != nil {
			return err
		}
		if conn.State == frame.Failed || conn.State == frame.Bypassed {
			return usagef("wsluice conns lists the connections of a capture", "connection %d cannot be served: it is %s", id, conn.State)
		}
		if conn.Missing > 0 {
			p.warnf("%s of connection %d are not in the capture any more", counted(conn.Missing, "frame"), id)
		}
		f.options.Conversations = append(f.options.Conversations, recorded.Conversation{
			Connection: conn, Source: servedSource{shelf.reader, id},
		})
	}
	if shelf.recorder != nil {
		f.options.Record = shelf.record
	}
	out := &serveOutput{program: p, flags: f, logger: newLogger(p.stderr)}
	f.options.Tell = out.tell
	server, err := recorded.New(ctx, f.options)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return listenFailure(f.listen, err)
	}
	address := listener.Addr().String()
	scheme := "ws"
	if f.tls {
		a, err := authority()
		if err != nil {
			listener.Close()
			return err
		}
		scheme, listener = "wss", tls.NewListener(listener, a.TLSConfig(address))
	}
	p.announce(server, f, scheme, address)
	err = server.Serve(ctx, listener)
	if f.strict && err == nil {
		err = out.unexpected()
	}
	return errors.Join(err, out.err)
}

// announce says what is served where.
func (p *program) announce(server *recorded.Server, f *serveFlags, scheme, address string) {
	const most = 20
	for i, path := range server.Paths() {
		if i == most {
			fmt.Fprintf(p.stderr, "wsluice: and %s more\n", counted(uint64(len(server.Paths())-most), "path"))
			break
		}
		fmt.Fprintf(p.stderr, "wsluice: serving %s://%s%s\n", scheme, address, visible(path, longestURL))
	}
	host := "HOST"
	if hosts := servedHosts(f.options.Conversations); len(hosts) == 1 {
		host = hosts[0]
	}
	fmt.Fprintf(p.stderr, "wsluice: a rule that sends apps here through the proxy: {when: 'host == %q', map: \"%s://%s\"}\n",
		visible(host, longestURL), scheme, address)
	fmt.Fprintf(p.stderr, "wsluice: listening on %s\n", address)
}

// served is the capture that is served from, and the one that is recorded to.
type served struct {
	reader   *store.Reader
	recorder *store.Recorder // nil for none
	same     bool            // both are one capture
}

// openServed opens the captures.
func (p *program) openServed(ctx context.Context, f *serveFlags) (*served, error) {
	reader, err := p.open(ctx)
	if err != nil || f.record == "" {
		return &served{reader: reader}, err
	}
	path, err := p.capturePath()
	if err != nil {
		reader.Close()
		return nil, err
	}
	to, err := filepath.Abs(f.record)
	if err != nil {
		reader.Close()
		return nil, err
	}
	s := &served{reader: reader, same: to == path}
	if s.same {
		// The recorder hands out what it holds; nobody else can while it records.
		reader.Close()
	}
	s.recorder, err = store.Create(f.record, store.Options{App: "wsluice " + version()})
	if err != nil {
		if !s.same {
			reader.Close()
		}
		return nil, p.openFailure(f.record, err)
	}
	if s.same {
		s.reader = s.recorder.Reader()
	}
	return s, nil
}

func (s *served) close() error {
	err := s.reader.Close()
	if s.recorder != nil {
		err = errors.Join(err, s.recorder.Close())
	}
	return err
}

// record begins the record of a client that is served.
func (s *served) record(c *frame.Connection) (recorded.Tape, error) {
	if !s.same {
		c.Source = 0
	}
	tape, err := s.recorder.Open(c)
	if err != nil {
		return nil, fmt.Errorf("record the connection: %w", err)
	}
	return tape, nil
}

// servedSource is a connection of a capture.
type servedSource struct {
	reader *store.Reader
	conn   uint64
}

func (s servedSource) Open(ctx context.Context) (recorded.Records, error) {
	return &replayedRecords{s.reader.Frames(ctx, store.FrameQuery{Conn: s.conn, Whole: true})}, nil
}

// servedHosts returns the hosts of conversations, without their ports.
func servedHosts(conversations []recorded.Conversation) []string {
	var hosts []string
	seen := make(map[string]bool)
	for i := range conversations {
		_, rest, _ := strings.Cut(conversations[i].Connection.URL, "://")
		host, _, _ := strings.Cut(rest, "/")
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !seen[host] {
			seen[host] = true
			hosts = append(hosts, host)
		}
	}
	return hosts
}
