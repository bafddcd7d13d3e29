package detail

import (
	"context"
	"fmt"
	"slices"
	"sort"
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
	next, err := newFinder(query)
	if err != nil {
		return nil, err
	}
	p := d.subject.Message.Payload
	for at := 0; at < len(p); {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("search for %q: %w", query, err)
		}
		at = f.search(p, at, next)
		if len(f.spans) > MaxFound {
			f.spans, f.more = f.spans[:MaxFound], true
			break
		}
	}
	return f, nil
}

// search looks for matches that begin in the window at at, and returns where to go
// on.
func (f *Found) search(p []byte, at int, next finder) (done int) {
	end := min(at+window, len(p))
	before := at
	if at > 0 && p[at-1] != '\n' {
		// ^ and \b look at what is before.
		before = at - min(at, utf8.UTFMax)
	}
	all := next(p[before:min(end+maxMatch, len(p))], MaxFound+1)
	if slices.ContainsFunc(all[:min(len(all), utf8.UTFMax)], func(s []int) bool { return before+s[0] < at && before+s[1] > at }) {
		// A match that begins too early hides the one at at.
		before = at
		all = next(p[at:min(end+maxMatch, len(p))], MaxFound+1)
	}
	done = end
	for _, s := range all {
		from, to := before+s[0], before+s[1]
		if from >= end {
			return done
		}
		if from >= at && to > from {
			f.spans = append(f.spans, span{from, to})
			done = max(done, to)
		}
	}
	if len(all) > MaxFound {
		return max(at+1, before+all[MaxFound][1])
	}
	return done
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
	of := draw.Grouped(uint64(n))
	if more {
		of += "+"
	}
	return draw.Grouped(uint64(p.hit+1)) + " of " + of
}
