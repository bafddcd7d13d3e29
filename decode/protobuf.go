package decode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/wsluice/wsluice/frame"
)

// maxField is the highest field number a guess believes in. The format allows
// 2^29-1, but random bytes have high ones more often than schemas do.
const maxField = 1 << 16

// readProtobuf reads a protocol buffers message without its schema: fields by
// number, and what their bytes may stand for. Many bytes can be read like this that
// are something else, so it is the weakest of guesses.
func readProtobuf(in *Input) (*Reading, string) {
	if in.Type != frame.Binary {
		return nil, ""
	}
	told := in.Conn != nil && strings.Contains(strings.ToLower(in.Conn.Subprotocol), "protobuf")
	if !told && isText(in.Payload[:min(len(in.Payload), headSize)], len(in.Payload) <= headSize) {
		return nil, ""
	}
	end, fields := scanFields(in.Payload)
	cut := end < len(in.Payload)
	switch {
	case fields == 0 || len(in.Payload) < 2:
		return nil, ""
	case cut && (in.Whole || end == 0 || !endsWithin(in.Payload[end:])):
		if !told {
			return nil, ""
		}
		return nil, fmt.Sprintf("as protobuf it breaks off at byte %d", end)
	}
	r := &Reading{
		Decoder: "protobuf",
		Root:    protoNode(newScope(), in.Payload[:end:end], 0, fields),
		Note:    "a guess without a schema",
	}
	if told {
		r.trust, r.Note = certain, "without a schema"
	}
	if cut {
		r.Note += fmt.Sprintf(", only the first %s are here", count(len(in.Payload), "byte"))
	}
	return r, ""
}

// scanFields returns how far data is fields of a message, and how many.
func scanFields(data []byte) (end, fields int) {
	for end < len(data) {
		n := fieldSize(data[end:])
		if n < 0 {
			break
		}
		end += n
		fields++
	}
	return end, fields
}

// fieldSize returns the size of the field data begins with, negative when there is
// none to believe in.
func fieldSize(data []byte) int {
	number, kind, n := protowire.ConsumeTag(data)
	if n < 0 || number > maxField {
		return -1
	}
	size := protowire.ConsumeFieldValue(number, kind, data[n:])
	if size < 0 {
		return size
	}
	return n + size
}

// endsWithin reports whether data is the beginning of a field.
func endsWithin(data []byte) bool {
	number, kind, n := protowire.ConsumeTag(data)
	if n > 0 {
		n = protowire.ConsumeFieldValue(number, kind, data[n:])
	}
	return errors.Is(protowire.ParseError(n), io.ErrUnexpectedEOF)
}

// protoBranch makes the children of a message: its fields in their order.
type protoBranch struct {
	scope scope
	data  []byte
	home  int
	count int
	marks []int
}

// protoNode is a message of so many fields, which fill data.
func protoNode(s scope, data []byte, home, fields int) Node {
	return Node{
		Kind: Object, Offset: home, Size: len(data), Count: fields, raw: data,
		within: &protoBranch{scope: s, data: data, home: home, count: fields},
	}
}

func (b *protoBranch) children(dst []Node, from, n int) ([]Node, error) {
	if b.marks == nil && b.count > stride {
		off := 0
		for i := range b.count {
			if i > 0 && i%stride == 0 {
				b.marks = append(b.marks, off)
			}
			off += fieldSize(b.data[off:])
		}
	}
	e := extent{marks: b.marks}
	i, off := e.near(from, 0)
	for ; i < b.count && len(dst) < n; i++ {
		size := fieldSize(b.data[off:])
		if i >= from {
			dst = append(dst, b.field(off, size))
		}
		off += size
	}
	return dst, nil
}

