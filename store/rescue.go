package store

import (
	"context"
	"errors"
	"io"
	"slices"
	"sort"

	"github.com/wsluice/wsluice/frame"
)

// rescue makes a new capture of what a survey found.
type rescue struct {
	*survey
	ctx      context.Context
	progress func(done, total int64)
	to       *scribe
	salvage  Salvage

	next  map[uint64]uint64 // by connection: seq of the next record
	conns map[uint64]*rescued
	tombs map[uint64]bool // connections that were deleted
	// gone is the number of records that were missing on connections before,
	// missing of those that are now.
	gone, missing uint64
	buf           []byte
}

// run makes the file at draft of what is in f.
func (r *rescue) run(f io.ReaderAt, size int64, draft string) (err error) {
	if r.survey, err = look(r.ctx, f, size); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	r.salvage.Pages = r.broken
	need := int64(0)
	for _, finds := range [][]find{r.blocks, r.parts, r.survey.conns, r.marks, r.events} {
		for i := range finds {
			need += int64(finds[i].size)
		}
		order(finds)
	}
	if err := CheckSpace(draft, need); err != nil {
		return err
	}
	if r.to, err = newScribe(draft, Kept); err != nil {
		return err
	}
	for _, step := range []func() error{r.notes, r.known, r.copy, r.describe, r.remarks, r.log} {
		if err := step(); err != nil {
			return errors.Join(err, r.to.discard())
		}
	}
	if r.missing > r.gone {
		r.salvage.Lost = max(r.salvage.Lost, r.missing-r.gone)
	}
	issued := r.number(keyIssued)
	for id := range r.tombs {
		issued = max(issued, id)
	}
	created := r.meta[string(keyCreated)]
	if len(created) != 8 {
		created = nil
	}
	return r.to.finish(r.meta[string(keyApp)], created, issued)
}

// notes reads what was deleted, and what was missing already.
func (r *rescue) notes() error {
	for _, v := range r.survey.tombs {
		if id, _, err := parseTomb(u64(v.a), r.value(v)); err == nil {
			r.tombs[id] = true
		}
	}
	for _, v := range r.gaps {
		if conn, g, err := parseGap(pair(v.a, v.b), r.value(v)); err == nil && !r.tombs[conn] {
			r.gone += g.count
		}
	}
	return nil
}

// known notes of which connections there is a record, and what was counted of
// those that were open.
func (r *rescue) known() error {
	for _, v := range r.survey.conns {
		if r.conns[v.a] != nil || r.tombs[v.a] || v.a == 0 {
			continue
		}
		c := storedConnection{Connection: frame.Connection{ID: v.a}}
		if c.merge(r.value(v)) != nil || c.State == "" {
			continue
		}
		found := &rescued{find: v}
		if c.State == frame.Open {
			n := c.counters()
			found.open = &n
		}
		r.conns[v.a] = found
	}
	for _, v := range r.counters {
		found := r.conns[v.a]
		if found == nil || found.open == nil || r.meta[string(keyCounted)] == nil {
			continue
		}
		var c storedConnection
		if c.merge(r.value(v)) == nil {
			n := c.counters()
			found.open, found.counted = &n, r.number(keyCounted)
		}
	}
	return nil
}

// pruned returns the last global number that was pruned. A block a tree leads to
// is proof that it was not.
func (r *rescue) pruned() uint64 {
	n := r.number(keyPruned)
	if i := slices.IndexFunc(r.blocks, func(v find) bool { return v.rank == inTree }); i >= 0 {
		n = min(n, max(r.blocks[i].a, 1)-1)
	}
	return n
}

// copy copies the blocks, in their order.
func (r *rescue) copy() error {
	before := r.pruned()
	for i := range r.blocks {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if v := r.blocks[i]; v.a > before {
			switch last, err := r.block(v); {
			case err == nil:
				r.salvage.Lost += v.a - before - 1
				before = last
			case errors.Is(err, ErrCorrupt):
				r.salvage.Broken++
			default:
				return err
			}
		}
		if r.progress != nil {
			r.progress(int64(i+1), int64(len(r.blocks)))
		}
	}
	// Of two numbers without a checksum the smaller one is the likelier.
	if known := min(r.number(keyIndexed), r.number(keyCounted)); known > before {
		r.salvage.Lost += known - before
	}
	return nil
}

// block copies one block, and returns the last number in it. It returns
// ErrCorrupt, having done nothing, when anything about it is wrong.
func (r *rescue) block(v find) (last uint64, err error) {
	p := r.value(v)
	e, err := storedBlock(u64(v.a), p)
	if err != nil {
		return 0, err
	}
	var b block
	if err := b.parse(p); err != nil {
		return 0, err
	}
	var w walk
	for w.start(&b); ; {
		ok, err := w.any()
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
	}
	for i, q := range b.places {
		if q.conn == hiddenConn || q.first < r.next[q.conn] ||
			slices.ContainsFunc(b.places[:i], func(o place) bool { return o.conn == q.conn }) {
			return 0, corrupt("block %d: frame %d of connection %d is out of place", v.a, q.first, q.conn)
		}
	}
	numbers := func(global uint64) uint64 { return r.to.global - e.last + global }
	if slices.ContainsFunc(b.places, func(q place) bool { return r.tombs[q.conn] }) {
		var given map[uint64]uint64
		given, err = r.to.sift(&b, func(conn uint64) bool { return r.tombs[conn] })
		numbers = func(global uint64) uint64 { return given[global] }
	} else {
		err = r.to.write(e, b.places, p)
	}
	if err == nil {
		err = r.follow(&b)
	}
	if err != nil {
		return 0, notCorrupt(err)
	}
	for w.start(&b); ; {
		ok, err := w.next()
		if !ok || err != nil {
			return e.last, notCorrupt(err)
		}
		if !r.tombs[w.rec.Conn] {
			if err := r.record(&w.rec, numbers(w.rec.Global)); err != nil {
				return 0, notCorrupt(err)
			}
		}
	}
}

