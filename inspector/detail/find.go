package detail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wsluice/wsluice/inspector/draw"
)

const (
	// MaxFound is how many matches are found at most.
	MaxFound = 10_000
	// MaxSought is how many bytes long the text to search for may be.
	MaxSought = 1000
	// maxMatch is how long a match of a regular expression is at least allowed to
	// be; a longer one may be cut.
	maxMatch = 64 << 10
	// window is how many bytes are searched before ctx is looked at again.
	window = 1 << 20
)

// Found is where in the payload of a Document something was found.
type Found struct {
	doc   *Document
	query string
	spans []span // ascending, apart from each other
	more  bool
}

// span is a range of bytes.
type span struct{ from, to int }

// Find searches the payload of d, a megabyte in some milliseconds or, with a
// regular expression, tens of them: it is not for a goroutine that draws. It stops
// with the error of ctx; the only other errors tell what is wrong with query.
//
// As in a filter, plain words are found in any case, a text in quotes with what its
// escapes stand for, b"\x1f\x8b" finds bytes, and /regular expressions/ and
// /those/i match within lines, RE2 syntax.
func (d *Document) Find(ctx context.Context, query string) (*Found, error) {
	f := &Found{doc: d, query: query}
	next, err := finder(query)
	if err != nil {
		return nil, err
	}
	p := d.subject.Message.Payload
	for at := 0; at < len(p); {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("search for %q: %w", query, err)
		}
		// The window has a little before it, for what looks back, and enough
		// behind it for matches that begin at its end.
		before := at - min(at, utf8.UTFMax)
		end := min(at+window, len(p))
		done := end
		for _, s := range next(p[before:min(end+maxMatch, len(p))], MaxFound+1-len(f.spans)) {
			from, to := before+s[0], before+s[1]
			if from < at || from >= end || to <= from {
				continue
			}
			f.spans = append(f.spans, span{from, to})
			done = max(done, to)
		}
		if len(f.spans) > MaxFound {
			f.spans, f.more = f.spans[:MaxFound], true
			break
		}
		at = done
	}
	return f, nil
}

// finder returns what finds at most n matches in p, in ascending order.
func finder(query string) (func(p []byte, n int) [][]int, error) {
	if len(query) > MaxSought {
		return nil, fmt.Errorf("text to search for has %d bytes, more than %d", len(query), MaxSought)
	}
	sought := query
	switch body, flags, ok := slashes(query); {
	case query == "":
		return nil, errors.New("text to search for is empty")
	case ok:
		re, err := regexp.Compile(flags + body)
		if err != nil {
			return nil, fmt.Errorf("regular expression: %w", err)
		}
		return re.FindAllIndex, nil
	case len(query) > 3 && strings.HasPrefix(query, `b"`) && strings.HasSuffix(query, `"`):
		exact, err := strconv.Unquote(query[1:])
		if err != nil {
			return nil, fmt.Errorf("bytes to search for, %s: %w", query, err)
		}
		return exactly([]byte(exact)), nil
	case len(query) > 2 && query[0] == '"' && query[len(query)-1] == '"':
		if text, err := strconv.Unquote(query); err == nil {
			sought = text
		}
	}
	switch {
	case !utf8.ValidString(sought):
		return exactly([]byte(sought)), nil
	case strings.IndexFunc(sought, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0:
		return anyLetters([]rune(sought)), nil
	}
	return anyCase([]byte(sought)), nil
}

// slashes takes the slashes off a regular expression.
func slashes(query string) (body, flags string, ok bool) {
	flags = "(?m)"
	if strings.HasSuffix(query, "/i") {
		query, flags = query[:len(query)-1], "(?mi)"
	}
	if len(query) < 3 || query[0] != '/' || query[len(query)-1] != '/' {
		return "", "", false
	}
	return query[1 : len(query)-1], flags, true
}

func exactly(sought []byte) func(p []byte, n int) [][]int {
	return func(p []byte, n int) (found [][]int) {
		for at := 0; len(found) < n; {
			i := bytes.Index(p[at:], sought)
			if i < 0 {
				break
			}
			found = append(found, []int{at + i, at + i + len(sought)})
			at += i + len(sought)
		}
		return found
	}
}

// anyCase finds ASCII in any case.
func anyCase(sought []byte) func(p []byte, n int) [][]int {
	lower := bytes.ToLower(sought)
	// The rarest byte by a rough guess is looked for, the rest compared around it.
	rare := 0
	for i, c := range lower {
		if rarity(c) > rarity(lower[rare]) {
			rare = i
		}
	}
	both := []byte{lower[rare], bytes.ToUpper(lower[rare : rare+1])[0]}
	return func(p []byte, n int) (found [][]int) {
		var seen [2]int // where either form of the byte comes next
		next := func(form, from int) int {
			if seen[form] < from || seen[form] == 0 {
				seen[form] = len(p)
				if i := bytes.IndexByte(p[from:], both[form]); i >= 0 {
					seen[form] = from + i
				}
			}
			return seen[form]
		}
		for at := rare; at < len(p) && len(found) < n; {
			i := min(next(0, at), next(1, at))
			start := i - rare
			if start+len(lower) > len(p) {
				break
			}
			if equalASCII(p[start:start+len(lower)], lower) {
				found = append(found, []int{start, start + len(lower)})
				at = i + len(lower)
			} else {
				at = i + 1
			}
		}
		return found
	}
}

// anyLetters finds text with other letters than those of ASCII in any case.
func anyLetters(sought []rune) func(p []byte, n int) [][]int {
	// All forms of the first letter, and the bytes they begin with.
	var first []byte
	for _, r := range forms(sought[0]) {
		if c := string(r)[0]; bytes.IndexByte(first, c) < 0 {
			first = append(first, c)
		}
	}
	return func(p []byte, n int) (found [][]int) {
		seen := make([]int, len(first)) // where each comes next
		for i := range seen {
			seen[i] = -1
		}
		for at := 0; at < len(p) && len(found) < n; at++ {
			start := len(p)
			for i, c := range first {
				if seen[i] < at {
					seen[i] = len(p)
					if k := bytes.IndexByte(p[at:], c); k >= 0 {
						seen[i] = at + k
					}
				}
				start = min(start, seen[i])
			}
			at = start
			if size := foldedPrefix(p[start:], sought); size > 0 {
				found = append(found, []int{start, start + size})
				at += size - 1
			}
		}
		return found
	}
}

// foldedPrefix returns how many bytes of p are sought in any case, 0 when p begins
// otherwise.
func foldedPrefix(p []byte, sought []rune) (size int) {
	for _, want := range sought {
		r, n := utf8.DecodeRune(p[size:])
		if n == 0 || r == utf8.RuneError && n == 1 || !slices.Contains(forms(want), r) {
			return 0
		}
		size += n
	}
	return size
}

// forms returns a letter in every case: those of ASCII are equal only among
// themselves.
func forms(r rune) (all []rune) {
	all = append(make([]rune, 0, 4), r)
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if (f < utf8.RuneSelf) == (r < utf8.RuneSelf) {
			all = append(all, f)
		}
	}
	return all
}

