package proxy

import (
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy/rules"
)

// outlet is where a gate puts what it has decided about.
type outlet interface {
	// pass records whole frames as they came, and sends them.
	pass(at time.Time, wire []byte)
	// keep records frames without sending them.
	keep(p frame.Passage, wire []byte)
	// send sends frames that were recorded otherwise.
	send(wire []byte)
	// closing tells that a close frame has come.
	closing()
	// answer sends messages back to where those of the gate come from.
	answer(wire []byte)
	// end ends the connection as a rule says.
	end(e rules.Ending)
	// hold offers a message to those who want to hold some, and returns nil when
	// nobody does.
	hold(m *frame.Message, now time.Time) *held
	// verdict returns what was decided about a held message, and whether it was.
	verdict(h *held, now time.Time) (Verdict, bool)
	// forget takes a message back that was offered and cannot be sent any more.
	forget(h *held)
}

// gate is message mode: what becomes of one direction's messages while somebody
// wants to look at them. It is pure state: it touches no socket and no clock.
//
// Messages leave in the order they came, unless a rule says otherwise, and wait
// behind one that is held or late. Pings and pongs do not wait; a close frame
// does, because everything behind it would be lost.
type gate struct {
	from  frame.Side
	conn  uint64
	out   outlet
	rules *rules.Conn // nil when there are none

	cutter    frame.Cutter
	checker   frame.Checker
	assembler frame.Assembler
	context   frame.Extensions
	blind     error  // why compressed messages cannot be read, if so
	frames    uint64 // that came through the gate
	skipped   uint64 // those before, which skip took

	began   time.Time // of the frame under way
	frame   []byte    // its bytes
	payload []byte    // its payload, unmasked
	message []byte    // the bytes of a fragmented message under way, without frame
	parts   uint64    // how many frames these are
	opened  time.Time // when that began
	torn    bool      // a close frame came within a message
	broken  bool      // what comes cannot be told into frames; it is in frame

	queue   []*item
	backlog int // bytes in queue
	recoder *recoder
	free    time.Time // when a throttled direction has sent what it has
	silent  bool      // nothing passes any more
	ending  bool      // nothing more will come
	due     time.Time // when run has something to do next; zero: not before something happens
}

// newGate returns a gate that stands before a message of one side of a
// connection. The inflater stands there too; it is nil when blind says why there
// is none.
func newGate(from frame.Side, conn uint64, e frame.Extensions, inflater *frame.Inflater, blind error, out outlet) *gate {
	g := &gate{from: from, conn: conn, out: out, context: e, blind: blind}
	g.checker = frame.Checker{From: from, RSV: e.RSV()}
	g.assembler.Extensions = e
	if inflater != nil {
		g.assembler.Resume(from, inflater)
	}
	return g
}

// takeover reports whether what is compressed builds on what was before.
func (g *gate) takeover() bool { return g.context.Deflate && !g.context.NoContextTakeover[g.from] }

// skip takes whole messages that have passed already.
func (g *gate) skip(p []byte) {
	for len(p) > 0 {
		piece, n, whole := g.cutter.Next(p)
		p = p[n:]
		if !whole || piece.Opaque {
			continue
		}
		at := len(g.payload)
		g.payload = append(g.payload, piece.Data...)
		if piece.Header.Masked {
			frame.Mask(g.payload[at:], piece.Header.Mask, piece.Offset)
		}
		if !piece.Last {
			continue
		}
		h := piece.Header
		g.checker.Check(&h, g.payload)
		g.skipped++
		g.assembler.Push(&frame.Record{
			Seq: g.skipped, From: g.from, Header: h, Payload: g.payload, Stored: uint64(len(g.payload)),
		})
		g.payload = emptied(g.payload)
	}
}

// take takes the next bytes, as much of them as end with a frame at which the
// gate could be left, and returns how many it took.
func (g *gate) take(p []byte, now time.Time) int {
	taken := 0
	for taken < len(p) {
		if g.broken {
			g.frame = append(g.frame, p[taken:]...)
			return len(p)
		}
		if len(g.frame) == 0 {
			g.began = now
		}
		piece, n, whole := g.cutter.Next(p[taken:])
		g.frame = append(g.frame, p[taken:taken+n]...)
		taken += n
		switch {
		case !whole:
			continue
		case piece.Opaque:
			g.broken = true
			continue
		}
		at := len(g.payload)
		g.payload = append(g.payload, piece.Data...)
		if piece.Header.Masked {
			frame.Mask(g.payload[at:], piece.Header.Mask, piece.Offset)
		}
		if piece.Last {
			g.whole(piece.Header, now)
			g.frame, g.payload = emptied(g.frame), emptied(g.payload)
			if len(g.queue) == 0 && len(g.message) == 0 {
				return taken
			}
		}
	}
	return taken
}

