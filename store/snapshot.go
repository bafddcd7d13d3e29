package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	// snapshotPiece is how much of a snapshot is read at a time.
	snapshotPiece = 256 << 10
	// snapshotRate bounds, in bytes a second, how fast a capture that is being
	// recorded is copied: the recorder needs the disk too.
	snapshotRate = 200 << 20
	// snapshotPatience is how long the writer of a snapshot may take for one
	// piece. The copy holds a transaction, and while it does the file grows.
	snapshotPatience = 30 * time.Second
)

// Snapshot implements Source.
func (l *local) Snapshot(ctx context.Context, w io.Writer) error {
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &copier{ctx: ctx, pieces: make(chan []byte), spare: make(chan []byte, 2)}
	if l.recorder != nil {
		c.rate = snapshotRate
	}
	// The transaction is held by a goroutine of its own, which can give it up
	// while w does not come back.
	done := make(chan error, 1)
	go func() {
		defer close(c.pieces)
		done <- l.file.view(func(tx *bolt.Tx) error {
			c.start = time.Now()
			if _, err := tx.WriteTo(c); c.err == nil {
				c.err = err // bbolt hides what Write returned
			}
			return c.err
		})
	}()
	var failed error
	for p := range c.pieces {
		if failed != nil {
			continue
		}
		if _, failed = w.Write(p); failed != nil {
			cancel()
		}
		c.spare <- p[:0]
	}
	if err := <-done; failed == nil {
		failed = err
	}
	if failed != nil {
		return fmt.Errorf("copy capture %s: %w", l.file.path, failed)
	}
	return nil
}

// copier hands on what is written to it, in pieces, at a limited rate.
type copier struct {
	ctx    context.Context
	pieces chan []byte
	spare  chan []byte // buffers that were used
	rate   int64       // bytes a second, 0 for no limit
	start  time.Time
	total  int64
	err    error // the first of pass
}

func (c *copier) Write(p []byte) (n int, err error) {
	for n < len(p) {
		part := p[n:min(len(p), n+snapshotPiece)]
		if c.err = c.pass(part); c.err != nil {
			return n, c.err
		}
		n += len(part)
	}
	return n, nil
}

func (c *copier) pass(p []byte) error {
	c.total += int64(len(p))
	if c.rate > 0 {
		due := c.start.Add(time.Duration(float64(c.total) / float64(c.rate) * float64(time.Second)))
		if early := time.Until(due); early > time.Millisecond {
			select {
			case <-time.After(early):
			case <-c.ctx.Done():
				return c.ctx.Err()
			}
		}
	}
	var buf []byte
	select {
	case buf = <-c.spare:
	default:
	}
	select {
	case c.pieces <- append(buf, p...):
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	case <-time.After(snapshotPatience):
		return errors.New("whoever takes the copy has stalled")
	}
}
