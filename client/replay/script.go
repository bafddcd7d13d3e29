package replay

import (
	"context"

	"github.com/wsluice/wsluice/frame"
)

// Script is a captured conversation that can be played. It never changes; any
// number of goroutines may play it at once.
type Script struct {
	conn   frame.Connection
	source Source
	asSent bool
}

// NewScript returns the script of the connection c, whose records are in source.
// A conversation of up to 64 MiB is read at once, a longer one while it is played.
// With asSent it is what the client sent itself, otherwise what its server got.
func NewScript(ctx context.Context, c frame.Connection, source Source, asSent bool) (*Script, error) {
	return &Script{conn: c, source: source, asSent: asSent}, nil
}

// Connection returns the captured connection.
func (s *Script) Connection() *frame.Connection { return &s.conn }
