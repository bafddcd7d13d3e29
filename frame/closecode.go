package frame

import (
	"encoding/binary"
	"strconv"
)

// CloseCode is the status code of a close frame (RFC 6455 section 7.4).
type CloseCode uint16

// The codes of RFC 6455 section 7.4.1 and of the IANA registry it opened.
const (
	NormalClosure      CloseCode = 1000
	GoingAway          CloseCode = 1001
	ProtocolError      CloseCode = 1002
	UnsupportedData    CloseCode = 1003
	NoStatusReceived   CloseCode = 1005
	AbnormalClosure    CloseCode = 1006
	InvalidPayload     CloseCode = 1007
	PolicyViolation    CloseCode = 1008
	MessageTooBig      CloseCode = 1009
	MandatoryExtension CloseCode = 1010
	InternalError      CloseCode = 1011
	ServiceRestart     CloseCode = 1012
	TryAgainLater      CloseCode = 1013
	BadGateway         CloseCode = 1014
	TLSFailure         CloseCode = 1015
)

// senders says who may send a code.
type senders uint8

const (
	nobody     senders = 0
	clientOnly senders = 1 << Client
	anybody    senders = 1<<Client | 1<<Server
)

var closeCodes = [...]struct {
	code              CloseCode
	name, explanation string
	senders           senders
}{
	{NormalClosure, "normal closure", "The connection did its job and ended as intended.", anybody},
	{GoingAway, "going away", "The server shuts down, or the page that opened the connection is left.", anybody},
	{ProtocolError, "protocol error", "The sender saw a frame that breaks the protocol.", anybody},
	{UnsupportedData, "unsupported data", "The sender does not take this type of message, such as binary where it wants text.", anybody},
	{NoStatusReceived, "no status received", "A close frame came without a code. Programs report this, no frame may carry it.", nobody},
	{AbnormalClosure, "abnormal closure", "The connection was lost without a close frame: a crash, the network, a timeout on the way. Programs report this, no frame may carry it.", nobody},
	{InvalidPayload, "invalid payload", "A text message was not UTF-8, or the data did not fit its type.", anybody},
	{PolicyViolation, "policy violation", "A rule of the application was broken: authentication, origin, rate.", anybody},
	{MessageTooBig, "message too big", "A message was larger than the sender wants to take.", anybody},
	{MandatoryExtension, "mandatory extension", "The client needs an extension that the server did not agree to.", clientOnly},
	{InternalError, "internal error", "The sender failed while it handled the connection.", anybody},
	{ServiceRestart, "service restart", "The server restarts; connect again after a while.", anybody},
	{TryAgainLater, "try again later", "The server is overloaded; connect again later or elsewhere.", anybody},
	{BadGateway, "bad gateway", "A gateway got no proper answer from the server behind it.", anybody},
	{TLSFailure, "TLS failure", "The TLS handshake failed, often over the certificate. Programs report this, no frame may carry it.", nobody},
}

// Name returns the code's name in a few words, such as "going away".
func (c CloseCode) Name() string {
	name, _, _ := c.describe()
	return name
}

// Explanation returns what the code tells, in a sentence or two.
func (c CloseCode) Explanation() string {
	_, explanation, _ := c.describe()
	return explanation
}

// Sendable reports whether that side may send the code in a close frame
// (RFC 6455 section 7.4).
func (c CloseCode) Sendable(by Side) bool {
	_, _, senders := c.describe()
	return senders&(1<<by) != 0
}

func (c CloseCode) describe() (name, explanation string, by senders) {
	for i := range closeCodes {
		if d := &closeCodes[i]; d.code == c {
			return d.name, d.explanation, d.senders
		}
	}
	switch {
	case c < 1000:
		return "invalid", "Codes under 1000 are not used.", nobody
	case c < 3000:
		return "reserved", "The protocol keeps this code for later use.", nobody
	case c < 4000:
		return "registered", "Libraries and frameworks register such codes; ask theirs for the meaning.", anybody
	case c < 5000:
		return "private", "The application gave this code its meaning.", anybody
	}
	return "invalid", "Codes from 5000 on are not defined.", nobody
}

// String returns number and name, such as "1001 going away".
func (c CloseCode) String() string {
	return strconv.Itoa(int(c)) + " " + c.Name()
}

// ParseClose takes a close frame's payload apart (RFC 6455 section 5.5.1). The
// reason aliases payload and may be any bytes. An empty payload has code 0; ok
// is false for a payload of one byte, which has no meaning.
func ParseClose(payload []byte) (code CloseCode, reason []byte, ok bool) {
	if len(payload) < 2 {
		return 0, nil, len(payload) == 0
	}
	return CloseCode(binary.BigEndian.Uint16(payload)), payload[2:], true
}

// AppendClose appends the payload of a close frame with that code and reason
// to dst.
func AppendClose(dst []byte, code CloseCode, reason string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(code)), reason...)
}
