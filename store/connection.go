package store

import (
	"encoding/json"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/wsluice/wsluice/frame"
)

// The fields of a connection. One that occurs again replaces what was before,
// but for the repeated header fields, so that appending the fields of its end to
// a connection makes an ended one.
const (
	connState       = 1
	connURL         = 2
	connClient      = 3
	connServer      = 4
	connStart       = 5 // sint64, nanoseconds since 1970
	connEnd         = 6 // sint64, nanoseconds since 1970
	connStatus      = 7
	connSubprotocol = 8
	connExtensions  = 9
	connRequest     = 10 // repeated: {1: name, 2: value}
	connResponse    = 11 // repeated: {1: name, 2: value}
	connBody        = 12
	connTLS         = 13 // JSON
	connError       = 14
	connMessages    = 15 // and 16: of the client, of the server
	connFrames      = 17 // and 18
	connBytes       = 19 // and 20
	connCode        = 21
	connReason      = 22
	connEndedBy     = 23
	connHow         = 24
	connSeen        = 25 // sint64: time of the latest frame, nanoseconds since 1970
	connLong        = 26 // and 27: global number of a frame in chunks that still arrives
	connSource      = 28
)

// maxBody bounds the kept beginning of a refusal's body.
const maxBody = 64 << 10

// counters is what a recorder counts of an open connection.
type counters struct {
	messages, frames, bytes [2]uint64
	code                    frame.CloseCode
	reason                  string
	closing                 bool // a close frame was seen that was not dropped
	seen                    int64
	// long are the frames that still go to chunks: their payload is not in
	// bytes yet.
	long [2]uint64
}

// add counts one record, of a chunked one only the header. The payload of a
// close frame must be whole.
func (c *counters) add(r *frame.Record, at int64, chunked bool) {
	if chunked {
		c.bytes[r.From] += uint64(r.Header.Size())
	} else {
		c.bytes[r.From] += r.WireSize()
	}
	c.seen = max(c.seen, at)
	if r.Opaque {
		return
	}
	c.frames[r.From]++
	if r.Header.Fin {
		c.messages[r.From]++
	}
	if r.Header.Opcode == frame.Close && r.Origin != frame.Dropped && !c.closing {
		c.closing = true
		if len(r.Payload) >= 2 {
			c.code = frame.CloseCode(r.Payload[0])<<8 | frame.CloseCode(r.Payload[1])
			c.reason = string(r.Payload[2:min(len(r.Payload), frame.MaxControl)])
		}
	}
}

