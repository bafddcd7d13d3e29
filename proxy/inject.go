package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// ErrNotLive: the proxy has no such connection under way, or it is passed
// blindly.
var ErrNotLive = errors.New("connection is not under way")

// MaxInjection bounds the bytes of an Injection.
const MaxInjection = 64 << 20

// Injection is what is sent into a connection beside what its peers send.
type Injection struct {
	// To is who gets it. It is recorded as sent by the other side.
	To frame.Side
	// Origin is frame.Injected or frame.Replayed.
	Origin frame.Origin
	// Wire holds the frames as they are to be on the wire, see frame.Draft. It
	// must not be changed afterwards. Control frames are sent between frames, all
	// else between messages.
	Wire []byte
}

// Delivery tells that an Injection was sent.
type Delivery struct {
	// Time is when it was recorded and written: the time of its first frame in the
	// capture.
	Time time.Time
	// Waited is how long it took to come to a place where it could be sent.
	Waited time.Duration
}

// Inject sends something into the connection with the given id and returns when
// it was written. When ctx ends before, it is not sent any more. The error wraps
// ErrNotLive when the connection is not there or ends meanwhile.
func (p *Proxy) Inject(ctx context.Context, id uint64, in Injection) (Delivery, error) {
	return Delivery{}, errors.New("not yet")
}
