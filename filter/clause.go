package filter

import (
	"slices"
	"unicode/utf8"
)

// maxForms is how many forms a clause has at most; each is searched for.
const maxForms = 8

// clause is texts of which a payload must hold one. The empty clause is met by
// nothing, nil stands for no clause.
type clause []*finder

func (c clause) in(s string) bool {
	for _, f := range c {
		if f.in(s) {
			return true
		}
	}
	return false
}

// better reports whether c holds back more than other.
func (c clause) better(other clause) bool {
	return c != nil && (other == nil || c.worth() > other.worth())
}

// worth is higher the longer the shortest form and the fewer the forms are.
func (c clause) worth() int {
	least := maxText
	for _, f := range c {
		least = min(least, len(f.lower))
	}
	return least*(maxForms+1) - len(c)
}

// same reports whether both are searches for the same texts.
func (c clause) same(other clause) bool {
	return slices.EqualFunc(c, other, func(a, b *finder) bool { return a.lower == b.lower && a.fold == b.fold })
}

// literally returns what holds a text in the payload needs, nil for nothing.
func literally(sought string) clause {
	if sought == "" {
		return nil
	}
	return clause{newFinder(sought, exactly)}
}

// escape begins every escape in JSON of a character that has no shorter one.
var escape = newFinder(`\u`, exactly)

// inJSON returns what it needs that a string in JSON holds a text. A writer of
// JSON may escape any character as \u0041; the ones that have other escapes do
// not count.
func inJSON(sought string) clause {
	part := longest(sought, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == '/' || r == utf8.RuneError })
	if part == "" {
		return nil
	}
	return clause{newFinder(part, exactly), escape}
}

// inJSONAlso returns c for a string in JSON.
func inJSONAlso(c clause) clause {
	var out clause
	for _, f := range c {
		if f.fold {
			return nil
		}
		form := inJSON(f.lower)
		if form == nil || len(out) >= maxForms-1 {
			return nil
		}
		out = append(out, form[0])
	}
	if out == nil {
		return nil
	}
	return append(out, escape)
}
