package store

import (
	"context"
	"errors"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// FrameQuery says which frames are wanted. The zero value wants all of a
// capture.
type FrameQuery struct {
	// Conn is the connection, 0 for all; Start the number of the first record,
	// as for Scan.
	Conn, Start uint64
	// Side, if set, is who must have sent the frame, Filter what it must match.
	Side   *frame.Side
	Filter *filter.Frames
	// Whole asks for payloads over 128 KiB too, in one piece. The filter sees
	// them whole in any case, up to 256 MiB.
	Whole bool
}

// Frames goes through the frames asked for in order. It is a Cursor that passes
// over the others.
type Frames struct {
	*Cursor
	query FrameQuery
	conns map[uint64]*frame.Connection
}

// Frames returns a cursor over the frames asked for, as Scan does.
func (r *Reader) Frames(ctx context.Context, q FrameQuery) *Frames {
	f := &Frames{Cursor: r.Scan(ctx, q.Conn, q.Start), query: q, conns: make(map[uint64]*frame.Connection)}
	need := filter.Everything
	if q.Filter != nil {
		need = q.Filter.Need()
	}
	if q.Side != nil {
		need.Sides &= 1 << *q.Side
	}
	if q.Filter != nil || q.Side != nil {
		f.sieve = &sieve{need: need}
	}
	return f
}

// Next is as Cursor.Next.
func (f *Frames) Next() bool {
	for f.Cursor.Next() {
		r := f.Record()
		if f.query.Side != nil && *f.query.Side != r.From {
			continue
		}
		wanted, err := f.match(r)
		if err == nil && wanted && f.query.Whole {
			err = f.complete(r)
		}
		if err != nil {
			f.err = err
			return false
		}
		if wanted {
			return true
		}
	}
	return false
}

func (f *Frames) match(r *frame.Record) (bool, error) {
	if f.query.Filter == nil {
		return true, nil
	}
	c, err := f.connection(r.Conn)
	if err != nil {
		return false, err
	}
	preview := r.Payload
	if r.Stored <= maxMessage {
		if err := f.complete(r); err != nil {
			return false, err
		}
	}
	matches := f.query.Filter.Match(r, c)
	if !f.query.Whole {
		r.Payload = preview
	}
	return matches, nil
}

// complete gives r the whole of its payload.
func (f *Frames) complete(r *frame.Record) (err error) {
	if uint64(len(r.Payload)) < r.Stored {
		r.Payload, err = f.r.payload(f.ctx, r)
	}
	return err
}

// connection returns the connection with the given id, nil when it was deleted
// meanwhile.
func (f *Frames) connection(id uint64) (*frame.Connection, error) {
	const most = 1 << 10
	if c, ok := f.conns[id]; ok {
		return c, nil
	}
	if len(f.conns) == most {
		clear(f.conns)
	}
	c, err := f.r.Conn(f.ctx, id)
	switch {
	case errors.Is(err, ErrNoConnection):
		f.conns[id] = nil
		return nil, nil
	case err != nil:
		return nil, err
	}
	f.conns[id] = &c
	return &c, nil
}
