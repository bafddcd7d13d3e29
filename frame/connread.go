package frame

import (
	"errors"
	"io"
	"os"
	"time"
)

const (
	// readSize is how many bytes are read at once.
	readSize = 16 << 10
	// idleReads is how often a reader may return nothing.
	idleReads = 100
)

// Next returns the next message: the frames of a data message put together and
// inflated, or a control frame, in the order they ended. Payloads are bounded by
// Limit; rules that are broken are marked as Checker and Assembler do, and bytes
// that make no frame come as messages of the type Opaque.
//
// When the stream has ended, what it left unfinished comes first and then the
// error: io.EOF when the peer ended it, also within a frame. The payload is valid
// until the next call.
func (c *Conn) Next() (Message, error) {
	for len(c.messages) == 0 {
		if c.flushed {
			return Message{}, c.failed
		}
		err := c.next()
		switch {
		case err == nil:
			c.messages = c.assembler.Push(&c.record)
		case c.failed == nil:
			return Message{}, err
		default:
			c.flushed = true
			c.messages = c.assembler.Flush()
		}
	}
	m := c.messages[0]
	c.messages = c.messages[1:]
	return m, nil
}

// NextFrame returns the next frame as it came: unmasked, not inflated, and of a
// payload over Limit the beginning; where there is compression, over 16 MiB at
// least. It is numbered from 1 by Seq, among what c has read. Errors are those of
// Next, and what the stream left of a frame comes before them. The payload is valid
// until the next call. A Conn that is read by NextFrame is not to be read by Next.
func (c *Conn) NextFrame() (Record, error) {
	if err := c.next(); err != nil {
		return Record{}, err
	}
	return c.record, nil
}

// next sets c.record to the next frame and answers it if it is to be answered. An
// error that will come again is in c.failed.
func (c *Conn) next() error {
	for {
		if len(c.input) == 0 {
			if err := c.fill(); err != nil {
				if c.failed != nil && c.rest() {
					return nil
				}
				return err
			}
		}
		if !c.within {
			c.within, c.began = true, c.arrived
			c.payload = emptied(c.payload)
		}
		piece, n, ok := c.cutter.Next(c.input)
		c.input = c.input[n:]
		switch {
		case !ok:
			continue
		case piece.Opaque:
			c.opaque(piece.Data, Whole)
			return nil
		}
		payload, whole := c.take(&piece)
		if whole {
			c.frame(piece.Header, payload, piece.Header.Length, Whole)
			c.respond()
			return nil
		}
	}
}

// take adds a piece to the payload of the frame under way, as far as there is room
// for it, and reports whether it was the last.
func (c *Conn) take(p *Piece) (payload []byte, whole bool) {
	if p.Last && p.Offset == 0 {
		c.unmask(p.Data, p)
		return p.Data[:min(len(p.Data), c.room())], true
	}
	data := p.Data[:min(len(p.Data), c.room()-len(c.payload))]
	at := len(c.payload)
	c.payload = append(c.payload, data...)
	c.unmask(c.payload[at:], p)
	return c.payload, p.Last
}

// unmask takes the mask off data, the beginning of that of p.
func (c *Conn) unmask(data []byte, p *Piece) {
	if p.Header.Masked {
		Mask(data, p.Header.Mask, p.Offset)
	}
}

// room is how much is kept of the payload of a frame.
func (c *Conn) room() int {
	if c.context.Deflate {
		return max(c.assembler.limit(), minCompressed)
	}
	return c.assembler.limit()
}

// emptied returns p without contents, and without its memory when that is much.
func emptied(p []byte) []byte {
	if cap(p) > 2*maxKept { // which grows in steps
		return nil
	}
	return p[:0]
}

// frame sets the record to a frame of which nothing more comes; size is how much
// of its payload came.
func (c *Conn) frame(h Header, payload []byte, size uint64, missing Incomplete) {
	r := c.begin()
	r.Header, r.Payload, r.Stored, r.Incomplete = h, payload, size, missing
	r.Violation = c.checker.Check(&h, payload)
	if h.Opcode.Control() {
		return
	}
	switch {
	case h.Opcode == Continuation && c.message != 0:
		r.Message = c.message
	case !h.Fin:
		c.message = r.Seq
	}
	if h.Fin {
		c.message = 0
	}
}

// opaque sets the record to bytes that are no frame.
func (c *Conn) opaque(p []byte, missing Incomplete) {
	r := c.begin()
	r.Header.Length, r.Payload, r.Stored, r.Incomplete, r.Opaque = uint64(len(p)), p, uint64(len(p)), missing, true
	if missing == Whole && !c.broken {
		c.broken, r.Violation = true, ImpossibleLength
	}
}

// begin makes the record one that follows the last.
func (c *Conn) begin() *Record {
	c.within = false
	c.seq++
	c.record = Record{Seq: c.seq, Message: c.seq, Time: c.began, From: c.side.Peer()}
	return &c.record
}

// rest sets the record to what the stream left unfinished where it ended, and
// reports whether it left anything.
func (c *Conn) rest() bool {
	if c.rested {
		return false
	}
	c.rested = true
	head, h, seen, within := c.cutter.Rest()
	switch {
	case within:
		c.frame(h, c.payload, seen, Cut)
	case len(head) > 0:
		c.opaque(head, Cut)
	default:
		return false
	}
	return true
}

// fill reads once. What there is no more to read because of is in c.failed.
func (c *Conn) fill() error {
	if c.failed != nil {
		return c.failed
	}
	if c.buffer == nil {
		c.buffer, c.assembler.Limit = make([]byte, readSize), c.Limit
	}
	for range idleReads {
		n, err := c.read(c.buffer)
		if n > 0 {
			now := time.Now()
			c.input, c.arrived = c.buffer[:n], now.UTC()
			if c.OnWire != nil {
				c.OnWire(c.side.Peer(), now, c.input)
			}
		}
		switch {
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			c.fail(err)
			if n == 0 {
				return err
			}
			return nil
		case n > 0:
			return nil
		case err != nil:
			return err
		}
	}
	c.fail(io.ErrNoProgress)
	return c.failed
}

// read reads what was read before, and then what comes.
func (c *Conn) read(p []byte) (int, error) {
	if c.early != nil {
		n, err := c.early.Read(p)
		if err != io.EOF {
			return n, err
		}
		if c.early = nil; n > 0 {
			return n, nil
		}
	}
	return c.conn.Read(p)
}

// fail takes note that nothing more can be read.
func (c *Conn) fail(err error) {
	c.failed = err
	c.note(c.side.Peer(), howEnded(err), err)
}
