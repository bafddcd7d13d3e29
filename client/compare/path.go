package compare

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxSteps bounds the length of a path, so that the places on it that are reached
// fit a word.
const maxSteps = 60

// Path says which values of a JSON text are meant. It never changes.
type Path struct {
	text  string
	steps []step
}

// step leads from a value to some of those within.
type step struct {
	name  string
	index int
	kind  stepKind
	// deep is whether it also leads to values any number of levels further down.
	deep bool
}

type stepKind uint8

const (
	stepName stepKind = iota
	stepIndex
	stepAny
)

// ParsePath reads a path: $ is the whole text, .name and ['name'] a member,
// [3] an element counted from 0, .* and [*] all members and elements, and two
// dots stand for any number of levels, as in $..id.
func ParsePath(text string) (Path, error) {
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return Path{}, fmt.Errorf("path %q does not begin with $, as in $.a.b", text)
	}
	p := Path{text: text}
	for rest != "" {
		s, after, err := parseStep(rest)
		if err != nil {
			return Path{}, fmt.Errorf("path %q: %w", text, err)
		}
		if p.steps = append(p.steps, s); len(p.steps) > maxSteps {
			return Path{}, fmt.Errorf("path %q has more than %d steps", text, maxSteps)
		}
		rest = after
	}
	return p, nil
}

// String returns the text the path was made of.
func (p Path) String() string { return p.text }

func parseStep(text string) (s step, rest string, err error) {
	rest = text
	if after, ok := strings.CutPrefix(rest, ".."); ok {
		s.deep = true
		if rest = after; !strings.HasPrefix(rest, "[") {
			rest = "." + rest
		}
	}
	if after, ok := strings.CutPrefix(rest, "."); ok {
		end := strings.IndexAny(after, ".[")
		if end < 0 {
			end = len(after)
		}
		s.name, rest = after[:end], after[end:]
		switch {
		case s.name == "":
			return s, "", fmt.Errorf("a name is missing at %q", text)
		case s.name == "*":
			s.kind = stepAny
		}
		return s, rest, nil
	}
	after, ok := strings.CutPrefix(rest, "[")
	if !ok {
		return s, "", fmt.Errorf("%q is neither .name nor [index]", text)
	}
	if after != "" && (after[0] == '\'' || after[0] == '"') {
		name, rest, err := quotedName(after)
		if err != nil {
			return s, "", err
		}
		s.name = name
		if rest, ok = strings.CutPrefix(rest, "]"); !ok {
			return s, "", fmt.Errorf("a ] is missing at %q", text)
		}
		return s, rest, nil
	}
	inside, rest, ok := strings.Cut(after, "]")
	if !ok {
		return s, "", fmt.Errorf("a ] is missing at %q", text)
	}
	if inside == "*" {
		s.kind = stepAny
		return s, rest, nil
	}
	n, err := strconv.ParseUint(inside, 10, 31)
	if err != nil {
		return s, "", fmt.Errorf("[%s] is no index: a number from 0, * or a 'name'", inside)
	}
	s.kind, s.index = stepIndex, int(n)
	return s, rest, nil
}

// quotedName reads a name in quotes, in which a backslash keeps the character
// behind it as it is.
func quotedName(text string) (name, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if text[i] == text[0] {
			return b.String(), text[i+1:], nil
		}
		if r == '\\' {
			i++
			_, size = utf8.DecodeRuneInString(text[i:])
		}
		b.WriteString(text[i : i+size])
		i += size
	}
	return "", "", fmt.Errorf("the name %s has no end", text)
}

// reached are the places of the paths a value is on, a word for each: bit i says
// that the first i steps lead to it.
type reached []uint64

// begin returns the places of the whole text.
func begin(paths []Path) reached {
	if len(paths) == 0 {
		return nil
	}
	at := make(reached, len(paths))
	for i := range at {
		at[i] = 1
	}
	return at
}

// within sets to to the places of the member or the element of a value that is at
// at, and reports whether a path ends there. A name of nil is an element.
func (at reached) within(to reached, paths []Path, name []byte, index int) bool {
	ends := false
	for i, places := range at {
		next := uint64(0)
		for j, s := range paths[i].steps {
			if places&(1<<j) == 0 {
				continue
			}
			if s.deep {
				next |= 1 << j
			}
			switch s.kind {
			case stepAny:
				next |= 2 << j
			case stepName:
				if name != nil && string(name) == s.name {
					next |= 2 << j
				}
			case stepIndex:
				if name == nil && index == s.index {
					next |= 2 << j
				}
			}
		}
		to[i] = next
		ends = ends || next&(1<<len(paths[i].steps)) != 0
	}
	return ends
}
