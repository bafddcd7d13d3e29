package store

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// envelope is the fixed header in front of every block and every part of a long
// payload. See docs/capture-format.md for its layout.
type envelope struct {
	codec      uint8
	flags      uint8
	sides      uint8  // bit per frame.Side that has a record
	opcodes    uint16 // bit per opcode that has a record
	origins    uint8  // bit per frame.Origin that has a record
	count      uint32 // records; 0 for a part
	rawSize    uint32 // size of the body before compression
	directory  uint32 // size of the directory between header and body
	base, last uint64 // global numbers of the first and the last record; a part has its own record's and its offset
	baseTime   int64  // of the first record, nanoseconds since 1970
	minTime    int64
	maxTime    int64
}

const (
	envelopeVersion = 1
	envelopeSize    = 64
	crcOffset       = 12
)

const (
	codecRaw  = 0
	codecS2   = 1
	codecZstd = 2
)

// The flags of an envelope.
const (
	flagViolation = 1 << iota // block: a record breaks a rule
	flagOpaque                // block: a record is opaque
	flagEnd                   // part: the payload ends here
	flagShed                  // part: the rest of the payload was shed
	flagPlain                 // block: every record is a whole message, not compressed, its payload in the block
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal appends to dst the stored form of a block or part: e, the directory, and
// body compressed where that saves at least a twentieth.
func (e envelope) seal(dst, directory, body []byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, envelopeSize)...)
	dst = append(dst, directory...)
	at := len(dst)
	e.codec, e.rawSize, e.directory = codecRaw, uint32(len(body)), uint32(len(directory))
	if need := s2.MaxEncodedLen(len(body)); len(body) > 0 && need > 0 {
		dst = grow(dst, need)
		if packed := s2.Encode(dst[at:at+need], body); len(packed) <= len(body)-len(body)/20 {
			e.codec = codecS2
			dst = dst[:at+len(packed)]
		}
	}
	if e.codec == codecRaw {
		dst = append(grow(dst[:at], len(body)), body...)
	}
	e.put(dst[start:])
	return dst
}

// sealZstd is seal with another codec: it saves a fifth and takes three times as
// long.
func (e envelope) sealZstd(dst, directory, body []byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, envelopeSize)...)
	dst = append(dst, directory...)
	at := len(dst)
	e.codec, e.rawSize, e.directory = codecZstd, uint32(len(body)), uint32(len(directory))
	if dst = zstdEncoder().EncodeAll(body, dst); len(body) == 0 || len(dst)-at > len(body)-len(body)/20 {
		e.codec = codecRaw
		dst = append(dst[:at], body...)
	}
	e.put(dst[start:])
	return dst
}

// Both may be used by several goroutines and have none of their own.
var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression),
			zstd.WithWindowSize(maxRaw), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
		if err != nil {
			panic(err) // the options are constant
		}
		return w
	})
	zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
		r, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxRaw), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			panic(err)
		}
		return r
	})
)

// grow makes room for n more bytes behind dst.
func grow(dst []byte, n int) []byte {
	if cap(dst)-len(dst) >= n {
		return dst
	}
	bigger := make([]byte, len(dst), max(2*cap(dst), len(dst)+n))
	copy(bigger, dst)
	return bigger
}

// put writes e over the first bytes of p, which is the whole stored form.
func (e *envelope) put(p []byte) {
	be := binary.BigEndian
	p[0], p[1], p[2], p[3] = envelopeVersion, e.codec, e.flags, e.sides
	be.PutUint32(p[4:], e.count)
	be.PutUint32(p[8:], e.rawSize)
	be.PutUint64(p[16:], e.base)
	be.PutUint64(p[24:], e.last)
	be.PutUint64(p[32:], uint64(e.baseTime))
	be.PutUint64(p[40:], uint64(e.minTime))
	be.PutUint64(p[48:], uint64(e.maxTime))
	be.PutUint16(p[56:], e.opcodes)
	p[58] = e.origins
	be.PutUint32(p[60:], e.directory)
	be.PutUint32(p[crcOffset:], checksum(p))
}

// checksum is CRC-32C over all of p but the place where it is kept.
func checksum(p []byte) uint32 {
	sum := crc32.Update(0, castagnoli, p[:crcOffset])
	return crc32.Update(sum, castagnoli, p[crcOffset+4:])
}

