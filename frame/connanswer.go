package frame

// respond answers the frame that was read, if it is one to be answered.
func (c *Conn) respond() {
	r := &c.record
	switch r.Header.Opcode {
	case Close:
		c.noteClose(c.side.Peer())
		if c.AutoClose {
			c.closeBack(r)
		}
	case Ping:
		if c.AutoPong && len(r.Payload) <= MaxControl {
			c.pong(r.Payload)
		}
	}
}

// closeBack answers a close frame. What cannot be sent is told to who sends.
func (c *Conn) closeBack(r *Record) {
	code, _, _ := ParseClose(r.Payload)
	switch r.Violation {
	case ShortClose, IllegalCloseCode, InvalidCloseReason, LongControl:
		code = ProtocolError
	default:
		if code != 0 && !code.Sendable(c.side) {
			code = NormalClosure
		}
	}
	d := Draft{From: c.side, Type: Close}
	if code != 0 {
		d.Payload = AppendClose(nil, code, "")
	}
	if wire, err := d.Wire(); err == nil {
		c.writing.Lock()
		defer c.writing.Unlock()
		c.putOwn(wire)
	}
}

// pong has a ping answered by a goroutine: the peer may read nothing before more of
// what it sends is read.
func (c *Conn) pong(payload []byte) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.ping = append(c.ping[:0], payload...)
	if c.answering || c.ended {
		return
	}
	c.answering = true
	c.answers.Go(c.answer)
}

// answer answers the latest ping.
func (c *Conn) answer() {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.lock.Lock()
	d := Draft{From: c.side, Type: Pong, Payload: c.ping}
	wire, err := d.Wire()
	c.answering = false
	c.lock.Unlock()
	if err == nil {
		c.putOwn(wire)
	}
}

// putOwn writes a frame nobody asked for, if it makes sense where c stands: between
// two frames, and before a close frame (RFC 6455 section 5.5.1).
func (c *Conn) putOwn(wire []byte) {
	if c.sent.AtFrame() && !c.sent.SawClose() {
		_, _ = c.put(wire) // who sends next is told
	}
}
