package detail

import (
	"bytes"
	"context"
	"math"
	"sort"
	"unicode"
	"unicode/utf8"

	"github.com/wsluice/wsluice/decode"
)

// text finds the lines of a text of any size. It keeps one bit of knowledge for
// each block instead of a place for each line.
type text struct {
	src  []byte
	ends []bool // by block: a line ends in it
}

// block is the size in bytes of what text looks through to find an end of line.
const block = 64 << 10

func newText(ctx context.Context, src []byte) (text, error) {
	t := text{src: src, ends: make([]bool, (len(src)+block-1)/block)}
	for i := range t.ends {
		if i%64 == 0 && ctx.Err() != nil {
			return text{}, ctx.Err()
		}
		t.ends[i] = bytes.IndexByte(src[i*block:min((i+1)*block, len(src))], '\n') >= 0
	}
	return t, nil
}

// textOf is newText for texts that are small enough not to be cancelled.
func textOf(src []byte) text {
	t, _ := newText(context.Background(), src)
	return t
}

// lineStart returns where the line begins that holds the byte at at.
func (t *text) lineStart(at int) int {
	for end := at; end > 0; {
		b := (end - 1) / block
		if t.ends[b] {
			if i := bytes.LastIndexByte(t.src[b*block:end], '\n'); i >= 0 {
				return b*block + i + 1
			}
		}
		end = b * block
	}
	return 0
}

// lineEnd returns where the line at at ends: at its line feed, or at the end.
func (t *text) lineEnd(at int) int {
	for at < len(t.src) {
		b := at / block
		end := min((b+1)*block, len(t.src))
		if t.ends[b] {
			if i := bytes.IndexByte(t.src[at:end], '\n'); i >= 0 {
				return at + i
			}
		}
		at = end
	}
	return len(t.src)
}

const (
	// maxRun is how many bytes of a line are laid out in one go when wrapped: the
	// rows of a long line begin anew after each run, so that no row depends on all
	// of the line before it. A run is a whole number of rows of ASCII, where this
	// cannot be seen.
	maxRun = 32 << 10
	// maxRow is how many bytes of a line are in one row when not wrapped; the rest
	// goes on in the next row.
	maxRow = 4 << 10
)

// layout divides a text into rows of a width. A row is known by the offset of its
// first byte.
type layout struct {
	text
	w    int
	wrap bool
	// start, end and rows are those of the run that was laid out last.
	start, end int
	rows       []int
	buffer     []byte
}

// set changes width and wrapping.
func (l *layout) set(w int, wrap bool) {
	if l.w != w || l.wrap != wrap {
		l.w, l.wrap, l.rows = w, wrap, nil
	}
}

// run lays out the run that holds the byte at at.
func (l *layout) run(at int) {
	if l.rows != nil && at >= l.start && (at < l.end || at == l.start) {
		return
	}
	size := maxRow
	if l.wrap {
		size = max(1, maxRun/l.w) * l.w
	}
	line, stop := l.lineStart(at), l.lineEnd(at)
	// A line feed is in the row that it ends.
	n := max(0, min(at, stop-1)-line) / size
	start, end := l.edge(line, line+n*size, stop), l.edge(line, line+(n+1)*size, stop)
	if at >= end && end < stop {
		start, end = end, l.edge(line, line+(n+2)*size, stop)
	}
	l.start, l.end = start, end
	l.rows = append(l.rows[:0], start)
	if !l.wrap {
		return
	}
	for off := start; ; {
		if off += l.fit(off, end); off >= end {
			return
		}
		l.rows = append(l.rows, off)
	}
}

// edge moves at, an edge between runs of a line, out of the middle of a
// character.
func (l *layout) edge(line, at, stop int) int {
	if at >= stop {
		return stop
	}
	return at - middle(l.src[line:stop], at-line)
}

// fit returns how many of the bytes from off to end go into one row.
func (l *layout) fit(off, end int) int {
	var n int
	l.buffer, n = decode.AppendVisible(l.buffer[:0], l.src[off:end], l.w)
	if n == 0 && off < end {
		_, n = utf8.DecodeRune(l.src[off:end]) // no room for its visible form
	}
	return n
}

