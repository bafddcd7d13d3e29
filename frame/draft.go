package frame

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxFragments bounds Draft.Fragments.
const MaxFragments = 10_000

// Draft is a message to be sent as one side would send it.
type Draft struct {
	// From is the side it is sent as. A client's frames are masked, each with a
	// fresh key (RFC 6455 section 5.3).
	From    Side
	Type    Opcode
	Payload []byte
	// Fragments is into how many frames the payload is cut, at most MaxFragments;
	// 0 and 1 mean one. Those beyond the payload's bytes are empty.
	Fragments int
	// Header, when not empty, changes the header of every frame, whether the
	// result is legal or not: see Header.Change.
	Header string
}

// Wire returns the frames of d as they are on the wire, never compressed. What
// Header does not change is legal, whatever the payload.
func (d *Draft) Wire() ([]byte, error) { return d.wire(0) }

// wire is Wire with the bits rsv in the first frame, as far as Header does not
// change them.
func (d *Draft) wire(rsv uint8) ([]byte, error) {
	n := max(d.Fragments, 1)
	switch {
	case n > MaxFragments:
		return nil, fmt.Errorf("%d fragments are more than %d", n, MaxFragments)
	case n > 1 && d.Type.Control() && d.Header == "":
		return nil, fmt.Errorf("a %s cannot be fragmented (RFC 6455 section 5.5)", d.Type)
	case len(d.Payload) > MaxControl && d.Type.Control() && d.Header == "":
		return nil, fmt.Errorf("the payload of a %s has %d bytes, more than %d (RFC 6455 section 5.5)", d.Type, len(d.Payload), MaxControl)
	}
	wire := make([]byte, 0, len(d.Payload)+n*MaxHeaderSize)
	rest := d.Payload
	for i := range n {
		part := rest[:len(rest)/(n-i)]
		rest = rest[len(part):]
		h := Header{Fin: i == n-1, Opcode: d.Type, Length: uint64(len(part)), Masked: d.From == Client}
		if i == 0 {
			h.RSV = rsv
		} else {
			h.Opcode = Continuation
		}
		if h.Masked {
			_, _ = rand.Read(h.Mask[:]) // which never fails
		}
		if err := h.Change(d.Header); err != nil {
			return nil, err
		}
		wire = h.Append(wire)
		at := len(wire)
		wire = append(wire, part...)
		if h.Masked {
			Mask(wire[at:], h.Mask, 0)
		}
	}
	return wire, nil
}

// Change sets the bits of h that text names, as in
// "fin=0,rsv=5,opcode=11,masked=0,length=70000,extended=8": fin and masked are 0
// or 1; rsv is 0 to 7 with RSV1 as 4; opcode is a name or 0 to 15; mask is the key
// in eight hex digits and sets masked; length is what the header declares,
// whatever follows it; extended is the size of the length field, 0, 2 or 8 bytes,
// and no less than the length needs. An empty text changes nothing.
func (h *Header) Change(text string) error {
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		name, value, _ := strings.Cut(item, "=")
		if err := h.set(strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
}

func (h *Header) set(name, value string) error {
	var err error
	number := func(bits int) (n uint64) {
		n, err = strconv.ParseUint(value, 0, bits)
		return n
	}
	switch name {
	case "fin":
		h.Fin = number(1) == 1
	case "masked":
		h.Masked = number(1) == 1
	case "rsv":
		h.RSV = uint8(number(3))
	case "opcode":
		if h.Opcode.UnmarshalText([]byte(value)) != nil || h.Opcode == Opaque {
			h.Opcode = Opcode(number(4))
		}
	case "length":
		h.Length = number(64)
	case "extended":
		n := uint8(number(4))
		if err == nil && !slices.Contains([]uint8{0, 2, 8}, n) {
			return fmt.Errorf("header field extended is %q, not 0, 2 or 8", value)
		}
		h.Extended = n
	case "mask":
		key, err := hex.DecodeString(value)
		if err != nil || len(key) != len(h.Mask) {
			return fmt.Errorf("header field mask is %q, not eight hex digits", value)
		}
		h.Mask, h.Masked = [4]byte(key), true
	default:
		return fmt.Errorf("header field %q is not one of fin, rsv, opcode, masked, mask, length, extended", name)
	}
	if err != nil {
		return fmt.Errorf("header field %s cannot be %q", name, value)
	}
	return nil
}
