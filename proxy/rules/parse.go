package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

const (
	// MaxText is the longest text of rules in bytes.
	MaxText = 1 << 20
	// MaxRules is how many rules a set has at most.
	MaxRules = 1000
)

// common are the fields any rule can have besides its action.
var common = []string{"name", "when", "from", "count", "off"}

// Parse makes a set of a YAML text; name is what errors call it. An error is an
// *Error.
func Parse(name string, text []byte) (*Set, error) {
	r := &reader{file: name}
	if r.file == "" {
		r.file = "rules"
	}
	if len(text) > MaxText {
		return nil, r.fail(1, 1, "the text has %d bytes, more than %d", len(text), MaxText)
	}
	if at := invalid(text); at >= 0 {
		before := text[:at]
		begin := bytes.LastIndexByte(before, '\n') + 1
		return nil, r.fail(1+bytes.Count(before, []byte("\n")), 1+utf8.RuneCount(before[begin:]), "the text is not UTF-8")
	}
	r.lines = strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	s := &Set{name: name, text: string(text)}
	s.read(r)
	if r.fault != nil {
		return nil, r.fault
	}
	return s, nil
}

// invalid returns where text stops being UTF-8, -1 when it is.
func invalid(text []byte) int {
	for at := 0; at < len(text); {
		c, size := utf8.DecodeRune(text[at:])
		if c == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

func (s *Set) read(r *reader) {
	root := r.document([]byte(s.text))
	if r.fault != nil {
		return
	}
	if root.Kind == yaml.SequenceNode {
		r.failAt(root, "the text is a list").suggest(`write "rules:" above it`)
		return
	}
	top := r.object(root, "the text", "rules", "seed")
	list := top.fields["rules"]
	if list == nil {
		r.failAt(root, "there are no rules").suggest("rules: [] is a set without any")
		return
	}
	if list.Kind != yaml.SequenceNode {
		r.failAt(list, "rules is %s, not a list", kindOf(list)).suggest(`begin each rule with "- "`)
		return
	}
	s.seed = rand.Uint64()
	if n := top.fields["seed"]; n != nil {
		s.seed = uint64(r.whole(n, "seed", 0, 1<<31-1))
	}
	names := make(map[string]int)
	for i, n := range list.Content {
		if i == MaxRules {
			r.failAt(n, "there are %d rules, more than %d", len(list.Content), MaxRules)
		}
		if r.fault != nil {
			return
		}
		rule := r.rule(n, i+1)
		if line := names[rule.name]; line != 0 {
			r.failAt(rule.named, "the name %s is that of the rule in line %d", short(rule.name, 40), line)
		}
		names[rule.name] = n.Line
		s.rules = append(s.rules, rule)
	}
}

// document reads the one document of a text.
func (r *reader) document(text []byte) *yaml.Node {
	doc, next, err := load(text)
	if fault, ok := errors.AsType[*yaml.LoadError](err); ok {
		what := strings.TrimPrefix(fault.Message, "yaml: ")
		if fault.ContextMsg != "" {
			what = fault.ContextMsg + ": " + what
		}
		e := r.fail(fault.Mark.Line, fault.Mark.Column, "this is not YAML: %s", what)
		if r.tab(e) {
			e.suggest("YAML is indented by spaces, not by tabs")
		} else {
			e.suggest("a text with : # [ ] { } or , in it may need quotes around it")
		}
		return nil
	}
	switch {
	case errors.Is(err, io.EOF):
		r.fail(1, 1, "there are no rules").suggest("rules: [] is a set without any")
		return nil
	case err != nil:
		r.fail(1, 1, "this is not YAML: %v", err)
		return nil
	case next != nil:
		r.failAt(next, "a second document begins").suggest("write all rules into one")
		return nil
	}
	r.survey(doc.Content[0], 0)
	return doc.Content[0]
}

// tab reports whether there is a tab where e is, or before it.
func (r *reader) tab(e *Error) bool {
	if e.Line > len(r.lines) {
		return false
	}
	line := r.lines[e.Line-1]
	return strings.Contains(line[:len(line)-len(strings.TrimLeft(line, " \t-"))], "\t")
}

// load loads a text that may be anything; next is the document behind the first,
// if there is one.
func load(text []byte) (doc, next *yaml.Node, err error) {
	defer func() {
		// A parser is given the worst there is to read; what it does not foresee
		// must not end the program.
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		return nil, nil, err
	}
	doc, next = new(yaml.Node), new(yaml.Node)
	if err := loader.Load(doc); err != nil {
		return nil, nil, err
	}
	if err := loader.Load(next); errors.Is(err, io.EOF) {
		return doc, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	return doc, next, nil
}

// rule reads the rule that is the nth of its set.
func (r *reader) rule(n *yaml.Node, nth int) *rule {
	out := &rule{line: n.Line, text: wording(n), named: n, state: new(state), sides: 1<<frame.Client | 1<<frame.Server}
	names := slices.Sorted(maps.Keys(actions))
	o := r.object(n, "a rule", append(slices.Clone(common), names...)...)
	if r.fault != nil {
		return out
	}
	var found *yaml.Node
	kind := ""
	for i := 0; i < len(n.Content); i += 2 {
		switch key := n.Content[i]; {
		case actions[key.Value] == nil:
		case found != nil:
			r.failAt(key, "a rule has one action, this one has %s and %s", kind, key.Value).suggest("make two rules of it")
		default:
			kind, found = key.Value, n.Content[i+1]
		}
	}
	if found == nil {
		r.failAt(n, "the rule has no action").suggest("it can be %s", listed(names))
		return out
	}
	out.name = fmt.Sprintf("rule %d", nth)
	if name := o.fields["name"]; name != nil {
		out.named, out.name = name, r.text(name, "name")
		switch {
		case strings.TrimSpace(out.name) == "":
			r.failAt(name, "the name is empty")
		case len(out.name) > 200:
			r.failAt(name, "the name is longer than 200 bytes")
		case harmless(out.name) != out.name:
			r.failAt(name, "the name has characters that do not print: %s", out.name)
		}
	}
	if count := o.fields["count"]; count != nil {
		out.most = uint64(r.whole(count, "count", 1, 1<<53))
	}
	if off := o.fields["off"]; off != nil {
		out.state.off.Store(r.flag(off, "off"))
	}
	out.action = actions[kind](r, found)
	if r.fault == nil {
		r.scope(out, o, kind)
	}
	return out
}

// scope reads what a rule is for.
func (r *reader) scope(out *rule, o object, kind string) {
	if from := o.fields["from"]; from != nil {
		var side frame.Side
		switch {
		case out.action.of() == handshakes:
			r.failAt(from, "a rule with %s is for handshakes, which have no direction", kind).suggest("leave out from")
		case from.Kind != yaml.ScalarNode || side.UnmarshalText([]byte(from.Value)) != nil:
			r.failAt(from, "from is %s, not client or server", kindOf(from)).suggest("leave it out for both")
		}
		out.sides = 1 << side
	}
	when := o.fields["when"]
	if when == nil {
		return
	}
	out.when = r.text(when, "when")
	if r.fault != nil {
		return
	}
	var err error
	if out.action.of() == messages {
		out.messages, err = filter.ParseMessages(out.when)
	} else {
		out.connections, err = filter.ParseConnections(out.when)
	}
	if fault, ok := errors.AsType[*filter.Error](err); ok {
		if e := r.failIn(when, fault.Column-1, "%s", fault.Message); fault.Suggestion != "" {
			e.suggest("%s", fault.Suggestion)
		}
		return
	}
	if out.messages == nil {
		return
	}
	need := out.messages.Need()
	switch {
	case !possible(need):
		r.failAt(when, "rules are for text and binary messages that pass, and this selects none")
	case out.sides&need.Sides == 0:
		r.failAt(when, "this selects nothing of the side that from names")
	}
	out.sides &= need.Sides
}

// possible reports whether a data message that passes can match.
func possible(n filter.Need) bool {
	const data = 1<<frame.Text | 1<<frame.Binary
	return n.Sides != 0 && n.Opcodes&data != 0 && n.Origins&(1<<frame.Observed) != 0
}

// wording writes out what a rule says, whatever its layout, its comments and the
// order of its fields are.
func wording(n *yaml.Node) string {
	var write func(b *strings.Builder, n *yaml.Node)
	write = func(b *strings.Builder, n *yaml.Node) {
		fmt.Fprintf(b, "%d %s %q (", n.Kind, n.ShortTag(), n.Value)
		for _, child := range n.Content {
			write(b, child)
		}
		b.WriteByte(')')
	}
	var fields []string
	for pair := range slices.Chunk(n.Content, 2) {
		var b strings.Builder
		for _, part := range pair {
			write(&b, part)
		}
		fields = append(fields, b.String())
	}
	slices.Sort(fields)
	return strings.Join(fields, "\n")
}
