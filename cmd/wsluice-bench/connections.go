package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// connects opens connections as fast as it goes, each for one echo.
func (l *load) connects(ctx context.Context) (outcome, error) {
	var serving sync.WaitGroup
	defer serving.Wait()
	defer l.origin.close()
	serving.Go(l.echoAll)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := newTraffic(frame.Client, l.Size)
	start := time.Now()
	var made atomic.Int64
	var dialling sync.WaitGroup
	for range l.Connections {
		dialling.Go(func() {
			for ctx.Err() == nil && time.Since(start) < l.Time {
				e, err := l.greet(ctx, t)
				if err == nil {
					err = exchange(e, closing(frame.Client), make([]byte, len(closing(frame.Server))))
					e.Close()
				}
				if err != nil {
					cancel(fmt.Errorf("connection %d: %w", made.Load()+1, err))
					return
				}
				made.Add(1)
			}
		})
	}
	dialling.Wait()
	n := int(made.Load())
	return outcome{Messages: n, Frames: 4 * n, Time: time.Since(start)}, context.Cause(ctx)
}

// greet opens a connection and has one message echoed.
func (l *load) greet(ctx context.Context, t *traffic) (*end, error) {
	e, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	if err := exchange(e, t.writes[0][:t.wire], make([]byte, wireSize(frame.Server, l.Size))); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// smallBuffer is what ends of which there are many read into.
const smallBuffer = 4 << 10

// echoAll echoes on every connection the origin accepts until it is closed.
func (l *load) echoAll() {
	var echoing sync.WaitGroup
	defer echoing.Wait()
	for e := range l.origin.accepted {
		echoing.Go(func() {
			defer e.Close()
			e.echo(smallBuffer) // the client reports what goes wrong
		})
	}
}

// diallers is how many connections an idle job opens at once.
const diallers = 16

// idle opens connections, has one message echoed on each, and calls hold while
// they are open.
func (l *load) idle(ctx context.Context, hold func(outcome) error) error {
	var serving sync.WaitGroup
	defer serving.Wait()
	defer l.origin.close()
	serving.Go(l.echoAll)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := newTraffic(frame.Client, l.Size)
	ends := make([]*end, l.Connections)
	defer func() {
		for _, e := range ends {
			if e != nil {
				e.Close()
			}
		}
	}()
	start := time.Now()
	var next atomic.Int64
	var dialling sync.WaitGroup
	for range diallers {
		dialling.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(ends) {
					return
				}
				e, err := l.greet(ctx, t)
				if err != nil {
					cancel(fmt.Errorf("connection %d: %w", i+1, err))
					return
				}
				ends[i] = e
			}
		})
	}
	dialling.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return hold(outcome{Messages: len(ends), Frames: 2 * len(ends), Time: time.Since(start)})
}
