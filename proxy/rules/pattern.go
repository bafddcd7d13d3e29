package rules

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"time"

	"go.yaml.in/yaml/v4"
)

const (
	// maxPattern is the longest regular expression in bytes.
	maxPattern = 4096
	// maxInstructions is how large a regular expression may become when it is
	// compiled, all repetitions written out.
	maxInstructions = 4000
	// maxWork is how many instructions one look through a payload may take. One
	// takes 20 ns at worst, in most expressions a twentieth of that.
	maxWork = 1 << 27
	// maxSearch is how long a search for all matches goes on before it is given
	// up. Each match is linear in the payload, all together are not.
	maxSearch = time.Second
	// maxMatches is how many matches one rule replaces in one message.
	maxMatches = 100_000
)

// pattern is a regular expression of bounded cost.
type pattern struct {
	re   *regexp.Regexp
	size int // about how many instructions run for every byte
}

// pattern reads a regular expression in RE2's syntax.
func (r *reader) pattern(n *yaml.Node) *pattern {
	text := r.text(n, "pattern")
	if text == "" {
		r.failAt(n, "the pattern is empty")
	}
	if len(text) > maxPattern {
		r.failAt(n, "the pattern is longer than %d bytes", maxPattern)
	}
	if r.fault != nil {
		return nil
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if fault, ok := errors.AsType[*syntax.Error](err); ok {
		r.failAt(n, "the pattern has a fault: %s in %s", fault.Code, short(fault.Expr, 40))
		return nil
	}
	p := &pattern{}
	if err == nil {
		if p.size = instructions(tree); p.size > maxInstructions {
			r.failAt(n, "the pattern is too large: its repetitions written out make more than %d steps", maxInstructions)
			return nil
		}
		p.re, err = regexp.Compile(text)
	}
	if err != nil {
		r.failAt(n, "the pattern has a fault: %v", err)
		return nil
	}
	return p
}

// instructions returns about how many instructions tree compiles to, more than
// maxInstructions when there are too many.
func instructions(tree *syntax.Regexp) int {
	n := 1
	switch tree.Op {
	case syntax.OpLiteral:
		return len(tree.Rune)
	case syntax.OpCharClass:
		n += len(tree.Rune) / 64
	}
	for _, sub := range tree.Sub {
		n = min(n+instructions(sub), maxInstructions+1)
	}
	if tree.Op == syntax.OpRepeat {
		n *= max(tree.Min, tree.Max, 1)
	}
	return min(n, maxInstructions+1)
}

// first returns the places of the first match and its groups, nil when there is
// none, or why it was not looked for.
func (p *pattern) first(payload []byte) (places []int, why string) {
	if len(payload) > maxWork/max(p.size, 1) {
		return nil, tooLong
	}
	return p.re.FindSubmatchIndex(payload), ""
}

// all returns the places of all matches, or why they were given up.
func (p *pattern) all(payload []byte) (matches [][]int, why string) {
	if len(payload) > maxWork/max(p.size, 1) {
		return nil, tooLong
	}
	began := time.Now()
	// Regexp cannot go on where it was, nor be stopped: asking for twice as many
	// each time costs no more than double, and lets the clock be looked at.
	for n := 1; ; n *= 2 {
		matches = p.re.FindAllSubmatchIndex(payload, n)
		switch {
		case len(matches) < n:
			return matches, ""
		case n >= maxMatches:
			return nil, tooMany
		case time.Since(began) > maxSearch:
			return nil, tooSlow
		}
	}
}

// group returns the number of a group of the pattern by its number or name, -1
// when it has none such. A nil pattern has none.
func (p *pattern) group(name string) int {
	if p == nil {
		return -1
	}
	var n int
	if _, err := fmt.Sscanf(name, "%d", &n); err == nil && fmt.Sprint(n) == name {
		if n > p.re.NumSubexp() {
			return -1
		}
		return n
	}
	return p.re.SubexpIndex(name)
}
