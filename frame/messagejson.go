package frame

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the one JSON form of m to dst: an object on one line,
// without HTML escaping. It is in UTF-8 and harmless on a terminal.
//
// The payload is in "text" for text, ping and pong messages that are valid
// UTF-8, in "code" and "reason" for close frames, else in "base64".
func (m *Message) AppendJSON(dst []byte) []byte {
	o := openObject(dst)
	o.uint("conn", m.Conn)
	o.uint("seq", m.Seq)
	o.time("time", m.Time)
	o.string("from", m.From.String())
	o.string("type", m.Type.String())
	o.uint("size", m.Size)
	m.appendPayload(&o)
	o.string("origin", m.Origin.String())
	o.setBool("recoded", m.Recoded)
	o.uint("frames", uint64(m.Frames))
	o.bool("compressed", m.Compressed)
	o.uint("wire_size", m.WireSize)
	o.set("incomplete", m.Incomplete.String())
	o.set("violation", m.Violation.String())
	o.set("error", m.Error)
	o.setBool("truncated", m.Truncated)
	return o.close()
}

func (m *Message) appendPayload(o *object) {
	switch m.Type {
	case Text, Ping, Pong:
		if utf8.Valid(m.Payload) {
			o.text("text", m.Payload)
			return
		}
	case Close:
		code, reason, ok := ParseClose(m.Payload)
		valid := ok && utf8.Valid(reason)
		if !valid {
			o.base64("base64", m.Payload)
		}
		if len(m.Payload) >= 2 {
			o.uint("code", uint64(code))
			if valid {
				o.text("reason", reason)
			}
		}
		return
	}
	o.base64("base64", m.Payload)
}

// MarshalJSON returns what AppendJSON appends.
func (m Message) MarshalJSON() ([]byte, error) { return m.AppendJSON(nil), nil }

// UnmarshalJSON reads what AppendJSON writes. Global is not part of it.
func (m *Message) UnmarshalJSON(p []byte) error {
	var in struct {
		Conn       uint64     `json:"conn"`
		Seq        uint64     `json:"seq"`
		Time       time.Time  `json:"time"`
		From       Side       `json:"from"`
		Type       Opcode     `json:"type"`
		Size       uint64     `json:"size"`
		Text       *string    `json:"text"`
		Base64     []byte     `json:"base64"`
		Code       *CloseCode `json:"code"`
		Reason     string     `json:"reason"`
		Origin     Origin     `json:"origin"`
		Recoded    bool       `json:"recoded"`
		Frames     int        `json:"frames"`
		Compressed bool       `json:"compressed"`
		WireSize   uint64     `json:"wire_size"`
		Incomplete Incomplete `json:"incomplete"`
		Violation  Violation  `json:"violation"`
		Error      string     `json:"error"`
		Truncated  bool       `json:"truncated"`
	}
	if err := json.Unmarshal(p, &in); err != nil {
		return fmt.Errorf("message: %w", err)
	}
	*m = Message{
		Conn: in.Conn, Seq: in.Seq, Time: in.Time, From: in.From, Type: in.Type,
		Origin: in.Origin, Recoded: in.Recoded, Payload: in.Base64, Size: in.Size, WireSize: in.WireSize,
		Frames: in.Frames, Compressed: in.Compressed, Incomplete: in.Incomplete,
		Violation: in.Violation, Error: in.Error, Truncated: in.Truncated,
	}
	switch {
	case in.Text != nil:
		m.Payload = []byte(*in.Text)
	case in.Base64 == nil && in.Code != nil:
		m.Payload = AppendClose(nil, *in.Code, in.Reason)
	}
	if m.Type == Close {
		code, reason, _ := ParseClose(m.Payload)
		m.Code, m.Reason = code, string(reason)
	}
	return nil
}
