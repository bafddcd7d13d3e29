package frame

// Send sends d as the side c speaks as; d.From does not matter. With compress, a
// text or binary message is compressed when permessage-deflate is in use, in the
// context of those before it; RSV1 is set on its first frame unless d.Header says
// what rsv is. The frames are sent together. Errors are those of Draft.Wire, with
// which nothing was sent, and those of the connection.
func (c *Conn) Send(d Draft, compress bool) error { return errUnwritten }

// Write sends frames made elsewhere, as they are. They may be illegal and need
// not be whole. Messages compressed elsewhere must not refer to those before
// them, unless Write has sent all of these too.
func (c *Conn) Write(wire []byte) error { return errUnwritten }

// Close sends a close frame with code and reason; code 0 leaves both out
// (RFC 6455 section 5.5.1). Any code and any reason of at most 123 bytes is sent.
// It does not end the connection: what the peer still sends can be read.
func (c *Conn) Close(code CloseCode, reason string) error { return errUnwritten }
