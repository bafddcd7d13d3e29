package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/wsluice/wsluice/store"
)

// cursor is what goes through frames or messages.
type cursor interface {
	Next() bool
	Pruned() uint64
	Progress() float64
	Err() error
}

// errEnough ends a walk early without an error.
var errEnough = errors.New("enough")

// drain calls each for all there is, and when it follows, for all that comes
// until ctx ends. Before it waits for more it calls idle. An errEnough of each
// ends it with nil.
func (p *program) drain(ctx context.Context, r *store.Reader, c cursor, follow bool, each, idle func() error) error {
	var version, pruned uint64
	for {
		if follow {
			// The version from before the end is reached, so that nothing that
			// comes in between is waited for.
			var err error
			if version, err = r.Wait(ctx, version); err != nil {
				return ended(ctx, err)
			}
		}
		for c.Next() {
			if err := each(); errors.Is(err, errEnough) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if n := c.Pruned(); n > pruned {
			fmt.Fprintf(p.stderr, "wsluice: warning: %s left the capture before this command got to them (--max-capture or prune)\n", counted(n-pruned, "frame"))
			pruned = n
		}
		if err := c.Err(); err != nil && follow {
			return ended(ctx, err)
		} else if err != nil || !follow {
			return err
		}
		if err := idle(); err != nil {
			return err
		}
	}
}

// ended makes an err that came of the end of ctx nil: Ctrl-C is how following
// ends.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
