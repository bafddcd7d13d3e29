package store

import (
	"github.com/wsluice/wsluice/frame"
)

const (
	batchSize = 4 << 20 // a batch this large is committed at once
	// tailSize is the size of a block, before compression, up to which it is
	// continued by the next commit instead of being left as it is: without that
	// a slow connection would fill the capture with blocks of one frame.
	tailSize     = 16 << 10
	pendingLimit = 16 << 20 // unfinished frames together; more goes to chunks early
	spanLimit    = 64 << 10 // spans not yet in cidx
)

// encoder turns runs into frames and frames into batches. It belongs to one
// goroutine.
type encoder struct {
	batch   *batch
	block   builder
	global  uint64 // the last number given
	draft   draft
	pending int // bytes in all tracks
	buffers [][]byte
	dirty   []*Tape // counters not yet stored
	spans   []span  // of complete blocks, not yet in cidx
	indexed uint64  // the last number spans and cidx cover
	event   uint64  // number of the last event
	scratch []byte
}

func newEncoder(b *batch, at position) *encoder {
	return &encoder{batch: b, block: builder{epoch: 1}, global: at.global, indexed: at.global, event: at.event}
}

// zeros stands in for payload that was shed, so that the cutter passes over it.
var zeros [4 << 10]byte

// chunk encodes all runs of c.
func (e *encoder) chunk(c *chunk) {
	bytes := c.bytes
	for i := range c.runs {
		r := &c.runs[i]
		switch r.kind {
		case runBytes:
			e.bytes(r.tape, r.track(), r.at, bytes[:r.n], false)
			bytes = bytes[r.n:]
		case runSkip:
			for n := r.n; n > 0; {
				part := min(n, uint64(len(zeros)))
				e.bytes(r.tape, r.track(), r.at, zeros[:part], true)
				n -= part
			}
		case runLost:
			e.opaque(r.tape, r.track(), r.at, nil, r.n, frame.Shed)
		case runInserted:
			e.inserted(r.tape, r.from)
		case runProbe:
			r.tape.answer()
		case runOpened:
			e.opened(r.tape)
		case runClosed:
			e.closed(r.tape)
		}
	}
	e.batch.bytes += uint64(len(c.bytes))
	e.batch.cost += len(c.bytes) + len(c.runs)*runCost
}

// bytes cuts the next bytes of s into frames.
func (e *encoder) bytes(t *Tape, s *track, at int64, p []byte, shed bool) {
	for len(p) > 0 {
		piece, n, ok := s.cutter.Next(p)
		p = p[n:]
		if s.began == 0 {
			s.began = at
		}
		if !ok {
			continue
		}
		s.shed = s.shed || shed
		switch {
		case piece.Opaque:
			e.opaque(t, s, s.began, piece.Data, uint64(len(piece.Data)), frame.Whole)
		case piece.Last && piece.Offset == 0 && len(piece.Data) <= partSize && !s.shed:
			// Most frames come in one piece and need no buffer between.
			e.frame(t, s, &piece.Header, piece.Data, true, frame.Whole)
		default:
			e.part(t, s, &piece)
		}
		if piece.Last || piece.Opaque {
			s.began, s.shed = 0, false
		}
	}
}

// part takes a piece of a frame that does not come in one.
func (e *encoder) part(t *Tape, s *track, p *frame.Piece) {
	h := &p.Header
	data, offset := p.Data, p.Offset
	for !s.shed && len(data) > 0 {
		if s.pending == nil {
			s.pending = e.buffer()
		}
		n := min(len(data), partSize-len(s.pending))
		at := len(s.pending)
		s.pending = append(s.pending, data[:n]...)
		if h.Masked {
			frame.Mask(s.pending[at:], h.Mask, offset)
		}
		e.pending += n
		data, offset = data[n:], offset+uint64(n)
		if len(s.pending) == partSize && offset < h.Length || e.pending > pendingLimit && !p.Last {
			e.spill(t, s, h)
		}
	}
	if !p.Last {
		return
	}
	missing := frame.Whole
	if s.shed {
		missing = frame.Shed
	}
	e.finish(t, s, h, missing)
}

