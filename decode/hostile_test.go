package decode_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

// hostile are payloads of about size bytes that ask for more than they hold.
func hostile(t testing.TB, size int) map[string]string {
	repeat := func(s string) string { return strings.Repeat(s, size/len(s)) }
	halves := func(open, shut string) string { return repeat(open)[:size/2] + repeat(shut)[:size/2] }
	chains := strings.Repeat(strings.Repeat("[", 500)+strings.Repeat("1,", 2000)+"1"+strings.Repeat("]", 500)+",", size/5000)
	return map[string]string{
		"JSON arrays":               repeat("["),
		"JSON arrays closed":        halves("[", "]"),
		"JSON objects":              repeat(`{"":`),
		"JSON chains":               "[" + chains + "1]",
		"JSON texts":                repeat("{}"),
		"JSON lists":                "[" + repeat("[],") + "1]",
		"JSON escapes":              `["` + repeat(`\u0041`) + `"]`,
		"JSON backslashes":          `["` + repeat(`\\`) + `"]`,
		"JSON strings":              "[" + repeat(`"[{\"a\":1}]",`) + "1]",
		"JSON digits":               "[" + repeat("9") + "]",
		"JSON key":                  `{"` + repeat("k") + `":1}`,
		"JSON spaces":               "[" + repeat(" ") + "]",
		"base64":                    repeat("QUFB"),
		"base64 in JSON":            `["` + repeat("QUFB") + `"]`,
		"base64 lines":              "QUFBQUFBQUFBQUFBQUFBQUFB" + repeat("\n"),
		"MessagePack arrays":        repeat("\x91"),
		"MessagePack maps":          repeat("\x81"),
		"MessagePack keys":          "\x92\xa4text" + strings.Repeat("\x81", 9000) + strings.Repeat("\x01", 9001),
		"MessagePack claims":        "\x81\xa4text\xdd\xff\xff\xff\xff" + repeat("\x01"),
		"MessagePack claims of map": "\x81\xa4text\xdf\xff\xff\xff\xff" + repeat("\x01"),
		"MessagePack text":          "\x91\xdb\xff\xff\xff\xff" + repeat("a"),
		"MessagePack ext":           "\x91\xc9\xff\xff\xff\xff" + repeat("a"),
		"CBOR arrays":               repeat("\x9f"),
		"CBOR maps":                 repeat("\xbf"),
		"CBOR tags":                 "\x82\x64text" + repeat("\xc1"),
		"CBOR chunks":               "\x82\x64text\x5f" + repeat("\x40") + "\xff",
		"CBOR claims":               "\x82\x64text\x9b\x7f\xff\xff\xff\xff\xff\xff\xff" + repeat("\x01"),
		"CBOR text":                 "\x82\x64text\x7b\x7f\xff\xff\xff\xff\xff\xff\xff" + repeat("a"),
		"CBOR bignum":               "\x82\x64text\xc2\x5a\x00\x0f\x00\x00" + repeat("\xff"),
		"CBOR encoded":              "\x82\x64text" + repeat("\xd8\x18\x45"),
		"protobuf groups":           repeat("\x0b"),
		"protobuf groups closed":    halves("\x0b", "\x0c"),
		"protobuf fields":           repeat("\x08\x01"),
		"protobuf empty":            repeat("\x0a\x00"),
		"protobuf messages":         nestedFields(size),
		"gzip":                      gzipped(t, strings.Repeat("\x00", size/2)+strings.Repeat("{", size/2)),
		"zeros":                     repeat("\x00"),
		"marks":                     "[" + repeat(`"`+"a"+strings.Repeat("\u0301", 60)+`",`) + "1]",
	}
}

// nestedFields is a message in a message and so on.
func nestedFields(size int) string {
	payload := "\x08\x01"
	for range min(size/8, 2000) {
		payload = field(1, payload)
	}
	return payload
}

// slack is what may be allocated whatever the size of a payload: the stacks of
// containers that lie 10,000 deep, and the first megabyte that is inflated.
const slack = 16 << 20

// TestHostilePayloads reads what claims more than there is, lies deep or repeats
// without end, whole and cut off, and walks into it. Nothing may panic, and what is
// allocated is bounded by the size of the payload.
func TestHostilePayloads(t *testing.T) {
	const size = 512 << 10
	for name, payload := range hostile(t, size) {
		t.Run(name, func(t *testing.T) {
			for _, typ := range []frame.Opcode{frame.Text, frame.Binary} {
				for _, whole := range []bool{true, false} {
					var s decode.Session
					in := decode.Input{Type: typ, Payload: []byte(payload), Whole: whole}
					var readings []decode.Reading
					if n := allocated(func() { readings, _ = s.Read(in) }); n > 4*uint64(len(payload))+slack {
						t.Errorf("%v: %d bytes allocated for %d", typ, n, len(payload))
					}
					for _, r := range readings {
						walkDown(t, r.Root, 4*uint64(len(payload))+slack+slack)
					}
				}
			}
		})
	}
}

// walkDown looks at the first, a middle and the last page of children, and goes
// into the last of each, 20 levels deep.
func walkDown(t *testing.T, n decode.Node, limit uint64) {
	for range 20 {
		var next []decode.Node
		for _, from := range []int{0, n.Count / 2, max(0, n.Count-decode.MaxChildren)} {
			var kids []decode.Node
			if used := allocated(func() { kids, _ = n.Children(from, decode.MaxChildren) }); used > limit {
				t.Errorf("%d bytes allocated for the children of %d bytes", used, n.Size)
			}
			if len(kids) > 0 {
				next = append(next, kids[len(kids)-1])
			}
		}
		if len(next) == 0 {
			return
		}
		n = next[len(next)-1]
	}
}

// allocated returns how many bytes f allocates in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzSession gives a session two messages, of any kind.
func FuzzSession(f *testing.F) {
	f.Add([]byte(`{"a":1}`), []byte("\x81\xa1a\x01"), uint8(frame.Text), uint8(frame.Binary), "wamp.2.cbor", true)
	f.Add([]byte(""), []byte(token), uint8(frame.Ping), uint8(frame.Opaque), "", false)
	for _, payload := range hostile(f, 4<<10) {
		f.Add([]byte(payload), []byte(payload[:len(payload)/2]), uint8(frame.Binary), uint8(frame.Text), "msgpack, protobuf", false)
	}
	f.Fuzz(func(t *testing.T, first, second []byte, typ1, typ2 uint8, subprotocol string, whole bool) {
		conn := &frame.Connection{Subprotocol: subprotocol}
		var s decode.Session
		for _, in := range []decode.Input{
			{Conn: conn, Type: frame.Opcode(typ1), Payload: first, Whole: whole},
			{Conn: conn, Type: frame.Opcode(typ2), Payload: second, Whole: !whole, From: frame.Server, Seq: 1},
		} {
			var readings []decode.Reading
			var why string
			limit := 64*uint64(len(in.Payload)) + slack
			if n := allocated(func() { readings, why = s.Read(in) }); n > limit {
				t.Fatalf("%d bytes allocated for %d", n, len(in.Payload))
			}
			harmless(t, why, 1000)
			if (why == "") != (len(readings) > 0) {
				t.Fatalf("%d readings, %q", len(readings), why)
			}
			checkReadings(t, in.Payload, readings)
		}
	})
}
