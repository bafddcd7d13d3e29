package store

import (
	"math"

	"github.com/wsluice/wsluice/frame"
)

// shedder decides for one side of a connection what an overloaded recorder
// still takes: everything while there is room, then frame headers only, then,
// when even these have used up their reserve, the number of bytes that passed.
// It follows the frames itself, since it must know where headers are.
type shedder struct {
	cutter frame.Cutter
	queued int    // bytes of a header not yet followed by payload that are in the queue
	skip   uint64 // payload bytes left out behind a header in the queue
	lost   uint64 // bytes of whole frames left out
	losing bool   // the header of the current frame was left out
}

// reserve is the part of a queue's bound kept for the headers of frames whose
// payloads are shed.
const reserve = 8

// append puts wire into q as far as there is room.
func (s *shedder) append(q *queue, r run, wire []byte) {
	room := q.limit - q.limit/reserve
	if !s.losing && s.settle(q, r, room) && q.offer(r, wire, room) {
		for len(wire) > 0 {
			_, n, _ := s.cutter.Next(wire)
			wire = wire[n:]
		}
		s.queued = len(s.header())
		return
	}
	for len(wire) > 0 {
		piece, n, ok := s.cutter.Next(wire)
		wire = wire[n:]
		if ok {
			s.piece(q, r, &piece)
		}
	}
}

// header returns the bytes of a header the wire has brought without any of its
// payload yet.
func (s *shedder) header() []byte {
	head, h, seen, within := s.cutter.Rest()
	if within && seen == 0 {
		return h.Append(nil)
	}
	return head
}

// settle catches the queue up with the wire: what was left out is told, and a
// header that was begun meanwhile is handed in. It reports whether there was
// room.
func (s *shedder) settle(q *queue, r run, limit int) bool {
	if !s.told(q, r, limit) {
		return false
	}
	if head := s.header()[s.queued:]; len(head) > 0 {
		if !q.offer(r, head, limit) {
			return false
		}
		s.queued += len(head)
	}
	return true
}

// piece keeps the header of a frame and leaves out its payload.
func (s *shedder) piece(q *queue, r run, p *frame.Piece) {
	if p.Opaque {
		// Without frames there are no headers to keep, and the encoder may not
		// have seen where frames ended.
		s.lost += uint64(len(p.Data) - s.queued)
		s.queued, s.losing = 0, true
		return
	}
	if p.Offset == 0 {
		var buf [frame.MaxHeaderSize]byte
		head := p.Header.Append(buf[:0])
		switch {
		case s.queued > 0:
			// A header that was begun cannot be left out.
			if head = head[s.queued:]; len(head) > 0 {
				q.offer(r, head, math.MaxInt)
			}
		case !s.told(q, r, q.limit) || !q.offer(r, head, q.limit):
			s.losing = true
			s.lost += uint64(len(head))
		}
		s.queued = 0
	}
	if s.losing {
		s.lost += uint64(len(p.Data))
	} else {
		s.skip += uint64(len(p.Data))
	}
	if p.Last {
		s.losing = false
	}
}

// told tells q of what was left out, if there is room.
func (s *shedder) told(q *queue, r run, limit int) bool {
	r.kind, r.n = runSkip, s.skip
	if s.skip > 0 {
		if !q.offer(r, nil, limit) {
			return false
		}
		s.skip = 0
	}
	r.kind, r.n = runLost, s.lost
	if s.lost > 0 {
		if !q.offer(r, nil, limit) {
			return false
		}
		s.lost = 0
	}
	return true
}

// close tells q of what was left out, waiting for room.
func (s *shedder) close(q *queue, r run) {
	if s.skip > 0 {
		r.kind, r.n = runSkip, s.skip
		q.put(r, nil)
	}
	if s.lost > 0 {
		r.kind, r.n = runLost, s.lost
		q.put(r, nil)
	}
}