// row returns the row that holds the byte at at, and where it ends.
func (l *layout) row(at int) (start, end int) {
	at = max(0, min(at, l.last()))
	l.run(at)
	i := sort.SearchInts(l.rows, at+1) - 1
	if i+1 < len(l.rows) {
		return l.rows[i], l.rows[i+1]
	}
	return l.rows[i], l.end
}

// next returns the row behind the one at start, -1 when it is the last.
func (l *layout) next(start int) int {
	_, end := l.row(start)
	if end < len(l.src) && l.src[end] == '\n' {
		end++
	}
	if end >= len(l.src) {
		return -1
	}
	return end
}

// before returns the row before the one at start, -1 when it is the first.
func (l *layout) before(start int) int {
	if start == 0 {
		return -1
	}
	row, _ := l.row(start - 1)
	return row
}

// last returns the offset of the last byte that a row can begin with: a line feed
// at the very end begins no row of its own.
func (l *layout) last() int { return max(0, len(l.src)-1) }

// skip returns the row that is n rows below start, or above when n is negative, and
// whether there are so many.
func (l *layout) skip(start, n int) (row int, ok bool) {
	step := l.next
	if n < 0 {
		step, n = l.before, -n
	}
	for ; n > 0; n-- {
		if row = step(start); row < 0 {
			return start, false
		}
		start = row
	}
	return start, true
}

// show returns the bytes of a row as text of at most cells cells, and where in that
// text the given ranges of bytes stand, which ascend and are apart. A character
// that a range holds a part of, or a mark of, belongs to it.
func (l *layout) show(start, end, cells int, ranges ...span) (string, []span) {
	row := l.src[start:end]
	out, n := decode.AppendVisible(l.buffer[:0], row, cells)
	l.buffer = out
	places := make([]span, len(ranges))
	if n == 0 && len(row) > 0 {
		return "…"[:min(cells, 1)*len("…")], places
	}
	done, place := 0, 0
	at := func(k int) int {
		if k > done {
			place += visibleSize(row, done, k)
			done = k
		}
		return min(place, len(out))
	}
	for i, r := range ranges {
		places[i].from = at(characterStart(row, r.from-start))
		places[i].to = at(characterEnd(row, r.to-start))
	}
	return string(out), places
}

// characterStart moves k to the beginning of the character, with the marks on it,
// that it is within.
func characterStart(row []byte, k int) int {
	for k > 0 && k < len(row) {
		r, _ := utf8.DecodeRune(row[k:])
		back := middle(row, k)
		switch {
		case back > 0:
			k -= back
		case unicode.Is(unicode.M, r):
			_, size := utf8.DecodeLastRune(row[:k])
			k -= size
		default:
			return k
		}
	}
	return k
}

// characterEnd moves k to the end of the character, with the marks on it, that it is
// within.
func characterEnd(row []byte, k int) int {
	for k > 0 && k < len(row) {
		r, size := utf8.DecodeRune(row[k:])
		back := middle(row, k)
		switch {
		case back > 0:
			_, size = utf8.DecodeRune(row[k-back:])
			k += size - back
		case unicode.Is(unicode.M, r):
			k += size
		default:
			return k
		}
	}
	return k
}

// middle returns how many bytes before k the character begins that k is in the
// middle of, 0 when it is not.
func middle(p []byte, k int) int {
	for n := 1; n < utf8.UTFMax && n <= k; n++ {
		if utf8.RuneStart(p[k-n]) {
			if _, size := utf8.DecodeRune(p[k-n:]); size > n {
				return n
			}
			break
		}
	}
	return 0
}

// visibleSize returns how many bytes of visible text row[from:to] takes within row.
func visibleSize(row []byte, from, to int) int {
	if to == len(row) || row[to-1] != '\\' {
		out, _ := decode.AppendVisible(nil, row[from:to], math.MaxInt)
		return len(out)
	}
	// Whether a backslash is doubled depends on what follows it.
	_, size := utf8.DecodeRune(row[to:])
	out, _ := decode.AppendVisible(nil, row[from:to+size], math.MaxInt)
	last, _ := decode.AppendVisible(nil, row[to:to+size], math.MaxInt)
	return len(out) - len(last)
}
