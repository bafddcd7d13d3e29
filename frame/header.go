package frame

import (
	"encoding/binary"
	"math"
)

// MaxHeaderSize is the size in bytes of the longest frame header.
const MaxHeaderSize = 14

// MaxLength is the longest payload RFC 6455 section 5.2 allows: the most
// significant bit of a 64-bit length must be 0.
const MaxLength = math.MaxInt64

// Header is a frame header (RFC 6455 section 5.2) with every bit of its wire
// form, so that Append gives back the bytes Parse was given.
type Header struct {
	// Length is the payload length in bytes as declared. It may exceed
	// MaxLength when a peer sent nonsense.
	Length uint64
	// Mask is the masking key, meaningful when Masked.
	Mask [4]byte
	// Extended is the size in bytes of the extended length field: 0, 2 or 8.
	// Append takes a larger one when Length does not fit, so the zero value
	// means the minimal form.
	Extended uint8
	// RSV holds RSV1, RSV2, RSV3 as the bits 4, 2, 1.
	RSV    uint8
	Opcode Opcode
	Fin    bool
	Masked bool
}

// The RSV bits as Header.RSV holds them. RSV1 marks a compressed message
// (RFC 7692 section 6).
const (
	RSV1 = 4
	RSV2 = 2
	RSV3 = 1
)

// Parse reads the header at the start of p and returns it with its size in
// bytes. The size is 0 when p ends within the header. Any bytes are a header:
// whether it is a legal one is Checker's question.
func Parse(p []byte) (h Header, size int) {
	if len(p) < 2 {
		return Header{}, 0
	}
	size = headerSize(p[1])
	if len(p) < size {
		return Header{}, 0
	}
	h.Fin = p[0]&0x80 != 0
	h.RSV = p[0] >> 4 & 7
	h.Opcode = Opcode(p[0] & 0xF)
	h.Masked = p[1]&0x80 != 0
	switch n := p[1] & 0x7F; n {
	case 126:
		h.Extended, h.Length = 2, uint64(binary.BigEndian.Uint16(p[2:]))
	case 127:
		h.Extended, h.Length = 8, binary.BigEndian.Uint64(p[2:])
	default:
		h.Length = uint64(n)
	}
	if h.Masked {
		copy(h.Mask[:], p[size-4:size])
	}
	return h, size
}

// headerSize returns the header size that the second header byte announces.
func headerSize(b byte) int {
	size := 2
	switch b & 0x7F {
	case 126:
		size = 4
	case 127:
		size = 10
	}
	if b&0x80 != 0 {
		size += 4
	}
	return size
}

// Append appends the wire form of h to dst.
func (h Header) Append(dst []byte) []byte {
	b0 := h.RSV&7<<4 | byte(h.Opcode)&0xF
	if h.Fin {
		b0 |= 0x80
	}
	var b1 byte
	if h.Masked {
		b1 = 0x80
	}
	switch h.extended() {
	case 0:
		dst = append(dst, b0, b1|byte(h.Length))
	case 2:
		dst = append(dst, b0, b1|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(h.Length))
	default:
		dst = append(dst, b0, b1|127)
		dst = binary.BigEndian.AppendUint64(dst, h.Length)
	}
	if h.Masked {
		dst = append(dst, h.Mask[:]...)
	}
	return dst
}

// Size returns the size in bytes of h on the wire.
func (h Header) Size() int {
	size := 2 + int(h.extended())
	if h.Masked {
		size += 4
	}
	return size
}

// Minimal reports whether h uses the shortest length form, as RFC 6455
// section 5.2 demands.
func (h Header) Minimal() bool { return h.extended() == minimalExtended(h.Length) }

func (h Header) extended() uint8 { return max(h.Extended, minimalExtended(h.Length)) }

func minimalExtended(length uint64) uint8 {
	switch {
	case length < 126:
		return 0
	case length <= math.MaxUint16:
		return 2
	}
	return 8
}
