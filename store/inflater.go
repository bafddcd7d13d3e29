package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

const (
	// inflaterBookmarks bounds what the bookmarks of a recorder's own reader
	// hold, in bytes.
	inflaterBookmarks = 16 << 20
	// maxContext is the largest compressed message in bytes that an inflater is
	// made by.
	maxContext = 64 << 20
	// ownOrigins has a bit for each origin of what a side sent itself.
	ownOrigins = 1<<frame.Observed | 1<<frame.Dropped
)

// errNotKept: not all of the frames that an inflater depends on are in the
// capture.
var errNotKept = errors.New("not all frames before were kept")

// Inflater returns an inflater of its own that stands behind the first n frames
// that side sent itself (frame.Origin.Own), all of which have been given to
// Append or Insert: behind the messages that are complete in them.
//
// Without context takeover it returns at once. With it, it waits until these
// frames are durable and then reads the connection, from its beginning or from
// where an earlier call came by: two seconds for about a million short messages. It
// fails when some of them were shed or pruned, or cannot be inflated.
func (t *Tape) Inflater(ctx context.Context, from frame.Side, n uint64) (*frame.Inflater, error) {
	if n == 0 || !t.takeover[from] {
		return &frame.Inflater{Takeover: t.takeover[from]}, nil
	}
	f, err := t.inflater(ctx, from, n)
	if err != nil {
		return nil, fmt.Errorf("inflate what comes behind frame %d of the %s on connection %d: %w", n, from, t.id, err)
	}
	return f, nil
}

func (t *Tape) inflater(ctx context.Context, from frame.Side, n uint64) (*frame.Inflater, error) {
	p, err := t.probe(ctx, from)
	if err != nil {
		return nil, err
	}
	last, err := t.before(ctx, p, n)
	if err != nil {
		return nil, err
	}
	m := t.rec.reader.Messages(ctx, Query{Conn: t.id, Limit: maxContext})
	defer m.Close()
	next := &frame.Record{Conn: t.id, Seq: last + 1}
	c, err := m.meet(t.id, next.Seq)
	if err != nil {
		return nil, err
	}
	if !c.takeover {
		return nil, fmt.Errorf("%w: %d", ErrNoConnection, t.id)
	}
	if err := m.prime(c, next); err != nil {
		return nil, err
	}
	if c.Missing > 0 || c.seen != last {
		return nil, errNotKept
	}
	f := c.assembler.Inflater(from)
	return f, f.Lost()
}

// probe asks the encoder what it has recorded of a connection.
type probe struct {
	from frame.Side
	sent uint64 // frames from has sent itself
	seq  uint64 // of the last record
}

// probe returns where the encoder stood when it had taken everything that was
// given to the tape before, once that is durable.
func (t *Tape) probe(ctx context.Context, from frame.Side) (*probe, error) {
	p := &probe{from: from}
	t.mu.Lock()
	t.probes = append(t.probes, p)
	t.mu.Unlock()
	t.rec.queue.put(run{tape: t, kind: runProbe}, nil)
	if err := t.rec.Sync(ctx); err != nil {
		return nil, err
	}
	if p.seq == 0 {
		return nil, errNotKept
	}
	return p, nil
}

// answer answers a probe. There are as many as runs that ask for an answer, and
// each is there before its run, so that the first one is due whoever put the run.
func (t *Tape) answer() {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.probes[0]
	t.probes = t.probes[1:]
	p.sent, p.seq = t.sent[p.from], t.seq
}

// before returns the seq of the last record before what p.from sent behind its
// first n frames.
func (t *Tape) before(ctx context.Context, p *probe, n uint64) (uint64, error) {
	switch {
	case p.sent < n:
		return 0, errNotKept
	case p.sent == n:
		return p.seq, nil
	}
	s := &sieve{need: filter.Everything}
	s.need.Sides, s.need.Origins = 1<<p.from, ownOrigins
	first, err := t.rec.reader.last(ctx, t.id, int(p.sent-n), s, func(r *frame.Record) bool {
		return r.Seq <= p.seq && r.From == p.from && r.Origin.Own() && !r.Opaque
	})
	if err == nil && first == 1 {
		err = errNotKept
	}
	return first - 1, err
}
