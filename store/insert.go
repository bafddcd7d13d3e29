package store

import (
	"math"

	"github.com/wsluice/wsluice/frame"
)

// Insert keeps whole frames of one side that passed otherwise than as they came,
// or did not pass: as p says. They come between the frames that Append is given
// for that side, in the order of the calls, and are looked at by themselves:
// bytes that make no whole frame are kept as a frame that is cut or as opaque, and
// change nothing about what comes behind them. Frames the side sent itself
// (frame.Origin.Own) are parts of its messages, and judged, like those of Append;
// of others a message that wire leaves unfinished ends there.
//
// As Append, it copies wire, and waits or sheds while the recorder's queue is
// full. For one side neither may be called before the other returns.
func (t *Tape) Insert(p frame.Passage, wire []byte) {
	if len(wire) == 0 {
		return
	}
	r := run{tape: t, at: p.Time.UnixNano(), kind: runBytes, from: p.From, inserted: true, recoded: p.Recoded, origin: p.Origin}
	if !p.Origin.Own() {
		r.open = unfinished(wire)
	}
	if t.shed != nil {
		t.shed[p.From].insert(t.rec.queue, r, wire)
		return
	}
	t.rec.queue.put(r, wire)
	r.kind = runInserted
	t.rec.queue.put(r, nil)
}

// unfinished returns which frame of wire, from 1, is the last of a message that
// does not end in wire; 0 when there is none, or when what comes behind it in
// wire ends it.
func unfinished(wire []byte) uint32 {
	var s frame.Scanner
	var last uint32
	for len(wire) > 0 {
		control := frame.Opcode(wire[0] & 0xF).Control()
		n := s.Step(wire)
		wire = wire[n:]
		switch {
		case !s.AtFrame():
			return 0
		case s.AtMessage():
			last = 0
		case !control:
			last = uint32(s.Frames())
		}
	}
	return last
}

// insert puts wire into q as far as there is room: all of it, or the headers of
// its frames. What these have no room for either is lost.
func (s *shedder) insert(q *queue, r run, wire []byte) {
	end := r
	end.kind = runInserted
	room := s.told(q, run{tape: r.tape, at: r.at, from: r.from}, q.limit)
	if room && q.offer(r, wire, q.limit-q.limit/reserve) {
		q.offer(end, nil, math.MaxInt)
		return
	}
	kept := false
	var cutter frame.Cutter
	for len(wire) > 0 {
		piece, n, ok := cutter.Next(wire)
		size := uint64(n)
		wire = wire[n:]
		var buf [frame.MaxHeaderSize]byte
		room = room && ok && !piece.Opaque && q.offer(r, piece.Header.Append(buf[:0]), q.limit)
		if !room {
			s.lost += size
			continue
		}
		kept = true
		if skip := r; len(piece.Data) > 0 {
			skip.kind, skip.n = runSkip, uint64(len(piece.Data))
			q.offer(skip, nil, math.MaxInt)
		}
	}
	if kept {
		q.offer(end, nil, math.MaxInt)
	}
}

// track returns where the encoder stands in the bytes that r is of.
func (r *run) track() *track {
	own := &r.tape.sides[r.from]
	if !r.inserted {
		return own
	}
	s := r.tape.inserts[r.from]
	if s == nil {
		s = &track{origin: r.origin, recoded: r.recoded, open: r.open}
		if r.origin.Own() {
			s.checker, s.message = own.checker, own.message
		} else {
			s.checker = own.checker.Alone()
		}
		r.tape.inserts[r.from] = s
	}
	return s
}

// inserted ends what was inserted for a side.
func (e *encoder) inserted(t *Tape, from frame.Side) {
	s, own := t.inserts[from], &t.sides[from]
	if s == nil {
		return
	}
	e.rest(t, s)
	if s.origin.Own() {
		own.checker, own.message = s.checker, s.message
	}
	t.inserts[from] = nil
}
