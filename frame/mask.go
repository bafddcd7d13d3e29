package frame

import "encoding/binary"

// Mask applies the masking key to p in place, as if p began at offset in the
// payload (RFC 6455 section 5.3). Applying it twice restores p.
func Mask(p []byte, key [4]byte, offset uint64) {
	if key == ([4]byte{}) {
		return
	}
	var k [8]byte
	for i := range k {
		k[i] = key[(offset+uint64(i))&3]
	}
	word := binary.LittleEndian.Uint64(k[:])
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^word)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= k[i]
	}
}
