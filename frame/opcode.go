package frame

import (
	"fmt"
	"strconv"
)

// Opcode is the four-bit frame type of RFC 6455 section 5.2.
type Opcode uint8

// The opcodes RFC 6455 section 11.8 defines. All others are reserved.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xA
)

// Opaque is no opcode and never on the wire: it is the type of bytes that could
// not be told into frames.
const Opaque Opcode = 0x10

// Control reports whether o is in the control range 0x8 to 0xF
// (RFC 6455 section 5.5), reserved control opcodes included.
func (o Opcode) Control() bool { return o&0x8 != 0 }

// Data reports whether o is Text or Binary.
func (o Opcode) Data() bool { return o == Text || o == Binary }

// Reserved reports whether RFC 6455 gives o no meaning.
func (o Opcode) Reserved() bool {
	return o > Binary && o < Close || o > Pong && o <= 0xF
}

// String returns the name used in every list and JSON form, such as "text" or
// "close"; reserved opcodes read like "reserved-3".
func (o Opcode) String() string {
	switch o {
	case Continuation:
		return "continuation"
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	case Opaque:
		return "opaque"
	}
	return "reserved-" + strconv.Itoa(int(o))
}

// MarshalText writes o as String does.
func (o Opcode) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText accepts the names of String.
func (o *Opcode) UnmarshalText(p []byte) error {
	for i := range Opaque + 1 {
		if i.String() == string(p) {
			*o = i
			return nil
		}
	}
	return fmt.Errorf("type %q is unknown", p)
}
