package store

import (
	"cmp"
	"errors"
	"slices"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// conversation is a connection in the middle of a walk.
type conversation struct {
	frame.Connection
	// from is the seq of the first record that was taken into account. Blind are
	// the sides of which it is not known whether a message was under way there.
	from  uint64
	blind [2]bool
	seen  uint64 // seq of the last record gone past
	last  uint64 // seq of its last record, 0 while there may be more
	// pushed is the seq of the last record pushed, number its place in the walk,
	// and parts how many messages came out with it.
	pushed, number uint64
	parts          int
	// assembler is nil as long as only records were passed over that are whole
	// messages.
	assembler *frame.Assembler
	takeover  bool // it has context takeover

	marked  uint64 // seq of the last bookmark come by
	cost    int    // of what was pushed since
	step    int    // cost at which the next bookmark is due
	tainted bool   // no bookmark must be made of the assembler any more
}

// conversation returns the connection of r, ready for r to be pushed.
func (m *Messages) conversation(r *frame.Record) (*conversation, error) {
	c := m.conversations[r.Conn]
	if c == nil {
		var err error
		if c, err = m.meet(r.Conn, r.Seq); err != nil {
			return nil, err
		}
	}
	switch {
	case c.assembler != nil:
		return c, m.hindsight(c, r)
	case c.from > 1:
		return c, m.prime(c, r)
	}
	if c.State == "" {
		if err := m.settle(r.Conn, c); err != nil {
			return nil, err
		}
	}
	m.begin(c, r.Seq-1)
	c.from = 1
	return c, nil
}

// meet begins with a connection at the record with the given seq.
func (m *Messages) meet(id, seq uint64) (*conversation, error) {
	c := &conversation{from: seq, blind: [2]bool{seq > 1, seq > 1}}
	m.conversations[id] = c
	m.sweep()
	return c, m.settle(id, c)
}

// assembler returns a new assembler for c.
func (m *Messages) assembler(c *conversation) *frame.Assembler {
	a := &frame.Assembler{Extensions: frame.ParseExtensions(c.Extensions), Limit: m.limit()}
	if m.query.Filter != nil {
		a.Limit = maxMessage
	}
	a.Done = m.ctx.Done()
	a.Load = func(r *frame.Record) ([]byte, error) {
		p, err := m.r.payload(m.ctx, r)
		c.tainted = c.tainted || err != nil
		return p, err
	}
	return a
}

// begin gives c an assembler that stands behind the record with the given seq
// and knows nothing of what was before.
func (m *Messages) begin(c *conversation, seq uint64) {
	c.assembler = m.assembler(c)
	c.assembler.Pass(seq)
	c.seen, c.from = seq, seq+1
	c.marked, c.cost, c.tainted = 0, 0, false
}

// prime pushes what comes before r on its connection as far as r and what
// follows may depend on it.
func (m *Messages) prime(c *conversation, r *frame.Record) error {
	c.blind = [2]bool{}
	from := uint64(1)
	resumed, err := false, error(nil)
	if c.takeover {
		resumed, err = m.resume(c, r)
	} else {
		from, err = m.begun(c, r)
	}
	switch {
	case err != nil:
		return err
	case resumed:
		_, err = m.push(c, r)
	default:
		err = m.primeFrom(c, r, from)
	}
	if err != nil {
		return err
	}
	return m.hindsight(c, r)
}

// primeFrom pushes the records of c from the given one on that are before r, and
// if need be some before those.
func (m *Messages) primeFrom(c *conversation, r *frame.Record, from uint64) (err error) {
	for from > 0 && err == nil {
		m.begin(c, from-1)
		from, err = m.push(c, r)
	}
	return err
}

// push pushes the records of c that come next and are before r. It returns where
// it has to begin instead, or 0.
func (m *Messages) push(c *conversation, r *frame.Record) (earlier uint64, err error) {
	before := m.r.scan(m.ctx, r.Conn, c.seen+1, r.Seq)
	defer before.Close()
	m.toPrime.Add(before.end - before.first)
	base := m.primed.Load()
	defer func() { m.primed.Store(base + before.end - before.first) }()
	for before.Next() {
		p := before.Record()
		if p.Seq%256 == 0 {
			m.primed.Store(base + p.Seq - before.first)
		}
		if earlier, err = m.earlier(c, p); earlier > 0 || err != nil {
			return earlier, err
		}
		done := c.assembler.Push(p)
		if m.broken(done) {
			return 0, m.err
		}
		c.seen = p.Seq
		m.took(c, p, done)
	}
	return 0, before.Err()
}

// hindsight primes c anew when r shows that a message was under way before
// anything that was taken into account.
func (m *Messages) hindsight(c *conversation, r *frame.Record) error {
	for c.blind != [2]bool{} || c.within(r) {
		from, err := m.earlier(c, r)
		if err != nil || from == 0 {
			return err
		}
		if err := m.primeFrom(c, r, from); err != nil {
			return err
		}
	}
	return nil
}

// within reports whether r belongs to something inserted that began before
// anything that was taken into account. Nothing else tells of that.
func (c *conversation) within(r *frame.Record) bool {
	return !r.Origin.Own() && r.Message < c.from
}

// earlier returns where the messages began, before anything that was taken into
// account, that come out with r or to which it belongs; 0 when there are none.
func (m *Messages) earlier(c *conversation, r *frame.Record) (from uint64, err error) {
	gap, end := r.Seq > c.seen+1, r.Seq == c.last
	if c.within(r) {
		from = r.Message
	}
	for i, blind := range c.blind {
		side := frame.Side(i)
		mine := r.From == side && r.Origin.Own() && (r.Opaque || !r.Header.Opcode.Control())
		if !blind || !mine && !gap && !(end && c.unfinished(side)) {
			continue
		}
		c.blind[side] = false
		first := uint64(0)
		switch {
		case mine && r.Message < r.Seq:
			first = r.Message
		case gap || !mine || r.Opaque || r.Violation != frame.Legal:
			if first, err = m.underWay(c, side); err != nil {
				return 0, err
			}
		}
		if first > 0 && first < c.from && (from == 0 || first < from) {
			from = first
		}
	}
	return from, nil
}

// unfinished reports whether a side may have left a message unfinished, of a
// connection that has ended.
func (c *conversation) unfinished(side frame.Side) bool {
	return c.blind[side] && c.Frames[side] != c.Messages[side]
}

// underWay returns the seq of the first frame of the message of its own that a side
// was in the middle of before anything of c that was taken into account, 0 for none.
func (m *Messages) underWay(c *conversation, side frame.Side) (first uint64, err error) {
	const most = 64 << 10
	s := &sieve{need: filter.Everything}
	s.need.Sides, s.need.Opcodes, s.need.Origins = 1<<side, 1<<frame.Close-1, ownOrigins
	for end, size := c.from, uint64(1<<10); end > 1; size = min(2*size, most) {
		start, found := max(end, size+1)-size, false
		cursor := m.r.scan(m.ctx, c.ID, start, end)
		cursor.sieve = s
		for cursor.Next() {
			r := cursor.Record()
			if r.From != side || !r.Origin.Own() || !r.Opaque && r.Header.Opcode.Control() {
				continue
			}
			if found, first = true, 0; !r.Opaque && !r.Header.Fin {
				first = r.Message
			}
		}
		err := cursor.Err()
		cursor.Close()
		if found || err != nil {
			return first, err
		}
		end = start
	}
	return 0, nil
}

// begun returns the seq of the first record that belongs to a message which is
// not complete before r, and sets the sides that have sent none of the records
// just before.
func (m *Messages) begun(c *conversation, r *frame.Record) (uint64, error) {
	// Among many busy connections each record is in a block of its own, so that a
	// longer look back would unpack many for every connection that is met. Those
	// that stay blind are looked at again when it matters.
	const back = 4
	from := max(r.Seq, back+1) - back
	page, err := m.r.Page(m.ctx, r.Conn, from, int(r.Seq-from))
	if err != nil {
		return 0, err
	}
	first := r.Seq
	var known [2]bool
	for _, p := range slices.Backward(page) {
		if p.Seq >= r.Seq || p.Opaque || p.Header.Opcode.Control() || known[p.From] || !p.Origin.Own() {
			continue
		}
		known[p.From] = true
		if !p.Header.Fin {
			first = min(first, p.Message)
		}
	}
	for side := range known {
		c.blind[side] = !known[side] && from > 1
	}
	return first, nil
}

// pass goes past the records of b: they are whole messages of which none is
// wanted. It reports false when they have to be pushed all the same, because
// messages of others come out with them.
func (m *Messages) pass(b *block) bool {
	for _, p := range b.places {
		if p.conn == hiddenConn || m.query.Conn != 0 && m.query.Conn != p.conn {
			continue
		}
		c := m.conversations[p.conn]
		if c == nil && p.first > 1 {
			if c, m.err = m.meet(p.conn, p.first); m.err != nil {
				return false
			}
		}
		if c != nil && c.needs(p) {
			return false
		}
	}
	for _, p := range b.places {
		if p.conn == hiddenConn || m.query.Conn != 0 && m.query.Conn != p.conn {
			continue
		}
		c := m.conversations[p.conn]
		if c == nil {
			c = &conversation{from: 1}
			m.conversations[p.conn] = c
		}
		if c.assembler == nil && c.seen > 0 && p.first > c.seen+1 {
			c.from = p.first
		}
		if c.seen = p.first + p.count - 1; c.assembler != nil {
			c.assembler.Pass(c.seen)
		}
		if c.seen == c.last {
			delete(m.conversations, p.conn)
		}
	}
	return true
}

// needs reports whether the records at p have to be pushed, because c has been in
// the middle of a message where they begin or end.
func (c *conversation) needs(p place) bool {
	ends := c.last > 0 && p.first+p.count > c.last
	if c.assembler == nil {
		return ends && (c.unfinished(frame.Client) || c.unfinished(frame.Server))
	}
	return p.first > c.seen+1 ||
		ends && (c.assembler.Midway() || c.unfinished(frame.Client) || c.unfinished(frame.Server))
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
			if m.number, m.ahead, m.err = m.lastOf(c); m.err != nil {
				return false
			}
			delete(m.conversations, id)
			m.current, m.done = c, c.assembler.Flush()
			return true
		}
	}
	return false
}

