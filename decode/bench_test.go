package decode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

// lines64 is an array of 64 MiB of small objects.
func lines64() []byte {
	var b bytes.Buffer
	b.WriteString(`{"rows":[`)
	for i := 0; b.Len() < 64<<20; i++ {
		fmt.Fprintf(&b, `{"id":%d,"name":"sensor-%d","on":true,"values":[%d,20.5,null]},`, i, i%1000, i*7)
	}
	b.WriteString(`{}]}`)
	return b.Bytes()
}

// readings64 are payloads of 64 MiB.
func readings64(b *testing.B) map[string]decode.Input {
	text := func(payload []byte) decode.Input {
		return decode.Input{Type: frame.Text, Payload: payload, Whole: true}
	}
	binary := func(payload []byte) decode.Input {
		return decode.Input{Type: frame.Binary, Payload: payload, Whole: true}
	}
	const row = "\x83\xa2id\x07\xa4name\xa8sensor-7\xa6values\x93\x01\x02\x03"
	const cborRow = "\xa3\x62id\x07\x64name\x68sensor-7\x66values\x83\x01\x02\x03"
	n := 64 << 20 / len(row)
	return map[string]decode.Input{
		"JSON":            text(lines64()),
		"JSON-one-string": text([]byte(`["` + strings.Repeat("lorem ipsum ", 64<<20/12) + `"]`)),
		"JSON-numbers":    text([]byte(`[` + strings.Repeat("0,", 32<<20) + `0]`)),
		"MessagePack":     binary(append([]byte{0xDD, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, strings.Repeat(row, n)...)),
		"CBOR":            binary([]byte("\x9f" + strings.Repeat(cborRow, n) + "\xff")),
		"protobuf":        binary([]byte(strings.Repeat(varint(1, 7)+field(2, "sensor-7")+fixed32(3, 1), 4<<20))),
		"gzip":            binary([]byte(gzipped(b, string(lines64()[:63<<20])))),
		"text":            text([]byte(strings.Repeat("just some text ", 64<<20/15))),
		"noise":           binary(bytes.Repeat([]byte("\x92\xc1\x00\xff~"), 64<<20/5)),
	}
}

// BenchmarkOpen64MiB reads a payload and shows the first and last 100 rows of it.
func BenchmarkOpen64MiB(b *testing.B) {
	for name, in := range readings64(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in.Payload)))
			b.ReportAllocs()
			for b.Loop() {
				var s decode.Session
				readings, _ := s.Read(in)
				if len(readings) == 0 {
					continue
				}
				root := &readings[0].Root
				for _, from := range []int{0, max(0, root.Count-100)} {
					if _, err := root.Children(from, 100); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkRead1KiB is what a message in a list costs.
func BenchmarkRead1KiB(b *testing.B) {
	for name, in := range readings64(b) {
		switch in.Payload = in.Payload[:1<<10]; name {
		case "JSON":
			in.Payload = append([]byte(`[{"id":0`+strings.Repeat(`,"name":"sensor-1"`, 54)), `}]`...)
		case "JSON-numbers":
			in.Payload = append(in.Payload[:1023:1023], ']')
		case "JSON-one-string":
			in.Payload = append(in.Payload[:1022:1022], `"]`...)
		case "MessagePack":
			in.Payload = append([]byte{0xDC, 0, 32}, in.Payload[5:5+32*31]...)
		case "CBOR":
			in.Payload = append(in.Payload[:1+32*31:1+32*31], 0xFF)
		case "protobuf":
			in.Payload = in.Payload[:60*17]
		case "gzip":
			in.Payload = []byte(gzipped(b, string(lines64()[:10<<10])))
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in.Payload)))
			b.ReportAllocs()
			var s decode.Session
			for b.Loop() {
				s.Read(in)
			}
		})
	}
}

// BenchmarkValid64MiB is what the standard library takes to say only whether the
// JSON of BenchmarkOpen64MiB is valid.
func BenchmarkValid64MiB(b *testing.B) {
	payload := lines64()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		if !json.Valid(payload) {
			b.Fatal("not valid")
		}
	}
}
