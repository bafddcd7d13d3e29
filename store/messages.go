package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// maxMessage bounds one message in bytes, inflated: a few kilobytes on the wire
// may stand for gigabytes.
const maxMessage = 256 << 20

// Query says which messages are wanted. The zero value wants all of a capture.
type Query struct {
	// Conn is the connection, 0 for all in the order their messages ended.
	Conn uint64
	// Start is the number of the first record to look at, as for Scan. A message
	// that began before and ends at or behind it is among those wanted.
	Start uint64
	// Side, if set, is who must have sent the message, Filter what it must
	// match.
	Side   *frame.Side
	Filter *filter.Messages
	// Limit is how many bytes of a payload are wanted, 0 for 256 MiB. The filter
	// sees the payload whole, up to 256 MiB.
	Limit int
}

// Messages goes through messages in the order they ended. It belongs to one
// goroutine at a time.
type Messages struct {
	ctx    context.Context
	r      *Reader
	query  Query
	cursor *Cursor
	// conversations are the connections under way. One of which the capture has
	// the end is forgotten behind its last record.
	conversations map[uint64]*conversation
	sweepAt       int // number of conversations at which to look for ended ones

	current *conversation
	done    []frame.Message // completed, of current
	message frame.Message
	err     error
}

// conversation is a connection in the middle of a walk.
type conversation struct {
	frame.Connection
	seen uint64 // seq of the last record gone past
	last uint64 // seq of its last record, 0 while there may be more
	// assembler is nil as long as only records were passed over that are whole
	// messages.
	assembler *frame.Assembler
}

// Messages returns a cursor over the messages asked for, until the last one
// there is when it gets there. Close it after use.
func (r *Reader) Messages(ctx context.Context, q Query) *Messages {
	m := &Messages{
		ctx: ctx, r: r, query: q,
		cursor:        r.Scan(ctx, q.Conn, q.Start),
		conversations: make(map[uint64]*conversation),
		sweepAt:       1 << 10,
	}
	need := filter.Everything
	if q.Filter != nil {
		need = q.Filter.Need()
	}
	if q.Side != nil {
		need.Sides &= 1 << *q.Side
	}
	if q.Filter != nil || q.Side != nil {
		m.cursor.sieve = &sieve{need: need, messages: true}
		m.cursor.passed = m.passed
	}
	return m
}

// Next moves to the next message. It returns false behind the last and after an
// error. Behind the last it may be called again, when there may be more: what is
// still arriving on a connection that is open comes when it is complete.
func (m *Messages) Next() bool {
	for m.err == nil {
		for len(m.done) > 0 {
			m.message, m.done = m.done[0], m.done[1:]
			if m.wanted() {
				return true
			}
		}
		if !m.step() {
			return false
		}
	}
	return false
}

// wanted reports whether the message is one of those asked for.
func (m *Messages) wanted() bool {
	q := &m.query
	if q.Side != nil && *q.Side != m.message.From || q.Filter != nil && !q.Filter.Match(&m.message, &m.current.Connection) {
		return false
	}
	m.message.Cut(m.limit())
	return true
}

// step pushes the next record, or what ends without one. It reports whether
// there was something.
func (m *Messages) step() bool {
	if !m.cursor.Next() {
		if m.err = m.cursor.Err(); m.err != nil {
			return false
		}
		return m.end()
	}
	r := m.cursor.Record()
	c, err := m.conversation(r)
	if err != nil {
		m.err = err
		return false
	}
	m.current, m.done = c, c.assembler.Push(r)
	c.seen = r.Seq
	if c.seen == c.last {
		delete(m.conversations, r.Conn)
		if c.assembler.Midway() {
			// What was pushed is only valid until the next call.
			for i := range m.done {
				m.done[i].Payload = slices.Clone(m.done[i].Payload)
			}
			m.done = append(slices.Clone(m.done), c.assembler.Flush()...)
		}
	}
	return true
}

// conversation returns the connection of r, ready for r to be pushed.
func (m *Messages) conversation(r *frame.Record) (*conversation, error) {
	c := m.conversations[r.Conn]
	if c != nil && c.assembler != nil {
		return c, nil
	}
	begun := c != nil
	if !begun {
		c = &conversation{}
		m.conversations[r.Conn] = c
		m.sweep()
	}
	if err := m.settle(r.Conn, c); err != nil {
		return nil, err
	}
	c.assembler = &frame.Assembler{
		Extensions: frame.ParseExtensions(c.Extensions),
		Limit:      m.limit(),
		Load:       func(r *frame.Record) ([]byte, error) { return m.r.payload(m.ctx, r) },
	}
	if m.query.Filter != nil {
		c.assembler.Limit = maxMessage
	}
	if !begun && r.Seq > 1 {
		return c, m.prime(c.assembler, r)
	}
	c.assembler.Pass(r.Seq - 1)
	return c, nil
}

