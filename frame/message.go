package frame

import "time"

// Message is one message as it was seen: the frames from the first to the one
// with FIN put together and inflated, or one control frame, or bytes that were
// no frame.
type Message struct {
	Conn uint64
	// Seq and Global are those of the message's first frame.
	Seq, Global uint64
	// Time is that of the first frame.
	Time time.Time
	From Side
	// Type is the first frame's opcode: Continuation for a continuation of
	// nothing, Opaque for bytes that were no frame.
	Type   Opcode
	Origin Origin
	// Recoded is that of the first frame.
	Recoded bool
	// Payload is unmasked and inflated. When Error is set it is as it passed;
	// when Truncated or Incomplete it is the beginning of what was sent.
	Payload []byte
	// Size is the size of the whole payload in bytes, as far as it is known and
	// whatever Payload holds: after inflation where that succeeded, otherwise as
	// it passed.
	Size uint64
	// WireSize is the size of all the message's frames in bytes, headers
	// included.
	WireSize uint64
	// Frames is how many frames made the message.
	Frames int
	// Compressed is whether the message passed compressed by
	// permessage-deflate.
	Compressed bool
	// Code and Reason are those of a close frame. Code is 0 when it carried
	// none; Reason may be invalid UTF-8.
	Code   CloseCode
	Reason string
	// Incomplete says why a part of the payload never came or was not kept.
	Incomplete Incomplete
	// Violation is the first rule the message or one of its frames breaks.
	Violation Violation
	// Error says why the payload could not be inflated or read.
	Error string
	// Truncated marks a Payload that stops short because of a limit.
	Truncated bool
}

// Cut leaves at most n bytes of the payload, of a text message no part of a
// character, and marks m as truncated when it held more.
func (m *Message) Cut(n int) {
	if len(m.Payload) <= n {
		return
	}
	m.Payload, m.Truncated = m.Payload[:n], true
	if m.Type == Text && m.Error == "" {
		m.Payload = m.Payload[:n-partialRune(m.Payload)]
	}
}
