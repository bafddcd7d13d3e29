package compare

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"math/bits"
	"strconv"
)

// seed makes hashes that nobody can foresee, so that no payload can be made to look
// like another.
var (
	seed   = maphash.MakeSeed()
	secret = maphash.String(seed, "mix")
)

// mix makes one hash of two, in which their order counts.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a^secret, bits.RotateLeft64(b, 32)^0x9E3779B97F4A7C15)
	return high ^ low ^ b
}

// What a hash begins with, so that values of different kinds differ.
var (
	hashObject  = maphash.String(seed, "object")
	hashArray   = maphash.String(seed, "array")
	hashString  = maphash.String(seed, "string")
	hashNumber  = maphash.String(seed, "number")
	hashLiteral = maphash.String(seed, "literal")
	hashClass   = maphash.String(seed, "class")
	hashText    = maphash.String(seed, "text")
	hashBytes   = maphash.String(seed, "bytes")
	hashClose   = maphash.String(seed, "close")
)

func classHash(class uint64) uint64 { return mix(hashClass, class) }

// hasher gives each value of a document the hash of what it says by the rules.
type hasher struct {
	*document
	rules *Rules
	spans spanCursor
	// freed is where a value is that counts as equal to any other, -1 for none.
	freed int32
	depth int
	// places are what each level of the document has reached of Rules.Ignore.
	places  []reached
	scratch []byte
}

// hash makes the hashes of all values.
func (d *document) hash(r *Rules, spans []span, freed int) uint64 {
	h := hasher{document: d, rules: r, spans: spanCursor{spans: spans}, freed: int32(freed)}
	if len(r.Ignore) > 0 {
		h.places = append(h.places, begin(r.Ignore))
		for _, p := range r.Ignore {
			if len(p.steps) == 0 {
				return 0
			}
		}
	}
	return h.value(d.root, nil)
}

// value returns the hash of a value whose member, or whose array's, has that key.
func (h *hasher) value(i int32, key []byte) uint64 {
	v := &h.values[i]
	if v.start == h.freed {
		v.hash = classHash(classID)
	} else if class := h.covered(v); class != 0 {
		v.hash = classHash(class)
	} else if v.kind == object || v.kind == array {
		h.depth++
		v.hash = h.container(i, v, key)
		h.depth--
	} else {
		v.hash = h.scalar(v, key)
	}
	return v.hash
}

func (h *hasher) covered(v *value) uint64 {
	if len(h.spans.spans) == 0 {
		return 0
	}
	return h.spans.covers(int(v.start), int(v.end))
}

func (h *hasher) container(i int32, v *value, key []byte) uint64 {
	sum := uint64(0)
	if v.kind == array {
		sum = hashArray
	}
	for at, index := i+1, 0; at < v.next; index++ {
		var name []byte
		if v.kind == object {
			key = h.raw(at)
			if len(h.rules.Ignore) > 0 {
				name = h.said(key)
			}
			h.values[at].hash = h.plain(key)
			at++
		}
		member := &h.values[at]
		if member.ignored = h.enter(name, index); !member.ignored {
			hash := h.value(at, key)
			if v.kind == object {
				sum += mix(h.values[at-1].hash, hash)
			} else {
				sum = mix(sum, hash)
			}
		}
		at = member.next
	}
	if v.kind == object {
		return mix(hashObject, sum)
	}
	return sum
}

// enter tells the paths of Rules.Ignore that a member or an element follows, and
// reports whether one of them means it. A name of nil is an element.
func (h *hasher) enter(name []byte, index int) bool {
	if h.places == nil {
		return false
	}
	if len(h.places) == h.depth {
		h.places = append(h.places, make(reached, len(h.rules.Ignore)))
	}
	return h.places[h.depth-1].within(h.places[h.depth], h.rules.Ignore, name, index)
}

// said returns what a string says that is written as raw. It is never nil.
func (h *hasher) said(raw []byte) []byte {
	inner := raw[1 : len(raw)-1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return inner
	}
	h.scratch = append(h.scratch[:0], s...)
	return h.scratch[:len(s):len(s)]
}

// plain returns the hash of a string that is written as raw.
func (h *hasher) plain(raw []byte) uint64 { return mix(hashString, maphash.Bytes(seed, h.said(raw))) }

// scalar returns the hash of a string, a number or a word.
func (h *hasher) scalar(v *value, key []byte) uint64 {
	raw := h.data[v.start:v.end]
	if h.rules.Detect {
		if class := volatile(v.kind, key, raw); class != 0 {
			return classHash(class)
		}
	}
	switch v.kind {
	case text:
		if h.touched(v) {
			return mix(hashString, hashParts(&h.spans, h.data, int(v.start)+1, int(v.end)-1))
		}
		return h.plain(raw)
	case number:
		if h.touched(v) {
			return mix(hashNumber, hashParts(&h.spans, h.data, int(v.start), int(v.end)))
		}
		return mix(hashNumber, maphash.Bytes(seed, plainNumber(h.scratch[:0], raw)))
	}
	return mix(hashLiteral, maphash.Bytes(seed, raw))
}

// touched reports whether a span begins, ends or lies in a value, all of which it
// does not cover.
func (h *hasher) touched(v *value) bool {
	return h.spans.at < len(h.spans.spans) && h.spans.spans[h.spans.at].start < int(v.end)
}

// hashParts returns the hash of data[start:end] in which the bytes of a span count
// as its class.
func hashParts(spans *spanCursor, data []byte, start, end int) uint64 {
	sum := uint64(0)
	spans.in(data, start, end, func(part []byte, class uint64) {
		if class != 0 {
			sum = mix(sum, classHash(class))
		} else {
			sum = mix(sum, maphash.Bytes(seed, part))
		}
	})
	return sum
}

// plainNumber writes a number in the one way in which all ways of writing it are
// equal, as far as a double tells numbers apart; longer ones stay as they are.
func plainNumber(dst, raw []byte) []byte {
	if skipDigits(raw, 0) == len(raw) || len(raw) > 24 {
		return raw
	}
	digits := 0
	for _, c := range raw {
		if isDigit(c) {
			digits++
		}
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || digits > 15 {
		return raw
	}
	if f == 0 {
		f = 0 // not -0
	}
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if len(dst) > 24 {
		return strconv.AppendFloat(dst[:0], f, 'g', -1, 64)
	}
	return dst
}
