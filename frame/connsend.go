package frame

import (
	"fmt"
	"sync"
	"time"
)

// Send sends d as the side c speaks as; d.From does not matter. With compress, a
// text or binary message is compressed when permessage-deflate is in use, in the
// context of those before it; RSV1 is set on its first frame unless d.Header says
// what rsv is. The frames are sent together. Errors are those of Draft.Wire, with
// which nothing was sent, and those of the connection, after which nothing more
// can be.
func (c *Conn) Send(d Draft, compress bool) error {
	d.From = c.side
	if !compress || !c.context.Deflate || !d.Type.Data() {
		wire, err := d.Wire()
		if err != nil {
			return err
		}
		return c.Write(wire)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.unsent != nil {
		return c.unsent
	}
	var err error
	if d.Payload, err = c.compress(d.Payload); err != nil {
		return err
	}
	wire, err := d.wire(RSV1)
	if err != nil || d.Header != "" {
		// The peer will not have in its window what is in ours.
		c.forget()
	}
	if err != nil {
		return err
	}
	_, err = c.put(wire)
	return err
}

// Write sends frames made elsewhere, as they are. They may be illegal and need
// not be whole. Messages compressed elsewhere must not refer to those before them,
// unless Write has sent all of these too.
func (c *Conn) Write(wire []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	compressed, err := c.put(wire)
	if compressed {
		c.forget()
	}
	return err
}

// Close sends a close frame with code and reason; code 0 leaves both out
// (RFC 6455 section 5.5.1). Any other code and any reason of at most 123 bytes is
// sent. It does not end the connection: what the peer still sends can be read.
func (c *Conn) Close(code CloseCode, reason string) error {
	d := Draft{Type: Close}
	switch {
	case code != 0:
		d.Payload = AppendClose(nil, code, reason)
	case reason != "":
		return fmt.Errorf("close reason %q cannot be sent without a code", reason)
	}
	return c.Send(d, false)
}

// put writes frames, and reports whether a compressed message begins in them.
func (c *Conn) put(wire []byte) (compressed bool, err error) {
	if c.unsent != nil {
		return false, c.unsent
	}
	if len(wire) == 0 {
		return false, nil
	}
	closed := c.sent.SawClose()
	for rest := wire; len(rest) > 0; {
		if c.sent.AtFrame() && Opcode(rest[0]&0xF).Data() && rest[0]>>4&RSV1 != 0 {
			compressed = true
		}
		rest = rest[c.sent.Step(rest):]
	}
	if c.sent.SawClose() && !closed {
		c.noteClose(c.side)
	}
	if c.OnWire != nil {
		c.OnWire(c.side, time.Now(), wire)
	}
	if _, err = c.conn.Write(wire); err != nil {
		c.unsent = fmt.Errorf("send: %w", err)
	}
	return compressed, c.unsent
}

// deflaters are those of connections without context takeover, by the bits of
// their windows.
var deflaters [16]sync.Pool

// compress compresses the payload of the next message.
func (c *Conn) compress(payload []byte) ([]byte, error) {
	bits := c.context.WindowBits[c.side]
	if c.context.NoContextTakeover[c.side] {
		pool := &deflaters[bits&0xF]
		d, ok := pool.Get().(*Deflater)
		if !ok {
			var err error
			if d, err = NewDeflater(false, bits); err != nil {
				return nil, err
			}
		}
		defer pool.Put(d)
		return d.Append(nil, payload), nil
	}
	if c.deflater == nil {
		var err error
		if c.deflater, err = NewDeflater(true, bits); err != nil {
			return nil, err
		}
	}
	return c.deflater.Append(nil, payload), nil
}

// forget has what is compressed next refer to nothing before it.
func (c *Conn) forget() {
	if c.deflater != nil {
		c.deflater.restart()
	}
}
