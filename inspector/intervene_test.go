package inspector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// tap is a proxy that exists in memory only: it keeps what it was asked to do.
type tap struct {
	mu      sync.Mutex
	changed chan struct{}
	now     func() time.Time
	queues  uint64
	open    []uint64 // queues that are not closed
	orders  []HoldOrder
	held    []Held
	ids     uint64
	judged  []string // verdicts, in words
	sent    []frame.Draft
	killed  []string
	book    RuleBook
	err     error // of every call, when set
}

var errNotHeld = errors.New("message is not held")

func newTap() *tap { return &tap{changed: make(chan struct{}), now: time.Now} }

// tell wakes who waits; the lock is held.
func (p *tap) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// arrive has the first open queue hold messages.
func (p *tap) arrive(all ...frame.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range all {
		p.ids++
		now := p.now()
		h := Held{ID: p.ids, Message: m, Since: now, Until: now.Add(30 * time.Second), Queue: 99}
		h.Message.Size = uint64(len(m.Payload))
		if len(p.open) > 0 {
			o := p.orders[p.open[0]-1]
			h.Queue, h.Why, h.Drop = p.open[0], o.Filter, o.Drop
			if o.Limit > 0 {
				h.Until = now.Add(o.Limit)
			}
		}
		p.held = append(p.held, h)
	}
	p.tell()
}

// lose has messages held no more.
func (p *tap) lose(gone func(Held) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = slices.DeleteFunc(p.held, gone)
	p.tell()
}

func (p *tap) verdicts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.judged)
}

func (p *tap) Send(_ context.Context, conn uint64, d frame.Draft) (Sent, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return Sent{}, p.err
	}
	p.sent = append(p.sent, d)
	return Sent{Time: epoch, Waited: 300 * time.Microsecond}, nil
}

func (p *tap) Kill(_ context.Context, conn uint64, e Ending) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = append(p.killed, fmt.Sprintf("%d reset=%t %d %q", conn, e.Reset, uint16(e.Code), e.Reason))
	return p.err
}

func (p *tap) Hold(_ context.Context, o HoldOrder) (HoldStream, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	p.queues++
	p.orders = append(p.orders, o)
	p.open = append(p.open, p.queues)
	return &tapStream{p, p.queues, p.changed}, nil
}

type tapStream struct {
	p    *tap
	id   uint64
	seen chan struct{}
}

func (s *tapStream) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.seen:
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.seen = s.p.changed
	return s.p.err
}

func (s *tapStream) Close() error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.open = slices.DeleteFunc(s.p.open, func(id uint64) bool { return id == s.id })
	s.p.held = slices.DeleteFunc(s.p.held, func(h Held) bool { return h.Queue == s.id })
	s.p.tell()
	return nil
}

func (p *tap) Held(context.Context) ([]Held, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.held), p.err
}

func (p *tap) Decide(_ context.Context, id uint64, v Verdict) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	n := slices.IndexFunc(p.held, func(h Held) bool { return h.ID == id })
	if n < 0 {
		return fmt.Errorf("decide about message %d: %w", id, errNotHeld)
	}
	word := fmt.Sprintf("%d %s", id, v.Action)
	if v.Action == Replace {
		word += fmt.Sprintf(" %q", v.Payload)
	}
	p.judged = append(p.judged, word)
	p.held = slices.Delete(p.held, n, n+1)
	p.tell()
	return nil
}

func (p *tap) Rules(context.Context) (RuleBook, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	book := p.book
	book.Rules = slices.Clone(book.Rules)
	return book, p.err
}

// SetRules knows no YAML: a text with "wrong" in it is wrong, and every line that
// begins with "- name:" makes a rule.
func (p *tap) SetRules(_ context.Context, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if line, _, found := strings.Cut(text, "wrong"); found {
		return fmt.Errorf("rules.yaml:%d:3: wrong is no action", 1+strings.Count(line, "\n"))
	}
	p.book.Text, p.book.Error, p.book.Rules = text, "", nil
	for n, line := range strings.Split(text, "\n") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "- name: "); ok {
			p.book.Rules = append(p.book.Rules, Rule{Name: name, Line: n + 1, On: true, Does: "drop"})
		}
	}
	return p.err
}

func (p *tap) SwitchRule(_ context.Context, name string, on bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.book.Rules {
		if p.book.Rules[i].Name == name {
			p.book.Rules[i].On = on
			return p.err
		}
	}
	return fmt.Errorf("there is no rule %q", name)
}