// rarity ranks bytes by how seldom they are in payloads.
func rarity(c byte) int {
	switch {
	case strings.IndexByte(` "etaoinsr0`, c) >= 0:
		return 0
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9', strings.IndexByte(",:{}[].", c) >= 0:
		return 1
	}
	return 2
}

func equalASCII(p, lower []byte) bool {
	for i, c := range p {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// Query returns what was searched for.
func (f *Found) Query() string { return f.query }

// Count returns how many matches there are, and whether there are more of them.
func (f *Found) Count() (n int, more bool) { return len(f.spans), f.more }

// within returns the matches that touch the bytes from from to to, and the index of
// the first of them.
func (f *Found) within(from, to int) (first int, spans []span) {
	if f == nil {
		return 0, nil
	}
	first = sort.Search(len(f.spans), func(i int) bool { return f.spans[i].to > from })
	last := sort.Search(len(f.spans), func(i int) bool { return f.spans[i].from >= to })
	return first, f.spans[first:max(first, last)]
}

// matched returns the style of the match with that index.
func (s *sight) matched(i int) draw.Style {
	if i == s.hit {
		return draw.Here
	}
	return draw.Match
}

// ShowFound marks what was found in the Document that is shown, and goes to the
// first match. What was found
// in another Document is left alone; nil takes the marks away.
func (p *Pane) ShowFound(f *Found) {
	if f != nil && f.doc != p.doc {
		return
	}
	p.found, p.hit = f, -1
	if f != nil {
		p.NextFound()
	}
}

// NextFound goes to the next match, from the last to the first. In a view that has
// no place for it, such as header, it goes to hex.
func (p *Pane) NextFound() { p.seek(1) }

// PreviousFound goes to the match before, from the first to the last.
func (p *Pane) PreviousFound() { p.seek(-1) }

func (p *Pane) seek(by int) {
	if p.found == nil || len(p.found.spans) == 0 {
		return
	}
	n := len(p.found.spans)
	if p.hit < 0 {
		p.hit = 0
	} else {
		p.hit = (p.hit + by + n) % n
	}
	m := p.found.spans[p.hit]
	shown := false
	p.with(func(v view, s *sight) { shown = v.reveal(s, m.from, m.to) })
	if !shown {
		p.at = p.index("hex")
		p.with(func(v view, s *sight) { v.reveal(s, m.from, m.to) })
	}
}

// Finding says in words what was found, such as "3 of 17"; "" when nothing was
// searched for.
func (p *Pane) Finding() string {
	if p.found == nil {
		return ""
	}
	n, more := p.found.Count()
	if n == 0 {
		return "not found"
	}
	of := grouped(uint64(n))
	if more {
		of += "+"
	}
	return grouped(uint64(p.hit+1)) + " of " + of
}
