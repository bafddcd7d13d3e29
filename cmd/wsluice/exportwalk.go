package main

import (
	"context"
	"errors"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// exportConnections writes one connection after the other, for formats that
// cannot hold two at a time.
func (x *exporter) exportConnections(ctx context.Context) error {
	first, last := x.conn, x.conn
	if x.conn == 0 {
		newest, err := x.r.Conns(ctx, 0, 1)
		if err != nil || len(newest) == 0 {
			return err
		}
		first, last = 1, newest[0].ID
	}
	for id := first; id <= last; id++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := x.r.Conn(ctx, id)
		if errors.Is(err, store.ErrNoConnection) {
			continue
		}
		if err == nil {
			err = x.exportConnection(ctx, &c)
		}
		if err != nil {
			return err
		}
		x.bar.set(int64(id-first+1), int64(last-first+1))
	}
	return nil
}

// exportConnection writes c and its messages; with a filter nothing when none
// matches.
func (x *exporter) exportConnection(ctx context.Context, c *frame.Connection) error {
	announced := x.messages == nil
	if announced {
		if err := x.w.Connection(c); err != nil {
			return err
		}
	}
	messages := x.r.Messages(ctx, x.query(c.ID))
	defer messages.Close()
	return x.p.drain(ctx, x.r, messages, false, func() error {
		if x.conn != 0 {
			x.bar.of(messages)
		}
		if !announced {
			announced = true
			if err := x.w.Connection(c); err != nil {
				return err
			}
		}
		return x.message(messages.Message())
	}, x.w.Flush)
}
