package frame

// Scanner finds frame and message boundaries in the bytes of one direction
// while they pass, over any partition into reads. It keeps no bytes beyond an
// unfinished header, allocates nothing, and never rejects: after a length that
// no frame can have it is Broken and takes the rest as opaque.
//
// The zero value stands before the first frame. A Scanner belongs to one
// goroutine at a time.
type Scanner struct {
	skip   uint64 // payload bytes still to come
	head   [MaxHeaderSize]byte
	have   uint8 // header bytes in head
	open   bool  // within a fragmented message
	broken bool
	closed bool // a close frame has begun
}

// Scan advances over p, which must directly follow what was scanned before. It
// returns the offset in p just behind the last message boundary p contains: the
// end of a data frame with FIN, or of a control frame outside a fragmented
// message. It returns -1 when p contains none.
func (s *Scanner) Scan(p []byte) (boundary int) {
	boundary = -1
	for i := 0; i < len(p); {
		if s.broken {
			return boundary
		}
		if s.skip > 0 {
			n := uint64(len(p) - i)
			if n < s.skip {
				s.skip -= n
				return boundary
			}
			i += int(s.skip)
			s.skip = 0
			if s.AtMessage() {
				boundary = i
			}
			continue
		}
		n := s.header(p[i:])
		i += n
		if s.AtMessage() {
			boundary = i
		}
	}
	return boundary
}

// header takes the bytes of a header from p, sets what follows from it when it
// is complete, and returns how many bytes it took.
func (s *Scanner) header(p []byte) int {
	var h Header
	var n int
	if s.have == 0 {
		if h, n = Parse(p); n == 0 {
			s.have = uint8(copy(s.head[:], p))
			return len(p)
		}
	} else {
		had := int(s.have)
		took := copy(s.head[had:], p)
		var size int
		if h, size = Parse(s.head[:had+took]); size == 0 {
			s.have += uint8(took)
			return took
		}
		s.have = 0
		n = size - had
	}
	if h.Length > MaxLength {
		s.broken = true
		return n
	}
	if !h.Opcode.Control() {
		s.open = !h.Fin
	}
	s.closed = s.closed || h.Opcode == Close
	s.skip = h.Length
	return n
}

// AtFrame reports whether the scanned bytes end with a whole frame.
func (s *Scanner) AtFrame() bool { return !s.broken && s.skip == 0 && s.have == 0 }

// AtMessage reports whether the scanned bytes end with a whole message, so that
// one more message could be sent here.
func (s *Scanner) AtMessage() bool { return s.AtFrame() && !s.open }

// Broken reports whether a header with an impossible length was met: what
// follows cannot be told into frames.
func (s *Scanner) Broken() bool { return s.broken }

// SawClose reports whether the header of a close frame was scanned (RFC 6455
// section 5.5.1).
func (s *Scanner) SawClose() bool { return s.closed }
