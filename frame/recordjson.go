package frame

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// AppendJSON appends the one JSON form of r to dst, in the manner of
// Message.AppendJSON. "payload" is unmasked and not inflated, and "truncated" is
// set when r holds only its beginning; with wire, "wire" is the frame as it was
// on the wire.
func (r *Record) AppendJSON(dst []byte, wire bool) []byte {
	o := openObject(dst)
	o.uint("conn", r.Conn)
	o.uint("seq", r.Seq)
	o.time("time", r.Time)
	o.string("from", r.From.String())
	o.string("type", r.Type().String())
	o.bool("fin", r.Header.Fin)
	o.uint("rsv", uint64(r.Header.RSV))
	o.uint("opcode", uint64(r.Header.Opcode))
	o.bool("masked", r.Header.Masked)
	if r.Header.Masked {
		o.hex("mask", r.Header.Mask[:])
	}
	length := r.Header.Length
	if r.Opaque {
		length = r.Stored
	}
	o.uint("length", length)
	o.base64("payload", r.Payload)
	o.string("origin", r.Origin.String())
	o.setBool("recoded", r.Recoded)
	o.uint("message", r.Message)
	o.set("incomplete", r.Incomplete.String())
	o.set("violation", r.Violation.String())
	o.setBool("opaque", r.Opaque)
	o.setBool("truncated", uint64(len(r.Payload)) < r.Stored)
	if wire {
		o.base64("wire", r.AppendWire(nil))
	}
	return o.close()
}

// MarshalJSON returns what AppendJSON appends, without "wire".
func (r Record) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil, false), nil }

// UnmarshalJSON reads what AppendJSON writes. Global is not part of it, and the
// form of the length field only with "wire". Stored is the size of the payload
// that is there.
func (r *Record) UnmarshalJSON(p []byte) error {
	var in struct {
		Conn       uint64     `json:"conn"`
		Seq        uint64     `json:"seq"`
		Time       time.Time  `json:"time"`
		From       Side       `json:"from"`
		Fin        bool       `json:"fin"`
		RSV        uint8      `json:"rsv"`
		Opcode     uint8      `json:"opcode"`
		Masked     bool       `json:"masked"`
		Mask       string     `json:"mask"`
		Length     uint64     `json:"length"`
		Payload    []byte     `json:"payload"`
		Origin     Origin     `json:"origin"`
		Recoded    bool       `json:"recoded"`
		Message    uint64     `json:"message"`
		Incomplete Incomplete `json:"incomplete"`
		Violation  Violation  `json:"violation"`
		Opaque     bool       `json:"opaque"`
		Wire       []byte     `json:"wire"`
	}
	if err := json.Unmarshal(p, &in); err != nil {
		return fmt.Errorf("frame: %w", err)
	}
	*r = Record{
		Conn: in.Conn, Seq: in.Seq, Message: in.Message, Time: in.Time, From: in.From,
		Origin: in.Origin, Recoded: in.Recoded, Payload: in.Payload, Stored: uint64(len(in.Payload)),
		Incomplete: in.Incomplete, Violation: in.Violation, Opaque: in.Opaque,
	}
	if in.Opaque {
		return nil
	}
	r.Header = Header{
		Length: in.Length, RSV: in.RSV & 7, Opcode: Opcode(in.Opcode & 0xF),
		Fin: in.Fin, Masked: in.Masked,
	}
	if in.Masked {
		mask, err := hex.DecodeString(in.Mask)
		if err != nil || len(mask) != len(r.Header.Mask) {
			return fmt.Errorf("frame: mask %q is not 8 hex digits", in.Mask)
		}
		copy(r.Header.Mask[:], mask)
	}
	if h, size := Parse(in.Wire); size > 0 {
		r.Header.Extended = h.Extended
	}
	return nil
}