// lastOf returns the place in the walk of the last record of c, and how many
// messages came out with it.
func (m *Messages) lastOf(c *conversation) (number uint64, parts int, err error) {
	switch {
	case c.pushed == c.seen:
		return c.number, c.parts, nil
	case m.query.Conn != 0:
		return c.seen, 1, nil
	}
	page, err := m.r.Page(m.ctx, c.ID, c.seen, 1)
	if err != nil || len(page) == 0 || page[0].Seq != c.seen {
		// It was deleted meanwhile.
		if errors.Is(err, ErrNoConnection) {
			err = nil
		}
		return c.number, c.parts, err
	}
	return page[0].Global, 1, nil
}

// settle looks up a connection, and where it ends if it has ended.
func (m *Messages) settle(id uint64, c *conversation) error {
	now, err := m.r.Conn(m.ctx, id)
	if err == nil {
		c.Connection = now
		e := frame.ParseExtensions(c.Extensions)
		c.takeover = e.Deflate && e.NoContextTakeover != [2]bool{true, true}
		if now.State == frame.Open {
			return nil
		}
		c.last, err = m.r.Count(m.ctx, id)
	}
	if errors.Is(err, ErrNoConnection) {
		// It was deleted meanwhile.
		c.ID, c.last, err = id, c.seen, nil
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
