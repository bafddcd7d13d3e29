package store

import (
	"slices"

	"github.com/wsluice/wsluice/filter"
)

// sieve holds back blocks in which nothing can match a filter, without a look
// at their records.
type sieve struct {
	need filter.Need
	// messages is set when records are only looked at to make messages of them.
	// Then a block with a part of a message in it must always pass: it belongs
	// to one that ends elsewhere.
	messages bool
}

// closed reports whether the header of b shows that nothing in it can match.
func (s *sieve) closed(b *block) bool {
	if s.messages && b.flags&flagPlain == 0 {
		return false
	}
	n := &s.need
	return b.sides&n.Sides == 0 || b.origins&n.Origins == 0 ||
		b.flags&flagOpaque == 0 && b.opcodes&n.Opcodes == 0 ||
		!n.After.IsZero() && instant(b.maxTime).Before(n.After) ||
		!n.Before.IsZero() && instant(b.minTime).After(n.Before) ||
		n.Conns != nil && !slices.ContainsFunc(b.places, func(p place) bool { return slices.Contains(n.Conns, p.conn) })
}

// holds reports whether b is to be held back.
func (s *sieve) holds(b *block) bool {
	return b.unread || b.flags&flagPlain != 0 && !s.need.Payload(b.body)
}
