package filter

import "time"

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

// Need returns the filter's Need. Its slices are not to be changed.
func (f *Messages) Need() Need { return f.need }

// Need returns the filter's Need.
func (f *Frames) Need() Need { return f.need }
