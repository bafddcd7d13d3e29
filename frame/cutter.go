package frame

// Piece is a part of one frame as Cutter found it in a run of bytes.
type Piece struct {
	// Header is the frame's header; it is the same in all pieces of a frame. In
	// opaque pieces it is the impossible one.
	Header Header
	// Data is the part of the payload at Offset, still masked. It is valid until
	// the next call of Next, whose bytes it aliases.
	Data   []byte
	Offset uint64
	// Last marks the frame's last piece.
	Last bool
	// Opaque marks bytes that belong to no frame: those behind a header with an
	// impossible length, that header first.
	Opaque bool
}

// Cutter cuts the bytes of one direction into frames, over any partition into
// runs. It keeps no bytes beyond an unfinished header and allocates nothing.
//
// The zero value stands before the first frame. A Cutter belongs to one
// goroutine at a time.
type Cutter struct {
	header Header
	offset uint64
	head   [MaxHeaderSize]byte
	have   uint8
	within bool // within the payload of header
	broken bool
}

// Next takes bytes from the start of p, which must not be empty and must
// directly follow what was taken before. It returns how many it took and, when
// ok, the piece they make; ok is false when p ended within a header. A frame
// without payload makes one piece without Data.
func (c *Cutter) Next(p []byte) (piece Piece, n int, ok bool) {
	if c.broken {
		return Piece{Header: c.header, Data: p, Opaque: true}, len(p), true
	}
	if !c.within {
		if n = c.parse(p); !c.within && !c.broken {
			return Piece{}, n, false
		}
		if c.broken {
			// The header may have begun in an earlier run, so it is handed out
			// from the cutter's own copy.
			return Piece{Header: c.header, Data: c.head[:c.header.Size()], Opaque: true}, n, true
		}
		if n == len(p) && c.header.Length > 0 {
			return Piece{}, n, false
		}
	}
	left := c.header.Length - c.offset
	part := p[n:]
	if uint64(len(part)) > left {
		part = part[:left]
	}
	piece = Piece{Header: c.header, Data: part, Offset: c.offset}
	c.offset += uint64(len(part))
	if c.offset == c.header.Length {
		piece.Last = true
		c.within = false
	}
	return piece, n + len(part), true
}

// parse takes header bytes from p and returns how many.
func (c *Cutter) parse(p []byte) int {
	var n int
	if c.have == 0 {
		if c.header, n = Parse(p); n == 0 {
			c.have = uint8(copy(c.head[:], p))
			return len(p)
		}
	} else {
		had := int(c.have)
		took := copy(c.head[had:], p)
		var size int
		if c.header, size = Parse(c.head[:had+took]); size == 0 {
			c.have += uint8(took)
			return took
		}
		n = size - had
		c.have = 0
	}
	if c.header.Length > MaxLength {
		c.broken = true
		c.header.Append(c.head[:0])
		return n
	}
	c.within, c.offset = true, 0
	return n
}

// Rest returns what an ended stream left unfinished: the bytes of an incomplete
// header, or the header of an incomplete frame and how many of its payload bytes
// were seen. Without either the stream ended between frames, or opaque.
func (c *Cutter) Rest() (head []byte, h Header, seen uint64, within bool) {
	if c.within {
		return nil, c.header, c.offset, true
	}
	return c.head[:c.have], Header{}, 0, false
}
