package export

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// harMessage is a message as far as it was read.
type harMessage struct {
	kind, encoding string
	opcode         int64
	at             time.Time
	data           []byte
	seen           bool // data was read
	given          bool // the message was given to the sink
	frame.Message       // what the private field says, Payload included
}

// messages reads "_webSocketMessages".
func (h *harReader) messages(e *harEntryRead) error {
	return h.json.array(func() error {
		if err := h.alive(); err != nil {
			return err
		}
		m := harMessage{opcode: int64(frame.Text)}
		private := int64(-1)
		err := h.json.object(func(name string) error {
			if name != "_wsluice" {
				return h.messageField(&m, name)
			}
			if !m.seen {
				if _, err := h.json.next(); err != nil {
					return err
				}
				private = h.json.off
				return h.json.skip()
			}
			return h.private(e, &m)
		})
		if err == nil && private >= 0 {
			err = h.json.at(private, func() error { return h.private(e, &m) })
		}
		if err == nil {
			h.give(e, &m)
		}
		return err
	})
}

func (h *harReader) messageField(m *harMessage, name string) error {
	switch name {
	case "type", "encoding", "opcode", "time":
		raw, err := h.json.value(1 << 10)
		if err != nil {
			return passable(err)
		}
		switch name {
		case "type":
			m.kind = string(looseString(raw))
		case "encoding":
			m.encoding = string(looseString(raw))
		case "opcode":
			if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
				m.opcode = n
			}
		case "time":
			m.at = looseMoment(raw)
		}
	case "data":
		m.seen = true
		raw, err := h.json.value(harData)
		if errors.Is(err, errTooLong) {
			h.tally.note("messages with more than 256 MiB are left out")
			m.given = true
			return nil
		}
		m.data = looseString(raw)
		return err
	default:
		return h.json.skip()
	}
	return nil
}

// private reads what NewHAR keeps with a message, and the messages behind it.
func (h *harReader) private(e *harEntryRead, m *harMessage) error {
	return h.json.object(func(name string) error {
		switch name {
		case "origin":
			return h.small(&m.Origin)
		case "frames":
			return h.small(&m.Frames)
		case "incomplete":
			return h.small(&m.Incomplete)
		case "truncated":
			return h.small(&m.Truncated)
		case "base64":
			raw, err := h.json.value(harData)
			if err != nil {
				return passable(err)
			}
			m.Payload, err = base64.StdEncoding.AppendDecode(nil, looseString(raw))
			if err != nil {
				m.Payload = nil
			}
			return nil
		case "then":
			h.give(e, m)
			return h.beside(e)
		}
		return h.json.skip()
	})
}

// beside reads a list of messages that HAR has no form for.
func (h *harReader) beside(e *harEntryRead) error {
	return h.json.array(func() error {
		if err := h.alive(); err != nil {
			return err
		}
		raw, err := h.json.value(harData)
		if err != nil {
			return passable(err)
		}
		var m frame.Message
		if err := json.Unmarshal(raw, &m); err != nil {
			h.tally.note("messages in the private field that are none are left out")
			return nil
		}
		e.reel.message(&m)
		return nil
	})
}

// give gives m to the sink, once.
func (h *harReader) give(e *harEntryRead, m *harMessage) {
	if m.given {
		return
	}
	m.given = true
	switch m.kind {
	case "send":
		m.From = frame.Client
	case "receive":
		m.From = frame.Server
	default:
		h.tally.note("notices that are neither sent nor received messages are left out")
		return
	}
	if m.opcode < 0 || m.opcode > 0xF {
		h.tally.note("messages with an opcode that is none are left out")
		return
	}
	m.Type = frame.Opcode(m.opcode)
	if m.Time = m.at; m.Time.IsZero() {
		m.Time = e.reel.last
		h.tally.note("messages without a time are kept with that of the one before")
	}
	if m.Payload == nil {
		m.Payload = h.payload(m)
	}
	e.reel.message(&m.Message)
}

// payload is what data stands for.
func (h *harReader) payload(m *harMessage) []byte {
	encoded := strings.EqualFold(m.encoding, "base64")
	if !h.gori && m.Type == frame.Binary {
		encoded = true
	}
	if !encoded {
		return m.data
	}
	p, err := base64.StdEncoding.AppendDecode(nil, m.data)
	if err != nil {
		h.tally.note("binary messages that are not in base64 are kept as they are written")
		return m.data
	}
	return p
}

// passable is err unless that is errTooLong.
func passable(err error) error {
	if errors.Is(err, errTooLong) {
		return nil
	}
	return err
}

// unmarshalLoosely reads raw into v as far as it fits: one field of another kind
// than expected must not cost the others.
func unmarshalLoosely(raw []byte, v any) { _ = json.Unmarshal(raw, v) }

// looseString returns the bytes a JSON string stands for. Bytes that are not
// UTF-8 stay as they are.
func looseString(raw []byte) []byte {
	if len(raw) >= 2 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		return bytes.Clone(raw[1 : len(raw)-1])
	}
	var s string
	unmarshalLoosely(raw, &s)
	return []byte(s)
}

// looseMoment reads a time of a message: seconds since 1970 with any number of
// decimals, milliseconds when that would be past the year 5000, or a text.
func looseMoment(raw []byte) time.Time {
	if len(raw) > 0 && raw[0] == '"' {
		return looseTime(string(looseString(raw)))
	}
	whole, decimals, _ := strings.Cut(string(raw), ".")
	if seconds, err := strconv.ParseInt(whole, 10, 64); err == nil && seconds >= 0 && seconds < 1e11 && digits(decimals) {
		nanos, _ := strconv.ParseInt((decimals + "000000000")[:9], 10, 64)
		return inRange(time.Unix(seconds, nanos))
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 1e18 {
		return time.Time{}
	}
	if f >= 1e11 {
		f /= 1e3
	}
	seconds, fraction := math.Modf(f)
	return inRange(time.Unix(int64(seconds), int64(fraction*1e9)))
}

func digits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// looseTime reads an ISO 8601 time.
func looseTime(s string) time.Time {
	if !utf8.ValidString(s) {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return inRange(t.UTC())
		}
	}
	return time.Time{}
}

// inRange is t, or the zero time when its nanoseconds since 1970 overflow.
func inRange(t time.Time) time.Time {
	if t.Year() < 1678 || t.Year() > 2261 {
		return time.Time{}
	}
	return t.UTC()
}
