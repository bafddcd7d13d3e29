package decode_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

func TestMessagePack(t *testing.T) {
	pack := func(v any) string {
		var b bytes.Buffer
		encoder := msgpack.NewEncoder(&b)
		encoder.SetSortMapKeys(true)
		encoder.UseCompactInts(true)
		if err := encoder.Encode(v); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, test := range []struct {
		name, in, want string
		guess          bool
	}{
		{"what the library writes", pack(map[string]any{
			"a": []any{1, -1, 200, -200, 70000, -70000, uint64(math.MaxUint64), int64(math.MinInt64), 1.5, float32(0.1), math.NaN()},
			"b": []byte{1, 2, 0xFF}, "c": true, "d": nil, "e": strings.Repeat("x", 40), "f": time.Unix(1763719331, 5e8),
		}), `
 object 
  a array 
     number 1
     number -1
     number 200
     number -200
     number 70000
     number -70000
     number 18446744073709551615 (beyond 2^53: JavaScript rounds it)
     number -9223372036854775808
     number 1.5
     number 0.1
     number NaN
  b bytes 0102ff
  c literal true
  d literal null
  e string xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
  f number 1763719331.500000000 (2025-11-21T10:02:11.5Z)
`, false},
		{"keys of any kind", "\x83\x01\xa3one\x92\x01\xa1x\xc2\xc4\x01\x07\x80", `
 object 
  1 string one
  [1,"x"] literal false
  07 object 
`, false},
		{"extension", "\x94\xd4\x05\xaa\xc7\x02\x06\xbb\xcc\xc7\x0c\xff\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\xa4text", `
 array 
   bytes aa (extension type 5)
   bytes bbcc (extension type 6)
   number -0.999999999 (1969-12-31T23:59:59.000000001Z)
   string text
`, false},
		{"hostile text", "\x81\xa5\x1b[31m\xa2\xff\xfe", "\n object \n  \\x1b[31m string \\xff\\xfe (not valid UTF-8)\n", true},
		{"JSON inside", "\x91\xa7{\"a\":1}", "\n array \n   string {\"a\":1}\n    JSON object \n      a number 1\n", false},
	} {
		readings, why := read(frame.Binary, test.in)
		if len(readings) == 0 || readings[0].Decoder != "MessagePack" {
			t.Errorf("%s: %v, %s", test.name, readings, why)
			continue
		}
		var b strings.Builder
		outline(t, &b, &readings[0].Root, "")
		if got := "\n" + b.String(); got != test.want || (readings[0].Note != "") != test.guess {
			t.Errorf("%s: %s%s; want %s", test.name, got, readings[0].Note, test.want)
		}
	}
}

// Single values and left-over bytes are no MessagePack worth showing.
func TestNotMessagePack(t *testing.T) {
	for _, in := range []string{"\x05", "\xc0", "\x80", "\x90", "\xa3abc", "\x91\x05", "\x81\xa1a\x01\x00", "\x91\xc1", "\x92\xa4abcd", "\xdf\xff\xff\xff\xff\xa4abcd\x01"} {
		readings, _ := read(frame.Binary, in)
		for _, r := range readings {
			if r.Decoder == "MessagePack" {
				t.Errorf("%x: %s", in, r.Summary)
			}
		}
	}
	_, why := read(frame.Binary, "\x81\xa4text\xdd\xff\xff\xff\xff\x01")
	if want := "binary, 12 bytes, as MessagePack it breaks off: a container announces more than there is at byte 6"; why != want {
		t.Errorf("%s", why)
	}
}

// The subprotocol settles what the bytes leave open.
func TestSubprotocolTellsFormat(t *testing.T) {
	const both = "\x82aAaB" // {97:65,97:66} and ["A","B"]
	for _, test := range []struct{ subprotocol, payload, decoder, note string }{
		{"wamp.2.msgpack", "\x92\x05\x06", "MessagePack", ""},
		{"wamp.2.msgpack", both, "MessagePack", ""},
		{"wamp.2.cbor", both, "CBOR", ""},
		{"chat", both, "MessagePack", "a guess: the bytes fit, but may be something else"},
	} {
		var s decode.Session
		readings, why := s.Read(decode.Input{
			Conn: &frame.Connection{Subprotocol: test.subprotocol}, Type: frame.Binary, Payload: []byte(test.payload), Whole: true,
		})
		if len(readings) == 0 || readings[0].Decoder != test.decoder || readings[0].Note != test.note {
			t.Errorf("%v, %s", readings, why)
		}
	}
}

// Children are found across the marks of a large map, and behind large members.
func TestMessagePackLarge(t *testing.T) {
	list := make([]map[string]any, 2000)
	for i := range list {
		list[i] = map[string]any{"i": i}
		if i%700 == 300 {
			list[i] = map[string]any{"i": make([]int, 9000)}
		}
	}
	payload, err := msgpack.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	readings, _ := read(frame.Binary, string(payload))
	root := &readings[0].Root
	for _, i := range []int{0, 255, 256, 300, 301, 512, 1000, 1001, 1999} {
		kids, err := root.Children(i, 1)
		if err != nil || len(kids) != 1 {
			t.Fatal(i, len(kids), err)
		}
		member := children(t, &kids[0])[0]
		if i%700 == 300 && member.Count != 9000 || i%700 != 300 && member.Value != fmt.Sprint(i) {
			t.Errorf("%d: %s, %d", i, member.Value, member.Count)
		}
	}
}

// FuzzMessagePack holds the tree against the library's reading.
func FuzzMessagePack(f *testing.F) {
	for _, seed := range []string{
		"\x83\x01\xa3one\x92\x01\xa1x\xc2\xc4\x01\x07\x80", "\x92\xd4\x05\xaa\xa4text", "\xdc\x00\x02\xca\x3f\x80\x00\x00\xd9\x04abcd",
		"\x91\xd6\xff\x00\x00\x00\x00", "\xdf\xff\xff\xff\xff", strings.Repeat("\x91", 100), strings.Repeat("\x81", 100),
		"\x81\xa4text\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "\xde\x00\x01\xa4abcd\xd3\x80\x00\x00\x00\x00\x00\x00\x00",
	} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, payload []byte, whole bool) {
		var s decode.Session
		readings, _ := s.Read(decode.Input{Type: frame.Binary, Payload: payload, Whole: whole})
		checkReadings(t, payload, readings)
		for _, r := range readings {
			if r.Decoder != "MessagePack" || !whole || len(payload) > 1000 {
				continue
			}
			decoder := msgpack.NewDecoder(bytes.NewReader(payload))
			if err := decoder.Skip(); err != nil {
				t.Fatalf("%x: the library says %v", payload, err)
			}
			if _, err := decoder.PeekCode(); err == nil {
				t.Fatalf("%x: the library has bytes left", payload)
			}
		}
	})
}
