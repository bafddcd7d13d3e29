package recorded

import (
	"context"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// upstream is the server that what nobody knows is passed on to.
type upstream struct {
	conn *frame.Conn
	done chan struct{} // closed when it says nothing more
}

// pass sends what the client said to the real server, which it connects to the
// first time and when that has ended the connection.
func (n *session) pass(ctx context.Context, m *frame.Message) {
	if err := n.passOn(ctx, m); err != nil {
		n.tell(Event{What: Passing, Err: err})
	}
}

func (n *session) passOn(ctx context.Context, m *frame.Message) error {
	if n.upstream != nil && n.upstream.ended() {
		n.upstream.close()
		n.upstream = nil
	}
	if n.upstream == nil {
		conn, err := n.server.options.Dial(ctx, n.path, n.facts.Subprotocol)
		if err != nil {
			return err
		}
		conn.Limit, conn.AutoPong, conn.AutoClose = maxMessage, true, true
		u := &upstream{conn: conn, done: make(chan struct{})}
		n.upstream = u
		go func() {
			defer close(u.done)
			n.relay(u)
		}()
	}
	_ = n.upstream.conn.SetWriteDeadline(time.Now().Add(n.server.options.patience()))
	return n.upstream.conn.Send(frame.Draft{Type: m.Type, Payload: m.Payload}, m.Compressed)
}

// relay gives the client what the real server says, until that ends.
func (n *session) relay(u *upstream) {
	for {
		m, err := u.conn.Next()
		if err != nil || m.Type == frame.Close {
			return
		}
		if !m.Type.Data() || m.Incomplete != frame.Whole || m.Truncated || m.Error != "" {
			continue
		}
		_ = n.conn.SetWriteDeadline(time.Now().Add(n.server.options.patience()))
		if n.conn.Send(frame.Draft{Type: m.Type, Payload: m.Payload}, m.Compressed) != nil {
			return
		}
	}
}

func (u *upstream) ended() bool {
	select {
	case <-u.done:
		return true
	default:
		return false
	}
}

// close ends the connection and waits for relay.
func (u *upstream) close() {
	_ = u.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_ = u.conn.Close(frame.NormalClosure, "")
	_ = u.conn.Hangup()
	<-u.done
}
