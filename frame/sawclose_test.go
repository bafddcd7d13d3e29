package frame_test

import (
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// Catches a close frame overlooked because its header came in two reads, and
// payload bytes that look like one taken for a close.
func TestScannerSawClose(t *testing.T) {
	for _, c := range []struct {
		name string
		runs []string
		want bool
	}{
		{"nothing", nil, false},
		{"text that contains a close frame", []string{"\x81\x02\x88\x00"}, false},
		{"close", []string{"\x81\x01a\x88\x00"}, true},
		{"close cut in its header", []string{"\x88", "\x02\x03\xe8"}, true},
		{"close between fragments", []string{"\x01\x01a\x88\x00\x80\x01b"}, true},
		{"close and more", []string{"\x88\x00", "\x81\x01a"}, true},
	} {
		var s frame.Scanner
		for _, r := range c.runs {
			s.Scan([]byte(r))
		}
		if got := s.SawClose(); got != c.want {
			t.Errorf("%s: SawClose() = %v, want %v", c.name, got, c.want)
		}
	}
}
