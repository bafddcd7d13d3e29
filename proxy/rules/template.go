package rules

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// template is a text with places that are filled in from a message: groups of a
// pattern such as $1, and parts of its JSON such as {{json.id}}.
type template []piece

// piece is a text, or what stands in its place.
type piece struct {
	kind  pieceKind
	form  form
	text  []byte
	group int // of the pattern; 0 is all of the match
	path  path
}

type pieceKind uint8

const (
	literal pieceKind = iota
	fromGroup
	fromJSON
)

// form is how a piece is written that is no literal.
type form uint8

const (
	asText  form = iota
	asInner      // within a JSON string
	asValue      // as the JSON value it is
)

// maxPieces is how many pieces a template has at most.
const maxPieces = 1000

// template reads a text with places to fill. Groups are only looked for when
// there is a pattern, parts of the JSON only when there may be some.
func (r *reader) template(n *yaml.Node, text string, p *pattern, withJSON bool) template {
	var out template
	var plain strings.Builder
	add := func(next piece) {
		if plain.Len() > 0 {
			out = append(out, piece{text: []byte(plain.String())})
			plain.Reset()
		}
		out = append(out, next)
	}
	for at := 0; at < len(text); {
		rest := text[at:]
		switch {
		case p != nil && strings.HasPrefix(rest, "$$"):
			plain.WriteByte('$')
			at += 2
		case p != nil && rest[0] == '$':
			name, size := groupName(rest)
			group := p.group(name)
			if group < 0 {
				r.unknownGroup(n, text[:at], name, p)
				return nil
			}
			add(piece{kind: fromGroup, group: group})
			at += size
		case withJSON && strings.HasPrefix(rest, "{{"):
			inner, _, closed := strings.Cut(rest[2:], "}}")
			if !closed {
				r.failIn(n, utf8.RuneCountInString(text[:at]), "{{ has no }} behind it")
				return nil
			}
			lead := len(inner) - len(strings.TrimLeft(inner, " "))
			where := r.pathIn(n, text, at+2+lead, strings.TrimSpace(inner), "json")
			if r.fault != nil {
				return nil
			}
			add(piece{kind: fromJSON, path: where})
			at += 2 + len(inner) + 2
		default:
			plain.WriteByte(rest[0])
			at++
		}
	}
	if plain.Len() > 0 {
		out = append(out, piece{text: []byte(plain.String())})
	}
	r.pieces(n, out)
	return out
}

func (r *reader) pieces(n *yaml.Node, t template) {
	if len(t) > maxPieces {
		r.failAt(n, "there is too much to fill in: more than %d pieces", maxPieces)
	}
}

// groupName returns the name behind a $, and the size of it all. As in $1x the
// name is as long as can be; ${1}x says what is meant.
func groupName(text string) (name string, size int) {
	if inner, ok := strings.CutPrefix(text, "${"); ok {
		if name, _, ok = strings.Cut(inner, "}"); ok {
			return name, len(name) + 3
		}
		return inner, len(text)
	}
	size = 1
	for size < len(text) && (text[size] == '_' || '0' <= text[size] && text[size] <= '9' || 'a' <= text[size]|0x20 && text[size]|0x20 <= 'z') {
		size++
	}
	return text[1:size], size
}

func (r *reader) unknownGroup(n *yaml.Node, before, name string, p *pattern) {
	at := utf8.RuneCountInString(before)
	if name == "" {
		r.failIn(n, at, "there is no group behind the $").suggest("$$ stands for a $")
		return
	}
	e := r.failIn(n, at, "the pattern has no group %s", short(name, 40))
	digits := strings.TrimRight(name, "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	if digits != name && p.group(digits) >= 0 {
		e.suggest("did you mean ${%s}%s?", digits, name[len(digits):])
		return
	}
	e.suggest("it has %d groups; $$ stands for a $", p.re.NumSubexp())
}

// source is what a template is filled from.
type source struct {
	payload []byte
	places  []int     // of the pattern's match
	json    *document // nil when it is not needed
}

// group returns the text of a group.
func (s *source) group(n int) []byte {
	if 2*n+1 >= len(s.places) || s.places[2*n] < 0 {
		return nil
	}
	return s.payload[s.places[2*n]:s.places[2*n+1]]
}

// fill appends the filled template to dst. It reports why it could not: what it
// takes from the JSON is not there, or there is too much of it.
func (t template) fill(dst []byte, s *source) (out []byte, why string) {
	for i := range t {
		p := &t[i]
		value := p.text
		switch p.kind {
		case fromGroup:
			value = s.group(p.group)
		case fromJSON:
			var ok bool
			if value, ok = s.json.at(p.path); !ok {
				return dst, noSuchJSON
			}
			if p.form != asValue {
				value = appendText(nil, value)
			}
		}
		if len(dst)+len(value) > MaxResult {
			return dst, tooLarge
		}
		if p.form == asInner {
			dst = appendEscaped(dst, value)
		} else {
			dst = append(dst, value...)
		}
	}
	if len(dst) > MaxResult {
		return dst, tooLarge
	}
	return dst, ""
}

// steps returns how many steps lead to the parts of the JSON that are filled in.
func (t template) steps() (n int) {
	for _, p := range t {
		if p.kind == fromJSON {
			n += 1 + len(p.path)
		}
	}
	return n
}
