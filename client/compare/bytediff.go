package compare

import (
	"bytes"
	"fmt"
)

// joined is how many equal bytes between two changes do not part them.
const joined = 3

// maxAligned bounds the bytes that are aligned when messages differ in length.
const maxAligned = 1 << 20

// bytes adds the ranges in which two runs of bytes differ.
func (c *comparison) bytes(a, b []byte) {
	if bytes.Equal(a, b) {
		return
	}
	left, right := c.rules.spans(a), c.rules.spans(b)
	if (len(left) > 0 || len(right) > 0) &&
		hashParts(&spanCursor{spans: left}, a, 0, len(a)) == hashParts(&spanCursor{spans: right}, b, 0, len(b)) {
		return
	}
	var runs []run
	switch {
	case len(a) == len(b):
		runs = inPlace(a, b)
	case max(len(a), len(b)) <= maxAligned:
		runs = align(byteHashes(a), byteHashes(b))
	default:
		c.trimmed(a, b, "bytes")
		return
	}
	i, j := 0, 0
	upTo := func(iEnd, jEnd int) {
		change := Change{Path: byteName(i), Left: part(a, i, iEnd), Right: part(b, j, jEnd)}
		switch {
		case i == iEnd && j == jEnd:
			return
		case i == iEnd:
			change.Kind, change.Path = Added, byteName(j)
		case j == jEnd:
			change.Kind = Removed
		}
		c.change(change)
	}
	for _, r := range runs {
		if r.n <= joined && (i < r.left || j < r.right) && r.left+r.n < len(a) && r.right+r.n < len(b) {
			continue
		}
		upTo(r.left, r.right)
		i, j = r.left+r.n, r.right+r.n
	}
	upTo(len(a), len(b))
}

func byteName(n int) string { return fmt.Sprintf("byte %d", n) }

// inPlace returns the runs of equal bytes at equal places that part changes.
func inPlace(a, b []byte) (runs []run) {
	for at := 0; at < len(a); at++ {
		start := at
		for at < len(a) && a[at] == b[at] {
			at++
		}
		if len(runs) == maxTokens {
			return runs
		}
		if n := at - start; n > joined || n > 0 && (start == 0 || at == len(a)) {
			runs = append(runs, run{start, start, at - start})
		}
	}
	return runs
}

func byteHashes(p []byte) []uint64 {
	out := make([]uint64, len(p))
	for i, c := range p {
		out[i] = uint64(c)
	}
	return out
}
