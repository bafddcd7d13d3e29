package decode

import (
	"cmp"
	"errors"
	"slices"
)

const (
	// largeSize is the size from which on the index remembers a container.
	largeSize = 4 << 10
	// stride is how many values of a large container lie between two marks.
	stride = 256
	// maxDepth bounds how deep containers lie in each other.
	maxDepth = 10_000
	// entrySize is how many bytes of payload there must be for each large
	// container the index remembers, which bounds its memory.
	entrySize = 256
)

var errTooDeep = errors.New("containers lie more than 10,000 deep")

// index is what remains of looking a payload through: where its large containers
// end, how many values they have and where every 256th of them begins. Smaller
// ones, and those beyond its bound, are looked through again when they are shown.
type index struct {
	large []extent // by start, the outer of two first
}

// extent is one container.
type extent struct {
	start, end int
	count      int
	// marks are where the values stride, 2*stride and so on begin.
	marks []int
}

// at returns the large container that begins at start.
func (x *index) at(start int) (extent, bool) {
	if x == nil {
		return extent{}, false
	}
	i, ok := slices.BinarySearchFunc(x.large, start, func(e extent, start int) int { return cmp.Compare(e.start, start) })
	if !ok {
		return extent{}, false
	}
	return x.large[i], true
}

// near returns the last value at or before n whose place is known, and the place;
// first is that of value 0.
func (e *extent) near(n, first int) (value, off int) {
	i := min(n/stride, len(e.marks))
	if i == 0 {
		return 0, first
	}
	return i * stride, e.marks[i-1]
}

// indexer makes an index while a payload is looked through.
type indexer struct {
	open []extent // the containers around the place that was reached
	done []extent
	room int // how many more large containers are remembered
}

// newIndexer begins the index of a payload of size bytes.
func newIndexer(size int) *indexer {
	return &indexer{room: size/entrySize + 1}
}

// enter notes that a container begins at off.
func (x *indexer) enter(off int) error {
	n := len(x.open)
	if n == maxDepth {
		return errTooDeep
	}
	if n < cap(x.open) {
		x.open = x.open[:n+1]
		marks := x.open[n].marks[:0]
		x.open[n] = extent{start: off, marks: marks}
	} else {
		x.open = append(slices.Grow(x.open, max(8, n)), extent{start: off})
	}
	return nil
}

// value notes that a value of the innermost container, or its key, begins at off.
func (x *indexer) value(off int) {
	e := &x.open[len(x.open)-1]
	if e.count%stride == 0 && e.count > 0 {
		e.marks = append(e.marks, off)
	}
	e.count++
}

// leave notes that the innermost container ends at end, and returns how many values
// it has.
func (x *indexer) leave(end int) int {
	e := &x.open[len(x.open)-1]
	x.open = x.open[:len(x.open)-1]
	e.end = end
	if end-e.start >= largeSize && (x.room > 0 || e.start < 0) {
		x.room--
		x.done = append(x.done, extent{start: e.start, end: end, count: e.count, marks: slices.Clone(e.marks)})
	}
	return e.count
}

// finish returns the index; what is still open ends at end, where reading
// stopped.
func (x *indexer) finish(end int) *index {
	for len(x.open) > 0 {
		x.leave(end)
	}
	slices.SortFunc(x.done, func(a, b extent) int { return cmp.Compare(a.start, b.start) })
	return &index{large: x.done}
}
