package store

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/wsluice/wsluice/frame"
)

// The fields of a record in a block. A field at its default is left out.
const (
	recordConn       = 1  // varint: place in the directory plus one; default: the connection of the record before
	recordTime       = 2  // sint64: nanoseconds since the record before; default 0
	recordKind       = 3  // varint: ((first header byte ^ 0x81) << 1) | side; default: a client's whole text message
	recordMask       = 4  // 4 bytes in wire order; absent: not masked
	recordPayload    = 5  // bytes: the payload, or its preview; default empty
	recordLength     = 6  // varint: declared length; default: the size of the payload field
	recordChunked    = 7  // varint 1: the payload is in chunks, the payload field is its preview
	recordExtended   = 8  // varint: size of the extended length field; default: the minimal one
	recordMessage    = 9  // varint: how many seqs before this record its message began; default 0
	recordOrigin     = 10 // varint; default observed
	recordViolation  = 11 // varint; default none
	recordIncomplete = 12 // varint; default whole
	recordOpaque     = 13 // varint 1: no frame; kind holds the side only
	recordRecoded    = 14 // varint 1: its receiver got the message in other bytes
	recordUnfinished = 15 // varint 1: the message ends here, without a frame with FIN
)

// plainKind is the first header byte that costs nothing: FIN and text.
const plainKind = 0x81

// entry is a record's neighbourhood in its block: what the record is encoded
// relative to.
type entry struct {
	conn  uint64 // place in the directory
	time  int64
	first bool // the block's first record
}

// appendTag appends the tag of field number n, which must be below 16.
func appendTag(b []byte, n protowire.Number, t protowire.Type) []byte {
	return append(b, byte(n)<<3|byte(t))
}

func appendField(b []byte, n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(appendTag(b, n, protowire.VarintType), v)
}

// draft is a record about to be written.
type draft struct {
	frame.Record
	at      int64 // Time in nanoseconds since 1970
	place   int   // of its connection in the block's directory
	chunked bool  // the payload goes to chunks
	masked  bool  // Payload is as on the wire, still masked
}

// appendRecord appends d, prefixed with its size.
func appendRecord(dst []byte, d *draft, prev entry) []byte {
	var scratch [96]byte
	b := scratch[:0]
	if place := uint64(d.place); prev.first || place != prev.conn {
		b = appendField(b, recordConn, place+1)
	}
	if d.at != prev.time {
		b = appendField(b, recordTime, protowire.EncodeZigZag(d.at-prev.time))
	}
	h := &d.Header
	kind := uint64(d.From)
	if !d.Opaque {
		first := h.RSV<<4 | uint8(h.Opcode)
		if h.Fin {
			first |= 0x80
		}
		kind |= uint64(first^plainKind) << 1
	}
	if kind != 0 {
		b = appendField(b, recordKind, kind)
	}
	if h.Masked {
		b = appendTag(b, recordMask, protowire.Fixed32Type)
		b = append(b, h.Mask[:]...)
	}
	if h.Length != uint64(len(d.Payload)) {
		b = appendField(b, recordLength, h.Length)
	}
	if d.chunked {
		b = appendField(b, recordChunked, 1)
	}
	if !d.Opaque && !h.Minimal() {
		b = appendField(b, recordExtended, uint64(h.Extended))
	}
	if d.Message != d.Seq {
		b = appendField(b, recordMessage, d.Seq-d.Message)
	}
	if d.Origin != frame.Observed {
		b = appendField(b, recordOrigin, uint64(d.Origin))
	}
	if d.Violation != frame.Legal {
		b = appendField(b, recordViolation, uint64(d.Violation))
	}
	if d.Incomplete == frame.Cut || d.Incomplete == frame.Shed {
		b = appendField(b, recordIncomplete, uint64(d.Incomplete))
	}
	if d.Opaque {
		b = appendField(b, recordOpaque, 1)
	}
	if d.Recoded {
		b = appendField(b, recordRecoded, 1)
	}
	if d.Incomplete == frame.Unfinished {
		b = appendField(b, recordUnfinished, 1)
	}
	n := len(d.Payload)
	if n == 0 {
		dst = protowire.AppendVarint(dst, uint64(len(b)))
		return append(dst, b...)
	}
	b = protowire.AppendVarint(appendTag(b, recordPayload, protowire.BytesType), uint64(n))
	dst = protowire.AppendVarint(dst, uint64(len(b)+n))
	dst = append(dst, b...)
	at := len(dst)
	dst = append(dst, d.Payload...)
	if d.masked {
		frame.Mask(dst[at:], h.Mask, 0)
	}
	return dst
}

// decoded is a record as a block holds it.
type decoded struct {
	frame.Record
	place   uint64 // of its connection in the directory
	time    int64
	back    uint64 // Seq minus Message
	chunked bool
}

