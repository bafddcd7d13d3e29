package proxy

import (
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy/rules"
)

// interventions are what the user wants done with traffic.
type interventions struct {
	lock      sync.Mutex
	queues    []*Queue // replaced, never changed; in the order they were opened
	rules     *rules.Set
	lastQueue uint64
	lastHeld  uint64
}

// orders are the interventions that concern one direction of a connection.
type orders struct {
	queues []*Queue
	rules  *rules.Conn // nil when there are none
}

// any reports whether the direction's messages are to be looked at.
func (o *orders) any(from frame.Side) bool {
	return o != nil && (len(o.queues) > 0 || o.rules != nil && (o.rules.Wants(from) || o.rules.Rate(from) > 0))
}

// SetRules puts a set of rules in force, in place of the one before, for all
// connections under way and to come, as Hold does. Nil means none. The same set
// again has its switches looked at.
func (p *Proxy) SetRules(s *rules.Set) {
	p.interventions.lock.Lock()
	p.interventions.rules = s
	p.interventions.lock.Unlock()
	p.rearm()
	p.settle()
}

// Rules returns the set in force, or nil.
func (p *Proxy) Rules() *rules.Set {
	p.interventions.lock.Lock()
	defer p.interventions.lock.Unlock()
	return p.interventions.rules
}

// rearm gives every connection its orders.
func (p *Proxy) rearm() {
	p.sessions.each(func(s *session) { s.rearm() })
}

// rearm gives the session its orders.
func (s *session) rearm() {
	if s.tape == nil {
		return
	}
	i := &s.proxy.interventions
	// Of two that come at once the later one must have the last word.
	s.arming.Lock()
	defer s.arming.Unlock()
	i.lock.Lock()
	queues, set := i.queues, i.rules
	i.lock.Unlock()
	var conn *rules.Conn
	if set != nil {
		conn = set.Open(s.conn)
	}
	for side := range s.pumps {
		from := frame.Side(side)
		o := &orders{rules: conn}
		for _, q := range queues {
			if q.concerns(s.id, from) {
				o.queues = append(o.queues, q)
			}
		}
		if len(o.queues) == 0 && o.rules == nil {
			o = nil
		}
		s.lock.Lock()
		before := s.orders[side]
		s.orders[side] = o
		s.lock.Unlock()
		if before != nil || o != nil {
			s.pumps[side].poke()
		}
	}
}

// concerns reports whether the queue could hold messages of that direction.
func (q *Queue) concerns(conn uint64, from frame.Side) bool {
	if q.hold.Filter == nil {
		return true
	}
	n := q.hold.Filter.Need()
	if n.Sides&(1<<from) == 0 {
		return false
	}
	if n.Conns == nil {
		return true
	}
	for _, id := range n.Conns {
		if id == conn {
			return true
		}
	}
	return false
}

// settle waits until every direction that has orders stands where they can be
// followed, or for settleTime.
func (p *Proxy) settle() {
	deadline := time.Now().Add(settleTime)
	var waiting []*pump
	p.sessions.each(func(s *session) {
		for side := range s.pumps {
			waiting = append(waiting, &s.pumps[side])
		}
	})
	for _, pump := range waiting {
		for !pump.settled() && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
	}
}

// settled reports whether the pump follows its orders, or has none.
func (p *pump) settled() bool {
	s := p.session
	s.lock.Lock()
	o := s.orders[p.from]
	over := s.ended > 0 || s.gone
	s.lock.Unlock()
	return over || !o.any(p.from) || p.following.Load() == o
}
