package store

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

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
	// Opcodes has a bit, 1<<op, for every opcode that is wanted, a message's being
	// its first frame's; 0 stands for all. Bytes that were no frame count as
	// opcode 0.
	Opcodes uint16
	// Limit is how many bytes of a payload are wanted, 0 for 256 MiB. The filter
	// sees the payload whole, up to 256 MiB.
	Limit int
}

// sieve returns what holds back blocks without anything q wants, nil when q
// wants everything.
func (q *Query) sieve() *sieve {
	if q.Filter == nil && q.Side == nil && q.Opcodes == 0 {
		return nil
	}
	need := filter.Everything
	if q.Filter != nil {
		need = q.Filter.Need()
	}
	if q.Side != nil {
		need.Sides &= 1 << *q.Side
	}
	if q.Opcodes != 0 {
		need.Opcodes &= q.Opcodes
	}
	return &sieve{need: need, messages: true}
}

// sent reports whether from is who must have sent a message.
func (q *Query) sent(from frame.Side) bool { return q.Side == nil || *q.Side == from }

// typed reports whether messages of type t are wanted.
func (q *Query) typed(t frame.Opcode) bool {
	if t == frame.Opaque {
		t = frame.Continuation
	}
	return q.Opcodes == 0 || q.Opcodes&(1<<t) != 0
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
	number  uint64          // of the record they came out with
	ahead   int             // which of those that came out with it done begins with
	message frame.Message
	part    int
	err     error

	// primed is how many records were gone through, of toPrime, because of what
	// depends on them, for Progress.
	primed, toPrime atomic.Uint64
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
	if m.cursor.sieve = q.sieve(); m.cursor.sieve != nil {
		m.cursor.pass = m.pass
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
			m.part, m.ahead = m.ahead, m.ahead+1
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
	if !q.sent(m.message.From) || !q.typed(m.message.Type) ||
		q.Filter != nil && !q.Filter.Match(&m.message, &m.current.Connection) {
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
	if m.err != nil {
		return false
	}
	r := m.cursor.Record()
	c, err := m.conversation(r)
	if err != nil {
		m.err = err
		return false
	}
	if m.current, m.done = c, c.assembler.Push(r); m.broken(m.done) {
		return false
	}
	m.took(c, r, m.done)
	m.number, m.ahead = m.cursor.number(r), 0
	c.seen, c.pushed, c.number, c.parts = r.Seq, r.Seq, m.number, len(m.done)
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

// broken reports whether the walk has ended while the messages were made, and
// sets m.err.
func (m *Messages) broken(done []frame.Message) bool {
	for i := range done {
		if done[i].Error != "" && m.err == nil {
			m.err = m.ctx.Err()
		}
	}
	return m.err != nil
}

func (m *Messages) limit() int {
	if m.query.Limit > 0 {
		return m.query.Limit
	}
	return maxMessage
}

// Message returns the message Next moved to. It and its payload are valid until
// the next call of Next, and stay so when the walk is closed.
func (m *Messages) Message() *frame.Message { return &m.message }

// Connection returns the connection of that message as it was when it was first
// met.
func (m *Messages) Connection() *frame.Connection { return &m.current.Connection }

// Position returns where that message is: the number of the record it came out
// with, in the connection or with Query.Conn 0 in the capture, and which of the
// messages that came out with it, from 0. What a connection leaves unfinished
// comes out with its last record.
//
// Positions ascend strictly, and do not depend on what else was asked for: a walk
// that starts at a number has all messages from that number on. One exception:
// what a connection leaves unfinished that was still open when the walk met it
// comes late, with the position that it has for walks that begin later.
func (m *Messages) Position() (number uint64, part int) { return m.number, m.part }

// Pruned is as Cursor.Pruned.
func (m *Messages) Pruned() uint64 { return m.cursor.Pruned() }

// Progress returns how far the walk has come, from 0 to 1: with what it has to
// look at before its start, so that it steps back where there is more of that. It
// may be called from any goroutine.
func (m *Messages) Progress() float64 {
	to := float64(m.toPrime.Load())
	if to == 0 {
		return m.cursor.Progress()
	}
	whole := float64(m.cursor.whole.Load())
	return min(1, (float64(m.primed.Load())+m.cursor.Progress()*whole)/(to+whole))
}

// Until lets the walk go up to the record with the given number and no further:
// Next returns false in front of it as at the end, and goes on when it is called
// after Until with a higher number. With 0 there is no such bound.
func (m *Messages) Until(number uint64) { m.cursor.end = number }

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
