package pcapng

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

// What became of a TCP connection, for export.Note.What.
const (
	noteTLS     = "TLS connections are left out, as their keys are not known"
	noteSuite   = "TLS connections are left out, as their version or cipher is not one that can be read"
	noteSealed  = "TLS connections are left out, as they cannot be decrypted with their keys"
	noteHTTP2   = "HTTP/2 connections are left out"
	noteOther   = "TCP connections without a WebSocket handshake are left out"
	noteHole    = "TCP connections of which packets are missing before a WebSocket handshake are left out"
	noteGap     = "connections of which bytes are missing are kept up to there"
	noteOpen    = "connections go on behind the last packet"
	noteTooMany = "connections were given up, as too many were open at a time"
)

// stage is how far a conversation is.
type stage uint8

const (
	inHTTP stage = iota
	inFrames
	passedOver // nothing of it is of interest any more
)

// conversation is one TCP connection.
type conversation struct {
	r     *reader
	ends  [2]netip.AddrPort
	lanes [2]lane
	tls   *session // nil without TLS
	stage stage
	first frame.Party // whose FIN came first

	counted int // bytes that the reader knows it holds

	speakers [2]speaker
	queue    []pending // those that wait for their answers
	refused  *frame.Connection
	found    bool // something of it was given to the sink

	tape    export.Tape
	cutters [2]frame.Cutter
	lost    [2]string // why what follows is left out
	closed  bool      // a close frame was seen
}

// pending is a request that waits for its answer.
type pending struct {
	method  string
	upgrade *frame.Connection // what it asks for, nil unless a WebSocket
}

// holds reports whether nothing comes behind the request before its answer.
func (q *pending) holds() bool { return q.upgrade != nil || q.method == "CONNECT" }

var sides = [2]frame.Side{frame.Client, frame.Server}

// held is how many bytes the conversation holds.
func (c *conversation) held() (n int) {
	for side := range sides {
		n += c.lanes[side].size + len(c.lanes[side].waiting)*64 + cap(c.speakers[side].buf)
	}
	if c.tls != nil {
		n += c.tls.held()
	}
	return n
}

// segment takes a segment of a side. It reports whether the conversation is over.
func (c *conversation) segment(from frame.Side, at time.Time, s *segment) (over bool) {
	l := &c.lanes[from]
	seq := s.seq
	if s.flags&flagSYN != 0 {
		seq++
	}
	if !l.begun {
		l.begin(seq)
	}
	if c.stage != passedOver {
		l.put(piece{seq, at, s.data}, func(p piece) { c.deliver(from, p) })
		if l.full() {
			c.gap(from, l.hole())
		}
	}
	switch {
	case s.flags&flagRST != 0:
		if c.first == "" {
			c.finish(frame.End{Time: at, EndedBy: party(from), How: frame.ByReset})
		} else {
			c.finish(frame.End{Time: at, EndedBy: c.first})
		}
		return true
	case s.flags&flagFIN != 0:
		if c.first == "" {
			c.first = party(from)
		}
		l.fin(seq + uint32(len(s.data)))
	}
	if c.finished(frame.Client) && c.finished(frame.Server) {
		c.finish(frame.End{Time: at, EndedBy: c.first})
		return true
	}
	return false
}

// finished reports whether nothing more is to come of a side.
func (c *conversation) finished(side frame.Side) bool {
	l := &c.lanes[side]
	return l.done() || l.ends && (c.stage == passedOver || c.lost[side] != "")
}

func party(side frame.Side) frame.Party {
	if side == frame.Client {
		return frame.ByClient
	}
	return frame.ByServer
}

// deliver takes bytes that are in order.
func (c *conversation) deliver(from frame.Side, p piece) {
	if c.tls == nil {
		c.plain(from, p.at, p.data)
		return
	}
	if c.lost[from] != "" {
		return
	}
	err := c.tls.take(from, p.data, func(from frame.Side, data []byte) { c.plain(from, p.at, data) })
	switch {
	case err == nil || c.stage == passedOver:
	case c.stage == inFrames:
		c.lost[from] = fmt.Sprintf("the TLS records of the %s cannot be decrypted", from)
	case errors.Is(err, errNoKeys):
		c.passOver(noteTLS)
	case errors.Is(err, errSuite):
		c.passOver(noteSuite)
	default:
		c.passOver(noteSealed)
	}
}

// plain takes bytes that are not encrypted, any more.
func (c *conversation) plain(from frame.Side, at time.Time, data []byte) {
	switch c.stage {
	case inFrames:
		c.append(from, at, data)
	case inHTTP:
		s := &c.speakers[from]
		if len(s.buf) == 0 {
			s.began = at
		}
		s.buf, s.at = append(s.buf, data...), at
		c.talk()
	}
}

