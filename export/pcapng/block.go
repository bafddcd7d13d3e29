package pcapng

import (
	"encoding/binary"
	"strings"
	"time"
)

// The blocks of a pcapng file (draft-ietf-opsawg-pcapng section 4).
const (
	blockSection    = 0x0A0D0D0A
	blockInterface  = 1
	blockOldPacket  = 2
	blockSimple     = 3
	blockPacket     = 6
	blockStatistics = 5
	blockSecrets    = 10
)

// Their options (sections 3.5, 4.1 and 4.2).
const (
	optEnd        = 0
	optComment    = 1
	optName       = 2 // of an interface
	optResolution = 9 // of the times of an interface
	optOffset     = 14
	optUserAppl   = 4 // of a section
)

const byteOrder uint32 = 0x1A2B3C4D

// linkRaw is the link type of packets that begin with their IP header.
const linkRaw = 101

// maxComment bounds a comment in bytes.
const maxComment = 16 << 10

// blocks makes the blocks of a file, in little endian.
type blocks struct{ buf []byte }

// begin begins a block, and end completes it; start is what begin returned.
func (b *blocks) begin(kind uint32) (start int) {
	start = len(b.buf)
	b.buf = binary.LittleEndian.AppendUint32(b.buf, kind)
	b.buf = binary.LittleEndian.AppendUint32(b.buf, 0)
	return start
}

func (b *blocks) end(start int) {
	n := uint32(len(b.buf) - start + 4)
	b.buf = binary.LittleEndian.AppendUint32(b.buf, n)
	binary.LittleEndian.PutUint32(b.buf[start+4:], n)
}

func (b *blocks) pad(written int) {
	for ; written%4 != 0; written++ {
		b.buf = append(b.buf, 0)
	}
}

func (b *blocks) option(code uint16, value string) {
	b.buf = binary.LittleEndian.AppendUint16(b.buf, code)
	b.buf = binary.LittleEndian.AppendUint16(b.buf, uint16(len(value)))
	b.buf = append(b.buf, value...)
	b.pad(len(value))
}

// head makes what a file begins with: a section and its only interface, whose
// times are in nanoseconds.
func (b *blocks) head(app string) {
	start := b.begin(blockSection)
	b.buf = binary.LittleEndian.AppendUint32(b.buf, byteOrder)
	b.buf = binary.LittleEndian.AppendUint16(b.buf, 1)
	b.buf = binary.LittleEndian.AppendUint16(b.buf, 0)
	b.buf = binary.LittleEndian.AppendUint64(b.buf, 1<<64-1) // the section's length is not known
	b.option(optUserAppl, app)
	b.option(optEnd, "")
	b.end(start)

	start = b.begin(blockInterface)
	b.buf = binary.LittleEndian.AppendUint16(b.buf, linkRaw)
	b.buf = binary.LittleEndian.AppendUint16(b.buf, 0)
	b.buf = binary.LittleEndian.AppendUint32(b.buf, 0) // no limit
	b.option(optName, "wsluice")
	b.option(optResolution, "\x09")
	b.option(optEnd, "")
	b.end(start)
}

// packet makes a packet of what add appends.
func (b *blocks) packet(at time.Time, comment string, add func([]byte) []byte) {
	start := b.begin(blockPacket)
	b.buf = binary.LittleEndian.AppendUint32(b.buf, 0)
	b.time(at)
	sizes := len(b.buf)
	b.buf = append(b.buf, make([]byte, 8)...)
	data := len(b.buf)
	b.buf = add(b.buf)
	n := len(b.buf) - data
	binary.LittleEndian.PutUint32(b.buf[sizes:], uint32(n))
	binary.LittleEndian.PutUint32(b.buf[sizes+4:], uint32(n))
	b.pad(n)
	if len(comment) > maxComment {
		comment = strings.ToValidUTF8(comment[:maxComment], "")
	}
	if comment != "" {
		b.option(optComment, comment)
		b.option(optEnd, "")
	}
	b.end(start)
}

// statistics makes a block that carries a comment on the file as a whole.
func (b *blocks) statistics(at time.Time, comment string) {
	start := b.begin(blockStatistics)
	b.buf = binary.LittleEndian.AppendUint32(b.buf, 0)
	b.time(at)
	b.option(optComment, comment)
	b.option(optEnd, "")
	b.end(start)
}

func (b *blocks) time(at time.Time) {
	ns := uint64(max(at.Unix(), 0))*1e9 + uint64(at.Nanosecond())
	b.buf = binary.LittleEndian.AppendUint32(b.buf, uint32(ns>>32))
	b.buf = binary.LittleEndian.AppendUint32(b.buf, uint32(ns))
}
