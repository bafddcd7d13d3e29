package frame

import (
	"errors"
	"io"
	"net"
	"time"
)

// CloseWrite says that nothing more will be sent: TLS's close_notify or TCP's FIN.
// What the peer still sends can be read.
func (c *Conn) CloseWrite() error {
	w, ok := c.conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.New("the connection cannot be closed in one direction")
	}
	c.note(c.side, ByFIN, nil)
	return w.CloseWrite()
}

// Hangup closes the connection in good order: TLS's close_notify, TCP's FIN. It
// sends no close frame. When there is something left to read, the peer may see a
// reset. It can be called while others read or send, which fail then.
func (c *Conn) Hangup() error {
	err := c.finish(ByFIN, c.conn.Close)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Abort closes the connection at once, so that the peer sees a TCP reset. It can be
// called while others read, send or hang up, which fail then.
func (c *Conn) Abort() error {
	socket := beneath(c.conn)
	if t, ok := socket.(interface{ SetLinger(int) error }); ok {
		_ = t.SetLinger(0) // it may be closed already
	}
	err := c.finish(ByReset, socket.Close)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// finish closes the connection and waits for what still answers.
func (c *Conn) finish(how How, shut func() error) error {
	c.note(c.side, how, nil)
	c.lock.Lock()
	c.ended = true
	c.lock.Unlock()
	err := shut()
	c.answers.Wait()
	return err
}

// beneath returns the socket below TLS and other wrappers.
func beneath(c net.Conn) net.Conn {
	for {
		w, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = w.NetConn()
	}
}

// End returns how the connection has ended as far as c has seen, for a recorder.
// It was ended by the first who sent a close frame, ended the stream or reset it,
// at the given time. How is empty while nobody has done more than send a close
// frame.
func (c *Conn) End() End {
	c.lock.Lock()
	defer c.lock.Unlock()
	end := c.end
	// When both have said goodbye, it does not matter who hung up.
	parted := c.closed[Client] && c.closed[Server]
	if parted && end.How != "" || c.closer != "" && (end.How == ByFIN || end.How == ByReset) {
		end.EndedBy, end.How, end.Error = c.closer, ByClose, ""
	}
	return end
}

// note keeps who has ended the connection and how, from the first who did.
func (c *Conn) note(by Side, how How, err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if how == "" || c.end.How != "" {
		return
	}
	c.end = End{Time: time.Now().UTC(), EndedBy: party(by), How: how}
	if how == ByError {
		c.end.Error = err.Error()
	}
}

// noteClose takes note that side has sent a close frame.
func (c *Conn) noteClose(side Side) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.closed[side] = true
	if c.closer == "" {
		c.closer = party(side)
	}
}

func party(s Side) Party {
	if s == Client {
		return ByClient
	}
	return ByServer
}

// howEnded says how the peer has ended the stream that could not be read because
// of err, or "" when it was closed from here.
func howEnded(err error) How {
	switch {
	case errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return ""
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ByFIN
	}
	for _, reset := range resetErrors {
		if errors.Is(err, reset) {
			return ByReset
		}
	}
	return ByError
}
