package rules

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Conn applies a set to one connection. Its methods may be called from any
// goroutine.
type Conn struct {
	connection *frame.Connection
	opened     time.Time
	sides      [2][]*use // rules that look at messages of a side, in order
	timers     []*use    // rules that wait for a time
	throttles  []*use
	dice       [2]dice
	// hushed is set for a direction that has gone silent, told when the tap was
	// told so.
	hushed, told [2]atomic.Bool
}

// use is a rule on one connection.
type use struct {
	*rule
	progress *progress // nil when the rule does not need to remember anything
}

// dice makes what happens at random in one direction of a connection.
type dice struct {
	mu     sync.Mutex
	source *rand.Rand
}

// roll returns a number below n.
func (d *dice) roll(n int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.source.Int64N(n)
}

// Open returns what the rules do on a connection that was opened, or nil when none
// that is on now can ever act on it. c is kept and must not be changed meanwhile.
// After a Switch, Open is to be asked again for every connection under way; what
// the rules have counted on it goes on as long as its Conn before is still in
// use.
func (s *Set) Open(c *frame.Connection) *Conn {
	conn := &Conn{connection: c, opened: c.Start}
	if conn.opened.IsZero() {
		conn.opened = time.Now()
	}
	for side := range conn.dice {
		conn.dice[side].source = rand.New(rand.NewPCG(s.seed, c.ID<<1|uint64(side)))
	}
	active := false
	for _, r := range s.rules {
		active = conn.add(r) || active
	}
	if !active {
		return nil
	}
	return conn
}

// add has a rule act on the connection, and reports whether it may as things
// stand.
func (c *Conn) add(r *rule) bool {
	switch a := r.action.(type) {
	case *throttle:
		return c.addThrottle(r)
	case verb:
		if r.messages != nil {
			if conns := r.messages.Need().Conns; conns != nil && !slices.Contains(conns, c.connection.ID) {
				return false
			}
		}
		u := &use{rule: r}
		looks, hushed := true, false
		if e, ok := a.(*ending); ok {
			u.progress = r.state.progress.open(c.connection.ID)
			hushed = c.resume(u, e)
			looks = e.looks(r)
			if e.after.span > 0 {
				c.timers = append(c.timers, u)
			}
		}
		active := false
		for side := range c.sides {
			from := frame.Side(side)
			if !r.sees(from) {
				continue
			}
			if looks {
				c.sides[side] = append(c.sides[side], u)
			}
			active = active || !u.finished(from)
		}
		return hushed || active && r.ready()
	}
	return false
}

// Wants reports whether messages of that side are to be given to Apply. When a
// rule has done all it was to do, or was switched, the answer may change.
func (c *Conn) Wants(from frame.Side) bool {
	for _, u := range c.sides[from] {
		if u.ready() && !u.finished(from) {
			return true
		}
	}
	return c.hushed[from].Load()
}

// finished reports whether the rule has done all it does with messages of a side
// of the connection.
func (u *use) finished(from frame.Side) bool {
	return u.progress != nil && u.progress.done[from].Load()
}

// Apply returns what is to be done with m, which side m.From sent, and counts hits.
// It is called once for every data message of a side while Wants says so, in the
// order they came. It does not change or keep m's payload; what it returns may
// refer to it.
func (c *Conn) Apply(m *frame.Message, now time.Time) Outcome {
	if !m.Type.Data() || m.From > frame.Server {
		return Outcome{}
	}
	if c.hushed[m.From].Load() {
		c.told[m.From].Store(true)
		return Outcome{Silence: true}
	}
	w := walk{conn: c, now: now, m: *m}
	for _, u := range c.sides[m.From] {
		if !u.ready() || u.messages != nil && !u.messages.Match(&w.m, c.connection) {
			continue
		}
		w.use = u
		u.action.(verb).act(&w)
		if w.over {
			break
		}
	}
	return w.out
}
