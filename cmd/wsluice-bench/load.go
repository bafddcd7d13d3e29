package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/wsluice/wsluice/certs"
)

// work is what clients and servers do in a measurement.
type work string

// The kinds of work.
const (
	pushUp    work = "client to server" // messages as fast as they go, one connection
	pushDown  work = "server to client"
	pushEcho  work = "echo"            // the same, each message sent back
	roundTrip work = "round trip"      // one message at a time
	connects  work = "new connections" // dial, upgrade, one echo, close; over and over
	idle      work = "idle"            // many connections, one echo each, then silence
)

// job is one measurement as the process of clients and servers is told of it.
type job struct {
	Work   work
	Secure bool   // wss
	Proxy  string // address; "" is none
	Folder string // of the two authorities
	Size   int    // of a message in bytes
	// Time is how long to send, unless Messages says how many messages.
	Time        time.Duration
	Messages    int
	Rate        int // push: messages per second, 0 for as fast as they go
	Connections int // idle: how many; connects: how many at once
	// Wait has one that sends one way tell when its connection is open, and wait
	// for the end of stdin before it sends.
	Wait bool
}

// outcome is what a job found.
type outcome struct {
	Messages int // that reached their receiver; for connects the connections
	Frames   int // that passed the relay, all kinds, both ways
	Time     time.Duration
	P50, P99 time.Duration // round trips
}

// rate returns messages per second.
func (o *outcome) rate() float64 { return float64(o.Messages) / o.Time.Seconds() }

// The folders of the two authorities within a bench folder: of the relays, and
// of the servers.
const (
	relayAuthority  = "home"
	serverAuthority = "origin"
)

// load is the process of clients and servers at work.
type load struct {
	job
	origin *origin
	client *tls.Config // nil without TLS
}

// runLoad does the job in spec and writes the outcome to stdout, both JSON. An
// idle job holds its connections until stdin ends, and one that is to wait writes
// an empty outcome and begins then.
func runLoad(ctx context.Context, spec string, stdin io.Reader, stdout io.Writer) error {
	var l load
	if err := json.Unmarshal([]byte(spec), &l.job); err != nil {
		return fmt.Errorf("job: %w", err)
	}
	var server *tls.Config
	if l.Secure {
		roots := x509.NewCertPool()
		for _, name := range []string{relayAuthority, serverAuthority} {
			a, err := certs.Open(filepath.Join(l.Folder, name))
			if err != nil {
				return err
			}
			roots.AddCert(a.Certificate())
			server = a.TLSConfig("127.0.0.1")
		}
		l.client = &tls.Config{ServerName: "127.0.0.1", RootCAs: roots}
	}
	origin, err := newOrigin(server)
	if err != nil {
		return err
	}
	l.origin = origin
	defer origin.close()
	result, err := l.run(ctx, func(result outcome) error {
		if err := json.NewEncoder(stdout).Encode(result); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, stdin)
		return err
	})
	if err != nil || l.Work == idle {
		return err
	}
	return json.NewEncoder(stdout).Encode(result)
}

// run does the job. For idle it calls hold while the connections are open, and
// before it sends if it is to wait.
func (l *load) run(ctx context.Context, hold func(outcome) error) (outcome, error) {
	switch l.Work {
	case pushUp, pushDown:
		return l.push(ctx, hold)
	case pushEcho:
		return l.pushEcho(ctx)
	case roundTrip:
		return l.roundTrips(ctx)
	case connects:
		return l.connects(ctx)
	case idle:
		return outcome{}, l.idle(ctx, hold)
	}
	return outcome{}, fmt.Errorf("work %q is not known", l.Work)
}

func (l *load) dial(ctx context.Context) (*end, error) {
	return dial(ctx, l.Proxy, l.origin.listener.Addr().String(), l.client)
}

// pair returns both ends of a new connection.
func (l *load) pair(ctx context.Context) (client, server *end, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if client, err = l.dial(ctx); err != nil {
		return nil, nil, err
	}
	select {
	case server = <-l.origin.accepted:
		return client, server, nil
	case <-ctx.Done():
		client.Close()
		return nil, nil, fmt.Errorf("wait for the server's end: %w", ctx.Err())
	}
}
