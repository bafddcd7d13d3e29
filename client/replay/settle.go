package replay

import (
	"sort"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// candidate returns which of those that came is e, or -1.
func (j *judge) candidate(e *expectation) int {
	for _, near := range nearness {
		for i, a := range j.came[:min(j.window+lookahead, len(j.came))] {
			if near(&a.marks, &e.marks) {
				return i
			}
		}
	}
	return -1
}

// place returns what a is, by what it says, by its id or by its shape; nil if there
// is nothing like it.
func (j *judge) place(a *arrival) *expectation {
	near := j.expected[:min(j.window, len(j.expected))]
	for _, stands := range nearness {
		for _, e := range near {
			j.refresh(e)
			if stands(&e.marks, &a.marks) {
				return e
			}
		}
	}
	// When there is one message it can be, it is that.
	if len(near) > 0 && !near[0].deadline.IsZero() && (len(near) == 1 || near[1].deadline.IsZero()) &&
		len(j.came) == 0 && j.alike(near[0], a) {
		return near[0]
	}
	return nil
}

// maxChanges is in how many places two messages of one kind differ at most.
const maxChanges = 32

// alike reports whether a may be what e has become.
func (j *judge) alike(e *expectation, a *arrival) bool {
	if e.recorded.Type != a.message.Type {
		return false
	}
	d, same := j.rules.Same(&e.wanted, a.message)
	return same || len(d.Changes)+d.More <= maxChanges
}

// settle judges what can be at a time, and returns when there may be more to
// judge; zero if only what comes can change something. With over, nothing
// more comes.
func (j *judge) settle(now time.Time, over bool) (next time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	over = over || j.ended
	if len(j.came) > 0 && (over || now.Sub(j.last) >= settling) {
		j.pairAlike(over)
	}
	for len(j.expected) > 0 {
		e := j.expected[0]
		if !over && (e.deadline.IsZero() || now.Before(e.deadline)) {
			next = e.deadline // those behind it come later
			break
		}
		j.drop(e)
		j.report(&Result{Outcome: Missing, Recorded: e.recorded, Then: max(0, e.at-e.after.at)})
	}
	if over {
		for len(j.came) > 0 {
			a := j.came[0]
			j.remove(0)
			j.report(&Result{Outcome: Unexpected, Got: a.message})
		}
	} else if len(j.came) > 0 {
		if quiet := j.last.Add(settling); quiet.After(now) && (next.IsZero() || quiet.Before(next)) {
			next = quiet
		}
	}
	return next
}

// pairAlike pairs what is due with what came and is of its kind, in order.
func (j *judge) pairAlike(over bool) {
	for i := 0; i < len(j.expected) && i < j.window; {
		e := j.expected[i]
		if e.deadline.IsZero() && !over {
			return
		}
		at := -1
		for k, a := range j.came[:min(j.window, len(j.came))] {
			if j.alike(e, a) {
				at = k
				break
			}
		}
		if at < 0 {
			i++
			continue
		}
		a := j.came[at]
		j.remove(at)
		j.pair(e, a)
	}
}

// open returns how many expectations that are due are not judged.
func (j *judge) open() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return sort.Search(len(j.expected), func(i int) bool { return j.expected[i].number > j.due })
}

// awaits reports whether m has a word that looks like an id and stands in a message
// that is due and has not come.
func (j *judge) awaits(m *frame.Message) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.values.detect || m.Type != frame.Text || len(m.Payload) > maxText {
		return false
	}
	var own map[string]bool
	for _, e := range j.expected[:min(lookahead, len(j.expected))] {
		if e.number > j.due {
			break
		}
		if e.recorded.Type != frame.Text || len(e.recorded.Payload) > maxText {
			continue
		}
		if own == nil {
			own = make(map[string]bool)
			for next := words(m.Payload, alphabets[0]); ; {
				_, word, more := next()
				if !more {
					break
				}
				if identifies(word) {
					own[string(word)] = true
				}
			}
		}
		if len(own) == 0 {
			return false
		}
		for next := words(e.recorded.Payload, alphabets[0]); ; {
			_, word, more := next()
			if !more {
				break
			}
			if own[string(word)] {
				return true
			}
		}
	}
	return false
}
