package rules

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// path leads to a value within JSON, step by step.
type path []step

// step goes to a member of an object, or to an element of an array.
type step struct {
	key   string
	index int // -1 for a member
}

// maxSteps is how many steps a path has at most.
const maxSteps = 64

// maxIndex is the highest index a path can have.
const maxIndex = 1 << 30

// path reads a path such as $.a.b[0]["c d"].
func (r *reader) path(n *yaml.Node) path {
	text := r.text(n, "json")
	if r.fault != nil {
		return nil
	}
	return r.pathIn(n, text, 0, text, "$")
}

// pathIn reads the path that stands in the text of a node, from a byte of it on,
// and begins with root.
func (r *reader) pathIn(n *yaml.Node, whole string, from int, text, root string) (out path) {
	fail := func(at int, format string, args ...any) {
		r.failIn(n, utf8.RuneCountInString(whole[:from+at]), format, args...).
			suggest("a path is written as %s.a.b[0] or %s[\"a b\"]", root, root)
	}
	rest, ok := strings.CutPrefix(text, root)
	if !ok {
		fail(0, "the path %s does not begin with %s", short(text, 40), root)
		return nil
	}
	for rest != "" {
		at := len(text) - len(rest)
		var s step
		var size int
		switch rest[0] {
		case '.':
			size = len(rest)
			if end := strings.IndexAny(rest[1:], ".[ \t\"'{}"); end >= 0 {
				size = 1 + end
			}
			s = step{rest[1:size], -1}
			if size == 1 {
				fail(at+1, "a name is missing in the path")
				return nil
			}
		case '[':
			if s, size = bracket(rest); size == 0 {
				fail(at, "this is neither an index nor a name in quotes: %s", short(rest, 40))
				return nil
			}
		default:
			fail(at, "unexpected %s in the path", short(rest, 20))
			return nil
		}
		if out = append(out, s); len(out) > maxSteps {
			fail(at, "the path has more than %d steps", maxSteps)
			return nil
		}
		rest = rest[size:]
	}
	return out
}

// bracket reads [3] or ["a name"], and returns its size, 0 when it is neither.
func bracket(text string) (s step, size int) {
	inner := text[1:]
	if inner != "" && (inner[0] == '"' || inner[0] == '\'') {
		quote := inner[:1]
		var key strings.Builder
		for i := 1; i < len(inner); i++ {
			switch c := inner[i]; {
			case c == '\\' && i+1 < len(inner):
				i++
				key.WriteByte(inner[i])
			case inner[i:i+1] != quote:
				key.WriteByte(c)
			case strings.HasPrefix(inner[i+1:], "]"):
				return step{key.String(), -1}, i + 3
			default:
				return s, 0
			}
		}
		return s, 0
	}
	digits, _, ok := strings.Cut(inner, "]")
	i, err := strconv.ParseUint(digits, 10, 31)
	if !ok || err != nil || i > maxIndex {
		return s, 0
	}
	return step{index: int(i)}, len(digits) + 2
}

// String writes p as it is read.
func (p path) String() string {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range p {
		switch {
		case s.index >= 0:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case s.key != "" && !strings.ContainsAny(s.key, ".[ \t\"'{}\\") && harmless(s.key) == s.key:
			b.WriteString("." + s.key)
		default:
			b.WriteString("[" + strconv.Quote(s.key) + "]")
		}
	}
	return b.String()
}
