package filter

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxPattern is the longest regular expression in bytes.
	maxPattern = 4096
	// maxInstructions is how large a regular expression may become when it is
	// compiled, all repetitions written out.
	maxInstructions = 4000
	// maxTime is how long regular expressions may run on one message. Nothing
	// else goes by the clock: how long a regular expression takes, within its
	// linear bound, depends on the text more than on anything known beforehand.
	maxTime = 3 * time.Second
	// unclocked is how many instructions may run without a look at the clock. One
	// takes 20 ns at worst, in most expressions a twentieth of that.
	unclocked = 1 << 25
)

// pattern is a regular expression. Regexp takes time linear in the text for
// any expression; what is kept in bounds here is the factor.
type pattern struct {
	re *regexp.Regexp
	// need is a literal of which every match holds one form, nil when there is
	// none.
	need clause
	// size is how many instructions may run for every character.
	size int
}

// newPattern compiles a regular expression in RE2's syntax.
func newPattern(text string, how folding) (*pattern, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("the regular expression is longer than %d bytes", maxPattern)
	}
	if how == ignoringCase {
		text = "(?i)" + text
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if fault, ok := errors.AsType[*syntax.Error](err); ok {
		return nil, fmt.Errorf("the regular expression has a fault: %s in %q", fault.Code, fault.Expr)
	} else if err != nil {
		return nil, fmt.Errorf("the regular expression has a fault: %w", err)
	}
	size := instructions(tree)
	if size > maxInstructions {
		return nil, fmt.Errorf("the regular expression is too large: its repetitions written out make more than %d steps", maxInstructions)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("the regular expression has a fault: %w", err)
	}
	return &pattern{re: re, size: size, need: required(tree)}, nil
}

// instructions returns about how many instructions tree compiles to, more than
// maxInstructions when there are too many to be counted.
func instructions(tree *syntax.Regexp) int {
	n := 1
	switch tree.Op {
	case syntax.OpLiteral:
		return len(tree.Rune)
	case syntax.OpCharClass:
		n += len(tree.Rune) >> 6
	}
	for _, sub := range tree.Sub {
		n = min(n+instructions(sub), maxInstructions+1)
	}
	if tree.Op == syntax.OpRepeat {
		n *= max(tree.Min, tree.Max, 1)
	}
	return min(n, maxInstructions+1)
}

// match reports whether a text holds a match.
func (p *pattern) match(s *scope, in string) verdict {
	if !s.read(len(in)) {
		return undecided
	}
	if p.need != nil && !p.need.in(in) {
		return unmet
	}
	if len(in) <= unclocked/p.size {
		s.clock.look(s, len(in)*p.size)
		return decided(p.re.MatchString(in))
	}
	r := &clockedReader{scope: s, size: p.size, rest: in}
	return decided(p.re.MatchReader(r))
}

// clock ends an evaluation in which regular expressions take too long.
type clock struct {
	since time.Time
	work  int
}

// look looks at the clock when enough work has been done since the last look.
func (c *clock) look(s *scope, work int) {
	if c.work += work; c.work < unclocked {
		return
	}
	c.work = 0
	if c.since.IsZero() {
		c.since = time.Now()
	} else if time.Since(c.since) > maxTime {
		s.steps = -1
	}
}

// clockedReader gives a text to a regular expression until time is up.
type clockedReader struct {
	scope *scope
	size  int
	rest  string
}

func (r *clockedReader) ReadRune() (c rune, size int, err error) {
	r.scope.clock.look(r.scope, r.size)
	if r.rest == "" || r.scope.spent() {
		return 0, 0, io.EOF
	}
	c, size = utf8.DecodeRuneInString(r.rest)
	r.rest = r.rest[size:]
	return c, size, nil
}

// required returns a literal that every text matching tree holds, in one of
// several forms, or nil.
func required(tree *syntax.Regexp) clause {
	switch tree.Op {
	case syntax.OpLiteral:
		return literalOf(tree)
	case syntax.OpCapture, syntax.OpPlus:
		return required(tree.Sub[0])
	case syntax.OpRepeat:
		if tree.Min > 0 {
			return required(tree.Sub[0])
		}
	case syntax.OpConcat:
		var best clause
		for _, sub := range tree.Sub {
			if c := required(sub); c.better(best) {
				best = c
			}
		}
		return best
	case syntax.OpAlternate:
		var all clause
		for _, sub := range tree.Sub {
			c := required(sub)
			if c == nil || len(all)+len(c) > maxForms {
				return nil
			}
			all = append(all, c...)
		}
		return all
	}
	return nil
}

// To a regular expression these are the letters k and s in another case.
const (
	kelvin = '\u212A'
	longS  = '\u017F'
)

// literalOf returns what a literal of a regular expression needs. U+FFFD stands
// for any byte that is not UTF-8 there, so it is no literal.
func literalOf(tree *syntax.Regexp) clause {
	fold := tree.Flags&syntax.FoldCase != 0
	sought := longest(string(tree.Rune), func(r rune) bool {
		return r == utf8.RuneError || fold && (r == kelvin || r == longS)
	})
	switch {
	case sought == "":
		return nil
	case !fold:
		return clause{newFinder(sought, exactly)}
	}
	c := clause{newFinder(sought, ignoringCase)}
	if strings.ContainsAny(sought, "kK") {
		c = append(c, newFinder(string(kelvin), exactly))
	}
	if strings.ContainsAny(sought, "sS") {
		c = append(c, newFinder(string(longS), exactly))
	}
	return c
}

// longest returns the longest part of s without the characters that cut it.
func longest(s string, cuts func(rune) bool) string {
	best := ""
	for _, part := range strings.FieldsFunc(s, cuts) {
		if len(part) > len(best) {
			best = part
		}
	}
	return best
}
