package frame

// CloseWrite says that nothing more will be sent: TLS's close_notify or TCP's FIN.
// What the peer still sends can be read.
func (c *Conn) CloseWrite() error { return errUnwritten }

// Hangup closes the connection in good order: TLS's close_notify, TCP's FIN. It
// sends no close frame. What is still to be read is lost.
func (c *Conn) Hangup() error { return errUnwritten }

// Abort closes the connection at once, so that the peer sees a TCP reset. It can be
// called while others read or send, which fail then.
func (c *Conn) Abort() error { return errUnwritten }

// End returns how the connection has ended as far as c has seen, for a recorder:
// by the first who sent a close frame, ended the stream or reset it. How is empty
// while none has. Time is when that happened.
func (c *Conn) End() End { return End{} }
