package frame

import "unicode/utf8"

// Checker finds the rules that the frames of one direction break. It is apart
// from parsing: a frame that breaks a rule is a frame all the same. It
// allocates nothing and belongs to one goroutine at a time.
//
// The zero value with From and RSV set stands before the first frame.
type Checker struct {
	// From is the side whose frames these are.
	From Side
	// RSV holds the bits of Header.RSV that were given a meaning, see
	// Extensions.RSV. RSV1 alone means permessage-deflate.
	RSV uint8

	within bool // within a fragmented message
	closed bool // a close frame has passed
}

// Alone returns a checker for frames that come between those c checks and are
// none of them, such as injected ones: it stands outside a message, but behind a
// close frame if c does.
func (c *Checker) Alone() Checker { return Checker{From: c.From, RSV: c.RSV, closed: c.closed} }

// Check returns the first rule the next frame of the direction breaks, or
// Legal. The payload is unmasked; that of a control frame must be whole, that
// of a data frame is not looked at and may be absent.
//
// When a frame breaks several rules the one that tells most is returned: the
// mask comes last, since a peer that gets it wrong does so in every frame.
func (c *Checker) Check(h *Header, payload []byte) Violation {
	within, closed := c.within, c.closed
	switch {
	case !h.Opcode.Control():
		c.within = !h.Fin
	case h.Opcode == Close:
		c.closed = true
	}

	if h.Length > MaxLength {
		return ImpossibleLength
	}
	if v := c.checkBits(h); v != Legal {
		return v
	}
	var v Violation
	if h.Opcode.Control() {
		v = c.checkControl(h, payload)
	} else {
		v = checkData(h, within, closed)
	}
	switch {
	case v != Legal:
		return v
	case !h.Minimal():
		return NonMinimalLength
	case c.From == Client && !h.Masked:
		return UnmaskedClient
	case c.From == Server && h.Masked:
		return MaskedServer
	}
	return Legal
}

func (c *Checker) checkBits(h *Header) Violation {
	switch {
	case h.Opcode.Reserved():
		return ReservedOpcode
	case h.RSV&^c.RSV != 0:
		return ReservedBits
	case h.RSV&RSV1 != 0 && c.RSV == RSV1 && !h.Opcode.Data():
		return MisplacedRSV1
	}
	return Legal
}

func (c *Checker) checkControl(h *Header, payload []byte) Violation {
	switch {
	case !h.Fin:
		return FragmentedControl
	case h.Length > MaxControl:
		return LongControl
	case h.Opcode != Close || h.Length == 0 || len(payload) == 0:
		return Legal
	}
	code, reason, ok := ParseClose(payload)
	switch {
	case !ok:
		return ShortClose
	case !code.Sendable(c.From):
		return IllegalCloseCode
	case !utf8.Valid(reason):
		return InvalidCloseReason
	}
	return Legal
}

func checkData(h *Header, within, closed bool) Violation {
	switch {
	case closed:
		return DataAfterClose
	case within && h.Opcode != Continuation:
		return InterruptedMessage
	case !within && h.Opcode == Continuation:
		return StrayContinuation
	}
	return Legal
}
