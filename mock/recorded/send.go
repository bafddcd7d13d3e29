package recorded

import (
	"github.com/wsluice/wsluice/frame"
)

// send sends a line's payload with another id in it, unless that is nil.
func (l *line) send(c *frame.Conn, payload, id []byte) error {
	t := &l.take
	if t.raw() {
		return c.Write(payload)
	}
	ends := t.ends
	if id != nil && l.answers >= 0 {
		payload, ends = l.renamed(payload, id)
	}
	frames := max(t.message.Frames, 1)
	if t.message.Compressed && c.Extensions().Deflate {
		return c.Send(frame.Draft{
			Type: t.message.Type, Payload: payload, Fragments: min(frames, frame.MaxFragments),
		}, true)
	}
	if t.message.Compressed || len(ends) < 2 {
		return c.Send(frame.Draft{
			Type: t.message.Type, Payload: payload, Fragments: min(frames, frame.MaxFragments),
		}, false)
	}
	wire := make([]byte, 0, len(payload)+len(ends)*frame.MaxHeaderSize)
	start := 0
	for i, end := range ends {
		h := frame.Header{Fin: i == len(ends)-1, Opcode: t.message.Type, Length: uint64(end - start)}
		if i > 0 {
			h.Opcode = frame.Continuation
		}
		wire = append(h.Append(wire), payload[start:end]...)
		start = end
	}
	return c.Write(wire)
}

// renamed returns the payload with id in the place of the line's own, and where the
// parts of several frames end in it.
func (l *line) renamed(payload, id []byte) ([]byte, []int) {
	at, behind := int(l.idAt), int(l.idAt+l.idBytes)
	if behind > len(payload) {
		return payload, l.take.ends
	}
	named := make([]byte, 0, len(payload)+len(id))
	named = append(append(append(named, payload[:at]...), id...), payload[behind:]...)
	ends := make([]int, len(l.take.ends))
	for i, end := range l.take.ends {
		switch {
		case end >= behind:
			end += len(id) - (behind - at)
		case end > at:
			end = at + min(end-at, len(id))
		}
		ends[i] = end
	}
	return named, ends
}