// spill moves the pending payload of an unfinished frame to chunks. The first
// time, the frame is recorded.
func (e *encoder) spill(t *Tape, s *track, h *frame.Header) {
	if s.long == 0 {
		e.draft.chunked = true
		e.frame(t, s, h, s.pending[:min(len(s.pending), previewSize)], false, frame.Whole)
		e.draft.chunked = false
		s.long, s.offset = e.global, 0
		t.long[s.from()] = e.global
	}
	e.putPart(s, 0)
	e.drop(s)
}

// finish records a frame of which nothing more will come.
func (e *encoder) finish(t *Tape, s *track, h *frame.Header, missing frame.Incomplete) {
	if s.long == 0 {
		payload := s.pending
		if missing == frame.Shed {
			payload = nil
		}
		e.frame(t, s, h, payload, false, missing)
	} else {
		flags := uint8(flagEnd)
		if missing == frame.Shed {
			flags |= flagShed
			e.batch.shed++
		}
		e.putPart(s, flags)
		t.bytes[s.from()] += s.offset
		s.long, t.long[s.from()] = 0, 0
		e.touch(t)
	}
	e.drop(s)
}

// putPart puts the pending payload into chunks.
func (e *encoder) putPart(s *track, flags uint8) {
	part := envelope{flags: flags, base: s.long, last: s.offset}
	e.batch.arena = part.seal(e.batch.arena, nil, s.pending)
	e.batch.add(putPart, s.long, s.offset)
	s.offset += uint64(len(s.pending))
}

// buffer returns an empty buffer for pending payload.
func (e *encoder) buffer() []byte {
	if n := len(e.buffers); n > 0 {
		b := e.buffers[n-1]
		e.buffers = e.buffers[:n-1]
		return b
	}
	return make([]byte, 0, 4<<10)
}

// drop forgets the pending payload of s.
func (e *encoder) drop(s *track) {
	e.pending -= len(s.pending)
	if s.pending != nil && len(e.buffers) < 4 {
		e.buffers = append(e.buffers, s.pending[:0])
	}
	s.pending = nil
}

// frame records one frame. Masked says that the payload still is.
func (e *encoder) frame(t *Tape, s *track, h *frame.Header, payload []byte, masked bool, missing frame.Incomplete) {
	d := &e.draft
	d.Header, d.Payload, d.masked, d.at = *h, payload, masked && h.Masked, s.began
	d.Incomplete, d.Opaque = missing, false
	d.Stored = uint64(len(payload))
	seq := t.seq + 1
	d.Message = seq
	if !h.Opcode.Control() {
		switch {
		case h.Opcode == frame.Continuation && s.message != 0:
			d.Message = s.message
		case !h.Fin:
			s.message = seq
		}
		if h.Fin {
			s.message = 0
		}
	}
	if s.open > 0 {
		if s.open--; s.open == 0 && missing == frame.Whole {
			d.Incomplete, s.message = frame.Unfinished, 0
		}
	}
	if h.Opcode.Control() && d.masked {
		// The checker and the counters look into control frames.
		e.scratch = append(e.scratch[:0], payload...)
		frame.Mask(e.scratch, h.Mask, 0)
		d.Payload, d.masked = e.scratch, false
	}
	d.Violation = s.checker.Check(h, d.Payload)
	e.keep(t, s)
}

