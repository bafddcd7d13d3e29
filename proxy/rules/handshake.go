package rules

import (
	"net/url"
	"slices"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// shaker is an action on handshakes.
type shaker interface {
	action
	// shake does what is to be done with the handshake of s.
	shake(s *shaking)
}

// shaking is the way of one handshake past the rules.
type shaking struct {
	rule *rule            // the one it is at
	c    frame.Connection // as those before have left its request
	out  Handshake
	over bool
}

// take counts a hit of the rule; without one it must not act.
func (s *shaking) take() bool {
	if !s.rule.take() {
		return false
	}
	s.out.Acted = append(s.out.Acted, s.rule.name)
	return true
}

// target returns a copy of the URL the server is asked for as things stand.
func (s *shaking) target() (*url.URL, error) {
	if s.out.Target != nil {
		u := *s.out.Target
		return &u, nil
	}
	return url.Parse(s.c.URL)
}

// Handshake returns what is to be done with a handshake, of which c holds what is
// known before the server is asked: URL, Client, Request and Start. It counts a
// hit for every rule that acts. Filters see the request as the rules before have
// left it, and the URL as the client asked for it. Any goroutine may call it.
func (s *Set) Handshake(c *frame.Connection) Handshake {
	way := shaking{c: *c}
	for _, r := range s.rules {
		a, ok := r.action.(shaker)
		if !ok || !r.ready() || r.connections != nil && !r.connections.Match(&way.c) {
			continue
		}
		way.rule = r
		if a.shake(&way); way.over {
			break
		}
	}
	return way.out
}

// apply makes the change to header fields, which stay as they are; the result is
// new.
func (c Change) apply(fields []frame.Field) []frame.Field {
	out := slices.DeleteFunc(slices.Clone(fields), func(f frame.Field) bool {
		same := func(name string) bool { return strings.EqualFold(name, f.Name) }
		return slices.ContainsFunc(c.Remove, same) || slices.ContainsFunc(c.Set, func(set frame.Field) bool { return same(set.Name) })
	})
	return append(out, c.Set...)
}
