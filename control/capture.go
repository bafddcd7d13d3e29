package control

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/wsluice/wsluice/store"
)

const (
	// idle is how long a file at rest is kept open after it was used.
	idle = time.Second
	// At every multiple of pauseEvery on the clock, and so at the same moment in
	// every process, readers let go of files at rest for pauseFor. A recorder
	// looks every 50 milliseconds whether it can have the file.
	pauseEvery = 2 * time.Second
	pauseFor   = 100 * time.Millisecond
	// openWait is how long a file that is locked may stay without a socket when
	// it is opened, moveWait when it was open before: a recorder that is just
	// starting, or completing the capture.
	openWait = 2 * time.Second
	moveWait = 10 * time.Second
	// retry is the time between two looks at a locked file.
	retry = 50 * time.Millisecond
)

// capture is a store.Source that reads a file or through its recorder, whatever
// is the way at the time of a call.
type capture struct {
	path string

	mu      sync.Mutex
	now     *hold // nil when there is no way open
	known   bool  // there was one before
	closed  bool
	opening chan struct{} // holds one while a way is being opened
}

// hold is a way to the capture that is open.
type hold struct {
	source store.Source
	at     identity
	live   bool // through a recorder

	// These belong to the capture's lock.
	users int
	over  bool // the last user closes it
	timer *time.Timer
}

// acquire returns the way to the capture, which it opens when there is none. It
// must be released.
func (c *capture) acquire(ctx context.Context) (*hold, error) {
	select {
	case c.opening <- struct{}{}:
		defer func() { <-c.opening }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if h, err := c.current(); h != nil || err != nil {
		return h, err
	}
	wait := openWait
	if c.known {
		wait = moveWait
	}
	h, err := c.open(ctx, wait)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		h.source.Close()
		return nil, store.ErrClosed
	}
	c.now, c.known, h.users = h, true, 1
	return h, nil
}

// current returns the way that is open, unless it must not be used any more.
func (c *capture) current() (*hold, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, store.ErrClosed
	}
	h := c.now
	if h == nil {
		return nil, nil
	}
	// Whoever replaced the file meant it to be read. One that was removed is
	// still there for those who have it.
	if at, _, err := identify(c.path); err == nil && at != h.at || !h.live && pause(time.Now()) > 0 {
		c.drop(h)
		return nil, nil
	}
	h.users++
	return h, nil
}

// open opens a way to the capture. It waits so long for one that has the file
// to let others in.
func (c *capture) open(ctx context.Context, wait time.Duration) (*hold, error) {
	deadline := time.Now().Add(wait)
	for {
		at, err := locate(c.path)
		if err != nil {
			return nil, fmt.Errorf("open capture %s: %w", c.path, err)
		}
		client, err := dial(ctx, at)
		if err == nil {
			return &hold{source: client, at: at.identity, live: true}, nil
		}
		if !interrupted(err) {
			return nil, fmt.Errorf("open capture %s: %w", c.path, err)
		}
		if left := pause(time.Now()); left > 0 {
			if err := sleep(ctx, left); err != nil {
				return nil, err
			}
			continue
		}
		file, err := store.OpenFile(c.path)
		if err == nil {
			return &hold{source: file, at: at.identity}, nil
		}
		if !errors.Is(err, store.ErrLocked) || time.Now().After(deadline) {
			return nil, err
		}
		if err := sleep(ctx, retry); err != nil {
			return nil, err
		}
	}
}

// release ends a use of h, after which h is let go of when that is due. Lost
// says that it is of no use any more.
func (c *capture) release(h *hold, lost bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h.users--
	switch {
	case lost && !h.over:
		c.drop(h)
	case h.users > 0 || h.live && !h.over:
	case h.over:
		h.source.Close()
	default:
		due := min(idle, untilPause(time.Now()))
		if h.timer == nil {
			h.timer = time.AfterFunc(due, func() { c.expire(h) })
		} else {
			h.timer.Reset(due)
		}
	}
}

// expire lets go of h unless it is in use.
func (c *capture) expire(h *hold) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.users == 0 && !h.over {
		c.drop(h)
	}
}

// drop lets go of h as soon as nobody uses it. The lock is held.
func (c *capture) drop(h *hold) {
	h.over = true
	if c.now == h {
		c.now = nil
	}
	if h.timer != nil {
		h.timer.Stop()
	}
	if h.users == 0 {
		h.source.Close()
	}
}

// Close implements store.Source.
func (c *capture) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return store.ErrClosed
	}
	c.closed = true
	c.leave()
	if c.now != nil {
		c.drop(c.now)
	}
	return nil
}

// pause returns how much is left of a pause, 0 when there is none.
func pause(now time.Time) time.Duration {
	return max(0, pauseFor-time.Duration(now.UnixNano())%pauseEvery)
}

// untilPause returns how long it is to the next pause.
func untilPause(now time.Time) time.Duration {
	return pauseEvery - time.Duration(now.UnixNano())%pauseEvery
}

// sleep waits, or returns the error of ctx when that ends before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
