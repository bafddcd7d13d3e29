package compare

// match is what one side said left and right at one place: indices into its lanes,
// -1 for none.
type match struct {
	left, right int32
	outcome     Outcome
}

const (
	// maxTable bounds the table of what fits best between two things that are equal.
	maxTable = 1 << 16
	// ahead is how far ahead what fits is looked for where that is too much.
	ahead = 16
)

// pairer pairs what one side said in two conversations.
type pairer struct {
	left, right lane
	window      int
	out         []match
	// moved holds for each message on the left where it has moved to on the right,
	// taken for each on the right whether one has; both are nil when none has.
	moved []int32
	taken []bool
}

// pair returns all messages of both lanes, in the order of both.
func (p *pairer) pair() []match {
	runs := align(p.left.keys(), p.right.keys())
	runs = append(runs, run{len(p.left), len(p.right), 0})
	if p.window > 0 {
		p.moves(runs)
	}
	i, j := 0, 0
	for _, r := range runs {
		p.between(i, r.left, j, r.right)
		for n := range r.n {
			p.out = append(p.out, match{int32(r.left + n), int32(r.right + n), Same})
		}
		i, j = r.left+r.n, r.right+r.n
	}
	return p.out
}

func (l lane) keys() []uint64 {
	out := make([]uint64, len(l))
	for i := range l {
		out[i] = uint64(l[i].key)
	}
	return out
}

func (l lane) shapes(of []int32) []uint64 {
	out := make([]uint64, len(of))
	for n, i := range of {
		out[n] = uint64(l[i].shape)
	}
	return out
}

// moves finds what is in no run on either side and says the same, within the window
// of the place where it would be.
func (p *pairer) moves(runs []run) {
	free := make(map[Key][]int32)
	j := 0
	for _, r := range runs {
		for ; j < r.right; j++ {
			free[p.right[j].key] = append(free[p.right[j].key], int32(j))
		}
		j += r.n
	}
	if len(free) == 0 {
		return
	}
	p.moved, p.taken = make([]int32, len(p.left)), make([]bool, len(p.right))
	i, j := 0, 0
	for _, r := range runs {
		for at := i; at < r.left; at++ {
			p.moved[at] = -1
			expected := min(j+at-i, r.right)
			places := free[p.left[at].key]
			for len(places) > 0 && int(places[0]) < expected-p.window {
				places = places[1:]
			}
			if len(places) > 0 && int(places[0]) <= expected+p.window {
				p.moved[at] = places[0]
				p.taken[places[0]] = true
				places = places[1:]
			}
			free[p.left[at].key] = places
		}
		i, j = r.left+r.n, r.right+r.n
	}
}

// between pairs what lies between two runs.
func (p *pairer) between(i, iEnd, j, jEnd int) {
	if i == iEnd && j == jEnd {
		return
	}
	var left, right []int32
	for at := i; at < iEnd; at++ {
		if p.moved == nil || p.moved[at] < 0 {
			left = append(left, int32(at))
		}
	}
	for at := j; at < jEnd; at++ {
		if p.taken == nil || !p.taken[at] {
			right = append(right, int32(at))
		}
	}
	from := len(p.out)
	p.fill(left, right)
	if len(left) == iEnd-i {
		return
	}
	rest := append([]match(nil), p.out[from:]...)
	p.out = p.out[:from]
	for at := i; at < iEnd; at++ {
		if p.moved[at] < 0 {
			continue
		}
		for len(rest) > 0 && rest[0].left < int32(at) {
			p.out, rest = append(p.out, rest[0]), rest[1:]
		}
		p.out = append(p.out, match{int32(at), p.moved[at], Moved})
	}
	p.out = append(p.out, rest...)
}

// fill pairs messages of which none says the same as another: by what fits best, of
// long stretches first by shape.
func (p *pairer) fill(left, right []int32) {
	if int64(len(left))*int64(len(right)) <= maxTable {
		p.best(left, right)
		return
	}
	i, j := 0, 0
	for _, r := range append(align(p.left.shapes(left), p.right.shapes(right)), run{len(left), len(right), 0}) {
		if a, b := left[i:r.left], right[j:r.right]; int64(len(a))*int64(len(b)) <= maxTable {
			p.best(a, b)
		} else {
			p.first(a, b)
		}
		for n := range r.n {
			p.out = append(p.out, match{left[r.left+n], right[r.right+n], Differs})
		}
		i, j = r.left+r.n, r.right+r.n
	}
}

