package compare

import (
	"github.com/wsluice/wsluice/frame"
)

// Key stands for what a message says: messages with equal keys match. Keys are
// comparable within one process only.
type Key uint64

// Key returns the key of m for a match, by the rules.
func (r *Rules) Key(by Match, m *frame.Message) Key {
	return 0
}

// ID is what tells which request a message is, or answers.
type ID struct {
	// Key is the name of the member, or "" for the number of a Socket.IO packet or
	// the second element of a Phoenix message.
	Key string
	// Value is the id as it is written in the payload at Offset, in quotes if it
	// is a string. It aliases the payload.
	Value  []byte
	Offset int
}

// FindID returns the id a message carries: the first of id, requestId, reqId,
// correlationId, messageId, msgId, ref, nonce and seq (however spelled, as in
// request_id) at the top of a JSON object that is a string or a number, or the
// number of a Socket.IO packet that asks for an answer or is one.
func FindID(m *frame.Message) (ID, bool) {
	return ID{}, false
}
