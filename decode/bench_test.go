package decode_test

import (
	"bytes"
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

func BenchmarkOpen64MiB(b *testing.B) {
	for _, bench := range []struct {
		name    string
		payload []byte
	}{
		{"JSON", lines64()},
		{"JSON-one-string", []byte(`["` + strings.Repeat("lorem ipsum ", 64<<20/12) + `"]`)},
		{"JSON-numbers", []byte(`[` + strings.Repeat("0,", 32<<20) + `0]`)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.payload)))
			b.ReportAllocs()
			for b.Loop() {
				var s decode.Session
				readings, why := s.Read(decode.Input{Type: frame.Text, Payload: bench.payload, Whole: true})
				if len(readings) == 0 {
					b.Fatal(why)
				}
				kids, err := readings[0].Root.Children(0, 100)
				if err != nil || len(kids) == 0 {
					b.Fatal(err)
				}
			}
		})
	}
}