// fit returns how well two messages fit in one place, 0 when they do not at all.
func (p *pairer) fit(left, right int32) int32 {
	a, b := &p.left[left], &p.right[right]
	if a.kind != b.kind {
		return 0
	}
	likeness := a.sketch.likeness(b.sketch)
	if a.shape == b.shape || a.kind.Control() {
		return int32(4 + 2*likeness)
	}
	if likeness < 2 {
		return 0
	}
	return int32(2 * likeness)
}

// best pairs so that the sum of what fits is the largest. As many on both sides of
// one type stand in each other's place even when they have nothing in common.
func (p *pairer) best(left, right []int32) {
	least := int32(0)
	if len(left) == len(right) {
		least = 1
	}
	fit := func(a, b int) int32 {
		if f := p.fit(left[a], right[b]); f > 0 || p.left[left[a]].kind != p.right[right[b]].kind {
			return f
		}
		return least
	}
	// sums[a*width+b] is the best sum of what comes from a and b on.
	width := len(right) + 1
	sums := make([]int32, (len(left)+1)*width)
	for a := len(left) - 1; a >= 0; a-- {
		for b := len(right) - 1; b >= 0; b-- {
			best := max(sums[(a+1)*width+b], sums[a*width+b+1])
			if f := fit(a, b); f > 0 {
				best = max(best, sums[(a+1)*width+b+1]+f)
			}
			sums[a*width+b] = best
		}
	}
	for a, b := 0, 0; a < len(left) || b < len(right); {
		if a < len(left) && b < len(right) {
			if f := fit(a, b); f > 0 && sums[a*width+b] == sums[(a+1)*width+b+1]+f {
				p.out = append(p.out, match{left[a], right[b], Differs})
				a, b = a+1, b+1
				continue
			}
		}
		if a < len(left) && (b == len(right) || sums[a*width+b] == sums[(a+1)*width+b]) {
			p.out = append(p.out, match{left[a], -1, OnlyLeft})
			a++
		} else {
			p.out = append(p.out, match{-1, right[b], OnlyRight})
			b++
		}
	}
}

// first pairs each message on the left with the first on the right that fits and is
// not far ahead.
func (p *pairer) first(left, right []int32) {
	for _, i := range left {
		near := right[:min(len(right), ahead)]
		found := -1
		for n, j := range near {
			if p.fit(i, j) > 0 {
				found = n
				break
			}
		}
		if found < 0 {
			p.out = append(p.out, match{i, -1, OnlyLeft})
			continue
		}
		for _, j := range right[:found] {
			p.out = append(p.out, match{-1, j, OnlyRight})
		}
		p.out = append(p.out, match{i, right[found], Differs})
		right = right[found+1:]
	}
	for _, j := range right {
		p.out = append(p.out, match{-1, j, OnlyRight})
	}
}

// place is a pair, and where the pair is found.
type place struct {
	Pair
	match match
}

// interleave makes one order of what both sides said: that of the left, as far as
// the order of each side allows.
func interleave(left, right [2]lane, sides [2][]match) []place {
	out := make([]place, 0, len(sides[0])+len(sides[1]))
	at := func(side int, m match) place {
		p := place{match: m}
		p.Outcome, p.From = m.outcome, sideOf(side)
		if m.left >= 0 {
			p.Left = left[side][m.left].seq
		}
		if m.right >= 0 {
			p.Right = right[side][m.right].seq
		}
		return p
	}
	for len(sides[0]) > 0 && len(sides[1]) > 0 {
		a, b := at(0, sides[0][0]), at(1, sides[1][0])
		if before(a.Pair, b.Pair) {
			out, sides[0] = append(out, a), sides[0][1:]
		} else {
			out, sides[1] = append(out, b), sides[1][1:]
		}
	}
	for side, rest := range sides {
		for _, m := range rest {
			out = append(out, at(side, m))
		}
	}
	return out
}

// before reports whether a comes before b.
func before(a, b Pair) bool {
	switch {
	case a.Left != 0 && b.Left != 0:
		return a.Left < b.Left
	case a.Right != 0 && b.Right != 0:
		return a.Right < b.Right
	}
	return a.Left != 0
}
