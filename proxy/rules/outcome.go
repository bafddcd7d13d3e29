package rules

import (
	"net/url"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Outcome is what the rules want done with one message. The zero Outcome passes
// it.
type Outcome struct {
	// Acted names the rules that acted, in order.
	Acted []string
	// Drop keeps the message from its receiver.
	Drop bool
	// Edited is set when Payload is to be sent in its place.
	Edited  bool
	Payload []byte
	// Delay is how long it waits, and what is behind it.
	Delay time.Duration
	// Copies is how many more times it is sent, directly behind it.
	Copies int
	// Behind is how many later messages of its direction are sent before it.
	Behind int
	// Fragments is into how many frames it is cut; 0 leaves it as it is.
	Fragments int
	// Answers are sent back to who sent it.
	Answers []Answer
	// End, when set, ends the connection after the message.
	End *Ending
	// Silence has nothing of the direction passed on any more, this message
	// included.
	Silence bool
}

// Answer is a message made by a rule.
type Answer struct {
	Type    frame.Opcode // Text or Binary
	Payload []byte
}

// Ending is how a rule ends a connection: by a reset, or by close frames to both
// sides.
type Ending struct {
	Reset  bool
	Code   frame.CloseCode
	Reason string
}

// Handshake is what the rules want done with a handshake.
type Handshake struct {
	// Acted names the rules that acted, in order.
	Acted []string
	// Refuse, when set, answers it without the server.
	Refuse *Refusal
	// Target, when set, is the URL (ws or wss) the server is asked for instead,
	// path and query included.
	Target *url.URL
	// Request and Response change the header fields of either, in order.
	Request, Response []Change
}

// Refusal is a response that is no 101.
type Refusal struct {
	Status int // 300 to 599
	Header []frame.Field
	Body   []byte
}

// Change changes header fields. A field that is set replaces all of its name;
// removing comes first.
type Change struct {
	Remove []string
	Set    []frame.Field
}
