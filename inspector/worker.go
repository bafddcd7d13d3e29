package inspector

import (
	"context"
	"sync"
	"time"
)

// worker runs what takes time, one job after another, on a goroutine of its own.
// Of jobs that wait only the newest counts, and a new one cancels the one that
// runs: nobody wants the answer to a question that was replaced.
type worker struct {
	inspector *Inspector
	wg        sync.WaitGroup
	wake      chan struct{}
	done      context.CancelFunc

	mu     sync.Mutex
	next   *job
	cancel context.CancelFunc // of the running job
	active bool
}

type job struct {
	delay time.Duration
	run   func(ctx context.Context)
}

// start makes a worker, which ends with close.
func (i *Inspector) start() *worker {
	ctx, done := context.WithCancel(i.ctx)
	w := &worker{inspector: i, wake: make(chan struct{}, 1), done: done}
	i.workers.Add(1)
	w.wg.Go(func() {
		defer i.workers.Done()
		w.loop(ctx)
	})
	return w
}

// do runs a job in place of the current one, after a delay. It is to look at its
// context and hand its result over with Inspector.post.
func (w *worker) do(delay time.Duration, run func(ctx context.Context)) {
	w.mu.Lock()
	w.next = &job{delay, run}
	if w.cancel != nil {
		w.cancel()
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// stop cancels what runs and forgets what waits.
func (w *worker) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next = nil
	if w.cancel != nil {
		w.cancel()
	}
}

// busy reports whether there is something under way.
func (w *worker) busy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next != nil || w.active
}

// close ends the worker without waiting for it: Inspector.Run does.
func (w *worker) close() { w.done() }

func (w *worker) loop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
		w.mu.Lock()
		j := w.next
		if w.next = nil; j == nil {
			w.mu.Unlock()
			continue
		}
		own, cancel := context.WithCancel(ctx)
		w.cancel, w.active = cancel, true
		w.mu.Unlock()
		w.inspector.guard(func() { w.run(own, j) })
		cancel()
		w.mu.Lock()
		w.active = false
		w.mu.Unlock()
		w.inspector.changed()
	}
}

func (w *worker) run(ctx context.Context, j *job) {
	if j.delay > 0 {
		timer := time.NewTimer(j.delay)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
	}
	j.run(ctx)
}
