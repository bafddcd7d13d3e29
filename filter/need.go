package filter

import (
	"slices"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Need is a condition that everything a filter matches meets, and that is cheap
// to check on many messages together.
type Need struct {
	// Sides has a bit, 1<<s, for every frame.Side s that can match.
	Sides uint8
	// Opcodes has a bit for every opcode from 0 to 15 that can match, a
	// message's being its first frame's. Bytes that were no frame count as
	// opcode 0, which their Header has.
	Opcodes uint16
	// Origins has a bit for every frame.Origin that can match; those from 7 up
	// share the bit 1<<7.
	Origins uint8
	// After and Before enclose the times that can match, themselves included; the
	// zero time is no limit.
	After, Before time.Time
	// Conns are the connections that can match, nil for any.
	Conns []uint64

	literals []clause
}

// Everything is the Need that everything meets.
var Everything = Need{Sides: 1<<2 - 1, Opcodes: 1<<16 - 1, Origins: 1<<8 - 1}

// Payload reports false only when no message can match whose payload lies,
// whole and uncompressed, within p. There may be any other bytes around it, so p
// can be many messages at once.
func (n *Need) Payload(p []byte) bool {
	for _, c := range n.literals {
		if !c.in(view(p)) {
			return false
		}
	}
	return true
}

// impossible reports whether nothing meets n.
func (n *Need) impossible() bool {
	return n.Sides == 0 || n.Opcodes == 0 || n.Origins == 0 || n.Conns != nil && len(n.Conns) == 0 ||
		!n.After.IsZero() && !n.Before.IsZero() && n.After.After(n.Before)
}

// holding is met by what meets n and holds one of the forms of c.
func (n Need) holding(c clause) Need {
	if c == nil {
		return n
	}
	return n.and(Need{Sides: n.Sides, Opcodes: n.Opcodes, Origins: n.Origins, literals: []clause{c}})
}

const (
	// maxConns is how many connections a Need names at most.
	maxConns = 256
	// maxLiterals is how many literals a Need has at most: the more there are,
	// the less each holds back.
	maxLiterals = 4
)

// and is met by what meets both.
func (n Need) and(o Need) Need {
	out := Need{
		Sides: n.Sides & o.Sides, Opcodes: n.Opcodes & o.Opcodes, Origins: n.Origins & o.Origins,
		After: n.After, Before: n.Before, Conns: n.Conns,
	}
	if o.After.After(out.After) {
		out.After = o.After
	}
	if !o.Before.IsZero() && (out.Before.IsZero() || o.Before.Before(out.Before)) {
		out.Before = o.Before
	}
	if out.Conns == nil {
		out.Conns = o.Conns
	} else if o.Conns != nil {
		out.Conns = slices.DeleteFunc(slices.Clone(out.Conns), func(c uint64) bool { return !slices.Contains(o.Conns, c) })
	}
	out.literals = slices.Concat(n.literals, o.literals)
	slices.SortStableFunc(out.literals, func(a, b clause) int { return b.worth() - a.worth() })
	out.literals = slices.CompactFunc(out.literals, clause.same)
	out.literals = out.literals[:min(len(out.literals), maxLiterals)]
	return out
}

// or is met by what meets one of them.
func (n Need) or(o Need) Need {
	switch {
	case n.impossible():
		return o
	case o.impossible():
		return n
	}
	out := Need{Sides: n.Sides | o.Sides, Opcodes: n.Opcodes | o.Opcodes, Origins: n.Origins | o.Origins}
	if !n.After.IsZero() && !o.After.IsZero() {
		out.After = n.After
		if o.After.Before(n.After) {
			out.After = o.After
		}
	}
	if !n.Before.IsZero() && !o.Before.IsZero() {
		out.Before = n.Before
		if o.Before.After(n.Before) {
			out.Before = o.Before
		}
	}
	if n.Conns != nil && o.Conns != nil && len(n.Conns)+len(o.Conns) <= maxConns {
		out.Conns = slices.Concat(n.Conns, o.Conns)
	}
	// Both are sorted, the best first.
	if len(n.literals) > 0 && len(o.literals) > 0 && len(n.literals[0])+len(o.literals[0]) <= maxForms {
		out.literals = []clause{slices.Concat(n.literals[0], o.literals[0])}
	}
	return out
}

// near reports whether the side and the opcode of m, or of r, can match.
func (n *Need) near(m *frame.Message, r *frame.Record) bool {
	side, op := frame.Client, frame.Continuation
	if m != nil {
		side, op = m.From, m.Type
	} else {
		side, op = r.From, r.Type()
	}
	return n.Sides&(1<<side) != 0 && n.Opcodes&opcodeBit(op) != 0
}

// opcodeBit returns the bit of a type in Need.Opcodes.
func opcodeBit(t frame.Opcode) uint16 {
	if t > 15 {
		return 1
	}
	return 1 << t
}
