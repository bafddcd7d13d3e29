package rules

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// readReplace reads one of the three ways to edit a message.
func readReplace(r *reader, n *yaml.Node) action {
	o := r.object(n, "replace", "text", "pattern", "json", "with", "all", "set", "delete")
	if r.fault != nil {
		return literally{}
	}
	ways := 0
	for _, way := range []string{"text", "pattern", "json"} {
		if o.fields[way] != nil {
			ways++
		}
	}
	if ways != 1 {
		r.failAt(n, "replace needs text, pattern or json, one of them")
		return literally{}
	}
	if where := o.fields["json"]; where != nil {
		return r.replaceJSON(where, o)
	}
	for _, name := range []string{"set", "delete"} {
		if o.fields[name] != nil {
			r.failAt(o.fields[name], "%s is for replace with json", name).suggest("did you mean with?")
		}
	}
	with := o.fields["with"]
	if with == nil {
		r.failAt(n, "replace has no with").suggest(`with: "" replaces it by nothing`)
		return literally{}
	}
	text := r.text(with, "with")
	all := o.fields["all"] != nil && r.flag(o.fields["all"], "all")
	if expression := o.fields["pattern"]; expression != nil {
		p := r.pattern(expression)
		if r.fault != nil {
			return literally{}
		}
		return &byPattern{pattern: p, with: r.template(with, text, p, false), all: all, said: text}
	}
	sought := r.text(o.fields["text"], "text")
	if r.fault == nil && sought == "" {
		r.failAt(o.fields["text"], "the text to replace is empty")
	}
	return literally{sought: []byte(sought), with: []byte(text), all: all}
}

// literally replaces a text.
type literally struct {
	sought, with []byte
	all          bool
}

func (literally) of() subject { return messages }

func (l literally) does() string {
	return replaces(short(string(l.sought), 40), string(l.with), l.all)
}

func replaces(what, with string, all bool) string {
	if all {
		what = "every " + what
	}
	if with == "" {
		return "removes " + what
	}
	return fmt.Sprintf("replaces %s by %s", what, short(with, 40))
}

func (l literally) act(w *walk) {
	p := w.m.Payload
	n := bytes.Count(p, l.sought)
	if n == 0 || !w.whole() {
		return
	}
	if !l.all {
		n = 1
	}
	if len(p)+n*(len(l.with)-len(l.sought)) > MaxResult {
		w.use.failed(tooLarge)
		return
	}
	w.put(bytes.Replace(p, l.sought, l.with, n))
}

// byPattern replaces what a pattern matches.
type byPattern struct {
	pattern *pattern
	with    template
	all     bool
	said    string
}

func (*byPattern) of() subject { return messages }

func (b *byPattern) does() string {
	return replaces("/"+harmless(b.pattern.re.String())+"/", b.said, b.all)
}

func (b *byPattern) act(w *walk) {
	p := w.m.Payload
	var matches [][]int
	var why string
	if b.all {
		matches, why = b.pattern.all(p)
	} else {
		var first []int
		if first, why = b.pattern.first(p); first != nil {
			matches = [][]int{first}
		}
	}
	if why != "" {
		w.use.failed(why)
		return
	}
	if len(matches) == 0 || !w.whole() {
		return
	}
	var out []byte
	end := 0
	for _, places := range matches {
		out = append(out, p[end:places[0]]...)
		if out, why = b.with.fill(out, &source{payload: p, places: places}); why != "" {
			w.use.failed(why)
			return
		}
		end = places[1]
	}
	w.put(append(out, p[end:]...))
}

// inJSON sets or removes a part of a JSON text.
type inJSON struct {
	path  path
	value []byte // nil to remove it
}

func (r *reader) replaceJSON(where *yaml.Node, o object) action {
	j := &inJSON{path: r.path(where)}
	for _, name := range []string{"with", "all"} {
		if o.fields[name] != nil {
			r.failAt(o.fields[name], "%s is for replace with text or pattern", name).suggest("did you mean set?")
		}
	}
	value, remove := o.fields["set"], o.fields["delete"]
	switch {
	case r.fault != nil:
	case value == nil == (remove == nil):
		r.failAt(where, "replace with json needs set or delete, one of them")
	case value != nil:
		j.value = r.constant(value)
	default:
		r.must(remove, "delete")
		if r.fault == nil && len(j.path) == 0 {
			r.failAt(where, "the whole of a message cannot be deleted").suggest("keep it back with drop: true")
		}
	}
	return j
}

func (*inJSON) of() subject { return messages }

func (j *inJSON) does() string {
	if j.value == nil {
		return "removes " + j.path.String()
	}
	return fmt.Sprintf("sets %s to %s", j.path, harmless(shortValue(j.value)))
}

func shortValue(v []byte) string {
	if runes := []rune(string(v)); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return string(v)
}

func (j *inJSON) act(w *walk) {
	d, why := open(w.m.Payload, len(j.path)+1)
	if len(w.m.Payload)+len(j.value) > MaxResult {
		why = tooLarge
	}
	if why == notJSON {
		return // like any other message without what the path leads to
	}
	if why != "" {
		w.use.failed(why)
		return
	}
	var text []byte
	var ok bool
	if j.value == nil {
		text, ok = d.remove(j.path)
	} else {
		text, ok = d.set(j.path, j.value)
	}
	if ok && w.whole() {
		w.put(text)
	}
}