// secure begins TLS with what both sides have said that was not taken.
func (c *conversation) secure() {
	said := c.speakers
	c.tls, c.speakers = &session{keys: c.r.keys}, [2]speaker{}
	for _, side := range sides {
		if c.stage == inHTTP && len(said[side].buf) > 0 {
			c.deliver(side, piece{at: said[side].at, data: said[side].buf})
		}
	}
}

// append gives bytes of frames to the tape.
func (c *conversation) append(from frame.Side, at time.Time, data []byte) {
	if c.lost[from] != "" || len(data) == 0 {
		return
	}
	c.tape.Append(from, at, data)
	for len(data) > 0 {
		piece, n, ok := c.cutters[from].Next(data)
		data = data[n:]
		if !ok || piece.Opaque || !piece.Last {
			continue
		}
		if piece.Header.Fin {
			c.r.tally.Messages++
		}
		c.closed = c.closed || piece.Header.Opcode == frame.Close
	}
}

// gap gives up on n bytes of a side, and so on all that comes behind them: where
// the next frame begins nobody knows.
func (c *conversation) gap(from frame.Side, n int64) {
	c.lanes[from].waiting, c.lanes[from].size = nil, 0
	switch {
	case c.stage == inFrames && c.lost[from] == "":
		c.lost[from] = fmt.Sprintf("%d bytes of the %s are missing in the packets", n, from)
	case c.stage == inHTTP:
		c.passOver(noteHole)
	}
}

// passOver lets go of a conversation without frames.
func (c *conversation) passOver(note string) {
	c.close()
	if !c.found {
		c.found = true
		c.r.note(note)
	}
	c.stage = passedOver
	c.queue, c.speakers, c.tls = nil, [2]speaker{}, nil
	for side := range sides {
		c.lanes[side].waiting, c.lanes[side].size = nil, 0
	}
}

// close gives the sink what is known of handshakes that did not lead to frames.
func (c *conversation) close() {
	if c.refused != nil {
		c.open(c.refused, c.refused.End)
	}
	for _, q := range c.queue {
		if q.upgrade != nil {
			q.upgrade.State, q.upgrade.Error = frame.Failed, "the packets hold no answer to the request"
			c.open(q.upgrade, c.speakers[frame.Client].at)
		}
	}
	c.refused, c.queue = nil, nil
}

// open gives a connection to the sink that carries no frames.
func (c *conversation) open(conn *frame.Connection, end time.Time) {
	conn.End = end
	c.found = true
	c.r.open(conn)
}

// finish ends the conversation.
func (c *conversation) finish(end frame.End) {
	for _, side := range sides {
		if n := c.lanes[side].hole(); n > 0 {
			c.gap(side, n)
		}
	}
	if c.stage == inHTTP {
		data := len(c.speakers[0].buf)+len(c.speakers[1].buf) > 0 || !c.speakers[0].at.IsZero() || c.tls != nil
		if c.close(); data && !c.found {
			c.r.note(noteOther)
		}
		return
	}
	if c.stage != inFrames {
		return
	}
	if end.How == "" && end.EndedBy != "" {
		if end.How = frame.ByFIN; c.closed {
			end.How = frame.ByClose
		}
	}
	var missing []string
	for _, side := range sides {
		if c.lost[side] != "" {
			missing = append(missing, c.lost[side]+", and what follows is left out")
		}
	}
	if missing != nil {
		c.r.note(noteGap)
		end.How, end.Error = frame.ByError, strings.Join(missing, "; ")
	}
	c.tape.Close(end)
	c.tape = nil
}

// otherwise is what p begins when it is not HTTP/1.
func otherwise(p []byte) (note string, sure bool) {
	switch {
	case bytes.HasPrefix(p, []byte{0x16, 3}): // a handshake record (RFC 8446 section 5.1)
		return noteTLS, true
	case len(p) == 1 && p[0] == 0x16:
		return "", false
	case bytes.HasPrefix(p, []byte("PRI * HTTP/2.0\r\n")):
		return noteHTTP2, true
	}
	// A method is made of letters (RFC 9110 section 9), and a response begins with
	// "HTTP".
	for i, b := range p {
		if (b == ' ' || b == '/') && i > 0 {
			return "", false
		}
		if (b < 'A' || b > 'Z') && (b != '\r' && b != '\n') || i > 32 {
			return noteOther, true
		}
	}
	return "", false
}
