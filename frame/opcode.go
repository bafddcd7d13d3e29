package frame

import "strconv"

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

// Control reports whether o is in the control range 0x8 to 0xF
// (RFC 6455 section 5.5), reserved control opcodes included.
func (o Opcode) Control() bool { return o&0x8 != 0 }

// Reserved reports whether RFC 6455 gives o no meaning.
func (o Opcode) Reserved() bool {
	return o > Binary && o < Close || o > Pong
}

// String returns the name used in every list and JSON form, such as "text" or
// "close"; reserved opcodes read "reserved-3".
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
	}
	return "reserved-" + strconv.Itoa(int(o))
}
