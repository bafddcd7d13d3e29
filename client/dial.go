package client

import (
	"context"
	"errors"

	"github.com/wsluice/wsluice/frame"
)

// Dial connects to a server and shakes hands (RFC 6455 section 4.1). The
// connection is the caller's to end, and open whatever becomes of ctx.
//
// The frame.Connection is what a recorder is to be told: the last request and its
// response with state open, refused or failed. It comes with an error too, except
// when the options make no sense. Errors are *Refused for another answer than
// 101, *HandshakeError for a 101 that breaks a rule, *TLSError, *ConnectError for
// names, networks and proxies; each wraps context.DeadlineExceeded when it took
// too long.
func Dial(ctx context.Context, o Options) (*frame.Conn, *frame.Connection, error) {
	return nil, nil, errors.New("unwritten")
}
