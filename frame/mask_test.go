package frame_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// The fast path must agree with RFC 6455 section 5.3 at every length, alignment
// and offset, or payloads come out garbled from some piece on.
func TestMaskMatchesDefinition(t *testing.T) {
	key := [4]byte{0xA1, 0x00, 0x3C, 0xFF}
	for size := range 300 {
		for _, offset := range []uint64{0, 1, 2, 3, 4, 7, 1 << 40, 1<<40 + 3} {
			got, want := make([]byte, size), make([]byte, size)
			for i := range got {
				got[i] = byte(i * 7)
				want[i] = got[i] ^ key[(offset+uint64(i))%4]
			}
			frame.Mask(got, key, offset)
			if !bytes.Equal(got, want) {
				t.Fatalf("size %d offset %d: %x, want %x", size, offset, got, want)
			}
		}
	}
}

func BenchmarkMask(b *testing.B) {
	for _, size := range []int{16, 100, 1 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			p := make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				frame.Mask(p, [4]byte{1, 2, 3, 4}, 1)
			}
		})
	}
}
