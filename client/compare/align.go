package compare

import (
	"slices"
)

// run is n things in a row that are equal on both sides, from left and right on.
type run struct{ left, right, n int }

const (
	// maxEdits is how many edits the shortest way from one side to the other has at
	// most that is looked for; its memory is the square.
	maxEdits = 1024
	// alignSteps is how much work all such ways of one alignment take at most.
	alignSteps = 128 << 20
	// maxSplits is how often an alignment is split at what is once on both sides.
	maxSplits = 24
	// nearby is how far ahead what is equal is looked for in the end.
	nearby = 64
)

// aligner finds what is equal, in order, in two sequences of hashes. While there is
// little to change it finds the most there is; otherwise it splits them where
// something is once on both sides, and in the end takes what is nearest.
type aligner struct {
	left, right []uint64
	runs        []run
	steps       int
}

// align returns the runs that are equal, in order and without overlap.
func align(left, right []uint64) []run {
	a := aligner{left: left, right: right, steps: alignSteps}
	a.align(0, len(left), 0, len(right), 0)
	return a.runs
}

func (a *aligner) add(left, right, n int) {
	if n == 0 {
		return
	}
	if len(a.runs) > 0 {
		if last := &a.runs[len(a.runs)-1]; last.left+last.n == left && last.right+last.n == right {
			last.n += n
			return
		}
	}
	a.runs = append(a.runs, run{left, right, n})
}

// align adds the runs in left[i:iEnd] and right[j:jEnd].
func (a *aligner) align(i, iEnd, j, jEnd, splits int) {
	begin := i
	for i < iEnd && j < jEnd && a.left[i] == a.right[j] {
		i++
		j++
	}
	a.add(begin, j-(i-begin), i-begin)
	tail := 0
	for i < iEnd-tail && j < jEnd-tail && a.left[iEnd-1-tail] == a.right[jEnd-1-tail] {
		tail++
	}
	if i < iEnd-tail && j < jEnd-tail {
		a.middle(i, iEnd-tail, j, jEnd-tail, splits)
	}
	a.add(iEnd-tail, jEnd-tail, tail)
}

// middle is align for what neither begins nor ends equally.
func (a *aligner) middle(i, iEnd, j, jEnd, splits int) {
	if a.shortest(i, iEnd, j, jEnd) {
		return
	}
	var anchors []run
	if splits < maxSplits {
		anchors = a.anchors(i, iEnd, j, jEnd)
	}
	if len(anchors) == 0 {
		a.nearest(i, iEnd, j, jEnd)
		return
	}
	for _, at := range anchors {
		if at.left >= i && at.right >= j {
			a.align(i, at.left+1, j, at.right+1, splits+1)
			i, j = at.left+1, at.right+1
		}
	}
	a.align(i, iEnd, j, jEnd, splits+1)
}

// shortest adds the runs of the way with the fewest edits (Myers 1986). It adds none
// and reports false when that takes more than maxEdits or too many steps.
func (a *aligner) shortest(i, iEnd, j, jEnd int) bool {
	left, right := a.left[i:iEnd], a.right[j:jEnd]
	most := min(maxEdits, len(left)+len(right))
	if max(len(left), len(right))-min(len(left), len(right)) > most {
		return false
	}
	// reach[k] is how far on the left the ways get whose right is k further on the
	// left than on the right; trace keeps it for each number of edits.
	reach := make([]int32, 2*most+3)
	mid := most + 1
	var trace [][]int32
	for edits := 0; edits <= most; edits++ {
		for k := -edits; k <= edits; k += 2 {
			x := 0
			if k == -edits || k != edits && reach[mid+k-1] < reach[mid+k+1] {
				x = int(reach[mid+k+1])
			} else {
				x = int(reach[mid+k-1]) + 1
			}
			y := x - k
			start := x
			for x < len(left) && y < len(right) && y >= 0 && left[x] == right[y] {
				x++
				y++
			}
			a.steps -= x - start + 1
			reach[mid+k] = int32(x)
			if x >= len(left) && y >= len(right) {
				trace = append(trace, slices.Clone(reach[mid-edits:mid+edits+1]))
				a.walkBack(trace, i, j, len(left), len(right))
				return true
			}
		}
		if a.steps < 0 {
			return false
		}
		trace = append(trace, slices.Clone(reach[mid-edits:mid+edits+1]))
	}
	return false
}

// walkBack adds the runs of the way to (x, y) that trace shows.
func (a *aligner) walkBack(trace [][]int32, i, j, x, y int) {
	var back []run
	for edits := len(trace) - 1; edits > 0; edits-- {
		before := trace[edits-1]
		at := func(k int) int32 {
			if k += edits - 1; k >= 0 && k < len(before) {
				return before[k]
			}
			return -1
		}
		k := x - y
		from := k - 1
		if k == -edits || k != edits && at(k-1) < at(k+1) {
			from = k + 1
		}
		px := int(at(from))
		py := px - from
		sx, sy := px, py+1
		if from == k-1 {
			sx, sy = px+1, py
		}
		back = append(back, run{i + sx, j + sy, x - sx})
		x, y = px, py
	}
	back = append(back, run{i, j, x})
	for _, r := range slices.Backward(back) {
		a.add(r.left, r.right, r.n)
	}
}

// anchors returns what is once on both sides, as far as it is in the same order.
func (a *aligner) anchors(i, iEnd, j, jEnd int) []run {
	type place struct {
		left, right int32
	}
	const none, many = -1, -2
	places := make(map[uint64]place, min(iEnd-i, jEnd-j))
	for at := i; at < iEnd; at++ {
		p := place{int32(at), none}
		if _, again := places[a.left[at]]; again {
			p.left = many
		}
		places[a.left[at]] = p
	}
	for at := j; at < jEnd; at++ {
		p, ok := places[a.right[at]]
		switch {
		case !ok || p.left < 0:
			continue
		case p.right != none:
			p.left = many
		}
		p.right = int32(at)
		places[a.right[at]] = p
	}
	var found []run
	for at := i; at < iEnd; at++ {
		if p := places[a.left[at]]; p.left == int32(at) && p.right >= 0 {
			found = append(found, run{at, int(p.right), 1})
		}
	}
	return ascending(found)
}

// ascending returns the most of the runs, which are in the order of the left, that
// are in the order of the right too.
func ascending(runs []run) []run {
	// ends[n] is the run with the smallest right that n others can stand before.
	ends := make([]int, 0, len(runs))
	before := make([]int, len(runs))
	for i, r := range runs {
		n, _ := slices.BinarySearchFunc(ends, r.right, func(e, right int) int { return runs[e].right - right })
		before[i] = -1
		if n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		} else {
			ends[n] = i
		}
	}
	if len(ends) == 0 {
		return nil
	}
	out := make([]run, len(ends))
	for at, n := ends[len(ends)-1], len(out)-1; at >= 0; at, n = before[at], n-1 {
		out[n] = runs[at]
	}
	return out
}

// nearest adds what is equal when each on the left takes the next on the right,
// unless that is far ahead.
func (a *aligner) nearest(i, iEnd, j, jEnd int) {
	for ; i < iEnd; i++ {
		ahead := a.right[j:min(jEnd, j+nearby)]
		if n := slices.Index(ahead, a.left[i]); n >= 0 {
			a.add(i, j+n, 1)
			j += n + 1
		}
	}
}