// field makes the Node of one field.
func (b *protoBranch) field(off, size int) Node {
	data := b.data[off : off+size : off+size]
	number, kind, head := protowire.ConsumeTag(data)
	node := Node{Offset: -1, Size: size - head, raw: data[head:]}
	home := -1
	if b.home >= 0 {
		home = b.home + off + head
	}
	value := data[head:]
	switch kind {
	case protowire.VarintType:
		v, _ := protowire.ConsumeVarint(value)
		node.setUint(v)
		if v>>63 != 0 {
			node.Note = "or " + strconv.FormatInt(int64(v), 10)
		}
		if v > 0 {
			node.Note = note(node.Note, "zigzag "+strconv.FormatInt(protowire.DecodeZigZag(v), 10))
		}
	case protowire.Fixed32Type:
		node.setFixed32(binary.LittleEndian.Uint32(value))
	case protowire.Fixed64Type:
		node.setFixed64(binary.LittleEndian.Uint64(value))
	case protowire.StartGroupType:
		content, _ := protowire.ConsumeGroup(number, value)
		_, fields := scanFields(content)
		group := protoNode(b.scope, content, home, fields)
		group.Note = "group"
		node = group
	default:
		content, n := protowire.ConsumeBytes(value)
		if home >= 0 {
			home += n - len(content)
		}
		node = b.content(content[:len(content):len(content)], home)
	}
	node.Offset = home
	node.Key, node.KeyKind = strconv.Itoa(int(number)), Number
	return node
}

// content guesses what a field with a length holds: text, a message, or bytes.
func (b *protoBranch) content(data []byte, home int) Node {
	node := Node{Size: len(data), raw: data}
	if len(data) == 0 {
		node.Kind, node.Note = String, "empty: text, bytes or a message"
		return node
	}
	head, whole := data[:min(len(data), headSize)], len(data) <= headSize
	text := isText(head, whole)
	// A message often begins with a field 1 that has a length: a line end, then
	// what may be white space.
	if end, fields := scanFields(data); end == len(data) && (!text || data[0] == '\n' && len(data) > 2) {
		node = protoNode(b.scope, data, home, fields)
		node.Note = "or " + count(len(data), "byte")
		if text {
			node.Note = "or text"
		} else if n := packed(head, whole); n > 0 {
			node.Note += ", " + count(n, "packed number")
		}
		return node
	}
	if text {
		node.setText(b.scope, data)
		return node
	}
	node.setBytes(b.scope, data)
	if n := packed(head, whole); n > 0 {
		node.Note = note(node.Note, "or "+count(n, "packed number"))
	}
	return node
}

// packed returns how many varints data is, 0 when it is something else or long.
func packed(data []byte, whole bool) (n int) {
	if !whole {
		return 0
	}
	for len(data) > 0 {
		_, size := protowire.ConsumeVarint(data)
		if size < 0 {
			return 0
		}
		data = data[size:]
		n++
	}
	return n
}

// setFixed32 shows four bytes as a fraction where that makes a number of a common
// size, and else as an integer.
func (n *Node) setFixed32(bits uint32) {
	f := float64(math.Float32frombits(bits))
	if common(f) {
		n.Kind, n.Value = Number, formatFloat(f, 32)
		n.Note = "float, or " + strconv.FormatUint(uint64(bits), 10)
		return
	}
	n.setUint(uint64(bits))
	n.Note = note(n.Note, "fixed32")
	if bits>>31 != 0 {
		n.Note += ", or " + strconv.FormatInt(int64(int32(bits)), 10)
	}
}

// setFixed64 is setFixed32 for eight bytes.
func (n *Node) setFixed64(bits uint64) {
	f := math.Float64frombits(bits)
	if common(f) {
		n.setFloat(f, 64)
		n.Note = note(n.Note, "double, or "+strconv.FormatUint(bits, 10))
		return
	}
	n.setUint(bits)
	n.Note = note(n.Note, "fixed64")
	if bits>>63 != 0 {
		n.Note += ", or " + strconv.FormatInt(int64(bits), 10)
	}
}

// common reports whether f has a size that numbers in messages have.
func common(f float64) bool {
	f = math.Abs(f)
	return f == 0 || f >= 1e-9 && f < 1e15
}
