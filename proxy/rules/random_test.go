package rules

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// TestRandomBounds catches a delay, or a place in the order, outside of what the
// rule says, and ends of the range that never come.
func TestRandomBounds(t *testing.T) {
	c := parse(t, "delay: {fixed: 10ns, jitter: 5ns}\n- reorder: 3").Open(connection(1))
	delays, places := make(map[time.Duration]int), make(map[int]int)
	for range 1000 {
		o := c.Apply(text(frame.Client, "x"), noon)
		delays[o.Delay]++
		places[o.Behind]++
	}
	for d := time.Duration(10); d <= 15; d++ {
		if delays[d] == 0 {
			t.Errorf("no delay of %v in %v", d, delays)
		}
	}
	for n := 1; n <= 3; n++ {
		if places[n] == 0 {
			t.Errorf("no message behind %d in %v", n, places)
		}
	}
	if len(delays) != 6 || len(places) != 3 {
		t.Errorf("out of bounds: %v, %v", delays, places)
	}
}

// TestCorrupt catches another number of changes than a rule says, and a text
// that changed bytes turn into something else.
func TestCorrupt(t *testing.T) {
	payload := strings.Repeat("plain é ", 100)
	for n := 1; n < 50; n += 7 {
		o := parse(t, fmt.Sprintf("corrupt: {bits: %d}", n)).Open(connection(1)).Apply(binary(frame.Client, payload), noon)
		flipped := 0
		for i := range o.Payload {
			flipped += bits.OnesCount8(o.Payload[i] ^ payload[i])
		}
		if flipped != n || len(o.Payload) != len(payload) {
			t.Errorf("%d bits flipped, not %d", flipped, n)
		}
		o = parse(t, fmt.Sprintf("corrupt: {bytes: %d}", n)).Open(connection(1)).Apply(binary(frame.Client, payload), noon)
		if got := differences(o.Payload, payload); got != n {
			t.Errorf("%d bytes of a binary message changed, not %d", got, n)
		}
		o = parse(t, fmt.Sprintf("corrupt: {bytes: %d}", n)).Open(connection(1)).Apply(text(frame.Client, payload), noon)
		if got := differences(o.Payload, payload); got != n || !utf8.Valid(o.Payload) {
			t.Errorf("%d bytes of a text changed, not %d; valid: %t", got, n, utf8.Valid(o.Payload))
		}
	}
	for _, test := range []struct{ rule, payload, want string }{
		{"corrupt: {bits: 1}", "", "pass"},
		{"corrupt: {bytes: 5}", "", "pass"},
		{"corrupt: {bytes: 5}", "ééé", "pass"},
	} {
		if got := say(parse(t, test.rule).Open(connection(1)).Apply(text(frame.Client, test.payload), noon)); got != test.want {
			t.Errorf("%s on %q: %s", test.rule, test.payload, got)
		}
	}
	// More than there is: all of it.
	o := parse(t, "corrupt: {bits: 100}").Open(connection(1)).Apply(binary(frame.Client, "\x0f"), noon)
	if string(o.Payload) != "\xf0" {
		t.Errorf("all bits flipped: %q", o.Payload)
	}
}

func differences(a []byte, b string) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// TestSeed catches a set with a seed that does not do the same again, and one
// without that does.
func TestSeed(t *testing.T) {
	run := func(text string) (out []int) {
		c := parse(t, text).Open(connection(7))
		for range 50 {
			out = append(out, c.Apply(binary(frame.Server, "x"), noon).Behind)
		}
		return out
	}
	const rules = "\nrules:\n- reorder: 100"
	if !slices.Equal(run("seed: 5"+rules), run("seed: 5"+rules)) {
		t.Error("the same seed, something else")
	}
	if slices.Equal(run("seed: 5"+rules), run("seed: 6"+rules)) || slices.Equal(run(rules), run(rules)) {
		t.Error("another seed, the same again")
	}
}
