package compare

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// maxTokens bounds the lines of a text, and the words of one line, that are aligned.
const maxTokens = 1 << 20

// token is a line or a word.
type token struct{ start, end int }

// text adds in what two texts differ: words within lines.
func (c *comparison) text(a, b []byte) {
	if bytes.Equal(a, b) {
		return
	}
	leftSpans, rightSpans := c.rules.spans(a), c.rules.spans(b)
	left := tokens(a, 0, len(a), leftSpans, lineEnd)
	right := tokens(b, 0, len(b), rightSpans, lineEnd)
	if left == nil || right == nil {
		c.trimmed(a, b, "text")
		return
	}
	i, j := 0, 0
	upTo := func(iEnd, jEnd int) {
		for ; i < iEnd && j < jEnd; i, j = i+1, j+1 {
			c.line(a, left[i], leftSpans, b, right[j], rightSpans, i)
		}
		for ; i < iEnd; i++ {
			c.change(Change{Kind: Removed, Path: lineName(i), Left: part(a, left[i].start, left[i].end)})
		}
		for ; j < jEnd; j++ {
			c.change(Change{Kind: Added, Path: lineName(j), Right: part(b, right[j].start, right[j].end)})
		}
	}
	for _, r := range align(tokenHashes(a, left, leftSpans), tokenHashes(b, right, rightSpans)) {
		upTo(r.left, r.right)
		i, j = i+r.n, j+r.n
	}
	upTo(len(left), len(right))
}

func lineName(n int) string { return fmt.Sprintf("line %d", n+1) }

// line adds in what two lines differ.
func (c *comparison) line(a []byte, left token, leftSpans []span, b []byte, right token, rightSpans []span, n int) {
	words := tokens(a, left.start, left.end, leftSpans, wordEnd)
	others := tokens(b, right.start, right.end, rightSpans, wordEnd)
	whole := Change{Path: lineName(n), Left: part(a, left.start, left.end), Right: part(b, right.start, right.end)}
	if len(words) == 0 || len(others) == 0 {
		c.change(whole)
		return
	}
	runs := align(tokenHashes(a, words, leftSpans), tokenHashes(b, others, rightSpans))
	// What is equal between two changes, but a blank or two, would only tear them apart.
	i, j := 0, 0
	pending := Change{}
	flush := func() {
		if pending.Path != "" {
			c.change(pending)
			pending = Change{}
		}
	}
	upTo := func(iEnd, jEnd int) {
		if i == iEnd && j == jEnd {
			return
		}
		from, to := offset(words, i, left.end), offset(words, iEnd, left.end)
		otherFrom, otherTo := offset(others, j, right.end), offset(others, jEnd, right.end)
		if pending.Path != "" {
			from, otherFrom = pending.Left.Offset, pending.Right.Offset
		}
		pending = Change{Path: whole.Path, Left: part(a, from, to), Right: part(b, otherFrom, otherTo)}
		switch {
		case from == to:
			pending.Kind = Added
		case otherFrom == otherTo:
			pending.Kind = Removed
		}
	}
	for _, r := range runs {
		upTo(r.left, r.right)
		i, j = r.left+r.n, r.right+r.n
		if from, to := offset(words, r.left, left.end), offset(words, i, left.end); to-from > 2 || len(bytes.TrimSpace(a[from:to])) > 0 {
			flush()
		}
	}
	upTo(len(words), len(others))
	flush()
}

// offset returns where token n begins, or the end.
func offset(tokens []token, n, end int) int {
	if n < len(tokens) {
		return tokens[n].start
	}
	return end
}

// trimmed adds one change for all between what two texts, or runs of bytes, begin
// and end with.
func (c *comparison) trimmed(a, b []byte, path string) {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	change := Change{Path: path, Left: part(a, head, len(a)-tail), Right: part(b, head, len(b)-tail)}
	switch {
	case len(change.Left.Bytes) == 0:
		change.Kind = Added
	case len(change.Right.Bytes) == 0:
		change.Kind = Removed
	}
	c.change(change)
}

// tokens cuts data[start:end] where next says that the token at a place ends. A span
// is never cut. It returns nil when there are too many.
func tokens(data []byte, start, end int, spans []span, next func(data []byte, at, end int) int) []token {
	out := []token{}
	cursor := spanCursor{spans: spans}
	for at := start; at < end; {
		if len(out) == maxTokens {
			return nil
		}
		to := next(data, at, end)
		for cursor.at < len(spans) && spans[cursor.at].end <= at {
			cursor.at++
		}
		for n := cursor.at; n < len(spans) && spans[n].start < to; n++ {
			if spans[n].end > to {
				to = next(data, min(spans[n].end, end)-1, end)
			}
		}
		out = append(out, token{at, to})
		at = to
	}
	return out
}

func lineEnd(data []byte, at, end int) int {
	if n := bytes.IndexByte(data[at:end], '\n'); n >= 0 {
		return at + n + 1
	}
	return end
}

func wordEnd(data []byte, at, end int) int {
	word := func(c byte) bool { return isWord(c) || c >= utf8.RuneSelf }
	blank := isSpace(data[at])
	if !blank && !word(data[at]) {
		return at + 1
	}
	for at < end && isSpace(data[at]) == blank && (blank || word(data[at])) {
		at++
	}
	return at
}

func tokenHashes(data []byte, tokens []token, spans []span) []uint64 {
	out := make([]uint64, len(tokens))
	cursor := spanCursor{spans: spans}
	for n, t := range tokens {
		out[n] = hashParts(&cursor, data, t.start, t.end)
	}
	return out
}
