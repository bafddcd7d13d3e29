package main

import (
	"context"
	"errors"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// exportPackets writes the frames of all connections as they passed, and each
// connection where it began among them.
func (x *exporter) exportPackets(ctx context.Context) error {
	last := x.conn
	if x.conn == 0 {
		newest, err := x.r.Conns(ctx, 0, 1)
		if err != nil || len(newest) == 0 {
			return err
		}
		last = newest[0].ID
	}
	b := beginnings{x: x, next: max(x.conn, 1)}
	frames := x.r.Frames(ctx, store.FrameQuery{Conn: x.conn, Whole: true})
	defer frames.Close()
	err := x.p.drain(ctx, x.r, frames, false, func() error {
		x.bar.of(frames)
		r := frames.Record()
		if err := b.write(ctx, r.Conn, max(r.Conn, last), r.Time); err != nil {
			return err
		}
		return x.w.Frame(r)
	}, x.w.Flush)
	if err != nil {
		return err
	}
	return b.write(ctx, last, last, time.Time{})
}

// beginnings writes connections in the order they began.
type beginnings struct {
	x     *exporter
	next  uint64            // the connection to be written next
	ahead *frame.Connection // it, once it was looked at
}

// write writes the connections up to the one with the given id, and of those
// behind up to last the ones that began before at.
func (b *beginnings) write(ctx context.Context, id, last uint64, at time.Time) error {
	for b.next <= last {
		if b.ahead == nil {
			c, err := b.x.r.Conn(ctx, b.next)
			if errors.Is(err, store.ErrNoConnection) {
				b.next++
				continue
			}
			if err != nil {
				return err
			}
			b.ahead = &c
		}
		if b.next > id && !b.ahead.Start.Before(at) {
			return nil
		}
		if err := b.x.w.Connection(b.ahead); err != nil {
			return err
		}
		b.ahead, b.next = nil, b.next+1
	}
	return nil
}
