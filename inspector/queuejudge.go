package inspector

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// judge hands verdicts over, one after another in the order they were given.
type judge struct {
	x      *holding
	worker *worker

	mu      sync.Mutex
	waiting []sentence // those not begun yet
	active  bool
}

// sentence is one verdict on one or several messages.
type sentence struct {
	of       []Held
	verdicts []Verdict
}

// decide gives a verdict on each of some held messages, which leave the queue at
// once.
func (x *holding) decide(of []Held, verdict func(*Held) Verdict) {
	if len(of) == 0 {
		return
	}
	s := sentence{of: of}
	for i := range of {
		s.verdicts = append(s.verdicts, verdict(&of[i]))
		x.decided[of[i].ID] = struct{}{}
	}
	x.set(slices.Clone(x.held))
	j := &x.judge
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting = append(j.waiting, s)
	if !j.active {
		j.active = true
		j.worker.do(0, j.run)
	}
}

// run hands over what waits.
func (j *judge) run(ctx context.Context) {
	for {
		j.mu.Lock()
		if len(j.waiting) == 0 {
			j.active = false
			j.mu.Unlock()
			return
		}
		s := j.waiting[0]
		j.waiting = j.waiting[1:]
		j.mu.Unlock()
		errs := make([]error, len(s.of))
		for i := range s.of {
			errs[i] = j.x.r.i.o.Actions.Decide(ctx, s.of[i].ID, s.verdicts[i])
		}
		j.x.r.i.post(func() { j.x.told(s, errs) })
	}
}

// told takes over what became of verdicts.
func (x *holding) told(s sentence, errs []error) {
	var failed error
	failures := 0
	for i := range s.of {
		id := s.of[i].ID
		delete(x.decided, id)
		if errs[i] != nil {
			failed = errs[i]
			failures++
			x.keep(&s.of[i], decode.Visible(errs[i].Error()))
			continue
		}
		x.forget(id)
	}
	x.taken = x.asked.Load() // older answers know nothing of these verdicts
	switch n := len(s.of); {
	case failed != nil && n == 1:
		x.r.tell(draw.Bad, heldName(&s.of[0])+": "+decode.Visible(failed.Error()))
	case failed != nil:
		x.r.tell(draw.Bad, fmt.Sprintf("%d of %d messages: %s", failures, n, decode.Visible(failed.Error())))
	case n == 1:
		x.r.tell(draw.Good, heldName(&s.of[0])+" was "+verdictWord(s.verdicts[0].Action))
	default:
		x.r.tell(draw.Good, draw.Counted(uint64(n), "message")+" "+verdictWord(s.verdicts[0].Action))
	}
}

// verdictWord says what a verdict did.
func verdictWord(a Action) string {
	switch a {
	case Drop:
		return "dropped"
	case Replace:
		return "sent on as edited"
	}
	return "sent on"
}