func appendNumber(b []byte, n protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

func appendString(b []byte, n protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
}

func appendTime(b []byte, n protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return appendNumber(b, n, protowire.EncodeZigZag(t.UnixNano()))
}

func appendFields(b []byte, n protowire.Number, fields []frame.Field) []byte {
	for _, f := range fields {
		b = protowire.AppendTag(b, n, protowire.BytesType)
		b = protowire.AppendBytes(b, appendString(appendString(nil, 1, f.Name), 2, f.Value))
	}
	return b
}

// appendConnection appends what is known of c before its frames.
func appendConnection(b []byte, c *frame.Connection) ([]byte, error) {
	b = appendString(b, connState, string(c.State))
	b = appendNumber(b, connSource, c.Source)
	b = appendString(b, connURL, c.URL)
	b = appendString(b, connClient, c.Client)
	b = appendString(b, connServer, c.Server)
	b = appendTime(b, connStart, c.Start)
	b = appendNumber(b, connStatus, uint64(c.Status))
	b = appendString(b, connSubprotocol, c.Subprotocol)
	b = appendString(b, connExtensions, c.Extensions)
	b = appendFields(b, connRequest, c.Request)
	b = appendFields(b, connResponse, c.Response)
	b = appendString(b, connBody, string(c.Body[:min(len(c.Body), maxBody)]))
	if c.TLS != nil {
		text, err := json.Marshal(c.TLS)
		if err != nil {
			return nil, err
		}
		b = appendString(b, connTLS, string(text))
	}
	b = appendTime(b, connEnd, c.End)
	b = appendString(b, connError, c.Error)
	b = appendString(b, connEndedBy, string(c.EndedBy))
	return appendString(b, connHow, string(c.How)), nil
}

// appendEnd appends how a connection in the given state ended.
func appendEnd(b []byte, state frame.State, end *frame.End) []byte {
	b = appendString(b, connState, string(state))
	b = appendTime(b, connEnd, end.Time)
	b = appendString(b, connEndedBy, string(end.EndedBy))
	b = appendString(b, connHow, string(end.How))
	return appendString(b, connError, end.Error)
}

// appendCounters appends c.
func appendCounters(b []byte, c *counters) []byte {
	for side := range protowire.Number(2) {
		b = appendNumber(b, connMessages+side, c.messages[side])
		b = appendNumber(b, connFrames+side, c.frames[side])
		b = appendNumber(b, connBytes+side, c.bytes[side])
		b = appendNumber(b, connLong+side, c.long[side])
	}
	if c.closing {
		// The code is written even when it is 0: the close frame was seen.
		b = protowire.AppendTag(b, connCode, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(c.code))
	}
	b = appendString(b, connReason, c.reason)
	return appendNumber(b, connSeen, protowire.EncodeZigZag(c.seen))
}

// storedConnection is a connection as the capture holds it.
type storedConnection struct {
	frame.Connection
	closing bool // a close frame was counted
	seen    int64
	long    [2]uint64
}

// counters returns the counts in c as add goes on from them.
func (c *storedConnection) counters() counters {
	return counters{
		messages: c.Messages, frames: c.Frames, bytes: c.Bytes,
		code: c.Code, reason: c.Reason, closing: c.closing, seen: c.seen, long: c.long,
	}
}

// setCounters puts n in place of the counts in c.
func (c *storedConnection) setCounters(n *counters) {
	c.Messages, c.Frames, c.Bytes = n.messages, n.frames, n.bytes
	c.Code, c.Reason, c.closing, c.seen, c.long = n.code, n.reason, n.closing, n.seen, n.long
}

// merge reads the fields in p into c. Nothing in c aliases p.
func (c *storedConnection) merge(p []byte) error {
	for len(p) > 0 {
		num, typ, n := protowire.ConsumeTag(p)
		if n < 0 {
			return corrupt("connection %d has a broken field tag", c.ID)
		}
		p = p[n:]
		var v uint64
		var s []byte
		switch typ {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(p)
		case protowire.BytesType:
			s, n = protowire.ConsumeBytes(p)
		default:
			n = protowire.ConsumeFieldValue(num, typ, p)
		}
		if n < 0 {
			return corrupt("connection %d: field %d is broken", c.ID, num)
		}
		p = p[n:]
		var err error
		switch typ {
		case protowire.VarintType:
			c.setNumber(num, v)
		case protowire.BytesType:
			err = c.setBytes(num, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *storedConnection) setNumber(num protowire.Number, v uint64) {
	switch num {
	case connStart:
		c.Start = instant(protowire.DecodeZigZag(v))
	case connEnd:
		c.End = instant(protowire.DecodeZigZag(v))
	case connStatus:
		c.Status = int(v)
	case connSource:
		c.Source = v
	case connMessages, connMessages + 1:
		c.Messages[num-connMessages] = v
	case connFrames, connFrames + 1:
		c.Frames[num-connFrames] = v
	case connBytes, connBytes + 1:
		c.Bytes[num-connBytes] = v
	case connCode:
		c.Code, c.closing = frame.CloseCode(v), true
	case connSeen:
		c.seen = protowire.DecodeZigZag(v)
	case connLong, connLong + 1:
		c.long[num-connLong] = v
	}
}

func (c *storedConnection) setBytes(num protowire.Number, s []byte) error {
	switch num {
	case connState:
		c.State = frame.State(s)
	case connURL:
		c.URL = string(s)
	case connClient:
		c.Client = string(s)
	case connServer:
		c.Server = string(s)
	case connSubprotocol:
		c.Subprotocol = string(s)
	case connExtensions:
		c.Extensions = string(s)
	case connBody:
		c.Body = append([]byte(nil), s...)
	case connError:
		c.Error = string(s)
	case connReason:
		c.Reason = string(s)
	case connEndedBy:
		c.EndedBy = frame.Party(s)
	case connHow:
		c.How = frame.How(s)
	case connTLS:
		c.TLS = new(frame.TLS)
		if err := json.Unmarshal(s, c.TLS); err != nil {
			return corrupt("connection %d: TLS facts: %w", c.ID, err)
		}
	case connRequest, connResponse:
		field, err := consumeField(s)
		if err != nil {
			return corrupt("connection %d: %w", c.ID, err)
		}
		if num == connRequest {
			c.Request = append(c.Request, field)
		} else {
			c.Response = append(c.Response, field)
		}
	}
	return nil
}

// consumeField reads one header field.
func consumeField(p []byte) (f frame.Field, err error) {
	for len(p) > 0 {
		num, typ, n := protowire.ConsumeTag(p)
		if n < 0 {
			return f, protowire.ParseError(n)
		}
		p = p[n:]
		if n = protowire.ConsumeFieldValue(num, typ, p); n < 0 {
			return f, protowire.ParseError(n)
		}
		if typ == protowire.BytesType {
			s, _ := protowire.ConsumeBytes(p)
			switch num {
			case 1:
				f.Name = string(s)
			case 2:
				f.Value = string(s)
			}
		}
		p = p[n:]
	}
	return f, nil
}

// instant returns the time ns nanoseconds after 1970, in UTC.
func instant(ns int64) time.Time { return time.Unix(0, ns).UTC() }
