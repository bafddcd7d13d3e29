package rules

import (
	"fmt"
	"slices"
)

// Set is a set of rules. Any number of goroutines may use it at once, but for
// Inherit.
type Set struct {
	name, text string
	seed       uint64
	rules      []*rule
}

// Name returns the name the set was parsed with.
func (s *Set) Name() string { return s.name }

// Text returns the YAML text the set was made of. It does not tell what was
// switched since.
func (s *Set) Text() string { return s.text }

// Status is one rule as it stands.
type Status struct {
	Name string
	// When is the text of the filter, "" when there is none.
	When string
	// From is "client", "server", "both", or "handshake" for rules that are
	// about handshakes.
	From string
	// Does says in words what the rule does.
	Does string
	// Line is the line of the text the rule begins in.
	Line int
	On   bool
	// Hits is how often the rule acted, Most how often it may, 0 for no limit.
	Hits, Most uint64
	// Failed is how often it should have acted and could not; Failure says why it
	// was the last time.
	Failed  uint64
	Failure string
}

// Rules returns how the rules stand, in the order of the text.
func (s *Set) Rules() []Status {
	out := make([]Status, len(s.rules))
	for i, r := range s.rules {
		out[i] = r.status()
	}
	return out
}

func (r *rule) status() Status {
	out := Status{
		Name: r.name, When: r.when, Does: r.action.does(), Line: r.line, On: !r.state.off.Load(),
		Hits: r.state.hits.Load(), Most: r.most, Failed: r.state.failed.Load(),
	}
	switch {
	case r.action.of() == handshakes:
		out.From = "handshake"
	case r.sees(0) && r.sees(1):
		out.From = "both"
	case r.sees(0):
		out.From = "client"
	default:
		out.From = "server"
	}
	if why := r.state.why.Load(); why != nil {
		out.Failure = *why
	}
	if gaveUp := r.gaveUp(); gaveUp > 0 {
		out.Failed += gaveUp
		out.Failure = "the filter took too long"
	}
	return out
}

// gaveUp returns how often the filter took too long.
func (r *rule) gaveUp() uint64 {
	switch {
	case r.messages != nil:
		return r.messages.GaveUp()
	case r.connections != nil:
		return r.connections.GaveUp()
	}
	return 0
}

// Switch switches the rule of a name on or off. Connections under way learn of it
// when Open is asked for them again; until then a rule that is off does nothing
// any more, and one that is on may not yet act.
func (s *Set) Switch(name string, on bool) error {
	i := slices.IndexFunc(s.rules, func(r *rule) bool { return r.name == name })
	if i < 0 {
		names := make([]string, len(s.rules))
		for i, r := range s.rules {
			names[i] = r.name
		}
		if like := nearest(name, names); like != "" {
			return fmt.Errorf("no rule is named %q, but one is named %q", name, like)
		}
		return fmt.Errorf("no rule is named %q", name)
	}
	s.rules[i].state.off.Store(!on)
	return nil
}

// Inherit has the rules that old has in the same words go on where those stand:
// their hits count on, and what was switched stays so. It must be called before
// the set is used otherwise; old may be nil, and in use.
func (s *Set) Inherit(old *Set) {
	if old == nil {
		return
	}
	states := make(map[string][]*state)
	for _, r := range old.rules {
		states[r.text] = append(states[r.text], r.state)
	}
	for _, r := range s.rules {
		if known := states[r.text]; len(known) > 0 {
			r.state, states[r.text] = known[0], known[1:]
		}
	}
}
