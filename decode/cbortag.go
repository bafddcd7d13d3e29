package decode

import (
	"fmt"
	"math/big"
	"net/netip"
	"strconv"
	"time"
)

// tagNames are the tags in use of the registry that RFC 8949 section 9.2 sets up.
var tagNames = map[uint64]string{
	0: "date and time", 1: "Unix time", 2: "bignum", 3: "negative bignum", 4: "decimal fraction", 5: "bigfloat",
	16: "COSE encrypted", 17: "COSE authenticated", 18: "COSE signed", 21: "for base64url", 22: "for base64", 23: "for base16",
	24: "encoded CBOR", 25: "string reference", 26: "object", 27: "typed object", 28: "shareable", 29: "reference", 30: "rational number",
	32: "URI", 33: "base64url", 34: "base64", 35: "regular expression", 36: "MIME message", 37: "UUID", 38: "text with language",
	39: "identifier", 40: "multi-dimensional array", 41: "homogeneous array", 42: "content identifier", 43: "YANG bits",
	52: "IPv4 address", 54: "IPv6 address", 61: "web token", 63: "encoded CBOR sequence",
	64: "uint8 array", 65: "uint16 array, big endian", 66: "uint32 array, big endian", 67: "uint64 array, big endian",
	68: "uint8 array, clamped", 69: "uint16 array", 70: "uint32 array", 71: "uint64 array", 72: "int8 array",
	73: "int16 array, big endian", 74: "int32 array, big endian", 75: "int64 array, big endian",
	77: "int16 array", 78: "int32 array", 79: "int64 array", 80: "float16 array, big endian", 81: "float32 array, big endian",
	82: "float64 array, big endian", 84: "float16 array", 85: "float32 array", 86: "float64 array",
	96: "COSE encrypted for many", 97: "COSE authenticated for many", 98: "COSE signed by many",
	100: "days since 1970", 256: "string reference space", 257: "binary MIME message", 258: "set", 259: "map with keys of any kind",
	260: "network address", 261: "network prefix", 1001: "extended time", 1002: "duration", 1003: "period", 1004: "date",
	1040: "multi-dimensional array, by columns", 55799: "self-described CBOR",
}

// maxBignum is how many bytes a number may have to be written in decimal.
const maxBignum = 512

// tag adds to n what a tag says of it; next is whether it is the one right before
// the value, which may change how the value is shown.
func (n *Node) tag(s scope, tag uint64, next bool) {
	label := "tag " + strconv.FormatUint(tag, 10)
	if name, ok := tagNames[tag]; ok {
		label = name + " (" + label + ")"
	}
	meaning := ""
	if next {
		meaning = n.meaning(s, tag)
	}
	n.Note = note(n.Note, note(meaning, label))
}

// meaning applies a tag to the value: it may change how n is shown, and returns
// what else is to be said.
func (n *Node) meaning(s scope, tag uint64) string {
	data := n.Data()
	switch {
	case n.Kind == Bytes && (tag == 2 || tag == 3) && len(data) <= maxBignum:
		v := new(big.Int).SetBytes(data)
		if tag == 3 {
			negative(v)
		}
		n.Kind, n.Value, n.Cut, n.Note, n.Count, n.within = Number, v.String(), false, "", 0, nil
	case n.Kind == Bytes && tag == 24 && s.depth < maxInside:
		n.Count = 1
		n.within = &inside{scope: s, format: &encodedCBOR, data: n.Data}
	case n.Kind == Bytes && tag == 37 && len(data) == 16:
		return fmt.Sprintf("%x-%x-%x-%x-%x", data[:4], data[4:6], data[6:8], data[8:10], data[10:])
	case n.Kind == Bytes && (tag == 52 || tag == 54 || tag == 260):
		if address, ok := netip.AddrFromSlice(data); ok {
			return address.String()
		}
	case n.Kind == Number && tag == 1 && n.Note == "":
		if second, err := strconv.ParseFloat(n.Value, 64); err == nil && second >= -1<<35 && second < 1<<37 {
			return date(time.UnixMicro(int64(second * 1e6)))
		}
	case n.Kind == Number && tag == 100:
		if day, err := strconv.ParseInt(n.Value, 10, 32); err == nil && day > -700_000 && day < 2_900_000 {
			return time.Unix(day*86400, 0).UTC().Format(time.DateOnly)
		}
	}
	return ""
}

// encodedCBOR is what tag 24 says is inside.
var encodedCBOR format

func init() { encodedCBOR = format{name: "CBOR", open: openCBOR} }
