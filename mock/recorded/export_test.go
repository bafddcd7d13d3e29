package recorded

import (
	"context"
	"net"

	"github.com/wsluice/wsluice/frame"
)

// Converse serves the first conversation of o over a connection whose handshake is
// done, until that ends, and holds payloads of so many bytes.
func Converse(ctx context.Context, o Options, c net.Conn, hold int) error {
	s, err := newServer(ctx, o, hold)
	if err != nil {
		return err
	}
	script := s.routes[s.paths[0]].scripts[0]
	conn := frame.NewConn(c, nil, frame.Server, frame.Extensions{})
	newSession(s, conn, script, &frame.Connection{}, nil, Event{}).run(ctx)
	return nil
}
