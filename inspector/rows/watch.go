package rows

import (
	"context"
	"fmt"
	"time"
)

// refresh is the shortest time between two looks at what has come, 30 a second,
// and retry that between two tries after an error.
const (
	refresh = time.Second / 30
	retry   = time.Second
)

// watch tells the others when the capture has changed.
func (l *List) watch(ctx context.Context) {
	var version uint64
	pace := time.NewTimer(0)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		next, err := l.source.Wait(ctx, version)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			l.report(waiting, fmt.Errorf("wait for what comes: %w", err))
			pace.Reset(retry)
			continue
		}
		version = next
		l.report(waiting, nil)
		l.mu.Lock()
		l.demand.ticks++
		l.reader.ring()
		l.counter.ring()
		if l.news.errs[unfolding] != nil {
			l.unfolder.ring()
		}
		l.mu.Unlock()
		pace.Reset(refresh)
	}
}
