package decode

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"time"
)

// msgpack is the MessagePack format. The library's decoder is not used: it skips
// values by recursion without a bound and does not say where they stand.
type msgpack struct{}

func readMessagePack(in *Input) (*Reading, string) {
	return readItems(in, "MessagePack", msgpack{}, "msgpack")
}

// layouts are the forms whose length or value follows the code, from 0xC4 on.
var layouts = [...]struct {
	kind Kind
	arg  int // bytes of the number that follows the code
	size int // bytes after that, -1 when the number says it
}{
	{Bytes, 1, -1}, {Bytes, 2, -1}, {Bytes, 4, -1}, // bin 8 16 32
	{Bytes, 1, -2}, {Bytes, 2, -2}, {Bytes, 4, -2}, // ext 8 16 32
	{Number, 4, 0}, {Number, 8, 0}, // float 32 64
	{Number, 1, 0}, {Number, 2, 0}, {Number, 4, 0}, {Number, 8, 0}, // uint
	{Number, 1, 0}, {Number, 2, 0}, {Number, 4, 0}, {Number, 8, 0}, // int
	{Bytes, 0, 2}, {Bytes, 0, 3}, {Bytes, 0, 5}, {Bytes, 0, 9}, {Bytes, 0, 17}, // fixext
	{String, 1, -1}, {String, 2, -1}, {String, 4, -1}, // str 8 16 32
	{Array, 2, 0}, {Array, 4, 0}, {Object, 2, 0}, {Object, 4, 0},
}

const (
	firstLayout = 0xC4
	float32Code = 0xCA
	float64Code = 0xCB
	int8Code    = 0xD0
)

func (msgpack) parse(it *item, data []byte, off int) (wrong string) {
	c := data[off]
	*it = item{code: c, body: off + 1, end: off + 1}
	switch {
	case c <= 0x7F, c >= 0xE0:
		it.kind, it.arg = Number, uint64(int8(c))
	case c <= 0x8F:
		it.kind, it.count = Object, int(c&0xF)
	case c <= 0x9F:
		it.kind, it.count = Array, int(c&0xF)
	case c <= 0xBF:
		it.kind = String
		it.extend(data, uint64(c&0x1F))
	case c == 0xC1:
		return "the code c1, which has no meaning"
	case c < firstLayout:
		it.kind = Literal
	default:
		layout := layouts[c-firstLayout]
		it.kind = layout.kind
		arg, ok := bigEndian(data, it.body, layout.arg)
		if !ok {
			return endsEarly
		}
		it.arg = arg
		it.body += layout.arg
		it.end = it.body
		switch {
		case it.kind == Array || it.kind == Object:
			it.count = int(arg)
		case layout.size == -2:
			it.extend(data, arg+1)
		case layout.size == -1:
			it.extend(data, arg)
		default:
			it.extend(data, uint64(layout.size))
		}
	}
	return ""
}

// extend ends the item size bytes after its body begins, or where data ends.
func (it *item) extend(data []byte, size uint64) {
	if it.short = size > uint64(len(data)-it.body); it.short {
		size = uint64(len(data) - it.body)
	}
	it.end = it.body + int(size)
}

// bigEndian reads a number of 0, 1, 2, 4 or 8 bytes.
func bigEndian(data []byte, off, size int) (n uint64, ok bool) {
	if len(data)-off < size {
		return 0, false
	}
	for _, c := range data[off : off+size] {
		n = n<<8 | uint64(c)
	}
	return n, true
}

func (msgpack) fill(s scope, n *Node, data []byte, off int, it *item) {
	switch it.kind {
	case Literal:
		n.Value = [...]string{"null", "", "false", "true"}[it.code-0xC0]
	case Number:
		switch c := it.code; {
		case c == float32Code:
			n.setFloat(float64(math.Float32frombits(uint32(it.arg))), 32)
		case c == float64Code:
			n.setFloat(math.Float64frombits(it.arg), 64)
		case c >= int8Code && c < 0xE0:
			shift := 64 - 8<<(c-int8Code)
			n.setInt(int64(it.arg<<shift) >> shift)
		case c >= 0xE0:
			n.setInt(int64(it.arg))
		default:
			n.setUint(it.arg)
		}
	case String:
		n.setText(s, data[it.body:it.end:it.end])
	case Bytes:
		content := data[it.body:it.end:it.end]
		if it.code > 0xC6 && len(content) > 0 {
			fillExtension(s, n, content)
			return
		}
		n.setBytes(s, content)
	}
}

// fillExtension shows a value whose type an application defines, or a timestamp.
func fillExtension(s scope, n *Node, content []byte) {
	kind, content := int8(content[0]), content[1:]
	if kind == -1 {
		if t, ok := timestamp(content); ok {
			n.Kind, n.Value, n.Note = Number, seconds(t), "timestamp"
			if year := t.UTC().Year(); year >= 0 && year <= 9999 {
				n.Note = date(t)
			}
			return
		}
	}
	n.setBytes(s, content)
	n.Note = note(fmt.Sprintf("extension type %d", kind), n.Note)
}

// seconds writes t as a Unix time.
func seconds(t time.Time) string {
	whole, nano := t.Unix(), t.Nanosecond()
	switch {
	case nano == 0:
		return strconv.FormatInt(whole, 10)
	case whole < 0:
		return fmt.Sprintf("-%d.%09d", -(whole + 1), 1_000_000_000-nano)
	}
	return fmt.Sprintf("%d.%09d", whole, nano)
}

// timestamp reads the three forms of extension type -1.
func timestamp(p []byte) (time.Time, bool) {
	var second int64
	var nano uint64
	switch len(p) {
	case 4:
		second = int64(binary.BigEndian.Uint32(p))
	case 8:
		n := binary.BigEndian.Uint64(p)
		second, nano = int64(n&(1<<34-1)), n>>34
	case 12:
		second, nano = int64(binary.BigEndian.Uint64(p[4:])), uint64(binary.BigEndian.Uint32(p))
	default:
		return time.Time{}, false
	}
	return time.Unix(second, int64(nano)), nano < 1e9 && second > -1<<55 && second < 1<<55
}
