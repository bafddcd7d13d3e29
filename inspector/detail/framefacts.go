package detail

import (
	"fmt"
	"strings"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// frameFacts takes a frame apart (RFC 6455 section 5.2).
func (d *Document) frameFacts(r *frame.Record) (facts []fact) {
	add := func(label, raw string, style draw.Style, format string, args ...any) {
		facts = append(facts, fact{label, raw, fmt.Sprintf(format, args...), style})
	}
	if !r.Opaque {
		facts = d.headerFacts(r)
	}
	switch words := missing(r.Incomplete); r.Incomplete {
	case frame.Whole:
	case frame.Unfinished:
		add("missing", "", draw.Warning, "%s", words)
	default:
		add("missing", "", draw.Warning, "%s %s of %s were kept.", words, draw.Grouped(r.Stored), sized(r.Header.Length))
	}
	if r.Violation != frame.Legal {
		add("violation", "", draw.Bad, "%s", broken(r.Violation))
	}
	if m := d.Message(); !r.Time.Equal(m.Time) {
		add("time", "", draw.Plain, "%s after the first frame", draw.Lapse(r.Time.Sub(m.Time)))
	}
	add("raw", "", draw.Plain, "%s", rawBytes(r))
	return facts
}

func (d *Document) headerFacts(r *frame.Record) (facts []fact) {
	h := &r.Header
	add := func(label, raw, format string, args ...any) {
		facts = append(facts, fact{label, raw, fmt.Sprintf(format, args...), draw.Plain})
	}
	wire := h.Append(nil)
	rsv := h.RSV
	add("byte 0", fmt.Sprintf("%d %d %d %d %04b", wire[0]>>7, rsv>>2&1, rsv>>1&1, rsv&1, wire[0]&0xF),
		"FIN=%d%s RSV1=%d%s RSV2=%d%s RSV3=%d%s opcode=%d %s",
		wire[0]>>7, finWords(h), rsv>>2&1, d.rsvWords(r, frame.RSV1), rsv>>1&1, d.rsvWords(r, frame.RSV2),
		rsv&1, d.rsvWords(r, frame.RSV3), wire[0]&0xF, opcodeWords(h.Opcode))
	length := wire[1] & 0x7F
	masked := "MASK=0"
	if h.Masked {
		masked = "MASK=1"
	}
	at := 2
	switch length {
	case 126, 127:
		size := 2
		if length == 127 {
			size = 8
		}
		add("byte 1", fmt.Sprintf("%d %07b", wire[1]>>7, length), "%s len=%d → %d-bit length follows", masked, length, 8*size)
		form := ""
		if !h.Minimal() {
			form = ", a longer form than needed"
		}
		add(fmt.Sprintf("%d..%d", at, at+size-1), spaced(wire[at:at+size]), "payload length %s%s", draw.Grouped(h.Length), form)
		at += size
	default:
		add("byte 1", fmt.Sprintf("%d %07b", wire[1]>>7, length), "%s len=%d, the payload length", masked, length)
	}
	way := "client → server"
	if r.From == frame.Server {
		way = "server → client"
	}
	if h.Masked {
		words := ""
		if h.Mask == ([4]byte{}) {
			words = ", which changes nothing"
		}
		add(fmt.Sprintf("%d..%d", at, at+3), spaced(wire[at:at+4]), "masking key (%s)%s", way, words)
	} else {
		add("—", "—", "no masking key (%s)", way)
	}
	return facts
}

func finWords(h *frame.Header) string {
	if h.Fin {
		return ""
	}
	return " (more frames follow)"
}

// rsvWords says what a set RSV bit means on this connection.
func (d *Document) rsvWords(r *frame.Record, bit uint8) string {
	switch {
	case r.Header.RSV&bit == 0:
		return ""
	case bit == frame.RSV1 && d.ext.Deflate:
		return " (permessage-deflate)"
	case d.ext.RSV()&bit != 0:
		return " (" + quoted(strings.Join(d.ext.Unknown, ", "), 100) + " may know)"
	}
	return " (no extension gives it a meaning)"
}

func opcodeWords(o frame.Opcode) string {
	switch {
	case o.Reserved() && o.Control():
		return "reserved for a control frame"
	case o.Reserved():
		return "reserved for a data frame"
	}
	return o.String()
}

// rawBytes shows the first bytes of a frame as they were on the wire, masked.
func rawBytes(r *frame.Record) string {
	const most = 24
	head := *r
	head.Payload = r.Payload[:min(len(r.Payload), most)]
	wire := head.AppendWire(nil)
	wire = wire[:min(len(wire), most)]
	if left := r.WireSize() - uint64(len(wire)); left > 0 {
		return fmt.Sprintf("%s … and %s", spaced(wire), sized(left))
	}
	return spaced(wire)
}

// spaced writes bytes in hexadecimal.
func spaced(p []byte) string { return fmt.Sprintf("% x", p) }
