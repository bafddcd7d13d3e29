package decode_test

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

// varint, fixed32 and so on write one field.
func varint(number protowire.Number, v uint64) string {
	return string(protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), v))
}

func fixed32(number protowire.Number, v uint32) string {
	return string(protowire.AppendFixed32(protowire.AppendTag(nil, number, protowire.Fixed32Type), v))
}

func fixed64(number protowire.Number, v uint64) string {
	return string(protowire.AppendFixed64(protowire.AppendTag(nil, number, protowire.Fixed64Type), v))
}

func field(number protowire.Number, content string) string {
	return string(protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), content))
}

func group(number protowire.Number, content string) string {
	return string(protowire.AppendGroup(protowire.AppendTag(nil, number, protowire.StartGroupType), number, []byte(content)))
}

func TestProtobuf(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"varints", varint(1, 150) + varint(2, math.MaxUint64) + varint(3, 0) + varint(4, 1763719331), `
 object 
  1 number 150 (zigzag 75)
  2 number 18446744073709551615 (or -1, zigzag -9223372036854775808)
  3 number 0
  4 number 1763719331 (2025-11-21T10:02:11Z, zigzag -881859666)
`},
		{"fixed", fixed32(1, math.Float32bits(1.5)) + fixed32(2, 7) + fixed32(5, math.MaxUint32-1) + fixed64(3, math.Float64bits(-2.25)) + fixed64(4, 1763719331), `
 object 
  1 number 1.5 (float, or 1069547520)
  2 number 7 (fixed32)
  5 number 4294967294 (fixed32, or -2)
  3 number -2.25 (double, or 13835621005235585024)
  4 number 1763719331 (2025-11-21T10:02:11Z, fixed64)
`},
		{"text, bytes, packed", field(1, "Grüße") + field(2, "\x00\xff") + field(3, "\x03\x8e\x02\x9e\xa7\x05") + field(4, "") + field(5, `{"a":1}`), `
 object 
  1 string Grüße
  2 bytes 00ff
  3 bytes 038e029ea705 (or 3 packed numbers)
  4 string  (empty: text, bytes or a message)
  5 string {"a":1}
    JSON object 
      a number 1
`},
		{"message within", field(1, varint(1, 5)+field(2, "\x01\x02")) + field(2, field(1, "nine char")), `
 object 
  1 object  (or 6 bytes, 6 packed numbers)
    1 number 5 (zigzag -3)
    2 bytes 0102 (or 2 packed numbers)
  2 object  (or text)
    1 string nine char
`},
		{"group, order, repeated", varint(9, 2) + group(3, varint(1, 2)) + varint(9, 2), `
 object 
  9 number 2 (zigzag 1)
  3 object  (group)
    1 number 2 (zigzag 1)
  9 number 2 (zigzag 1)
`},
	} {
		readings, why := read(frame.Binary, test.in)
		if len(readings) == 0 || readings[0].Decoder != "protobuf" {
			t.Errorf("%s: %v, %s", test.name, readings, why)
			continue
		}
		checkReadings(t, []byte(test.in), readings)
		var b strings.Builder
		outline(t, &b, &readings[0].Root, "")
		if got := "\n" + b.String(); got != test.want {
			t.Errorf("%s: %s; want %s", test.name, got, test.want)
		}
	}
}

// Protobuf is the last guess: it stands behind others that fit, and text is not
// taken for it.
func TestProtobufIsTheWeakestGuess(t *testing.T) {
	for _, in := range []string{"hi", "just some text", "\x08", "\x00\x01", "\x0b\x08\x01", "\x08\x80", "\xfa\xff\xff\xff\x0f\x00"} {
		readings, _ := read(frame.Binary, in)
		for _, r := range readings {
			if r.Decoder == "protobuf" {
				t.Errorf("%q: %s", in, r.Summary)
			}
		}
	}
	// 9 bytes that are both: an array of MessagePack with a text, and field 18.
	readings, _ := read(frame.Binary, "\x92\x01\xa6sensor")
	if len(readings) == 0 || readings[0].Decoder != "MessagePack" {
		t.Errorf("%v", readings)
	}
}

// Fields of a long message are found across its marks.
func TestProtobufLarge(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		b.WriteString(varint(1, uint64(i)))
	}
	readings, _ := read(frame.Binary, b.String())
	for _, i := range []int{4999, 0, 255, 256, 257, 1024, 4096} {
		kids, err := readings[0].Root.Children(i, 1)
		if err != nil || len(kids) != 1 || string(kids[0].Raw()) != string(protowire.AppendVarint(nil, uint64(i))) {
			t.Fatal(i, kids, err)
		}
	}
}

func FuzzProtobuf(f *testing.F) {
	f.Add([]byte(varint(1, 150)+field(2, "text")+fixed32(3, 7)), true)
	f.Add([]byte(group(3, varint(1, 2))+field(1, field(1, field(1, "\x00")))), true)
	f.Add([]byte(field(1, "\n\x05hello")+fixed64(2, 1<<60)), false)
	f.Fuzz(func(t *testing.T, payload []byte, whole bool) {
		in := decode.Input{Conn: &frame.Connection{Subprotocol: "centrifuge-protobuf"}, Type: frame.Binary, Payload: payload, Whole: whole}
		var s decode.Session
		readings, _ := s.Read(in)
		checkReadings(t, payload, readings)
		for _, r := range readings {
			if r.Decoder != "protobuf" || !whole {
				continue
			}
			rest, fields := payload, 0
			for ; len(rest) > 0; fields++ {
				_, _, n := protowire.ConsumeField(rest)
				if n < 0 {
					t.Fatalf("%x: %d fields, the library says %v", payload, fields, protowire.ParseError(n))
				}
				rest = rest[n:]
			}
			if r.Root.Count != fields {
				t.Fatalf("%x: %d fields, %d of them read", payload, fields, r.Root.Count)
			}
		}
	})
}
