package store

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// chore is a transaction besides those of the batches. The writer runs it
// between two of them.
type chore struct {
	fn   func(*bolt.Tx) error
	done chan error
}

// update implements keeper.
func (r *Recorder) update(ctx context.Context, fn func(*bolt.Tx) error) error {
	c := chore{fn: fn, done: make(chan error, 1)}
	select {
	case r.chores <- c:
		return <-c.done
	case <-r.quit:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// used implements keeper.
func (r *Recorder) used() (int64, error) { return r.file.used() }

// run runs c, in the writer's goroutine.
func (r *Recorder) run(c chore) {
	err := r.failure()
	if err == nil {
		r.file.lightenFreelist()
		err = r.file.update(c.fn)
	}
	if err == nil {
		r.measure()
		r.mu.Lock()
		r.announce()
		r.mu.Unlock()
	}
	c.done <- err
}

// Prune is as the function Prune, for the capture that is being recorded. What
// came a moment ago may stay beyond the bound, and connections that are open
// stay.
func (r *Recorder) Prune(ctx context.Context, b Bound) (Pruned, error) {
	err := b.check()
	if err == nil {
		err = r.flush(ctx)
	}
	var done Pruned
	if err == nil || errors.Is(err, errFull) {
		done, err = prune(ctx, r, b, nil)
	}
	r.pruned(done)
	if err != nil {
		return done, fmt.Errorf("prune capture: %w", err)
	}
	return done, nil
}

// Delete is as the function Delete, for the capture that is being recorded.
// Connections that are open cannot be deleted: ErrOpen.
func (r *Recorder) Delete(ctx context.Context, conns ...uint64) (Pruned, error) {
	err := r.flush(ctx)
	var done Pruned
	if err == nil {
		done, err = bury(ctx, r, conns)
	}
	if err != nil {
		return done, fmt.Errorf("delete from capture: %w", err)
	}
	return done, nil
}

// flush waits until the index and the counters of everything appended before
// are durable, but no longer than the disk has room: then it returns errFull.
func (r *Recorder) flush(ctx context.Context) error {
	r.queue.mu.Lock()
	total := r.queue.total
	r.queue.mu.Unlock()
	var full bool
	room := func(ready bool) bool {
		full = r.stats.Full != nil
		return ready || full
	}
	r.urgent.Store(true)
	r.queue.nudge()
	err := r.await(ctx, func() bool { return room(r.through >= total) })
	if err == nil && !full {
		want := r.flushWanted.Add(1)
		r.queue.nudge()
		err = r.await(ctx, func() bool { return room(r.flushed >= want) })
	}
	if err == nil && full {
		err = errFull
	}
	return err
}

// errFull: the disk is full. Pruning may help then.
var errFull = fmt.Errorf("recording waits: %w", syscall.ENOSPC)

// await waits until ready, which is called with r.mu held, reports true.
func (r *Recorder) await(ctx context.Context, ready func() bool) error {
	for over := false; ; {
		r.mu.Lock()
		done, err, changed := ready(), r.stats.Err, r.changed
		r.mu.Unlock()
		switch {
		case done:
			return nil
		case err != nil:
			return err
		case over:
			return ErrClosed
		}
		select {
		case <-changed:
		case <-r.ended:
			over = true
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
