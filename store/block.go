package store

import (
	"encoding/binary"
	"fmt"

	"github.com/wsluice/wsluice/frame"
)

// hiddenConn stands in the directory of a block that is handed out for
// connections that were deleted.
const hiddenConn = 0

// place is one connection in a block: its records there have the seqs from
// first to first+count-1.
type place struct {
	conn, first, count uint64
}

// builder collects records into a block. It belongs to one goroutine.
type builder struct {
	envelope
	body   []byte
	places []place
	dir    []byte // scratch for the directory
	prev   entry
	// epoch tells the places of this block from those of earlier ones, which
	// connections still remember.
	epoch uint64
}

// spot is what a connection remembers of its place in the current block.
type spot struct {
	epoch uint64
	place int
}

// add appends d as the record with the given global number. The spot is that
// of d's connection.
func (b *builder) add(d *draft, s *spot) {
	if b.count == 0 {
		b.base, b.baseTime, b.minTime, b.maxTime = d.Global, d.at, d.at, d.at
		b.prev = entry{time: d.at, first: true}
	}
	if s.epoch != b.epoch {
		s.epoch, s.place = b.epoch, len(b.places)
		b.places = append(b.places, place{conn: d.Conn, first: d.Seq})
	}
	d.place = s.place
	b.places[s.place].count++
	b.body = appendRecord(b.body, d, b.prev)
	b.prev = entry{conn: uint64(s.place), time: d.at}
	b.count++
	b.last = d.Global
	b.minTime, b.maxTime = min(b.minTime, d.at), max(b.maxTime, d.at)
	b.sides |= 1 << d.From
	b.origins |= 1 << d.Origin
	if d.Opaque {
		b.flags |= flagOpaque
	} else {
		b.opcodes |= 1 << d.Header.Opcode
	}
	if d.Violation != frame.Legal {
		b.flags |= flagViolation
	}
	if b.count == 1 {
		b.flags |= flagPlain
	}
	if !plain(d) {
		b.flags &^= flagPlain
	}
}

// plain reports whether d is a whole message, as it was sent, and all in the
// block.
func plain(d *draft) bool {
	return d.Header.Fin && d.Header.RSV == 0 && d.Header.Opcode != frame.Continuation &&
		d.Violation == frame.Legal && d.Incomplete == frame.Whole && !d.Opaque && !d.chunked
}

// seal appends the stored form of what was collected to dst. More records may
// be added behind it.
func (b *builder) seal(dst []byte) []byte {
	b.dir = b.dir[:0]
	for _, p := range b.places {
		b.dir = binary.AppendUvarint(b.dir, p.conn)
		b.dir = binary.AppendUvarint(b.dir, p.first)
		b.dir = binary.AppendUvarint(b.dir, p.count)
	}
	return b.envelope.seal(dst, b.dir, b.body)
}

// reset begins the next block.
func (b *builder) reset() {
	*b = builder{body: b.body[:0], places: b.places[:0], dir: b.dir[:0], epoch: b.epoch + 1}
}

// block is a block read back. It does not change once made.
type block struct {
	envelope
	places []place
	body   []byte
	sum    uint32 // its checksum as it was stored
	unread bool   // only the header and the places are there
}

// parseDirectory reads the places of a block with the given header.
func parseDirectory(places []place, e *envelope, p []byte) ([]place, error) {
	var total uint64
	for len(p) > 0 {
		var v [3]uint64
		for i := range v {
			n, w := binary.Uvarint(p)
			if w <= 0 {
				return nil, corrupt("block %d: directory is broken", e.base)
			}
			v[i], p = n, p[w:]
		}
		if v[1] == 0 || v[2] == 0 || v[2] > uint64(e.count) || v[1]+v[2] < v[1] {
			return nil, corrupt("block %d: directory lists %d records from %d of connection %d", e.base, v[2], v[1], v[0])
		}
		total += v[2]
		places = append(places, place{conn: v[0], first: v[1], count: v[2]})
	}
	if total != uint64(e.count) {
		return nil, corrupt("block %d: directory lists %d records, header %d", e.base, total, e.count)
	}
	return places, nil
}

// header reads the header and the directory of the stored block p into b,
// reusing its memory. Nothing in b aliases p.
func (b *block) header(p []byte) error {
	e, err := parseEnvelope(p)
	if err != nil {
		return err
	}
	if e.count == 0 {
		return corrupt("block %d has no records", e.base)
	}
	b.envelope, b.sum = e, storedSum(p)
	b.places, err = parseDirectory(b.places[:0], &e, p[envelopeSize:envelopeSize+e.directory])
	return err
}

// parse reads the stored block p into b, reusing its memory. Nothing in b
// aliases p.
func (b *block) parse(p []byte) error {
	if err := b.header(p); err != nil {
		return err
	}
	_, body, err := b.open(b.body[:0], p)
	if err != nil {
		return inBlock(b.base, err)
	}
	b.body = body
	return nil
}

// inBlock adds to err which block it is about.
func inBlock(key uint64, err error) error { return fmt.Errorf("block %d: %w", key, err) }

// walk goes through the records of a block in order.
type walk struct {
	b    *block
	rest []byte
	prev entry
	n    uint32   // records gone through
	seqs []uint64 // by place: the seq of its next record
	rec  decoded
}

// start stands before the first record of b.
func (w *walk) start(b *block) {
	w.b, w.rest, w.n = b, b.body, 0
	w.prev = entry{time: b.baseTime, first: true}
	w.seqs = w.seqs[:0]
	for _, p := range b.places {
		w.seqs = append(w.seqs, p.first)
	}
}

// next reads the next record that is not hidden into w.rec; it returns false
// behind the last. The payload aliases the block.
func (w *walk) next() (bool, error) {
	for {
		ok, err := w.any()
		if !ok || err != nil || w.rec.Conn != hiddenConn {
			return ok, err
		}
	}
}

// any is next for a record that may be hidden.
func (w *walk) any() (bool, error) {
	if w.n == w.b.count {
		if len(w.rest) > 0 {
			return false, corrupt("block %d: %d bytes behind the last record", w.b.base, len(w.rest))
		}
		return false, nil
	}
	size, err := consumeRecord(&w.rec, w.rest, w.prev)
	if err != nil {
		return false, inBlock(w.b.base, err)
	}
	r := &w.rec
	if err := w.count(r.place); err != nil {
		return false, err
	}
	p := &w.b.places[r.place]
	r.Global = w.b.base + uint64(w.n)
	r.Conn, r.Seq = p.conn, w.seqs[r.place]
	if r.back >= r.Seq {
		return false, corrupt("block %d: message begins %d before frame %d", w.b.base, r.back, r.Seq)
	}
	r.Message = r.Seq - r.back
	r.Time = instant(r.time)
	w.seqs[r.place]++
	w.advance(size, entry{conn: r.place, time: r.time})
	return true, nil
}

// peek returns what the record after the next one is relative to, and the size
// of the next. It must not be called behind the last record.
func (w *walk) peek() (next entry, size int, err error) {
	if next, size, err = skim(w.rest, w.prev); err != nil {
		return next, 0, inBlock(w.b.base, err)
	}
	return next, size, w.count(next.conn)
}

// count checks that the directory announced one more record at the place.
func (w *walk) count(at uint64) error {
	if at >= uint64(len(w.b.places)) || w.seqs[at] >= w.b.places[at].first+w.b.places[at].count {
		return corrupt("block %d: record %d is not in the directory", w.b.base, w.n)
	}
	return nil
}

func (w *walk) advance(size int, prev entry) {
	w.rest, w.prev = w.rest[size:], prev
	w.n++
}
