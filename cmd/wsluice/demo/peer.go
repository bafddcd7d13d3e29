package demo

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// maxMessage bounds what a peer takes in, in bytes.
const maxMessage = 1 << 20

// message is a data message as a peer got it.
type message struct {
	opcode  frame.Opcode
	payload []byte
}

// peer is one end of a WebSocket connection. It takes what its script sends as
// it is, legal or not, until a close frame was sent. Any goroutine may send; one
// listens.
type peer struct {
	conn net.Conn
	in   *bufio.Reader
	side frame.Side

	lock     sync.Mutex // over what follows
	masks    *rand.Rand
	deflater *frame.Deflater // nil without permessage-deflate
	parting  bool            // a close frame was sent
	out      []byte

	inflater frame.Inflater // of who listens
}

// newPeer returns one end of a connection. With deflate both directions are
// compressed with context takeover (RFC 7692).
func newPeer(conn net.Conn, in *bufio.Reader, side frame.Side, masks *rand.Rand, deflate bool) (*peer, error) {
	p := &peer{conn: conn, in: in, side: side, masks: masks, inflater: frame.Inflater{Takeover: true, Max: maxMessage}}
	if deflate {
		var err error
		if p.deflater, err = frame.NewDeflater(true, 15); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// send sends a whole message, compressed if that was agreed on.
func (p *peer) send(opcode frame.Opcode, payload []byte) error {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.parting {
		return errOver
	}
	h := frame.Header{Fin: true, Opcode: opcode}
	if p.deflater != nil && opcode.Data() {
		h.RSV = frame.RSV1
		payload = p.deflater.Append(nil, payload)
	}
	return p.write(h, payload)
}

// frame sends one frame: h as it is, but for length and mask.
func (p *peer) frame(h frame.Header, payload []byte) error {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.parting {
		return errOver
	}
	return p.write(h, payload)
}

// close sends a close frame, unless one was sent. An empty payload has no code.
func (p *peer) close(payload []byte) error {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.parting {
		return nil
	}
	p.parting = true
	return p.write(frame.Header{Fin: true, Opcode: frame.Close}, payload)
}

// write is called with the lock held.
func (p *peer) write(h frame.Header, payload []byte) error {
	h.Length = uint64(len(payload))
	h.Masked = h.Masked || p.side == frame.Client
	for h.Masked && h.Mask == [4]byte{} {
		key := p.masks.Uint32()
		h.Mask = [4]byte{byte(key), byte(key >> 8), byte(key >> 16), byte(key >> 24)}
	}
	p.out = append(h.Append(p.out[:0]), payload...)
	if h.Masked {
		frame.Mask(p.out[h.Size():], h.Mask, 0)
	}
	_, err := p.conn.Write(p.out)
	return err
}

// listen reads until the connection is over. It answers pings and the close
// frame, and gives whole data messages to take; it ends when that fails.
func (p *peer) listen(take func(message) error) error {
	var open message
	var deflated bool
	for {
		h, payload, err := p.read(maxMessage - len(open.payload))
		if err != nil {
			return err
		}
		switch {
		case h.Opcode == frame.Close:
			return p.close(answer(payload, p.side))
		case h.Opcode == frame.Ping:
			if err := p.frame(frame.Header{Fin: true, Opcode: frame.Pong}, payload); err != nil {
				return err
			}
		case h.Opcode.Data():
			open = message{h.Opcode, payload}
			deflated = p.deflater != nil && h.RSV&frame.RSV1 != 0
		case h.Opcode == frame.Continuation:
			open.payload = append(open.payload, payload...)
		}
		if h.Opcode.Control() || !h.Fin {
			continue
		}
		if deflated {
			if open.payload, _, err = p.inflater.Append(nil, open.payload, maxMessage); err != nil {
				return err
			}
		}
		if err := take(open); err != nil {
			return err
		}
		open = message{}
	}
}

// read reads a frame whose payload has room bytes at most and takes the mask
// off.
func (p *peer) read(room int) (frame.Header, []byte, error) {
	var head [frame.MaxHeaderSize]byte
	for n := 0; n < len(head); n++ {
		b, err := p.in.ReadByte()
		if err != nil {
			return frame.Header{}, nil, err
		}
		head[n] = b
		h, size := frame.Parse(head[:n+1])
		if size == 0 {
			continue
		}
		if h.Length > uint64(room) {
			return h, nil, fmt.Errorf("a payload of %d bytes is too much", h.Length)
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(p.in, payload); err != nil {
			return h, nil, err
		}
		frame.Mask(payload, h.Mask, 0)
		return h, payload, nil
	}
	return frame.Header{}, nil, errors.New("a frame header does not end")
}

// answer returns the payload of the close frame that answers one with payload
// (RFC 6455 section 5.5.1): the same code, unless its sender may not send it.
func answer(payload []byte, by frame.Side) []byte {
	code, reason, ok := frame.ParseClose(payload)
	switch {
	case len(payload) == 0:
		return nil
	case !ok || !code.Sendable(by.Peer()) || !utf8.Valid(reason):
		return frame.AppendClose(nil, frame.ProtocolError, "that close frame is not legal")
	}
	return frame.AppendClose(nil, code, "")
}
