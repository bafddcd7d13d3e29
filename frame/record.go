package frame

import (
	"fmt"
	"time"
)

// Record is one frame as it was seen, or a run of bytes that was no frame.
type Record struct {
	// Global numbers the records of a capture from 1 in the order they were
	// kept; Seq numbers those of one connection, both directions together,
	// from 1.
	Global uint64
	Conn   uint64
	Seq    uint64
	// Message is the Seq of the first frame of the message this frame belongs
	// to. It equals Seq for control frames and unfragmented messages.
	Message uint64
	// Time is when the frame's first byte was read, or when wsluice sent it, in UTC.
	Time   time.Time
	From   Side
	Origin Origin
	// Recoded is as in Passage: the frame is as From sent it, and its receiver got
	// its message in other bytes.
	Recoded bool
	// Header is the frame's header; the zero Header when Opaque.
	Header Header
	// Payload is the payload, unmasked but not inflated. A reader may hand out
	// only its beginning: compare len(Payload) with Stored.
	Payload []byte
	// Stored is how many payload bytes the capture holds. It is less than
	// Header.Length only when Incomplete says why.
	Stored     uint64
	Incomplete Incomplete
	// Violation is the first rule of RFC 6455 the frame breaks.
	Violation Violation
	// Opaque marks bytes that could not be told into frames, because a header
	// before them was impossible or cut off by the end of the stream. They are
	// in Payload as they passed.
	Opaque bool
}

// Type returns the opcode of r, or Opaque.
func (r *Record) Type() Opcode {
	if r.Opaque {
		return Opaque
	}
	return r.Header.Opcode
}

// WireSize returns the size in bytes the record had on the wire, header
// included, as far as its bytes passed.
func (r *Record) WireSize() uint64 {
	switch {
	case r.Opaque:
		return r.Stored
	case r.Incomplete == Cut:
		return uint64(r.Header.Size()) + r.Stored
	}
	return uint64(r.Header.Size()) + r.Header.Length
}

// AppendWire appends the record's bytes as they were on the wire, the payload
// masked again with the frame's own key. It covers as much of the payload as
// Payload holds.
func (r *Record) AppendWire(dst []byte) []byte {
	if !r.Opaque {
		dst = r.Header.Append(dst)
	}
	at := len(dst)
	dst = append(dst, r.Payload...)
	if !r.Opaque && r.Header.Masked {
		Mask(dst[at:], r.Header.Mask, 0)
	}
	return dst
}

// Incomplete says why a capture holds less than the whole of a frame or a
// message.
type Incomplete uint8

// The reasons.
const (
	Whole      Incomplete = iota // nothing is missing
	Cut                          // the stream ended within a frame
	Shed                         // the recorder was overloaded and kept only the header
	Unfinished                   // frames of the message never came, or as a record: will never come
)

var incompleteNames = [...]string{"", "cut", "shed", "unfinished"}

// String returns "" for Whole, "cut", "shed" or "unfinished".
func (i Incomplete) String() string {
	if int(i) < len(incompleteNames) {
		return incompleteNames[i]
	}
	return fmt.Sprintf("incomplete-%d", uint8(i))
}

// MarshalText writes i as String does.
func (i Incomplete) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText accepts the names of String.
func (i *Incomplete) UnmarshalText(p []byte) error {
	for j, name := range incompleteNames {
		if name == string(p) {
			*i = Incomplete(j)
			return nil
		}
	}
	return fmt.Errorf("reason %q is unknown", p)
}
