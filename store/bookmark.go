package store

import (
	"cmp"
	"hash/crc32"
	"slices"
	"sync"

	"github.com/wsluice/wsluice/frame"
)

const (
	// bookmarkLimit bounds what the bookmarks of a reader hold, in bytes.
	bookmarkLimit = 64 << 20
	// bookmarkStep is how far bookmarks are apart at first: what a walk has to
	// do from one to the next, in bytes, where a record counts as so many more.
	bookmarkStep = 256 << 10
	recordCost   = 256
	// bookmarkSize bounds one bookmark; in the middle of a larger message there
	// is none.
	bookmarkSize = 1 << 20
)

// bookmarks are states of assemblers in the middle of connections with context
// takeover, so that a walk which begins there need not inflate all that came
// before. The zero value is empty.
type bookmarks struct {
	mu      sync.Mutex
	shelves map[uint64]*shelf // by connection
	size    int
	uses    uint64
	limit   int // bookmarkLimit unless a test wants less
}

// shelf are the bookmarks of one connection.
type shelf struct {
	edition edition
	marks   []bookmark // by seq
	step    int
	size    int
	used    uint64 // when, counted in uses
}

// edition tells whether a connection still is what it was, besides what came
// since: nothing of it has been pruned, and it is not one of another capture.
type edition struct {
	start   int64
	missing uint64
}

func (c *conversation) edition() edition {
	return edition{c.Start.UnixNano(), c.Missing}
}

// bookmark is the state of an assembler behind a record.
type bookmark struct {
	seq       uint64
	print     print
	assembler *frame.Assembler
	size      int
}

// print tells whether a record is the one it was.
type print struct {
	global uint64
	time   int64
	sum    uint32
}

func printOf(r *frame.Record) print {
	return print{r.Global, r.Time.UnixNano(), crc32.Checksum(r.Payload, castagnoli)}
}

// before returns the last bookmark of c before a record that an assembler with
// the given limit can go on from, which is a clone for the caller, and false when
// there is none.
func (b *bookmarks) before(c *conversation, seq uint64, limit int) (bookmark, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.shelf(c)
	if s == nil {
		return bookmark{}, false
	}
	i, _ := slices.BinarySearchFunc(s.marks, seq, func(m bookmark, seq uint64) int { return cmp.Compare(m.seq, seq) })
	for _, m := range slices.Backward(s.marks[:i]) {
		if a, ok := m.assembler.Clone(limit); ok {
			m.assembler = a
			return m, true
		}
	}
	return bookmark{}, false
}

// shelf returns the bookmarks of c, nil when there are none.
func (b *bookmarks) shelf(c *conversation) *shelf {
	s := b.shelves[c.ID]
	if s != nil && s.edition != c.edition() {
		b.remove(c.ID)
		return nil
	}
	if s != nil {
		b.uses++
		s.used = b.uses
	}
	return s
}

// put keeps a bookmark of c behind r, unless there is one already behind the
// last that c has come by, and returns how far the next one should be away.
func (b *bookmarks) put(c *conversation, r *frame.Record) (step int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.shelf(c)
	if s == nil {
		if b.shelves == nil {
			b.shelves = make(map[uint64]*shelf)
		}
		b.uses++
		s = &shelf{edition: c.edition(), step: bookmarkStep, used: b.uses}
		b.shelves[c.ID] = s
	}
	i, there := slices.BinarySearchFunc(s.marks, r.Seq, func(m bookmark, seq uint64) int { return cmp.Compare(m.seq, seq) })
	if there || i > 0 && s.marks[i-1].seq > c.marked {
		return s.step
	}
	a, _ := c.assembler.Clone(c.assembler.Limit)
	a.Load, a.Done = nil, nil
	m := bookmark{seq: r.Seq, print: printOf(r), assembler: a, size: a.Held() + recordCost}
	s.marks = slices.Insert(s.marks, i, m)
	s.size += m.size
	for b.size += m.size; b.size > cmp.Or(b.limit, bookmarkLimit); {
		b.thin()
	}
	return s.step
}

// thin drops every other bookmark of the connection with the most, or if none has
// several, those of the connection that was not used for longest.
func (b *bookmarks) thin() {
	var most, oldest uint64
	for id, s := range b.shelves {
		if s.size > b.shelves[most].bytes() {
			most = id
		}
		if old := b.shelves[oldest]; old == nil || s.used < old.used {
			oldest = id
		}
	}
	s := b.shelves[most]
	if s == nil || len(s.marks) < 2 {
		b.remove(oldest)
		return
	}
	kept := s.marks[:0]
	b.size -= s.size
	s.size, s.step = 0, 2*s.step
	for i, m := range s.marks {
		if i%2 == 1 {
			kept = append(kept, m)
			s.size += m.size
		}
	}
	clear(s.marks[len(kept):])
	s.marks = kept
	b.size += s.size
}

// bytes returns the size of s, which may be nil.
func (s *shelf) bytes() int {
	if s == nil {
		return 0
	}
	return s.size
}

// remove drops the bookmarks of a connection.
func (b *bookmarks) remove(id uint64) {
	b.size -= b.shelves[id].bytes()
	delete(b.shelves, id)
}

// drop drops the bookmarks of a connection, since they are not of this capture.
func (b *bookmarks) drop(id uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(id)
}

// resume lets c go on from its last bookmark before r. It reports false when
// there is none.
func (m *Messages) resume(c *conversation, r *frame.Record) (bool, error) {
	m.begin(c, 0)
	for fresh := c.assembler; ; {
		b, ok := m.r.bookmarks.before(c, r.Seq, fresh.Limit)
		if !ok {
			return false, nil
		}
		page, err := m.r.Page(m.ctx, r.Conn, b.seq, 1)
		if err != nil {
			return false, err
		}
		if len(page) == 0 || page[0].Seq != b.seq || printOf(&page[0]) != b.print {
			m.r.bookmarks.drop(c.ID)
			continue
		}
		b.assembler.Load, b.assembler.Done = fresh.Load, fresh.Done
		c.assembler, c.seen, c.marked = b.assembler, b.seq, b.seq
		return true, nil
	}
}

// took counts what r and the messages that came out with it cost, and keeps a
// bookmark now and then.
func (m *Messages) took(c *conversation, r *frame.Record, done []frame.Message) {
	if !c.takeover || c.tainted {
		return
	}
	if r.Incomplete == frame.Cut && r.Origin.Own() && c.last == 0 {
		// It may just be arriving, so that others will see more of it.
		c.tainted = true
		return
	}
	c.cost += recordCost + len(r.Payload)
	for i := range done {
		if done[i].Error == "" {
			c.cost += int(min(done[i].Size, maxMessage))
		}
	}
	if c.cost < max(c.step, bookmarkStep) || c.assembler.Held() > bookmarkSize {
		return
	}
	c.step = m.r.bookmarks.put(c, r)
	c.cost, c.marked = 0, r.Seq
}
