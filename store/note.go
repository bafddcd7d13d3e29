package store

import (
	"encoding/binary"
	"hash/crc32"
)

// A note is a number that is kept under a key, with a checksum of both, so that
// it is known for what it is even in a file whose structure is lost.

// noteSize is the size of a note's value.
const noteSize = 12

// note returns the value that keeps n under key.
func note(key []byte, n uint64) []byte {
	v := u64(n)
	return binary.BigEndian.AppendUint32(v, noteSum(key, v))
}

// readNote returns the number that v keeps under key.
func readNote(key, v []byte) (n uint64, ok bool) {
	if len(v) != noteSize || binary.BigEndian.Uint32(v[8:]) != noteSum(key, v[:8]) {
		return 0, false
	}
	return binary.BigEndian.Uint64(v), true
}

func noteSum(key, n []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, n)
}
