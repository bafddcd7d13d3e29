package compare

import (
	"encoding/binary"
	"hash/maphash"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// Key stands for what a message says: messages with equal keys match. Keys are
// comparable within one process only.
type Key uint64

// Key returns the key of m for a match, by the rules.
func (r *Rules) Key(by Match, m *frame.Message) Key {
	var d document
	return r.key(&d, by, m)
}

// key is Key with the memory of d.
func (r *Rules) key(d *document, by Match, m *frame.Message) Key {
	isJSON := d.parse(m)
	if by == ByShape {
		return r.shapeKey(d, isJSON, m)
	}
	return r.contentKey(d, isJSON, by, m)
}

// shapeKey returns the key of m, which d is the JSON of, by its shape.
func (r *Rules) shapeKey(d *document, isJSON bool, m *frame.Message) Key {
	if m.Type == frame.Close {
		return Key(mix(hashClose, uint64(m.Code)))
	}
	return Key(mix(uint64(m.Type), r.shape(d, isJSON, m)))
}

// contentKey returns the key of m, which d is the JSON of, by what it says.
func (r *Rules) contentKey(d *document, isJSON bool, by Match, m *frame.Message) Key {
	sum := mix(uint64(m.Type), uint64(completeness(m)))
	if m.Type == frame.Close {
		return Key(mix(mix(sum, uint64(m.Code)), maphash.String(seed, m.Reason)))
	}
	spans := r.spans(m.Payload)
	if !isJSON {
		return Key(mix(sum, hashParts(&spanCursor{spans: spans}, m.Payload, 0, len(m.Payload))))
	}
	freed := -1
	prefix := int(d.prefix)
	if by == ByID {
		if id, ok := d.id(); ok && id.Offset >= prefix {
			freed = id.Offset
		} else if ok {
			prefix = id.Offset
		}
	}
	sum = mix(sum, hashParts(&spanCursor{spans: spans}, m.Payload, 0, prefix))
	return Key(mix(sum, d.hash(r, spans, freed)))
}

// completeness is 0 for a whole message.
func completeness(m *frame.Message) uint8 {
	c := uint8(m.Incomplete) << 2
	if m.Truncated {
		c |= 1
	}
	if m.Error != "" {
		c |= 2
	}
	return c
}

// isText reports whether a payload is to be looked at as text.
func isText(m *frame.Message) bool {
	if m.Type == frame.Text {
		return true
	}
	for _, c := range m.Payload[:min(len(m.Payload), 512)] {
		if c < ' ' && !isSpace(c) {
			return false
		}
	}
	return len(m.Payload) > 0 && utf8.Valid(m.Payload)
}

// shape returns what is the same in all messages of one shape.
func (r *Rules) shape(d *document, isJSON bool, m *frame.Message) uint64 {
	switch {
	case isJSON:
		sum := shapeOfText(d.data[:d.prefix])
		s := shaper{hasher{document: d, rules: r}}
		if len(r.Ignore) > 0 {
			s.places = append(s.places, begin(r.Ignore))
		}
		return mix(sum, s.value(d.root))
	case isText(m):
		return shapeOfText(m.Payload)
	}
	return mix(hashBytes, uint64(len(m.Payload)))
}

// shapeOfText returns the hash of a text in which a run of digits is one digit.
func shapeOfText(p []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for at := 0; at < len(p); {
		start := at
		for at < len(p) && !isDigit(p[at]) {
			at++
		}
		h.Write(p[start:at])
		if end := skipDigits(p, at); end > at {
			h.WriteByte('0')
			at = end
		}
	}
	return mix(hashText, h.Sum64())
}

// shaper gives a document the hash of its shape.
type shaper struct{ hasher }

func (s *shaper) value(i int32) uint64 {
	v := &s.values[i]
	if v.kind > array {
		return mix(hashLiteral, uint64(v.kind))
	}
	s.depth++
	defer func() { s.depth-- }()
	sum, last := uint64(0), uint64(0)
	if v.kind == array {
		sum = hashArray
	}
	for at, index := i+1, 0; at < v.next; index++ {
		var name []byte // until the next string is read
		key := uint64(0)
		if v.kind == object {
			name = s.said(s.raw(at))
			key = maphash.Bytes(seed, name)
			at++
		}
		member := &s.values[at]
		if !s.enter(name, index) {
			hash := s.kind(i, at, name, index)
			switch {
			case v.kind == object:
				sum += mix(key, hash)
			case hash != last: // how many elements of one shape there are is no matter of shape
				sum = mix(sum, hash)
			}
			last = hash
		}
		at = member.next
	}
	if v.kind == object {
		return mix(hashObject, sum)
	}
	return sum
}

// kinds are the members whose value says what kind of message it is.
var kinds = map[string]bool{
	"type": true, "kind": true, "event": true, "method": true, "op": true, "action": true, "cmd": true,
	"command": true, "topic": true, "channel": true, "msg": true, "t": true, "e": true, "target": true,
}

// kind returns the shape of a member or an element of parent: with its value when
// that says what kind of message it is.
func (s *shaper) kind(parent, at int32, name []byte, index int) uint64 {
	v := &s.values[at]
	says := parent == s.root && v.kind == text && v.end-v.start <= 66 &&
		(name == nil && index == 0 || name != nil && kinds[string(name)])
	if says {
		return s.plain(s.raw(at))
	}
	return s.value(at)
}

// sketch is a summary of what a message says, of which more is equal the more two
// messages have in common.
type sketch [8]byte

// likeness returns how much two messages have in common, from 0 to 8.
func (a sketch) likeness(b sketch) (n int) {
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return n
}

// sketcher makes a sketch of the parts of a message.
type sketcher [8]uint64

func newSketcher() (s sketcher) {
	for i := range s {
		s[i] = ^uint64(0)
	}
	return s
}

func (s *sketcher) add(part uint64) {
	for i := range s {
		part = part*0xD6E8FEB86659FD93 + 0x9E3779B97F4A7C15
		x := part ^ part>>32
		s[i] = min(s[i], x*0xD6E8FEB86659FD93)
	}
}

func (s *sketcher) sketch() (k sketch) {
	for i, x := range s {
		k[i] = byte(x ^ x>>17 ^ x>>34)
	}
	return k
}

// maxParts bounds how many parts of a message a sketch is made of.
const maxParts = 4096

// sketch returns the sketch of a message whose JSON has its hashes.
func (d *document) sketch(isJSON bool, m *frame.Message) sketch {
	s := newSketcher()
	if isJSON {
		for i := range d.values[:min(len(d.values), maxParts)] {
			if v := &d.values[i]; v.kind > array {
				s.add(v.hash)
			}
		}
		return s.sketch()
	}
	p := m.Payload[:min(len(m.Payload), 16*maxParts)]
	if isText(m) {
		for at := 0; at < len(p); at++ {
			start := at
			for at < len(p) && (isWord(p[at]) || p[at] >= utf8.RuneSelf) {
				at++
			}
			if at > start {
				s.add(maphash.Bytes(seed, p[start:at]))
			}
		}
		return s.sketch()
	}
	for ; len(p) >= 4; p = p[4:] {
		s.add(uint64(binary.LittleEndian.Uint32(p)))
	}
	return s.sketch()
}