// uvarint is protowire.ConsumeVarint, faster for what is nearly always a byte.
func uvarint(p []byte) (v uint64, n int) {
	if len(p) > 0 && p[0] < 0x80 {
		return uint64(p[0]), 1
	}
	return protowire.ConsumeVarint(p)
}

// consumeRecord reads the record at the start of p, relative to prev, and
// returns how many bytes it took. The payload aliases p. Global, Conn, Seq,
// Message and Time are left to the caller, who knows the block.
func consumeRecord(d *decoded, p []byte, prev entry) (int, error) {
	size, n := uvarint(p)
	if n < 0 || size > uint64(len(p)-n) {
		return 0, corrupt("record exceeds its block")
	}
	total := n + int(size)
	p = p[n:total]
	*d = decoded{place: prev.conn, time: prev.time}
	kind, length, extended := uint64(0), uint64(math.MaxUint64), uint64(0)
	var overlong, unfinished bool
	for len(p) > 0 {
		tag, n := uvarint(p)
		num, typ := protowire.Number(tag>>3), protowire.Type(tag&7)
		if n < 0 || tag>>3 > uint64(protowire.MaxValidNumber) {
			return 0, corrupt("record has a broken field tag")
		}
		p = p[n:]
		var v uint64
		switch typ {
		case protowire.VarintType:
			v, n = uvarint(p)
		case protowire.BytesType:
			v, n = uvarint(p)
			if n < 0 || v > uint64(len(p)-n) {
				n = -1
				break
			}
			if num == recordPayload {
				d.Payload = p[n : n+int(v) : n+int(v)]
			}
			n += int(v)
		case protowire.Fixed32Type:
			if len(p) < 4 {
				n = -1
				break
			}
			n = 4
			if num == recordMask {
				d.Header.Masked = true
				d.Header.Mask = [4]byte(p)
			}
		default:
			n = protowire.ConsumeFieldValue(num, typ, p)
		}
		if n < 0 {
			return 0, corrupt("record field %d is broken", num)
		}
		p = p[n:]
		if typ != protowire.VarintType {
			continue
		}
		switch num {
		case recordConn:
			d.place = v - 1
		case recordTime:
			d.time += protowire.DecodeZigZag(v)
		case recordKind:
			kind = v
		case recordLength:
			length = v
		case recordChunked:
			d.chunked = v != 0
		case recordExtended:
			extended = v
		case recordMessage:
			d.back = v
		case recordOrigin:
			overlong = overlong || v > math.MaxUint8
			d.Origin = frame.Origin(v)
		case recordViolation:
			overlong = overlong || v > math.MaxUint8
			d.Violation = frame.Violation(v)
		case recordIncomplete:
			overlong = overlong || v > uint64(frame.Shed)
			d.Incomplete = frame.Incomplete(v)
		case recordOpaque:
			d.Opaque = v != 0
		case recordRecoded:
			d.Recoded = v != 0
		case recordUnfinished:
			unfinished = v != 0
		}
	}
	if overlong || kind > 0x1FF || extended > 8 {
		return 0, corrupt("record has a field out of range")
	}
	if unfinished && d.Incomplete == frame.Whole {
		d.Incomplete = frame.Unfinished
	}
	d.From = frame.Side(kind & 1)
	d.Stored = uint64(len(d.Payload))
	d.Header.Length = d.Stored
	if length != math.MaxUint64 {
		d.Header.Length = length
	}
	if !d.Opaque {
		first := uint8(kind>>1) ^ plainKind
		d.Header.Fin = first&0x80 != 0
		d.Header.RSV = first >> 4 & 7
		d.Header.Opcode = frame.Opcode(first & 0xF)
		d.Header.Extended = uint8(extended)
		if extended == 0 {
			d.Header.Extended = uint8((frame.Header{Length: d.Header.Length}).Size() - 2)
		}
	}
	return total, nil
}

// skim reads only what the next record depends on and whom this one belongs to.
func skim(p []byte, prev entry) (next entry, size int, err error) {
	v, n := uvarint(p)
	if n < 0 || v > uint64(len(p)-n) {
		return prev, 0, corrupt("record exceeds its block")
	}
	size = n + int(v)
	p = p[n:size]
	next = entry{conn: prev.conn, time: prev.time}
	// The two fields come first, in this order, whoever wrote the block.
	if len(p) > 0 && p[0] == recordConn<<3 {
		if v, n = uvarint(p[1:]); n < 0 {
			return prev, 0, corrupt("record field %d is broken", recordConn)
		}
		next.conn, p = v-1, p[1+n:]
	}
	if len(p) > 0 && p[0] == recordTime<<3 {
		if v, n = uvarint(p[1:]); n < 0 {
			return prev, 0, corrupt("record field %d is broken", recordTime)
		}
		next.time += protowire.DecodeZigZag(v)
	}
	return next, size, nil
}
