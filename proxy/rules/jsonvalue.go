package rules

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v4"
)

// jsonValue reads a YAML value as JSON, in which texts may be templates. Numbers
// keep the digits they are written with.
func (r *reader) jsonValue(n *yaml.Node, p *pattern, templates bool) template {
	w := jsonWriter{reader: r, pattern: p, templates: templates}
	w.write(n)
	w.flush()
	r.pieces(n, w.out)
	return w.out
}

// constant reads a YAML value as JSON without places to fill.
func (r *reader) constant(n *yaml.Node) []byte {
	t := r.jsonValue(n, nil, false)
	if len(t) != 1 {
		return nil
	}
	return t[0].text
}

type jsonWriter struct {
	*reader
	pattern   *pattern
	templates bool
	plain     []byte // what is written since the last piece
	out       template
}

func (w *jsonWriter) flush() {
	if len(w.plain) > 0 {
		w.out = append(w.out, piece{text: w.plain})
		w.plain = nil
	}
}

func (w *jsonWriter) write(n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		w.object(n)
	case yaml.SequenceNode:
		w.plain = append(w.plain, '[')
		for i, item := range n.Content {
			if i > 0 {
				w.plain = append(w.plain, ',')
			}
			w.write(item)
		}
		w.plain = append(w.plain, ']')
	default:
		w.scalar(n)
	}
}

func (w *jsonWriter) object(n *yaml.Node) {
	w.plain = append(w.plain, '{')
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			w.failAt(key, "a name in an object is %s, not a word", kindOf(key))
		case key.ShortTag() == "!!merge":
			w.failAt(key, "merging is not offered").suggest("write the values out")
		case seen[key.Value]:
			w.failAt(key, "%s is given twice in an object", short(key.Value, 40))
		}
		seen[key.Value] = true
		if i > 0 {
			w.plain = append(w.plain, ',')
		}
		w.plain = append(appendQuoted(w.plain, []byte(key.Value)), ':')
		w.write(n.Content[i+1])
	}
	w.plain = append(w.plain, '}')
}

func (w *jsonWriter) scalar(n *yaml.Node) {
	switch n.ShortTag() {
	case "!!null":
		w.plain = append(w.plain, "null"...)
		return
	case "!!bool":
		if word := strings.ToLower(n.Value); word == "true" || word == "false" {
			w.plain = append(w.plain, word...)
			return
		}
	case "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			w.failAt(n, "%s is no number of JSON", short(n.Value, 40)).suggest("put it in quotes if it is a text")
		}
		w.plain = append(w.plain, n.Value...)
		return
	}
	if !w.templates {
		w.plain = appendQuoted(w.plain, []byte(n.Value))
		return
	}
	t := w.template(n, n.Value, w.pattern, true)
	if len(t) == 1 && t[0].kind == fromJSON {
		t[0].form = asValue
		w.flush()
		w.out = append(w.out, t[0])
		return
	}
	w.plain = append(w.plain, '"')
	for _, p := range t {
		if p.kind == literal {
			w.plain = appendEscaped(w.plain, p.text)
			continue
		}
		p.form = asInner
		w.flush()
		w.out = append(w.out, p)
	}
	w.plain = append(w.plain, '"')
}
