package proxy

import (
	"slices"
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

// reorderTime is how long a message that is to let later ones pass waits for
// them.
const reorderTime = time.Second

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

// add puts it behind what waits. It lets go of buffers that will be used again.
func (g *gate) add(it *item) {
	it.wire = slices.Clone(it.wire)
	if it.held != nil {
		it.message = it.held.Message
	} else {
		it.message.Payload = slices.Clone(it.message.Payload)
	}
	g.backlog += it.size()
	g.queue = append(g.queue, it)
}

// run sends what is ready, and sets due.
func (g *gate) run(now time.Time) {
	g.decide(now)
	for len(g.queue) > 0 {
		it := g.queue[0]
		if it.behind > 0 && g.letPass(now) {
			continue
		}
		if !g.ready(it, now) {
			break
		}
		g.queue[0] = nil
		g.queue = g.queue[1:]
		g.backlog -= it.size()
		g.emit(it, now)
	}
	if len(g.queue) == 0 {
		g.queue = nil
	}
	g.schedule()
}

// decide takes over what was decided about messages that are held.
func (g *gate) decide(now time.Time) {
	for _, it := range g.queue {
		if it.held == nil {
			continue
		}
		if v, decided := g.out.verdict(it.held, now); decided {
			g.backlog -= it.size()
			it.decide(v)
			g.backlog += it.size()
		}
	}
}

// letPass lets the item behind the first one pass it, if one may and has come.
// What was received first is recorded first, so that the context of compression
// stays what it was.
func (g *gate) letPass(now time.Time) bool {
	it := g.queue[0]
	if it.late.IsZero() {
		it.late = now.Add(reorderTime)
	}
	if len(g.queue) == 1 || g.queue[1].close || !now.Before(it.late) {
		return false
	}
	// Who lets others pass is not to be passed by those in turn, or nothing changes.
	g.queue[1].behind = 0
	it.behind--
	if !it.kept {
		it.kept = true
		g.out.keep(g.passage(it.at, frame.Dropped), it.wire)
		g.differs(it)
		if !it.edited {
			g.backlog -= it.size()
			it.edited, it.replacement = true, it.message.Payload
			g.backlog += it.size()
		}
	}
	g.queue[0], g.queue[1] = g.queue[1], it
	return true
}

// ready reports whether it can be sent.
func (g *gate) ready(it *item, now time.Time) bool {
	switch {
	case it.held != nil:
		return false
	case it.behind > 0 && !g.ending && !(len(g.queue) > 1 && g.queue[1].close) && (it.late.IsZero() || now.Before(it.late)):
		return false
	case now.Before(it.until):
		return false
	}
	if rate := g.rate(); rate > 0 && !it.control && !it.drop {
		if it.paced.IsZero() {
			it.paced = later(g.free, now).Add(time.Duration(len(it.wire)) * time.Second / time.Duration(rate))
			g.free = it.paced
		}
		return !now.Before(it.paced)
	}
	return true
}

func (g *gate) rate() int {
	if g.rules == nil {
		return 0
	}
	return g.rules.Rate(g.from)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// schedule sets due by what waits.
func (g *gate) schedule() {
	g.due = time.Time{}
	for i, it := range g.queue {
		var at time.Time
		switch {
		case it.held != nil:
			at = it.held.Until
		case i > 0:
			continue
		case it.behind > 0 && !it.late.IsZero():
			at = it.late
		default:
			at = later(it.until, it.paced)
		}
		if g.due.IsZero() || at.Before(g.due) {
			g.due = at
		}
	}
}

// emit records it and sends it, or what is to be sent in its place.
func (g *gate) emit(it *item, now time.Time) {
	switch {
	case it.silence:
		g.hush()
		fallthrough
	case it.drop:
		if !it.kept {
			g.out.keep(g.passage(it.at, frame.Dropped), it.wire)
			g.differs(it)
		}
	case it.edited:
		if !it.kept {
			g.out.keep(g.passage(it.at, frame.Dropped), it.wire)
			g.differs(it)
		}
		g.insert(frame.Edited, it.draft(), now)
	case g.recoder != nil && it.message.Compressed && !it.control:
		g.recode(it)
	default:
		g.out.pass(it.at, it.wire)
	}
	if it.close {
		g.out.closing()
	}
	for range it.copies {
		g.insert(frame.Injected, it.draft(), now)
	}
	for _, a := range it.answers {
		d := frame.Draft{From: g.from.Peer(), Type: a.Type, Payload: a.Payload}
		if wire, err := d.Wire(); err == nil {
			g.out.answer(wire)
		}
	}
	if it.end != nil {
		g.out.end(*it.end)
		g.hush()
	}
}

// insert sends a message of our own.
func (g *gate) insert(o frame.Origin, d frame.Draft, now time.Time) {
	wire, err := d.Wire()
	if err != nil {
		return // a draft without a header of its own is always legal
	}
	g.out.keep(g.passage(now, o), wire)
	g.out.send(wire)
}

// differs takes note that the receiver does not get it as it was sent: what is
// compressed behind it may refer to it.
func (g *gate) differs(it *item) {
	if !it.message.Compressed || it.control || !g.takeover() {
		return
	}
	if g.recoder == nil {
		g.recoder = newRecoder(g.context.WindowBits[g.from])
	}
	g.recoder.differ()
}

// recode sends a message compressed anew.
func (g *gate) recode(it *item) {
	if it.message.Error != "" || it.message.Truncated {
		// Its receiver could not have read it either, or it is larger than what can
		// be put together here: the connection cannot go on rightly.
		g.out.pass(it.at, it.wire)
		g.out.end(rules.Ending{Code: frame.MessageTooBig, Reason: "wsluice cannot compress this message anew"})
		g.hush()
		return
	}
	p := g.passage(it.at, frame.Observed)
	p.Recoded = true
	g.out.keep(p, it.wire)
	g.out.send(g.recoder.wire(it.wire, it.message.Payload))
	if g.recoder.agrees() {
		g.recoder = nil
	}
}

// hush has nothing pass any more. What waits is dropped, and what has come of a
// message.
func (g *gate) hush() {
	g.silent = true
	g.discard()
	if g.parts > 0 {
		g.out.keep(g.passage(g.opened, frame.Dropped), g.message)
		g.message, g.parts = nil, 0
	}
}

// discard drops what waits.
func (g *gate) discard() {
	for _, it := range g.queue {
		if it.held != nil {
			g.out.forget(it.held)
		}
		if !it.kept {
			g.out.keep(g.passage(it.at, frame.Dropped), it.wire)
		}
		if it.close {
			g.out.closing()
		}
	}
	g.queue, g.backlog, g.due = nil, 0, time.Time{}
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
