package rules

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/wsluice/wsluice/frame"
)

type truncate struct{ bytes int }

func readTruncate(r *reader, n *yaml.Node) action {
	return truncate{r.size(n, "truncate", 0, MaxResult)}
}

func (truncate) of() subject    { return messages }
func (t truncate) does() string { return "cuts it after " + bytesOf(t.bytes) }

func (t truncate) act(w *walk) {
	if len(w.m.Payload) <= t.bytes || !w.whole() {
		return
	}
	n := t.bytes
	if w.m.Type == frame.Text {
		// A text is cut before a character, so that it stays one.
		for back := 0; n > 0 && back < utf8.UTFMax-1 && !utf8.RuneStart(w.m.Payload[n]); back++ {
			n--
		}
	}
	w.put(slices.Clone(w.m.Payload[:n]))
}

// maxPlaces is how many places one rule corrupts.
const maxPlaces = 10_000

// corrupt changes random bits, or bytes.
type corrupt struct{ bits, bytes int }

func readCorrupt(r *reader, n *yaml.Node) action {
	var c corrupt
	o := r.object(n, "corrupt", "bits", "bytes")
	bits, bytes := o.fields["bits"], o.fields["bytes"]
	switch {
	case r.fault != nil:
	case bits == nil == (bytes == nil):
		r.failAt(n, "corrupt needs bits or bytes, one of them").suggest("corrupt: {bits: 1} flips one bit")
	case bits != nil:
		c.bits = r.whole(bits, "bits", 1, maxPlaces)
	default:
		c.bytes = r.whole(bytes, "bytes", 1, maxPlaces)
	}
	return c
}

func (corrupt) of() subject { return messages }

func (c corrupt) does() string {
	switch {
	case c.bits == 1:
		return "flips a bit of it"
	case c.bits > 1:
		return fmt.Sprintf("flips %d bits of it", c.bits)
	case c.bytes == 1:
		return "changes a byte of it"
	}
	return fmt.Sprintf("changes %d bytes of it", c.bytes)
}

func (c corrupt) act(w *walk) {
	if len(w.m.Payload) == 0 || !w.whole() {
		return
	}
	p := slices.Clone(w.m.Payload)
	for _, at := range w.places(c.bits, 8*len(p)) {
		p[at/8] ^= 1 << (at % 8)
	}
	if w.m.Type == frame.Text {
		w.spoilText(p, c.bytes)
	} else {
		for _, at := range w.places(c.bytes, len(p)) {
			p[at] += 1 + byte(w.roll(255))
		}
	}
	w.put(p)
}

// places returns so many different numbers below n, or all there are.
func (w *walk) places(count, n int) []int {
	count = min(count, n)
	out := make([]int, 0, count)
	chosen := make(map[int]bool, count)
	// Floyd's way of drawing: each number is drawn once, however many of all
	// there are to be.
	for top := n - count; top < n; top++ {
		at := int(w.roll(int64(top) + 1))
		if chosen[at] {
			at = top
		}
		chosen[at] = true
		out = append(out, at)
	}
	return out
}

// spoilText has so many ASCII characters become others that print, and touches
// no other ones, so that the text stays one.
func (w *walk) spoilText(p []byte, count int) {
	const first, letters = ' ' + 1, '~' - ' '
	single := 0
	for _, c := range p {
		if c < utf8.RuneSelf {
			single++
		}
	}
	places := w.places(count, single)
	slices.Sort(places)
	nth := 0
	for i, c := range p {
		switch {
		case len(places) == 0:
			return
		case c >= utf8.RuneSelf:
			continue
		case nth == places[0]:
			places = places[1:]
			p[i] = first + byte(w.roll(letters))
			if p[i] == c {
				p[i] = first + (c-first+1)%letters
			}
		}
		nth++
	}
}
