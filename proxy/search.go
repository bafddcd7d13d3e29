package proxy

import (
	"context"

	"github.com/wsluice/wsluice/frame"
)

// search is what is under way to find out the context of compression where
// message mode is to begin.
type search struct {
	cancel context.CancelFunc
	missed []byte        // what passed since
	done   chan struct{} // closed when the fields below are set

	inflater *frame.Inflater
	err      error
}

// over reports whether the search has come to its end.
func (s *search) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// newSearch asks the tape for the context behind the first n frames.
func (p *pump) newSearch(n uint64) *search {
	s := p.session
	ctx, cancel := context.WithCancel(s.proxy.ctx)
	found := &search{cancel: cancel, done: make(chan struct{})}
	s.proxy.work.Go(func() {
		defer p.poke()
		defer close(found.done)
		found.inflater, found.err = s.tape.Inflater(ctx, p.from, n)
	})
	return found
}
