package proxy

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// opcodes are the opcodes as plays name them.
var opcodes = map[string]frame.Opcode{
	"cont": frame.Continuation, "text": frame.Text, "binary": frame.Binary,
	"close": frame.Close, "ping": frame.Ping, "pong": frame.Pong,
}

// key is the mask of all frames in plays.
var key = [4]byte{0x12, 0x34, 0x56, 0x78}

// frames makes the bytes a play's words stand for, as the side of s sends them.
func (s *stage) frames(text string) (wire []byte) {
	for part := range strings.SplitSeq(text, ", ") {
		name, payload, _ := strings.Cut(part, " ")
		if name == "raw" {
			raw, err := hex.DecodeString(payload)
			if err != nil {
				s.t.Fatal(err)
			}
			wire = append(wire, raw...)
			continue
		}
		h := frame.Header{Masked: s.from == frame.Client}
		name, h.RSV = cutRSV(name)
		name, wrong := strings.CutSuffix(name, "~")
		name, open := strings.CutSuffix(name, "-")
		name, compressed := strings.CutPrefix(name, "z")
		h.Fin, h.Masked = !open, h.Masked != wrong
		if number, ok := strings.CutPrefix(name, "op"); ok {
			n, err := strconv.ParseUint(number, 10, 4)
			if err != nil {
				s.t.Fatal(err)
			}
			h.Opcode = frame.Opcode(n)
		} else if h.Opcode, ok = opcodes[name]; !ok {
			s.t.Fatalf("frame %q", part)
		}
		body := []byte(s.payload(payload))
		if compressed || h.Opcode == frame.Continuation && s.left != nil {
			body = s.compress(&h, body, compressed)
		}
		h.Length = uint64(len(body))
		if h.Masked {
			h.Mask = key
		}
		wire = h.Append(wire)
		at := len(wire)
		wire = append(wire, body...)
		if h.Masked {
			frame.Mask(wire[at:], h.Mask, 0)
		}
	}
	return wire
}

// compress returns the payload of a compressed frame. The first one of a
// fragmented message is given the whole payload, the others take what is left of
// it.
func (s *stage) compress(h *frame.Header, body []byte, first bool) []byte {
	if first {
		h.RSV |= frame.RSV1
		s.left = s.deflater.Append(nil, body)
	}
	part := s.left
	if !h.Fin {
		part = s.left[:len(s.left)/2]
	}
	if s.left = s.left[len(part):]; h.Fin {
		s.left = nil
	}
	return part
}

func cutRSV(name string) (string, uint8) {
	switch {
	case strings.HasSuffix(name, "rsv2"):
		return strings.TrimSuffix(name, "rsv2"), frame.RSV2
	case strings.HasSuffix(name, "rsv3"):
		return strings.TrimSuffix(name, "rsv3"), frame.RSV3
	}
	return name, 0
}

// words puts the frames of one direction into the words of a play, as a peer
// that gets nothing else understands them.
type words struct {
	stage      *stage
	from       frame.Side
	extensions frame.Extensions
	inflater   frame.Inflater
	compressed []byte // of a message under way
	within     bool   // a compressed message is under way
}

func newWords(s *stage, from frame.Side, e frame.Extensions) *words {
	return &words{stage: s, from: from, extensions: e, inflater: frame.Inflater{
		Takeover: e.Deflate && !e.NoContextTakeover[from],
	}}
}

// say puts whole frames into words.
func (w *words) say(wire []byte) string {
	var out []string
	for len(wire) > 0 {
		h, n := frame.Parse(wire)
		if n == 0 || h.Length > uint64(len(wire)-n) {
			return strings.Join(append(out, fmt.Sprintf("raw %x", wire)), ", ")
		}
		payload := append([]byte(nil), wire[n:n+int(h.Length)]...)
		wire = wire[n+int(h.Length):]
		if h.Masked {
			frame.Mask(payload, h.Mask, 0)
		}
		out = append(out, w.frame(h, payload))
	}
	return strings.Join(out, ", ")
}

func (w *words) frame(h frame.Header, payload []byte) string {
	name := fmt.Sprintf("op%d", h.Opcode)
	for known, o := range opcodes {
		if o == h.Opcode {
			name = known
		}
	}
	if w.extensions.Deflate && h.RSV&frame.RSV1 != 0 && h.Opcode.Data() {
		name = "z" + name
		w.within, w.compressed = true, nil
	}
	if !h.Fin {
		name += "-"
	}
	if h.Masked != (w.from == frame.Client) {
		name += "~"
	}
	switch {
	case h.RSV&frame.RSV2 != 0:
		name += "rsv2"
	case h.RSV&frame.RSV3 != 0:
		name += "rsv3"
	}
	if !w.within || h.Opcode.Control() {
		return name + " " + w.stage.quote(payload)
	}
	w.compressed = append(w.compressed, payload...)
	if !h.Fin {
		return name + " …"
	}
	w.within = false
	out, _, err := w.inflater.Append(nil, w.compressed, 1<<20)
	if err != nil {
		return name + " " + err.Error()
	}
	return name + " " + w.stage.quote(out)
}