// opaque records bytes that are no frame; size is how many passed.
func (e *encoder) opaque(t *Tape, s *track, at int64, p []byte, size uint64, missing frame.Incomplete) {
	for first := true; first || len(p) > 0; first = false {
		d := &e.draft
		part := p[:min(len(p), partSize)]
		p = p[len(part):]
		d.Header, d.Payload, d.masked, d.at = frame.Header{Length: size}, part, false, at
		if missing != frame.Shed {
			d.Header.Length = uint64(len(part))
		}
		d.Incomplete, d.Opaque = missing, true
		d.Stored = uint64(len(part))
		d.Message = t.seq + 1
		d.Violation = frame.Legal
		if missing == frame.Whole && !s.broken {
			s.broken, d.Violation = true, frame.ImpossibleLength
		}
		e.keep(t, s)
	}
}

// keep adds the draft, of s, to the current block as the connection's next
// record.
func (e *encoder) keep(t *Tape, s *track) {
	d := &e.draft
	d.From, d.Origin, d.Recoded = s.from(), s.origin, s.recoded
	t.seq++
	e.global++
	d.Conn, d.Seq, d.Global = t.id, t.seq, e.global
	if !d.Opaque && s.origin.Own() {
		t.sent[d.From]++
	}
	if d.Incomplete == frame.Shed {
		e.batch.shed++
	}
	t.counters.add(&d.Record, d.at, d.chunked)
	e.touch(t)
	e.block.add(d, &t.spot)
	e.batch.frames++
	if len(e.block.body) >= blockSize {
		e.seal(true)
	}
}

// touch remembers that the counters of t changed.
func (e *encoder) touch(t *Tape) {
	if !t.dirty {
		t.dirty = true
		e.dirty = append(e.dirty, t)
	}
}

// seal puts the current block into the batch. If it is to be continued, the
// next seal puts it again, longer, in its place.
func (e *encoder) seal(complete bool) {
	b := &e.block
	if b.count == 0 {
		return
	}
	e.batch.arena = b.seal(e.batch.arena)
	e.batch.add(putBlock, b.base, 0)
	if !complete && len(b.body) < tailSize {
		return
	}
	for _, p := range b.places {
		e.spans = append(e.spans, span{conn: p.conn, first: p.first, count: p.count, block: b.base})
	}
	e.indexed = b.last
	b.reset()
	if len(e.spans) >= spanLimit {
		e.index()
	}
}

// index puts the spans into the batch.
func (e *encoder) index() {
	b := e.batch
	e.scratch = appendRuns(e.spans, e.scratch, func(conn, first uint64, value []byte) {
		b.arena = append(b.arena, value...)
		b.add(putRun, conn, first)
	})
	b.indexed = e.indexed
	e.spans = e.spans[:0]
}

// count puts the counters that changed into the batch.
func (e *encoder) count() {
	b := e.batch
	for i, t := range e.dirty {
		if t.dirty {
			b.arena = appendCounters(b.arena, &t.counters)
			b.add(putStat, t.id, 0)
			t.dirty = false
		}
		e.dirty[i] = nil
	}
	e.dirty = e.dirty[:0]
	b.counted = true
}

// opened puts the beginning of a connection into the batch.
func (e *encoder) opened(t *Tape) {
	e.batch.arena = append(e.batch.arena, t.opening...)
	e.batch.add(openConn, t.id, 0)
	t.opening = nil
}

// rest records what is unfinished where s ends.
func (e *encoder) rest(t *Tape, s *track) {
	head, h, _, within := s.cutter.Rest()
	switch {
	case within:
		missing := frame.Cut
		if s.shed {
			missing = frame.Shed
		}
		e.finish(t, s, &h, missing)
	case len(head) > 0:
		e.opaque(t, s, s.began, head, uint64(len(head)), frame.Cut)
	}
}

// closed records what the two sides left unfinished, and puts the end of the
// connection into the batch.
func (e *encoder) closed(t *Tape) {
	for side := range t.sides {
		e.inserted(t, frame.Side(side))
		e.rest(t, &t.sides[side])
	}
	state := t.state
	if state == frame.Open {
		state = frame.Closed
	}
	b := e.batch
	b.arena = appendCounters(appendEnd(b.arena, state, t.end), &t.counters)
	b.add(closeConn, t.id, 0)
	t.dirty = false
}
