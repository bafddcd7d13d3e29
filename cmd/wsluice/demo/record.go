package demo

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// record is an object with its members in order. A value is nil, a bool, an int,
// a float64, a string, a []byte, a price, a time.Time, a list or a record.
type record []field

type field struct {
	name  string
	value any
}

type list []any

// price is a number with two decimals, which stand in JSON as they are.
type price float64

// round returns f with so many decimals.
func round(f float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(f*scale) / scale
}

// appendJSON appends v as JSON.
func appendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case record:
		dst = append(dst, '{')
		for i, f := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSON(dst, f.name), ':')
			dst = appendJSON(dst, f.value)
		}
		return append(dst, '}')
	case list:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, e)
		}
		return append(dst, ']')
	case price:
		return strconv.AppendFloat(dst, float64(v), 'f', 2, 64)
	case time.Time:
		return appendJSON(dst, v.UTC().Format("2006-01-02T15:04:05.000Z"))
	case []byte:
		return appendJSON(dst, base64.StdEncoding.EncodeToString(v))
	}
	// The other kinds of value cannot fail.
	text, _ := json.Marshal(v)
	return append(dst, text...)
}

// appendMessagePack appends v as MessagePack.
func appendMessagePack(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, 0xc0)
	case bool:
		if v {
			return append(dst, 0xc3)
		}
		return append(dst, 0xc2)
	case int:
		if v >= 0 && v < 128 || v < 0 && v >= -32 {
			return append(dst, byte(v))
		}
		return binary.BigEndian.AppendUint64(append(dst, 0xd3), uint64(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(dst, 0xcb), math.Float64bits(v))
	case price:
		return appendMessagePack(dst, float64(v))
	case string:
		if len(v) < 32 {
			return append(append(dst, 0xa0|byte(len(v))), v...)
		}
		return append(binary.BigEndian.AppendUint16(append(dst, 0xda), uint16(len(v))), v...)
	case []byte:
		return append(binary.BigEndian.AppendUint16(append(dst, 0xc5), uint16(len(v))), v...)
	case time.Time:
		// The timestamp extension with 64 bits.
		packed := uint64(v.Nanosecond())<<34 | uint64(v.Unix())
		return binary.BigEndian.AppendUint64(append(dst, 0xd7, 0xff), packed)
	case list:
		dst = binary.BigEndian.AppendUint16(append(dst, 0xdc), uint16(len(v)))
		for _, e := range v {
			dst = appendMessagePack(dst, e)
		}
		return dst
	case record:
		if len(v) < 16 {
			dst = append(dst, 0x80|byte(len(v)))
		} else {
			dst = binary.BigEndian.AppendUint16(append(dst, 0xde), uint16(len(v)))
		}
		for _, f := range v {
			dst = appendMessagePack(appendMessagePack(dst, f.name), f.value)
		}
		return dst
	}
	panic(fmt.Sprintf("demo: no MessagePack for %T", v))
}

// The major types of CBOR (RFC 8949 section 3.1).
const (
	cborUint, cborNegative, cborBytes, cborText = 0 << 5, 1 << 5, 2 << 5, 3 << 5
	cborArray, cborMap, cborTag, cborSimple     = 4 << 5, 5 << 5, 6 << 5, 7 << 5
)

// appendCBOR appends v as CBOR.
func appendCBOR(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, cborSimple|22)
	case bool:
		if v {
			return append(dst, cborSimple|21)
		}
		return append(dst, cborSimple|20)
	case int:
		if v < 0 {
			return appendCBORHead(dst, cborNegative, uint64(-1-v))
		}
		return appendCBORHead(dst, cborUint, uint64(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(dst, cborSimple|27), math.Float64bits(v))
	case price:
		return appendCBOR(dst, float64(v))
	case string:
		return append(appendCBORHead(dst, cborText, uint64(len(v))), v...)
	case []byte:
		return append(appendCBORHead(dst, cborBytes, uint64(len(v))), v...)
	case time.Time:
		// Tag 1: seconds since 1970.
		return appendCBOR(append(dst, cborTag|1), float64(v.UnixMilli())/1000)
	case list:
		dst = appendCBORHead(dst, cborArray, uint64(len(v)))
		for _, e := range v {
			dst = appendCBOR(dst, e)
		}
		return dst
	case record:
		dst = appendCBORHead(dst, cborMap, uint64(len(v)))
		for _, f := range v {
			dst = appendCBOR(appendCBOR(dst, f.name), f.value)
		}
		return dst
	}
	panic(fmt.Sprintf("demo: no CBOR for %T", v))
}

// appendCBORHead appends the shortest head with that argument.
func appendCBORHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}
