package frame

import "encoding/binary"

// Scanner finds frame and message boundaries in the bytes of one direction
// while they pass, over any partition into reads. It keeps no bytes beyond an
// unfinished header, allocates nothing, and never rejects: after a length that
// no frame can have it is Broken and takes the rest as opaque.
//
// The zero value stands before the first frame. A Scanner belongs to one
// goroutine at a time.
type Scanner struct {
	skip   uint64 // payload bytes still to come
	frames uint64 // scanned whole
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
	if s.broken {
		return boundary
	}
	for i := 0; ; {
		left := uint64(len(p) - i)
		if s.skip > left {
			s.skip -= left
			return boundary
		}
		i += int(s.skip)
		s.skip = 0
		if i > 0 {
			s.frames++
			if !s.open {
				boundary = i
			}
		}
		if i == len(p) {
			return boundary
		}
		i += s.header(p[i:])
		if s.have > 0 || s.broken {
			return boundary
		}
	}
}

// Step advances over p, which must directly follow what was scanned before, to
// the end of the frame under way or to the end of p, whatever comes first. It
// returns how many bytes it took.
func (s *Scanner) Step(p []byte) (n int) {
	if s.broken || len(p) == 0 {
		return len(p)
	}
	if s.skip == 0 {
		if n = s.header(p); s.have > 0 || s.broken {
			return len(p)
		}
	}
	left := uint64(len(p) - n)
	if s.skip > left {
		s.skip -= left
		return len(p)
	}
	n += int(s.skip)
	s.skip = 0
	s.frames++
	return n
}

// Reset has s stand before a first frame again, wherever it stands. What Frames
// and SawClose tell stays.
func (s *Scanner) Reset() { *s = Scanner{frames: s.frames, closed: s.closed} }

// header takes the bytes of a header from p, sets what follows from it when it
// is complete, and returns how many bytes it took.
func (s *Scanner) header(p []byte) (n int) {
	if s.have > 0 {
		had := int(s.have)
		took := copy(s.head[had:], p)
		p = s.head[:had+took]
		size, _ := measure(p)
		if size == 0 {
			s.have += uint8(took)
			return took
		}
		s.have = 0
		n = -had
	}
	size, length := measure(p)
	if size == 0 {
		s.have = uint8(copy(s.head[:], p))
		return len(p)
	}
	if length > MaxLength {
		s.broken = true
		return n + size
	}
	switch o := Opcode(p[0] & 0xF); {
	case !o.Control():
		s.open = p[0]&0x80 == 0
	case o == Close:
		s.closed = true
	}
	s.skip = length
	return n + size
}

// AtFrame reports whether the scanned bytes end with a whole frame.
func (s *Scanner) AtFrame() bool { return !s.broken && s.skip == 0 && s.have == 0 }

// AtMessage reports whether the scanned bytes end with a whole message, so that
// one more message could be sent here.
func (s *Scanner) AtMessage() bool { return s.AtFrame() && !s.open }

// Frames returns how many frames were scanned whole.
func (s *Scanner) Frames() uint64 { return s.frames }

// Broken reports whether a header with an impossible length was met: what
// follows cannot be told into frames.
func (s *Scanner) Broken() bool { return s.broken }

// SawClose reports whether the header of a close frame was scanned (RFC 6455
// section 5.5.1).
func (s *Scanner) SawClose() bool { return s.closed }

// measure is the part of Parse that boundaries depend on: the size of the header
// at the start of p, 0 when p ends within it, and the payload length.
func measure(p []byte) (size int, length uint64) {
	if len(p) < 2 {
		return 0, 0
	}
	size = headerSize(p[1])
	if len(p) < size {
		return 0, 0
	}
	switch p[1] & 0x7F {
	case 126:
		return size, uint64(binary.BigEndian.Uint16(p[2:]))
	case 127:
		return size, binary.BigEndian.Uint64(p[2:])
	}
	return size, uint64(p[1] & 0x7F)
}