// storedSum returns the checksum that the stored form p claims.
func storedSum(p []byte) uint32 { return binary.BigEndian.Uint32(p[crcOffset:]) }

// sound returns an error unless the stored form p has the checksum it claims.
func sound(p []byte) error {
	if want, got := storedSum(p), checksum(p); want != got {
		return corrupt("block checksum is %08x, want %08x", got, want)
	}
	return nil
}

// parseEnvelope reads the header of a stored block or part and the bounds of
// what follows, without looking at the checksum.
func parseEnvelope(p []byte) (e envelope, err error) {
	if len(p) < envelopeSize {
		return e, corrupt("%d bytes are too few for a block", len(p))
	}
	if p[0] != envelopeVersion {
		return e, corrupt("block version is %d, want %d", p[0], envelopeVersion)
	}
	be := binary.BigEndian
	e = envelope{
		codec: p[1], flags: p[2], sides: p[3],
		count:     be.Uint32(p[4:]),
		rawSize:   be.Uint32(p[8:]),
		base:      be.Uint64(p[16:]),
		last:      be.Uint64(p[24:]),
		baseTime:  int64(be.Uint64(p[32:])),
		minTime:   int64(be.Uint64(p[40:])),
		maxTime:   int64(be.Uint64(p[48:])),
		opcodes:   be.Uint16(p[56:]),
		origins:   p[58],
		directory: be.Uint32(p[60:]),
	}
	switch {
	case e.codec > codecZstd:
		return e, corrupt("block codec %d is unknown", e.codec)
	case e.rawSize > maxRaw:
		return e, corrupt("block size %d exceeds %d", e.rawSize, maxRaw)
	case uint64(e.directory) > uint64(len(p)-envelopeSize):
		return e, corrupt("block directory of %d bytes exceeds the block", e.directory)
	case e.count > e.rawSize:
		return e, corrupt("block of %d bytes claims %d records", e.rawSize, e.count)
	case e.count > 0 && (e.base == 0 || e.base > math.MaxUint64-uint64(e.count) || e.last != e.base+uint64(e.count)-1):
		return e, corrupt("block of %d records claims the numbers %d to %d", e.count, e.base, e.last)
	}
	return e, nil
}

// open checks the stored form p and appends its inflated body to dst. It
// returns the directory too, which aliases p.
func (e *envelope) open(dst, p []byte) (directory, body []byte, err error) {
	if err := sound(p); err != nil {
		return nil, nil, err
	}
	directory = p[envelopeSize : envelopeSize+e.directory]
	packed := p[envelopeSize+e.directory:]
	if e.codec == codecRaw {
		if len(packed) != int(e.rawSize) {
			return nil, nil, corrupt("block has %d bytes, want %d", len(packed), e.rawSize)
		}
		return directory, append(dst, packed...), nil
	}
	if e.codec == codecZstd {
		return e.openZstd(dst, directory, packed)
	}
	// The length the compressed form itself claims decides how much s2 would
	// allocate, so it is looked at before.
	if n, err := s2.DecodedLen(packed); err != nil || n != int(e.rawSize) {
		return nil, nil, corrupt("block inflates to %d bytes, want %d", n, e.rawSize)
	}
	dst = grow(dst, int(e.rawSize))
	body, err = s2.Decode(dst[len(dst):len(dst)+int(e.rawSize)], packed)
	if err != nil {
		return nil, nil, corrupt("inflate block: %w", err)
	}
	return directory, dst[:len(dst)+len(body)], nil
}

// openZstd is open for a body in that codec. It can write no further than its
// destination reaches, whatever the compressed form claims.
func (e *envelope) openZstd(dst, directory, packed []byte) ([]byte, []byte, error) {
	dst = grow(dst, int(e.rawSize))
	end := len(dst) + int(e.rawSize)
	body, err := zstdDecoder().DecodeAll(packed, dst[:len(dst):end])
	switch {
	case err != nil:
		return nil, nil, corrupt("inflate block: %w", err)
	case len(body) != end:
		return nil, nil, corrupt("block inflates to %d bytes, want %d", len(body)-len(dst), e.rawSize)
	}
	return directory, body, nil
}
