package decode

import (
	"fmt"
	"math"
	"math/big"
)

// cbor is the format of RFC 8949. The library is not used to read: it builds values
// or checks a whole payload, and does not say where values stand.
type cbor struct{}

func readCBOR(in *Input) (*Reading, string) {
	return readItems(in, "CBOR", cbor{}, "cbor")
}

func openCBOR(s scope, data []byte) (Node, error) {
	node, _, wrong := openItems(s, data, -1, cbor{}, true)
	if wrong != nil {
		return Node{}, fmt.Errorf("breaks off: %s", wrong)
	}
	if node.Size < len(data) {
		node.Note = note(node.Note, count(len(data)-node.Size, "byte")+" more follow")
	}
	return node, nil
}

// The major types of RFC 8949 section 3.1.
const (
	cborUint = iota
	cborNegative
	cborBytes
	cborText
	cborArray
	cborMap
	cborTag
	cborSimple
)

const (
	// indefinite is the additional information of what a mark ends.
	indefinite = 31
	// maxTags is how many tags one value may have.
	maxTags = 16
	// maxCount bounds what a container announces, far beyond what can be.
	maxCount = math.MaxInt32
)

// cborHead reads the first byte and argument of an item (RFC 8949 section 3).
func cborHead(data []byte, off int) (major, info byte, arg uint64, end int, wrong string) {
	major, info = data[off]>>5, data[off]&0x1F
	off++
	switch {
	case info < 24:
		return major, info, uint64(info), off, ""
	case info < 28:
		size := 1 << (info - 24)
		arg, ok := bigEndian(data, off, size)
		if !ok {
			return major, info, 0, off, endsEarly
		}
		return major, info, arg, off + size, ""
	case info == indefinite && major != cborUint && major != cborNegative && major != cborTag:
		return major, info, 0, off, ""
	}
	return major, info, 0, off, "a length that is not defined"
}

// parse takes the tags before a value for part of it.
func (cbor) parse(it *item, data []byte, off int) (wrong string) {
	for tags := 0; ; tags++ {
		major, info, arg, end, wrong := cborHead(data, off)
		*it = item{code: major<<5 | info, arg: arg, body: end, end: end}
		if wrong != "" {
			return wrong
		}
		switch major {
		case cborUint, cborNegative:
			it.kind = Number
		case cborBytes, cborText:
			if it.kind = Bytes; major == cborText {
				it.kind = String
			}
			if it.chunked = info == indefinite; it.chunked {
				return it.chunks(data)
			}
			it.extend(data, arg)
		case cborArray, cborMap:
			if it.kind = Array; major == cborMap {
				it.kind = Object
			}
			if it.count = int(min(arg, maxCount)); info == indefinite {
				it.count = -1
			}
		case cborTag:
			if end == len(data) {
				return endsEarly
			}
			if tags == maxTags {
				return "more than 16 tags on one value"
			}
			off = end
			continue
		default:
			switch {
			case info == indefinite && tags > 0:
				return "a tag without a value"
			case info == indefinite:
			case info >= 25:
				it.kind = Number
			case info == 24 && arg < 32:
				return "a simple value that is not defined"
			default:
				it.kind = Literal
			}
		}
		return ""
	}
}

// chunks finds the end of text or bytes that come in chunks (RFC 8949 section
// 3.2.3).
func (it *item) chunks(data []byte) (wrong string) {
	for off := it.body; off < len(data); {
		if data[off] == 0xFF {
			it.end = off + 1
			return ""
		}
		major, info, arg, end, wrong := cborHead(data, off)
		switch {
		case wrong != "":
			return wrong
		case major != it.code>>5 || info == indefinite:
			return "a chunk of another kind"
		case arg > uint64(len(data)-end):
			return endsEarly
		}
		off = end + int(arg)
	}
	return endsEarly
}

// content returns the text or bytes of an item, put together where it comes in
// chunks.
func (it *item) content(data []byte) []byte {
	if !it.chunked {
		return data[it.body:it.end:it.end]
	}
	joined := make([]byte, 0, it.end-it.body)
	for off := it.body; data[off] != 0xFF; {
		_, _, arg, end, _ := cborHead(data, off)
		off = end + int(arg)
		joined = append(joined, data[end:off]...)
	}
	return joined
}

func (cbor) fill(s scope, n *Node, data []byte, off int, it *item) {
	switch it.kind {
	case Number:
		n.setCBORNumber(it)
	case Literal:
		switch it.arg {
		case 20:
			n.Value = "false"
		case 21:
			n.Value = "true"
		case 22:
			n.Value = "null"
		case 23:
			n.Value = "undefined"
		default:
			n.Value = fmt.Sprintf("simple(%d)", it.arg)
		}
	case String:
		n.setText(s, it.content(data))
	case Bytes:
		n.setBytes(s, it.content(data))
	}
	for tags := 0; data[off]>>5 == cborTag; tags++ {
		_, _, tag, end, _ := cborHead(data, off)
		n.tag(s, tag, data[end]>>5 != cborTag)
		off = end
	}
}

func (n *Node) setCBORNumber(it *item) {
	switch it.code {
	case cborSimple<<5 | 25:
		n.setFloat(halfFloat(uint16(it.arg)), 32)
	case cborSimple<<5 | 26:
		n.setFloat(float64(math.Float32frombits(uint32(it.arg))), 32)
	case cborSimple<<5 | 27:
		n.setFloat(math.Float64frombits(it.arg), 64)
	default:
		switch {
		case it.code>>5 == cborUint:
			n.setUint(it.arg)
		case it.arg <= math.MaxInt64:
			n.setInt(-1 - int64(it.arg))
		default:
			n.Value, n.Note = negative(new(big.Int).SetUint64(it.arg)).String(), beyondDouble
		}
	}
}

// negative returns what the argument of a negative number stands for.
func negative(arg *big.Int) *big.Int { return arg.Not(arg) }

// halfFloat reads a number of 16 bits (RFC 8949 appendix D).
func halfFloat(bits uint16) float64 {
	exponent, mantissa := int(bits>>10&0x1F), float64(bits&0x3FF)
	var v float64
	switch exponent {
	case 0:
		v = math.Ldexp(mantissa, -24)
	case 31:
		if v = math.Inf(1); mantissa != 0 {
			return math.NaN()
		}
	default:
		v = math.Ldexp(mantissa+1024, exponent-25)
	}
	if bits&0x8000 != 0 {
		return -v
	}
	return v
}
