package pcapng

import (
	"slices"
	"time"
)

const (
	// maxWaiting bounds the bytes of one direction that wait for earlier ones, and
	// maxPieces the pieces they come in.
	maxWaiting = 1 << 20
	maxPieces  = 1 << 10
)

// lane puts the segments of one direction in order (RFC 9293 section 3.10.7.4).
// The zero value stands before the first one.
type lane struct {
	begun   bool
	next    uint32  // sequence number of the next byte
	waiting []piece // behind a hole, in order
	size    int     // of their data
	ends    bool    // a FIN was seen
	end     uint32  // where it stands
}

// piece is a run of bytes that came.
type piece struct {
	seq  uint32
	at   time.Time
	data []byte
}

// begin sets the number of the first byte.
func (l *lane) begin(seq uint32) { *l = lane{begun: true, next: seq} }

// put takes a piece. What is in order it gives to out, which must not keep it;
// what is ahead it copies.
func (l *lane) put(p piece, out func(piece)) {
	ahead := int32(p.seq - l.next)
	if ahead <= 0 {
		if skip := int64(-int64(ahead)); skip < int64(len(p.data)) {
			p.data, p.seq = p.data[skip:], l.next
			l.next += uint32(len(p.data))
			out(p)
			l.drain(out)
		}
		return
	}
	if len(p.data) == 0 {
		return
	}
	p.data = slices.Clone(p.data)
	i, _ := slices.BinarySearchFunc(l.waiting, p, func(a, b piece) int { return int(int32(a.seq - b.seq)) })
	if i < len(l.waiting) && l.waiting[i].seq == p.seq && len(l.waiting[i].data) >= len(p.data) {
		return
	}
	l.waiting = slices.Insert(l.waiting, i, p)
	l.size += len(p.data)
}

// drain gives out what is in order now.
func (l *lane) drain(out func(piece)) {
	n := 0
	for ; n < len(l.waiting); n++ {
		p := l.waiting[n]
		ahead := int32(p.seq - l.next)
		if ahead > 0 {
			break
		}
		l.size -= len(p.data)
		if skip := -int64(ahead); skip < int64(len(p.data)) {
			p.data, p.seq = p.data[skip:], l.next
			l.next += uint32(len(p.data))
			out(p)
		}
	}
	l.waiting = slices.Delete(l.waiting, 0, n)
}

// full reports whether no more may wait.
func (l *lane) full() bool { return l.size > maxWaiting || len(l.waiting) > maxPieces }

// hole returns how many bytes are missing before those that wait or before the
// FIN, 0 for none.
func (l *lane) hole() int64 {
	switch {
	case len(l.waiting) > 0:
		return int64(l.waiting[0].seq - l.next)
	case l.ends && int32(l.end-l.next) > 0:
		return int64(l.end - l.next)
	}
	return 0
}

// done reports whether everything up to the FIN was given out.
func (l *lane) done() bool { return l.ends && int32(l.end-l.next) <= 0 }

// fin notes a FIN.
func (l *lane) fin(seq uint32) {
	if !l.ends {
		l.ends, l.end = true, seq
	}
}
