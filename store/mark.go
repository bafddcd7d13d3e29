package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/wsluice/wsluice/frame"
)

// Mark is what a user noted on a message.
type Mark struct {
	// Conn and Seq name the message by its first frame.
	Conn uint64 `json:"conn"`
	Seq  uint64 `json:"seq"`
	// Label is a short name to jump to, such as a letter: up to 32 bytes without
	// control characters. It may be empty, and several marks may have the same.
	Label string `json:"label,omitempty"`
	// Note is text of up to 4 KiB.
	Note string `json:"note,omitempty"`
	// Time is when the mark was set.
	Time time.Time `json:"time,omitzero"`
}

const (
	// maxMarks is how many marks a capture keeps.
	maxMarks = 10_000
	maxLabel = 32
	maxNote  = 4 << 10
)

// ErrMark: a mark cannot be kept as it is; the message says why.
var ErrMark = errors.New("mark cannot be kept")

// checked returns m as it is kept: in UTF-8, and with a time.
func (m Mark) checked() (Mark, error) {
	const mark = "\uFFFD"
	m.Label, m.Note = strings.ToValidUTF8(m.Label, mark), strings.ToValidUTF8(m.Note, mark)
	if m.Time.IsZero() {
		m.Time = time.Now()
	}
	m.Time = m.Time.Round(0).UTC()
	switch {
	case m.Conn == 0 || m.Seq == 0:
		return m, fmt.Errorf("%w: it names frame %d of connection %d", ErrMark, m.Seq, m.Conn)
	case len(m.Label) > maxLabel:
		return m, fmt.Errorf("%w: its label has %d bytes, at most %d are kept", ErrMark, len(m.Label), maxLabel)
	case strings.ContainsFunc(m.Label, unicode.IsControl):
		return m, fmt.Errorf("%w: its label %q has a control character", ErrMark, m.Label)
	case len(m.Note) > maxNote:
		return m, fmt.Errorf("%w: its note has %d bytes, at most %d are kept", ErrMark, len(m.Note), maxNote)
	}
	return m, nil
}

// empty reports whether m says nothing, which takes the mark of its message away.
func (m *Mark) empty() bool { return m.Label == "" && m.Note == "" }

// AppendJSON appends {"conn":1,"seq":2,"label":"…","note":"…",
// "time":"RFC3339Nano"}, without label and note where they are empty.
func (m *Mark) AppendJSON(b []byte) []byte {
	b = fmt.Appendf(b, `{"conn":%d,"seq":%d`, m.Conn, m.Seq)
	if m.Label != "" {
		b = frame.AppendString(append(b, `,"label":`...), m.Label)
	}
	if m.Note != "" {
		b = frame.AppendString(append(b, `,"note":`...), m.Note)
	}
	if !m.Time.IsZero() {
		b = m.Time.UTC().AppendFormat(append(b, `,"time":"`...), time.RFC3339Nano)
		b = append(b, '"')
	}
	return append(b, '}')
}

// MarshalJSON is AppendJSON.
func (m Mark) MarshalJSON() ([]byte, error) { return m.AppendJSON(nil), nil }

// The fields of a mark in the marks bucket. A checksum of the key and them stands
// before.
const (
	markTime  = 1 // sint64, nanoseconds since 1970
	markLabel = 2
	markNote  = 3
)

// markSum is the size of the checksum.
const markSum = 4

// appendMark appends the stored form of m.
func appendMark(b []byte, m *Mark) []byte {
	at := len(b)
	b = append(b, make([]byte, markSum)...)
	b = appendTime(b, markTime, m.Time)
	b = appendString(b, markLabel, m.Label)
	b = appendString(b, markNote, m.Note)
	binary.BigEndian.PutUint32(b[at:], noteSum(pair(m.Conn, m.Seq), b[at+markSum:]))
	return b
}

// parseMark reads an entry of the marks bucket.
func parseMark(k, p []byte) (m Mark, err error) {
	if m.Conn, m.Seq, err = numbers("marks", k); err != nil {
		return m, err
	}
	m.Time = instant(0)
	if len(p) < markSum || binary.BigEndian.Uint32(p) != noteSum(k, p[markSum:]) {
		return m, corrupt("the mark on frame %d of connection %d is broken", m.Seq, m.Conn)
	}
	for p = p[markSum:]; len(p) > 0; {
		num, typ, n := protowire.ConsumeTag(p)
		if n >= 0 {
			p = p[n:]
			n = protowire.ConsumeFieldValue(num, typ, p)
		}
		if n < 0 {
			return m, corrupt("the mark on frame %d of connection %d: %w", m.Seq, m.Conn, protowire.ParseError(n))
		}
		switch {
		case num == markTime && typ == protowire.VarintType:
			v, _ := protowire.ConsumeVarint(p)
			m.Time = instant(protowire.DecodeZigZag(v))
		case num == markLabel && typ == protowire.BytesType:
			s, _ := protowire.ConsumeBytes(p)
			m.Label = string(s)
		case num == markNote && typ == protowire.BytesType:
			s, _ := protowire.ConsumeBytes(p)
			m.Note = string(s)
		}
		p = p[n:]
	}
	if kept, err := m.checked(); err != nil || kept != m {
		return m, corrupt("the mark on frame %d of connection %d is none that is kept", m.Seq, m.Conn)
	}
	return m, nil
}
