package export

import (
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// har writes one entry after the other. Where it stands in the entry under way
// is what decides how the next message begins and what is to be closed.
type har struct {
	buffered
	version string
	any     bool // an entry was written
	conn    uint64
	at      harPlace
	list    bool // a list of what HAR has no form for is open
	private bool // the private field of the message under way is open
}

// harPlace is a place in a HAR document.
type harPlace uint8

const (
	harStart    harPlace = iota // nothing is written
	harEntries                  // between entries
	harEntry                    // in the private field of an entry
	harMessages                 // in a message
)

// NewHAR returns a Writer of an HTTP Archive (HAR 1.2), as browsers write it: an
// entry a connection, text and binary messages in its "_webSocketMessages", text
// as it is and binary in base64. Version is that of wsluice.
//
// What HAR has no form for is in private fields named "_wsluice", in the one JSON
// form of package frame: the connection, with the messages in "before" that came
// before the first of "_webSocketMessages", and in each of those the marks it
// has, with the messages in "then" that came behind it. Those are control frames,
// what could not be inflated, what was no frame, and what was dropped.
//
// It takes only messages, and one connection after the other: a message of
// another connection than the last one is an error.
func NewHAR(w io.Writer, version string) Writer {
	return &har{buffered: newBuffered(w), version: version}
}

func (h *har) Connection(c *frame.Connection) error {
	b := h.end(h.line[:0])
	if h.any {
		b = append(b, ',')
	}
	b = appendHAREntry(append(b, '\n'), c)
	b = append(b, `,"_resourceType":"websocket","_wsluice":{"connection":`...)
	h.any, h.conn, h.at = true, c.ID, harEntry
	return h.write(c.AppendJSON(b))
}

func (h *har) Message(m *frame.Message) error {
	if m.Conn != h.conn || h.at < harEntry {
		return fmt.Errorf("har: a message of connection %d came within connection %d", m.Conn, h.conn)
	}
	if !m.Type.Data() || m.Error != "" || m.Origin == frame.Dropped {
		return h.write(m.AppendJSON(h.beside(h.line[:0])))
	}
	b := h.line[:0]
	switch h.at {
	case harEntry:
		b = append(h.closeList(b), "},\n"+`"_webSocketMessages":[`...)
	default:
		b = append(h.endMessage(b), ",\n"...)
	}
	h.at = harMessages
	return h.write(h.appendMessage(b, m))
}

func (h *har) Frame(*frame.Record) error { return nil }

// Close completes the document.
func (h *har) Close() error {
	b := append(h.end(h.line[:0]), "\n]}}\n"...)
	if err := h.write(b); err != nil {
		return err
	}
	return h.Flush()
}

// end closes the entry under way and begins the document when that is not done.
func (h *har) end(b []byte) []byte {
	switch h.at {
	case harStart:
		b = append(b, `{"log":{"version":"1.2","creator":{"name":"wsluice","version":`...)
		b = append(frame.AppendString(b, h.version), `},"entries":[`...)
	case harEntry:
		b = append(h.closeList(b), `},"_webSocketMessages":[]}`...)
	case harMessages:
		b = append(h.endMessage(b), "]}"...)
	}
	h.at = harEntries
	return b
}

// beside begins another element of the list of what HAR has no form for.
func (h *har) beside(b []byte) []byte {
	switch {
	case h.list:
		return append(b, ",\n"...)
	case h.at == harEntry:
		b = append(b, `,"before":[`...)
	case h.private:
		b = append(b, `,"then":[`...)
	default:
		b = append(b, `,"_wsluice":{"then":[`...)
		h.private = true
	}
	h.list = true
	return b
}

func (h *har) closeList(b []byte) []byte {
	if h.list {
		b = append(b, ']')
	}
	h.list = false
	return b
}

func (h *har) endMessage(b []byte) []byte {
	b = h.closeList(b)
	if h.private {
		b = append(b, '}')
	}
	h.private = false
	return append(b, '}')
}

// appendMessage appends a message up to the end of its marks.
func (h *har) appendMessage(b []byte, m *frame.Message) []byte {
	b = append(b, `{"type":"`...)
	if m.From == frame.Client {
		b = append(b, `send","time":`...)
	} else {
		b = append(b, `receive","time":`...)
	}
	b = appendSeconds(b, m.Time)
	b = append(b, `,"opcode":`...)
	b = strconv.AppendUint(b, uint64(m.Type), 10)
	b = append(b, `,"data":`...)
	broken := false
	if m.Type == frame.Text {
		broken = !utf8.Valid(m.Payload)
		b = frame.AppendString(b, string(m.Payload))
	} else {
		b = append(base64.StdEncoding.AppendEncode(append(b, '"'), m.Payload), '"')
	}
	mark := func(name string) {
		if h.private {
			b = append(b, ',')
		} else {
			b = append(b, `,"_wsluice":{`...)
		}
		h.private = true
		b = append(append(append(b, '"'), name...), '"', ':')
	}
	set := func(name, value string) {
		if value != "" {
			mark(name)
			b = frame.AppendString(b, value)
		}
	}
	if m.Origin != frame.Observed {
		set("origin", m.Origin.String())
	}
	if m.Frames > 1 {
		mark("frames")
		b = strconv.AppendInt(b, int64(m.Frames), 10)
	}
	for _, f := range [...]struct {
		name string
		set  bool
	}{{"recoded", m.Recoded}, {"compressed", m.Compressed}, {"truncated", m.Truncated}} {
		if f.set {
			mark(f.name)
			b = append(b, "true"...)
		}
	}
	set("incomplete", m.Incomplete.String())
	set("violation", m.Violation.String())
	if broken {
		mark("base64")
		b = append(base64.StdEncoding.AppendEncode(append(b, '"'), m.Payload), '"')
	}
	return b
}

// appendSeconds appends t in seconds since 1970 with all its decimals, which are
// more than a float64 holds.
func appendSeconds(b []byte, t time.Time) []byte {
	n := t.UnixNano()
	u := uint64(n)
	if n < 0 {
		b, u = append(b, '-'), -u
	}
	b = strconv.AppendUint(b, u/1e9, 10)
	fraction := u % 1e9
	if fraction == 0 {
		return b
	}
	digits := strconv.AppendUint(nil, 1e9+fraction, 10)
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	return append(append(b, '.'), digits[1:]...)
}