// notCorrupt returns err without its being ErrCorrupt: it is about the new file.
func notCorrupt(err error) error {
	if errors.Is(err, ErrCorrupt) {
		return errors.New(err.Error())
	}
	return err
}

// follow notes which seqs the records of b have, and what is missing before
// them.
func (r *rescue) follow(b *block) error {
	for _, q := range b.places {
		if r.tombs[q.conn] {
			continue
		}
		next := max(r.next[q.conn], 1)
		if q.first > next {
			g := gap{first: next, count: q.first - next}
			if next > 1 || r.pruned() == 0 {
				r.missing += g.count
			}
			if err := r.to.gap(q.conn, g); err != nil {
				return err
			}
		}
		r.next[q.conn] = q.first + q.count
	}
	return nil
}

// record counts a record that was copied and is numbered global now, and copies
// its payload if that is long.
func (r *rescue) record(d *decoded, global uint64) error {
	r.salvage.Frames++
	c := r.conns[d.Conn]
	if c == nil {
		c = &rescued{lost: true, open: new(counters), began: d.time}
		r.conns[d.Conn] = c
		r.salvage.Unnamed++
	}
	counts := c.open != nil && d.Global > c.counted
	if counts {
		c.open.add(&d.Record, d.time, d.chunked)
	}
	if c.arriving[d.From] {
		r.salvage.Cut++
		c.arriving[d.From] = false
	}
	if !d.chunked {
		return nil
	}
	arriving := c.open != nil && c.open.long[d.From] == d.Global
	size, whole, err := r.payload(d, global)
	if err != nil {
		return err
	}
	if !whole {
		// It may just have been under way when a recorder was killed.
		if c.open != nil && r.broken == 0 {
			c.arriving[d.From] = true
		} else {
			r.salvage.Cut++
		}
	}
	if counts || arriving {
		c.open.bytes[d.From] += size
	}
	return nil
}

// payload copies the parts of a long payload as far as they follow each other,
// for the record that is numbered to now. It reports whether it got to the end.
func (r *rescue) payload(d *decoded, to uint64) (size uint64, whole bool, err error) {
	from := d.Global
	i := sort.Search(len(r.parts), func(i int) bool { return r.parts[i].a >= from })
	for ; i < len(r.parts) && r.parts[i].a == from && !whole; i++ {
		v := r.parts[i]
		if v.b != size {
			continue
		}
		p := r.value(v)
		e, err := parsePart(from, v.b, p)
		if err == nil {
			_, r.buf, err = e.open(r.buf[:0], p)
		}
		if err != nil {
			r.salvage.Broken++
			continue
		}
		if err := r.to.part(e, to, p); err != nil {
			return size, false, err
		}
		size, whole = size+uint64(e.rawSize), e.flags&flagEnd != 0
		if e.rawSize == 0 {
			return size, whole, nil
		}
	}
	if size == 0 && !whole {
		// The record has the beginning too, and there must be one part at least.
		p := envelope{base: to}.seal(nil, nil, d.Payload)
		e, err := parsePart(to, 0, p)
		if err != nil {
			return 0, false, err
		}
		return uint64(e.rawSize), false, r.to.part(e, to, p)
	}
	return size, whole, nil
}

// describe writes the connections.
func (r *rescue) describe() error {
	ids := make([]uint64, 0, len(r.conns))
	for id := range r.conns {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		c := r.conns[id]
		p, frames, err := c.describe(id, r.survey)
		if err != nil {
			return err
		}
		if err := r.to.connection(id, p); err != nil {
			return err
		}
		r.salvage.Connections++
		if next := max(r.next[id], 1); frames >= next {
			// Pruned is what it may have had before the first block there is.
			if next > 1 || r.pruned() == 0 {
				r.missing += frames - next + 1
			}
			if err := r.to.gap(id, gap{first: next, count: frames - next + 1}); err != nil {
				return err
			}
		}
	}
	return nil
}

// remarks copies the marks of messages that may be there.
func (r *rescue) remarks() error {
	var before [2]uint64
	for n, v := range r.marks {
		key := [2]uint64{v.a, v.b}
		m, err := parseMark(pair(v.a, v.b), r.value(v))
		if err != nil || n > 0 && key == before || v.b >= r.next[v.a] {
			continue
		}
		if err := r.to.mark(m); err != nil {
			return err
		}
		before = key
	}
	return nil
}

// log copies the event log.
func (r *rescue) log() error {
	last := uint64(0)
	for _, v := range r.events {
		p := r.value(v)
		if _, err := parseEvent(v.a, p); err != nil || v.a <= last {
			continue
		}
		if err := r.to.event(v.a, p); err != nil {
			return err
		}
		last = v.a
	}
	return nil
}
