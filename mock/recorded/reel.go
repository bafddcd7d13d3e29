package recorded

import (
	"context"
	"errors"
	"fmt"
)

// reel reads payloads that are not held. It goes on from where it was, since they
// are most often wanted in order.
type reel struct {
	walker *walker
	script *script
}

// payload returns what of a script is sent as the message seq.
func (r *reel) payload(ctx context.Context, s *script, seq uint64) ([]byte, error) {
	fresh := r.script != s
	for {
		if fresh {
			r.close()
			var err error
			if r.walker, err = walk(ctx, s.conversation); err != nil {
				return nil, err
			}
			r.script = s
		}
		t, err := r.walker.find(seq)
		switch {
		case err == nil && t.lost() != "":
			return nil, errors.New(t.lost())
		case err == nil:
			k := t.kept()
			return k.payload, nil
		case fresh:
			return nil, fmt.Errorf("message %d is not there any more: %w", seq, err)
		}
		fresh = true
	}
}

func (r *reel) close() {
	if r.walker != nil {
		r.walker.Close()
	}
	r.walker, r.script = nil, nil
}
