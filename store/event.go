package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/wsluice/wsluice/frame"
)

// Event is something worth telling that happened while a capture was recorded.
type Event struct {
	// Number counts the events of a capture from 1.
	Number uint64
	Time   time.Time
	Level  string // one of the levels
	// Message says what happened, the same text for every event of a kind.
	Message string
	// Attrs say to what, in the order they are to be shown.
	Attrs []Attr
}

// Attr is one fact of an event.
type Attr struct{ Key, Value string }

// The levels of an event.
const (
	LevelInfo    = "info"
	LevelWarning = "warning"
	LevelError   = "error"
)

// levels are the numbers the levels are stored as.
var levels = [...]string{LevelInfo, LevelWarning, LevelError}

const (
	// maxEvents is how many events a capture keeps.
	maxEvents = 10_000
	// maxEventText bounds the text of one event, keys and values included.
	maxEventText = 1 << 10
	// maxAttrs bounds its attributes.
	maxAttrs = 16
)

// bounded returns a copy of e with no more text and attributes than are kept,
// and all of it UTF-8.
func (e Event) bounded() Event {
	left := maxEventText
	e.Message = clip(e.Message, &left)
	attrs := make([]Attr, 0, min(len(e.Attrs), maxAttrs))
	for _, a := range e.Attrs[:cap(attrs)] {
		a = Attr{Key: clip(a.Key, &left), Value: clip(a.Value, &left)}
		if a.Key == "" {
			break
		}
		attrs = append(attrs, a)
	}
	e.Attrs = attrs
	return e
}

// clip returns the part of s for which *left has room, and takes it off.
func clip(s string, left *int) string {
	const mark = "…"
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > *left {
		end := max(*left-len(mark), 0)
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		if s = s[:end]; *left >= len(mark) {
			s += mark
		}
	}
	*left -= len(s)
	return strings.Clone(s)
}

// The fields of an event in the events bucket.
const (
	eventTime    = 1 // sint64, nanoseconds since 1970
	eventLevel   = 2 // varint: place in levels
	eventMessage = 3
	eventAttr    = 4 // repeated: {1: key, 2: value}
)

// appendEvent appends the stored form of e.
func appendEvent(b []byte, e *Event) []byte {
	b = appendTime(b, eventTime, e.Time)
	for i, level := range levels {
		if e.Level == level {
			b = appendNumber(b, eventLevel, uint64(i))
		}
	}
	b = appendString(b, eventMessage, e.Message)
	for _, a := range e.Attrs {
		b = protowire.AppendTag(b, eventAttr, protowire.BytesType)
		b = protowire.AppendBytes(b, appendString(appendString(nil, 1, a.Key), 2, a.Value))
	}
	return b
}

// parseEvent reads the stored form p of an event.
func parseEvent(n uint64, p []byte) (Event, error) {
	e := Event{Number: n, Level: LevelInfo}
	for len(p) > 0 {
		num, typ, n := protowire.ConsumeTag(p)
		if n >= 0 {
			p = p[n:]
			n = protowire.ConsumeFieldValue(num, typ, p)
		}
		if n < 0 {
			return e, corrupt("event %d: %w", e.Number, protowire.ParseError(n))
		}
		switch typ {
		case protowire.VarintType:
			switch v, _ := protowire.ConsumeVarint(p); {
			case num == eventTime:
				e.Time = instant(protowire.DecodeZigZag(v))
			case num == eventLevel && v < uint64(len(levels)):
				e.Level = levels[v]
			}
		case protowire.BytesType:
			s, _ := protowire.ConsumeBytes(p)
			switch num {
			case eventMessage:
				e.Message = string(s)
			case eventAttr:
				f, err := consumeField(s)
				if err != nil {
					return e, corrupt("event %d: %w", e.Number, err)
				}
				e.Attrs = append(e.Attrs, Attr{Key: f.Name, Value: f.Value})
			}
		}
		p = p[n:]
	}
	return e, nil
}

// MarshalJSON returns {"number":1,"time":"RFC3339Nano","level":"info",
// "message":"…","attrs":{"key":"value"}}, the attributes in their order.
func (e Event) MarshalJSON() ([]byte, error) {
	b := fmt.Appendf(nil, `{"number":%d,"time":"%s","level":`, e.Number, e.Time.UTC().Format(time.RFC3339Nano))
	b = frame.AppendString(b, e.Level)
	b = frame.AppendString(append(b, `,"message":`...), e.Message)
	b = append(b, `,"attrs":{`...)
	for i, a := range e.Attrs {
		if i > 0 {
			b = append(b, ',')
		}
		b = frame.AppendString(b, a.Key)
		b = frame.AppendString(append(b, ':'), a.Value)
	}
	return append(b, "}}"...), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Event) UnmarshalJSON(p []byte) error {
	var in struct {
		Number  uint64          `json:"number"`
		Time    time.Time       `json:"time"`
		Level   string          `json:"level"`
		Message string          `json:"message"`
		Attrs   json.RawMessage `json:"attrs"`
	}
	if err := json.Unmarshal(p, &in); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	attrs, err := parseAttrs(in.Attrs)
	if err != nil {
		return fmt.Errorf("event: %w", err)
	}
	*e = Event{Number: in.Number, Time: in.Time, Level: in.Level, Message: in.Message, Attrs: attrs}
	return nil
}

// parseAttrs reads an object of strings in its order.
func parseAttrs(p []byte) (attrs []Attr, err error) {
	if len(p) == 0 {
		return nil, nil
	}
	in := json.NewDecoder(bytes.NewReader(p))
	if token, err := in.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("attrs is no object")
	}
	for in.More() {
		var a Attr
		key, err := in.Token()
		if err != nil {
			return nil, err
		}
		a.Key = key.(string) // the key of an object always is one
		if err := in.Decode(&a.Value); err != nil {
			return nil, fmt.Errorf("attribute %q: %w", a.Key, err)
		}
		attrs = append(attrs, a)
	}
	return attrs, nil
}