// emptied returns p without contents, and without its memory when that is much.
func emptied(p []byte) []byte {
	if cap(p) > bigPlain {
		return nil
	}
	return p[:0]
}

// whole takes a frame that is complete.
func (g *gate) whole(h frame.Header, now time.Time) {
	g.frames++
	r := frame.Record{
		Conn: g.conn, Seq: g.skipped + g.frames, From: g.from, Time: g.began, Header: h,
		Payload: g.payload, Stored: uint64(len(g.payload)), Violation: g.checker.Check(&h, g.payload),
	}
	if g.silent {
		if h.Opcode == frame.Close {
			g.out.closing()
		}
		g.out.keep(g.passage(g.began, frame.Dropped), g.frame)
		return
	}
	switch {
	case h.Opcode == frame.Close:
		g.assembler.Pass(r.Seq)
		if g.parts > 0 {
			// No message can be completed any more. What came of it keeps its place.
			g.torn = true
			wire := g.message
			g.message, g.parts = nil, 0
			g.raw(&item{at: g.opened, wire: wire}, now)
		}
		g.raw(&item{at: g.began, wire: g.frame, close: true}, now)
		return
	case h.Opcode.Control():
		g.assembler.Pass(r.Seq)
		g.emit(&item{at: g.began, wire: g.frame, control: true}, now)
		return
	case g.torn:
		g.raw(&item{at: g.began, wire: g.frame}, now)
		return
	}
	for _, m := range g.assembler.Push(&r) {
		if m.Seq == r.Seq {
			g.judge(&m, g.frame, g.began, now)
			continue
		}
		// The message under way ends with this frame, unless the frame interrupts it.
		wire := g.message
		if m.Incomplete != frame.Unfinished {
			wire = append(wire, g.frame...)
		}
		g.message, g.parts = nil, 0
		g.judge(&m, wire, g.opened, now)
		g.message = emptied(wire)
	}
	switch {
	case !g.assembler.Midway():
	case g.silent:
		g.out.keep(g.passage(g.began, frame.Dropped), g.frame)
	default:
		if g.parts == 0 {
			g.opened = g.began
		}
		g.message = append(g.message, g.frame...)
		g.parts++
	}
}

// raw sends frames nobody is asked about, behind what waits.
func (g *gate) raw(it *item, now time.Time) {
	it.control = true
	if len(g.queue) > 0 {
		g.add(it)
		return
	}
	g.emit(it, now)
}

func (g *gate) passage(at time.Time, o frame.Origin) frame.Passage {
	return frame.Passage{From: g.from, Time: at, Origin: o}
}

// judge decides about a message of the given bytes, as far as that can be done
// at once, and sends it on when nothing is before it.
func (g *gate) judge(m *frame.Message, wire []byte, at, now time.Time) {
	if g.silent {
		g.out.keep(g.passage(at, frame.Dropped), wire)
		return
	}
	it := &item{at: at, wire: wire, message: *m}
	it.message.Seq = 0 // it gets its number when it is recorded
	if !it.unreadable(g.blind) {
		if g.rules != nil && g.rules.Wants(g.from) {
			it.apply(g.rules.Apply(&it.message, now), now)
		}
		if it.edited {
			it.message.Payload, it.message.Size = it.replacement, uint64(len(it.replacement))
		}
		if !it.drop && !it.silence {
			it.held = g.out.hold(&it.message, now)
		}
	}
	if len(g.queue) == 0 && g.ready(it, now) {
		g.emit(it, now)
		return
	}
	g.add(it)
}

// rest returns what came and belongs to no whole message yet. The gate is of no
// use afterwards.
func (g *gate) rest() (at time.Time, wire []byte) {
	at = g.began
	if len(g.message) > 0 {
		at = g.opened
	}
	return at, append(g.message, g.frame...)
}

// held is how many bytes wait.
func (g *gate) size() int { return g.backlog + len(g.message) + len(g.frame) }

// empty reports whether the gate could be left: nothing waits, nothing is under
// way, and what follows can be passed as it comes.
func (g *gate) empty() bool {
	return len(g.queue) == 0 && len(g.message) == 0 && len(g.frame) == 0 && g.recoder == nil && !g.silent
}