// prime pushes what comes before r on its connection as far as r and what
// follows may depend on it.
func (m *Messages) prime(a *frame.Assembler, r *frame.Record) error {
	from := uint64(1)
	if e := a.Extensions; !e.Deflate || e.NoContextTakeover[frame.Client] && e.NoContextTakeover[frame.Server] {
		var err error
		if from, err = m.begun(r); err != nil {
			return err
		}
	}
	a.Pass(from - 1)
	before := m.r.Scan(m.ctx, r.Conn, from)
	defer before.Close()
	for before.Next() && before.Record().Seq < r.Seq {
		a.Push(before.Record())
	}
	return before.Err()
}

// begun returns the seq of the first record that belongs to a message which is
// not complete before r. It looks back so many records for what a side sent
// last; a message with a longer pause within it comes out as unfinished.
func (m *Messages) begun(r *frame.Record) (uint64, error) {
	const back = 256
	from := max(r.Seq, back+1) - back
	page, err := m.r.Page(m.ctx, r.Conn, from, int(r.Seq-from))
	if err != nil {
		return 0, err
	}
	first := r.Seq
	var known [2]bool
	for _, p := range slices.Backward(page) {
		if p.Opaque || p.Header.Opcode.Control() || known[p.From] {
			continue
		}
		known[p.From] = true
		if !p.Header.Fin {
			first = min(first, p.Message)
		}
	}
	if !r.Opaque && !r.Header.Opcode.Control() {
		first = min(first, r.Message)
	}
	return first, nil
}

// passed notes that the records of b need not be pushed: they are whole
// messages of which none is wanted.
func (m *Messages) passed(b *block) {
	for _, p := range b.places {
		if m.query.Conn != 0 && m.query.Conn != p.conn {
			continue
		}
		c := m.conversations[p.conn]
		if c == nil {
			if p.first > 1 {
				continue
			}
			c = &conversation{}
			m.conversations[p.conn] = c
		}
		if c.seen = p.first + p.count - 1; c.assembler != nil {
			c.assembler.Pass(c.seen)
		}
		if c.seen == c.last {
			delete(m.conversations, p.conn)
		}
	}
}

// end completes what a connection left unfinished that has ended since it was
// first met. It reports whether there was something.
func (m *Messages) end() bool {
	var midway []uint64
	for id, c := range m.conversations {
		if c.last == 0 && c.assembler != nil && c.assembler.Midway() {
			midway = append(midway, id)
		}
	}
	slices.SortFunc(midway, cmp.Compare)
	for _, id := range midway {
		c := m.conversations[id]
		if m.err = m.settle(id, c); m.err != nil {
			return false
		}
		if c.last != 0 && c.last == c.seen {
			delete(m.conversations, id)
			m.current, m.done = c, c.assembler.Flush()
			return true
		}
	}
	return false
}

// settle looks up a connection, and where it ends if it has ended.
func (m *Messages) settle(id uint64, c *conversation) error {
	now, err := m.r.Conn(m.ctx, id)
	if err == nil {
		if c.Connection = now; now.State == frame.Open {
			return nil
		}
		c.last, err = m.r.Count(m.ctx, id)
	}
	if errors.Is(err, ErrNoConnection) {
		// It was deleted meanwhile.
		c.last, err = c.seen, nil
	}
	return err
}

// sweep forgets connections that have ended since they were met, so that
// following a capture for days keeps few.
func (m *Messages) sweep() {
	if len(m.conversations) < m.sweepAt {
		return
	}
	for id, c := range m.conversations {
		if c.last == 0 && (c.assembler == nil || !c.assembler.Midway()) && m.settle(id, c) == nil && c.last == c.seen {
			delete(m.conversations, id)
		}
	}
	m.sweepAt = max(1<<10, 2*len(m.conversations))
}

func (m *Messages) limit() int {
	if m.query.Limit > 0 {
		return m.query.Limit
	}
	return maxMessage
}

// Message returns the message Next moved to. It and its payload are valid until
// the next call of Next.
func (m *Messages) Message() *frame.Message { return &m.message }

// Connection returns the connection of that message as it was when it was first
// met.
func (m *Messages) Connection() *frame.Connection { return &m.current.Connection }

// Pruned is as Cursor.Pruned.
func (m *Messages) Pruned() uint64 { return m.cursor.Pruned() }

// Progress is as Cursor.Progress.
func (m *Messages) Progress() float64 { return m.cursor.Progress() }

// Err returns the error that ended the walk, if any.
func (m *Messages) Err() error { return m.err }

// Close ends the walk.
func (m *Messages) Close() error { return m.cursor.Close() }

// payload reads the whole payload of a record that came with its beginning only.
func (r *Reader) payload(ctx context.Context, rec *frame.Record) ([]byte, error) {
	from, err := r.Payload(ctx, rec.Global)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	p := make([]byte, rec.Stored)
	if _, err := io.ReadFull(from, p); err != nil {
		return nil, fmt.Errorf("read the payload of frame %d: %w", rec.Global, err)
	}
	return p, nil
}
