package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxDepth is how deep a text may be nested.
const maxDepth = 64

// reader reads the parts of a text and keeps the first fault it finds. After
// that what it returns means nothing.
type reader struct {
	file  string
	lines []string
	fault *Error
}

// fail notes a fault at a line and column.
func (r *reader) fail(line, column int, format string, args ...any) *Error {
	e := &Error{File: r.file, Line: max(line, 1), Column: max(column, 1), Message: harmless(fmt.Sprintf(format, args...))}
	if r.fault == nil {
		r.fault = e
	}
	return e
}

// failAt notes a fault of a node.
func (r *reader) failAt(n *yaml.Node, format string, args ...any) *Error {
	return r.fail(n.Line, n.Column, format, args...)
}

// failIn notes a fault within the text of a scalar, so many characters from its
// beginning.
func (r *reader) failIn(n *yaml.Node, character int, format string, args ...any) *Error {
	if n.Value == "" {
		return r.failAt(n, format, args...)
	}
	if column, ok := r.within(n, character); ok {
		return r.fail(n.Line, column, format, args...)
	}
	return r.failAt(n, "%s (at character %d of the text)", fmt.Sprintf(format, args...), character+1)
}

// within returns the column of a character of a scalar that is written on one
// line.
func (r *reader) within(n *yaml.Node, character int) (column int, ok bool) {
	if n.Line < 1 || n.Line > len(r.lines) {
		return 0, false
	}
	line := []rune(r.lines[n.Line-1])
	at := n.Column - 1
	next := func() rune {
		if at++; at <= len(line) {
			return line[at-1]
		}
		ok = false
		return 0
	}
	ok = true
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return 0, false
	case n.Style&yaml.SingleQuotedStyle != 0:
		next()
		for range character {
			if next() == '\'' {
				next()
			}
		}
	case n.Style&yaml.DoubleQuotedStyle != 0:
		next()
		for range character {
			if next() != '\\' {
				continue
			}
			switch next() {
			case 'x':
				at += 2
			case 'u':
				at += 4
			case 'U':
				at += 8
			}
		}
	default:
		if !strings.HasPrefix(string(line[min(at, len(line)):]), n.Value) {
			return 0, false
		}
		at += character
	}
	return at + 1, ok && at <= len(line)
}

// survey refuses what a text of rules has no use for, so that nothing behind it
// has to think of that: aliases and what they refer to, tags, and deep nesting.
func (r *reader) survey(n *yaml.Node, depth int) {
	switch {
	case r.fault != nil:
		return
	case depth > maxDepth:
		r.failAt(n, "the text is nested deeper than %d", maxDepth)
	case n.Kind == yaml.AliasNode:
		r.failAt(n, "aliases are not offered").suggest("write the value out")
	case n.Anchor != "":
		r.failAt(n, "anchors are not offered").suggest("leave out &%s", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		r.failAt(n, "tags are not offered").suggest("a text that begins with ! needs quotes around it")
	}
	for _, child := range n.Content {
		r.survey(child, depth+1)
	}
}

// object is a mapping of names that are known.
type object struct {
	node   *yaml.Node
	fields map[string]*yaml.Node
}

// object reads a mapping.
func (r *reader) object(n *yaml.Node, what string, known ...string) object {
	o := object{node: n, fields: make(map[string]*yaml.Node)}
	if n.Kind != yaml.MappingNode {
		r.failAt(n, "%s is %s, not a list of names and values", what, kindOf(n)).suggest("it can have %s", listed(known))
		return o
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			r.failAt(key, "a name in %s is %s, not a word", what, kindOf(key))
		case o.fields[key.Value] != nil:
			r.failAt(key, "%s is given twice in %s", key.Value, what)
		case !slices.Contains(known, key.Value):
			r.failAt(key, "%s has no %s", what, short(key.Value, 40)).suggestOne(key.Value, known)
		}
		o.fields[key.Value] = n.Content[i+1]
	}
	return o
}

// items returns the items of a list, or the one node that stands for a list of
// one.
func (r *reader) items(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	if len(n.Content) == 0 {
		r.failAt(n, "%s is an empty list", what)
	}
	return n.Content
}

// text reads a text. Numbers and words such as true are the text they are
// written as.
func (r *reader) text(n *yaml.Node, what string) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		r.failAt(n, "%s is %s, not a text", what, kindOf(n))
	case n.ShortTag() == "!!null":
		r.failAt(n, "%s is missing", what).suggest(`an empty text is written ""`)
	}
	return n.Value
}

// flag reads true or false.
func (r *reader) flag(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.Style != 0 || n.Value != "true" && n.Value != "false" {
		r.failAt(n, "%s is %s, not true or false", what, kindOf(n))
	}
	return n.Value == "true"
}

// must reads true, where false would say nothing.
func (r *reader) must(n *yaml.Node, what string) {
	if !r.flag(n, what) && r.fault == nil {
		r.failAt(n, "%s: false says nothing", what).suggest("leave it out, or switch the rule off with off: true")
	}
}

// whole reads a whole number.
func (r *reader) whole(n *yaml.Node, what string, least, most int) int {
	i, err := strconv.Atoi(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || err != nil:
		r.failAt(n, "%s is %s, not a whole number", what, kindOf(n))
	case i < least || i > most:
		r.failAt(n, "%s is %d, not from %d to %d", what, i, least, most)
	}
	return i
}

// units are those of sizes.
var units = []struct {
	name  string
	bytes float64
}{{"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1}, {"", 1}}

// size reads a number of bytes such as 500 or 1.5KB.
func (r *reader) size(n *yaml.Node, what string, least, most int) int {
	if n.Kind != yaml.ScalarNode {
		r.failAt(n, "%s is %s, not a size", what, kindOf(n))
		return 0
	}
	for _, u := range units {
		digits, ok := strings.CutSuffix(n.Value, u.name)
		if !ok {
			continue
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || f*u.bytes != f*u.bytes {
			break
		}
		if f *= u.bytes; f < float64(least) || f > float64(most) {
			r.failAt(n, "%s is %s, not from %d to %d bytes", what, n.Value, least, most)
			return 0
		}
		return int(f)
	}
	r.failAt(n, "%s is %s, not a size", what, kindOf(n)).suggest("write it as 500, 10KB or 1.5MB")
	return 0
}

// duration reads a duration such as 200ms.
func (r *reader) duration(n *yaml.Node, what string, most time.Duration) time.Duration {
	d, err := time.ParseDuration(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || err != nil:
		e := r.failAt(n, "%s is %s, not a duration", what, kindOf(n))
		if _, err := strconv.ParseFloat(n.Value, 64); err == nil {
			e.suggest("did you mean %sms or %ss?", n.Value, n.Value)
		} else {
			e.suggest("write it as 200ms, 1.5s or 2m")
		}
	case d <= 0 || d > most:
		r.failAt(n, "%s is %v, not above 0 and up to %v", what, d, most)
	}
	return d
}

// kindOf says what a node is.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a list of names and values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "empty"
	case !utf8.ValidString(n.Value):
		return "no text"
	}
	return short(n.Value, 40)
}
