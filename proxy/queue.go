package proxy

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// defaultHoldTime is what Hold.Limit of 0 stands for.
const defaultHoldTime = 30 * time.Second

// settleTime is how long Hold waits for connections to come to a place where
// their messages can be held.
const settleTime = time.Second

// The causes of a Fate.
const (
	byVerdict = "verdict"
	byTime    = "expired"
	byClosing = "queue closed"
	byEnd     = "connection ended"
)

// Queue holds the messages that a Hold selects.
type Queue struct {
	proxy *Proxy
	id    uint64
	hold  Hold

	// The fields below are guarded by the lock of proxy.interventions.
	held   []*held // not yet decided, oldest first
	gone   []Fate  // of messages Next has told of
	closed bool
	wake   chan struct{} // has one element when there is something to tell
}

// held is a message in a queue.
type held struct {
	Held
	queue *Queue
	pump  *pump

	// The fields below are guarded by the lock of proxy.interventions.
	told    bool // Next has told of it
	decided bool
	verdict Verdict
}

// Hold begins to hold messages on all connections under way and to come, in each
// direction from its next message boundary on. It returns when the connections
// under way have come there, or after a second. The caller must close the queue.
// Of several queues the one opened first gets a message.
func (p *Proxy) Hold(h Hold) (*Queue, error) {
	switch {
	case h.Limit < 0 || h.Limit > MaxHoldTime:
		return nil, fmt.Errorf("hold limit %v is not between 0 and %v", h.Limit, MaxHoldTime)
	case h.Limit == 0:
		h.Limit = defaultHoldTime
	}
	switch h.Expired {
	case "":
		h.Expired = Release
	case Release, Drop:
	default:
		return nil, fmt.Errorf("what falls after a hold's limit cannot be %q, only %q or %q", h.Expired, Release, Drop)
	}
	q := &Queue{proxy: p, hold: h, wake: make(chan struct{}, 1)}
	i := &p.interventions
	i.lock.Lock()
	i.lastQueue++
	q.id = i.lastQueue
	i.queues = append(slices.Clone(i.queues), q)
	i.lock.Unlock()
	p.rearm()
	p.settle()
	return q, nil
}

// ID numbers the queues of a proxy from 1.
func (q *Queue) ID() uint64 { return q.id }

// Next waits for the next thing that happens in the queue, and returns io.EOF
// after Close and ctx's error when that ends. Of a message that was held and is
// gone again before Next told of it nothing is told. It is for one goroutine.
func (q *Queue) Next(ctx context.Context) (HoldEvent, error) {
	for {
		event, closed := q.next()
		switch {
		case event != HoldEvent{}:
			return event, nil
		case closed:
			return event, io.EOF
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
			return event, ctx.Err()
		}
	}
}

func (q *Queue) next() (e HoldEvent, closed bool) {
	i := &q.proxy.interventions
	i.lock.Lock()
	defer i.lock.Unlock()
	if len(q.gone) > 0 {
		fate := q.gone[0]
		q.gone = q.gone[1:]
		return HoldEvent{Fate: &fate}, false
	}
	for _, h := range q.held {
		if !h.told {
			h.told = true
			return HoldEvent{Held: &h.Held}, false
		}
	}
	return HoldEvent{}, q.closed
}

// nudge tells Next that there is something to tell.
func (q *Queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Close ends the hold and releases everything it holds. It may be called more
// than once.
func (q *Queue) Close() {
	i := &q.proxy.interventions
	i.lock.Lock()
	closed := q.closed
	q.closed = true
	i.queues = slices.DeleteFunc(slices.Clone(i.queues), func(o *Queue) bool { return o == q })
	for len(q.held) > 0 {
		q.held[0].decide(Verdict{Action: Release}, byClosing)
	}
	q.nudge()
	i.lock.Unlock()
	if !closed {
		q.proxy.rearm()
	}
}

// offer has the queue hold m, which pump is about to send, and returns nil when
// it does not want to or cannot.
func (q *Queue) offer(m *frame.Message, c *frame.Connection, p *pump, now time.Time) *held {
	if f := q.hold.Filter; f != nil && !f.Match(m, c) {
		return nil
	}
	i := &q.proxy.interventions
	i.lock.Lock()
	defer i.lock.Unlock()
	if q.closed || len(q.held) >= MaxHeld {
		return nil
	}
	i.lastHeld++
	h := &held{queue: q, pump: p, Held: Held{
		ID: i.lastHeld, Queue: q.id, Message: *m, Since: now, Until: now.Add(q.hold.Limit), Expired: q.hold.Expired,
	}}
	h.Message.Payload = bytes.Clone(m.Payload)
	if q.hold.Filter != nil {
		h.Why = q.hold.Filter.String()
	}
	q.held = append(q.held, h)
	q.nudge()
	return h
}

// decide takes h out of its queue. The lock of interventions is held.
func (h *held) decide(v Verdict, cause string) {
	if h.decided {
		return
	}
	h.decided, h.verdict = true, v
	q := h.queue
	q.held = slices.DeleteFunc(q.held, func(o *held) bool { return o == h })
	if h.told {
		q.gone = append(q.gone, Fate{ID: h.ID, Action: v.Action, Cause: cause})
		q.nudge()
	}
	h.pump.poke()
}

// Held returns all messages that are held, by any queue, oldest first.
func (p *Proxy) Held() []Held {
	i := &p.interventions
	i.lock.Lock()
	defer i.lock.Unlock()
	var all []Held
	for _, q := range i.queues {
		for _, h := range q.held {
			all = append(all, h.Held)
		}
	}
	slices.SortFunc(all, func(a, b Held) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Decide gives a verdict on a held message. The error wraps ErrNotHeld when it is
// gone.
func (p *Proxy) Decide(id uint64, v Verdict) error {
	switch {
	case v.Action != Release && v.Action != Drop && v.Action != Edit:
		return fmt.Errorf("action %q is not %q, %q or %q", v.Action, Release, Drop, Edit)
	case v.Type != 0 && !v.Type.Data():
		return fmt.Errorf("a message of type %s cannot take the place of another", v.Type)
	case len(v.Payload) > MaxInjection:
		return fmt.Errorf("a payload of %d bytes is more than %d", len(v.Payload), MaxInjection)
	}
	i := &p.interventions
	i.lock.Lock()
	defer i.lock.Unlock()
	for _, q := range i.queues {
		for _, h := range q.held {
			if h.ID == id {
				h.decide(v, byVerdict)
				return nil
			}
		}
	}
	return fmt.Errorf("message %d: %w", id, ErrNotHeld)
}
