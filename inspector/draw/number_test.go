package draw_test

import (
	"math"
	"testing"
	"time"

	"github.com/wsluice/wsluice/inspector/draw"
)

// TestWords would catch numbers that are hard to read, or wider than their place.
func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.004: "0.00", 0.03: "0.03", 0.0996: "0.1", 0.5: "0.5", 8: "8", 8.25: "8.2", 99.9: "99.9", 99.96: "100", 999.4: "999", 999.5: "1.0k",
		1234: "1.2k", 99_960: "100k", 999_499: "999k", 999_500: "1.0M", 1.84e7: "18.4M", 1e18: "1.0E", 2e19: "20.0E",
	} {
		if got := draw.Short(v); got != want {
			t.Errorf("draw.Short(%v) = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0 B", 812: "812 B", 1e3: "1.0 kB", 3.44e6: "3.4 MB", 0.25: "0.2 B"} {
		if got := draw.Bytes(v); got != want {
			t.Errorf("draw.Bytes(%v) = %q, want %q", v, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0ns", 999: "999ns", 1000: "1.0µs", 9949: "9.9µs", 9950: "10µs", 999_499: "999µs", 999_500: "1.0ms", 131 * time.Millisecond: "131ms",
		999_500 * time.Microsecond: "1.0s", 59_949 * time.Millisecond: "59.9s", 59_950 * time.Millisecond: "1:00", 847 * time.Second: "14:07",
		11647 * time.Second: "3:14:07", 50 * time.Hour: "2d2h", math.MaxInt64: "106751d", -5 * time.Millisecond: "-5.0ms", math.MinInt64: "-106751d",
	} {
		if got := draw.Lapse(d); got != want {
			t.Errorf("draw.Lapse(%d) = %q, want %q", d, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 48310: "48,310", 1234567: "1,234,567"} {
		if got := draw.Grouped(n); got != want {
			t.Errorf("draw.Grouped(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0 frames", 1: "1 frame", 2000: "2,000 frames"} {
		if got := draw.Counted(n, "frame"); got != want {
			t.Errorf("draw.Counted(%d) = %q, want %q", n, got, want)
		}
	}
}
