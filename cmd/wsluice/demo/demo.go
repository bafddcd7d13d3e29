package demo

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"
)

// Options say what the demo's conversations are like. The zero value will do.
type Options struct {
	// Seed chooses what is said. When an app that was cut off comes again is up to
	// the clock.
	Seed uint64
	// Start is the time that the messages tell when Run begins; zero means the
	// time at which it does.
	Start time.Time
	// Rate is how many times faster than usual all happens; 0 means 1. At 1 there
	// are some 20 messages a second.
	Rate float64
}

// Demo is the servers and the apps.
type Demo struct {
	seed     uint64
	start    time.Time // what the demo's clock shows when it begins
	began    time.Time // when that is
	rate     float64
	listener net.Listener
	identity *identity
	apps     []*app
	byURL    map[string]*app
}

// Open makes the demo's certificates and listens on a free port of loopback.
// Servers and apps begin with Run. Call Run or Close.
func Open(o Options) (*Demo, error) {
	if o.Rate < 0 {
		return nil, fmt.Errorf("demo: rate %v is negative", o.Rate)
	}
	if o.Rate == 0 {
		o.Rate = 1
	}
	identity, err := newIdentity()
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	d := &Demo{seed: o.Seed, start: o.Start, rate: o.Rate, listener: listener, identity: identity, apps: world(), byURL: make(map[string]*app)}
	for _, a := range d.apps {
		d.byURL[a.url] = a
	}
	return d, nil
}

// Upstream returns the URL of the HTTP proxy through which the servers are
// reached: the proxy that is to be shown has it as its upstream proxy.
func (d *Demo) Upstream() *url.URL {
	return &url.URL{Scheme: "http", Host: d.listener.Addr().String()}
}

// Certificate returns the root, in PEM, by which the servers' certificates are
// verified: the proxy that is to be shown has to trust it for servers. The
// caller owns it.
func (d *Demo) Certificate() []byte { return d.identity.pem() }

// Close stops listening, for a demo that is not Run.
func (d *Demo) Close() error { return d.listener.Close() }

// Run lets the apps talk to the servers through proxy, whose certificates roots
// verify, until ctx ends; the apps then say goodbye, for a second at most. The
// error is nil unless the proxy cannot be reached any more. When Run returns,
// nothing of the demo is running; it may be called once.
func (d *Demo) Run(ctx context.Context, proxy *url.URL, roots *x509.CertPool) error {
	d.began = time.Now()
	if d.start.IsZero() {
		d.start = d.began
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// The servers outlive the apps, which get their goodbyes answered.
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var servers, apps sync.WaitGroup
	servers.Go(func() { d.serve(serving) })
	// One after the other, so that they have the same numbers in every capture.
	turn := make(chan struct{})
	close(turn)
	for _, a := range d.apps {
		before := turn
		apps.Go(func() {
			if err := d.use(ctx, a, before, proxy, roots); err != nil {
				fail(err)
			}
		})
		turn = a.met
	}
	apps.Wait()
	stop()
	servers.Wait()
	if err := context.Cause(ctx); errors.Is(err, errNoProxy) {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}
