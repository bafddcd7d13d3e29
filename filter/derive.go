package filter

import (
	"math"
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/wsluice/wsluice/frame"
)

// deriver derives the Need of an expression from its tree. Each step only says
// what follows from the part it looks at; about anything else it says nothing.
type deriver struct {
	language *language
	source   string
	now      time.Time
	// costly is set when the expression looks into JSON.
	costly bool
	// calls and steps are what was done so far.
	calls, steps int
}

const (
	// maxCalls is how many parts of an expression are looked at. A condition of a
	// conditional is looked at twice, and so are those in it.
	maxCalls = 400
	// maxTrial is how many steps one trial may take, maxTrials all of them.
	maxTrial, maxTrials = 10_000, 200_000
)

// need returns what it needs that n is true, or that it is false. In json, the
// element of the predicate n is in comes from JSON.
func (d *deriver) need(n ast.Node, want, json bool) Need {
	if d.calls++; d.calls > maxCalls {
		return Everything
	}
	switch n := n.(type) {
	case *ast.ChainNode:
		return d.need(n.Node, want, json)
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			return d.need(n.Node, !want, json)
		}
	case *ast.BinaryNode:
		switch op := n.Operator; {
		case op == "&&" || op == "and" || op == "||" || op == "or":
			left, right := d.need(n.Left, want, json), d.need(n.Right, want, json)
			if (op == "&&" || op == "and") == want {
				return left.and(right)
			}
			return left.or(right)
		}
	case *ast.ConditionalNode:
		then := d.need(n.Cond, true, json).and(d.need(n.Exp1, want, json))
		return then.or(d.need(n.Cond, false, json).and(d.need(n.Exp2, want, json)))
	case *ast.BuiltinNode:
		switch n.Name {
		case "any", "all", "none", "one":
			// Without a list there is no answer.
			out, fromJSON := d.path(n.Arguments[0], json)
			if n.Name == "any" && want {
				out = out.and(d.need(n.Arguments[1], true, fromJSON))
			}
			return out
		}
	case *ast.PredicateNode:
		return d.need(n.Node, want, json)
	}
	out := d.decided(n, want)
	if path, ok := d.path(n, json); ok {
		out = out.and(path)
	}
	if b, ok := n.(*ast.BinaryNode); ok {
		out = out.and(d.relation(b, want, json))
	}
	return out
}

// decided returns the sides, opcodes and origins for which n can be what is
// wanted, by trying all of them where nothing else matters to n.
func (d *deriver) decided(n ast.Node, want bool) Need {
	out := Everything
	names := make(map[string]bool)
	if !d.names(n, names) {
		return out
	}
	d.costly = d.costly || names["json"]
	compiled, fault := d.language.compile(d.source, n, d.now)
	if fault != nil {
		return out
	}
	test := compiled.condition()
	can := func(m *frame.Message) bool {
		r := &frame.Record{From: m.From, Origin: m.Origin, Opaque: m.Type == frame.Opaque}
		r.Header.Opcode, r.Header.Fin = m.Type&15, true
		if d.language.of == OfMessages {
			r = nil
		} else {
			m = nil
		}
		s := open(m, r, nil)
		defer s.close()
		limit := min(maxTrial, maxTrials-d.steps)
		s.steps = limit
		v := test(s)
		d.steps += min(limit-s.steps, limit)
		return s.spent() || v == met && want || v == unmet && !want
	}
	only := func(allowed ...string) bool {
		known := 0
		for _, a := range allowed {
			if names[a] {
				known++
			}
		}
		return known == len(names)
	}
	if only("from") {
		out.Sides = 0
		for side := frame.Client; side <= frame.Server; side++ {
			if can(&frame.Message{From: side}) {
				out.Sides |= 1 << side
			}
		}
	}
	if only("origin") {
		out.Origins = 0
		for o := range 256 {
			if can(&frame.Message{Origin: frame.Origin(o)}) {
				out.Origins |= 1 << min(o, 7)
			}
		}
	}
	if only("type", "opcode", "json", "code", "reason", "text") {
		out.Opcodes = 0
		for t := frame.Continuation; t <= frame.Opaque; t++ {
			open := names["json"] && t.Data() && t <= 15 || (names["code"] || names["reason"]) && t == frame.Close ||
				names["text"] && (t == frame.Text || t == frame.Ping || t == frame.Pong || t == frame.Close)
			if open || can(&frame.Message{Type: t}) {
				out.Opcodes |= opcodeBit(t)
			}
		}
	}
	return out
}

// names adds the fields n reads. It reports false when n reads what is not its
// own: a variable, or the element of a predicate around it.
func (d *deriver) names(n ast.Node, names map[string]bool) bool {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if d.language.fields[n.Value] != nil {
			names[n.Value] = true
			return true
		}
		return d.language.constants[n.Value] != nil
	case *ast.PointerNode, *ast.VariableDeclaratorNode:
		return false
	}
	own := true
	for _, child := range children(n) {
		own = d.names(*child, names) && own
	}
	return own
}

// fixed returns the value of n when it is the same for everything.
func (d *deriver) fixed(n ast.Node) (v value, ok bool) {
	compiled, fault := d.language.compile(d.source, n, d.now)
	if fault != nil || compiled.fixed == nil {
		return unevaluated, false
	}
	return *compiled.fixed, true
}

// mirrored are operators with their operands exchanged, negated those that hold
// when the others do not.
var (
	mirrored = map[string]string{"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
	negated  = map[string]string{"==": "!=", "!=": "==", "<": ">=", ">": "<=", "<=": ">", ">=": "<"}
)

// relation returns what it needs that a relation holds, or that it does not.
func (d *deriver) relation(n *ast.BinaryNode, want, json bool) Need {
	op := n.Operator
	if !want {
		if op = negated[op]; op == "" {
			return Everything
		}
	}
	out := d.between(op, n.Left, n.Right, json)
	if other := mirrored[op]; other != "" {
		out = out.and(d.between(other, n.Right, n.Left, json))
	}
	return out
}

// between returns what it needs that "left op right" is true.
func (d *deriver) between(op string, left, right ast.Node, json bool) Need {
	if op == "matches" {
		return d.matches(left, right, json)
	}
	v, known := d.fixed(right)
	if !known {
		switch op {
		case "<", ">", "<=", ">=":
			path, _ := d.path(left, json)
			return path
		}
		return Everything
	}
	if name, ok := left.(*ast.IdentifierNode); ok {
		switch name.Value {
		case "time":
			return period(op, v)
		case "conn":
			return connections(op, v)
		}
	}
	switch op {
	case "==", "contains", "startsWith", "endsWith":
		return d.holds(left, []value{v}, json)
	case "in":
		if v.kind == kindList {
			return d.holds(left, *v.ref.(*[]value), json)
		}
	case "<", ">", "<=", ">=":
		path, _ := d.path(left, json)
		return path
	}
	return Everything
}

// matches returns what it needs that left matches a regular expression.
func (d *deriver) matches(left, right ast.Node, json bool) Need {
	re, ok := right.(*ast.StringNode)
	if !ok {
		return Everything
	}
	p, err := newPattern(re.Value, exactly)
	if err != nil {
		return Everything
	}
	if isText(left) {
		return Everything.holding(p.need)
	}
	if path, ok := d.path(left, json); ok {
		return path.holding(inJSONAlso(p.need))
	}
	return Everything
}

// holds returns what it needs that n is or holds one of the values.
func (d *deriver) holds(n ast.Node, values []value, json bool) Need {
	path, fromJSON := d.path(n, json)
	if !fromJSON && !isText(n) || len(values) == 0 || len(values) >= maxForms {
		return Everything
	}
	var all clause
	if slices.ContainsFunc(values, func(v value) bool { return v.kind == kindNull || v.kind == kindBad }) {
		return Everything
	}
	for _, v := range values {
		if v.kind != kindText {
			return path
		}
		form := literally(v.text)
		if fromJSON {
			form = inJSON(v.text)
		}
		if form == nil {
			return path
		}
		all = append(all, form[0])
	}
	if fromJSON {
		all = append(all, escape)
	}
	return path.holding(all)
}

// isText reports whether n is a part of the payload as it is.
func isText(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value == "text" || n.Value == "payload" || n.Value == "reason"
	case *ast.SliceNode:
		return isText(n.Node)
	}
	return false
}

// path reports whether n is a value in JSON that is in the payload, and what it
// needs that it is not nil.
func (d *deriver) path(n ast.Node, json bool) (Need, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if n.Value != "json" {
			return Everything, false
		}
		d.costly = true
		out := Everything
		out.Opcodes = opcodeBit(frame.Text) | opcodeBit(frame.Binary)
		return out, true
	case *ast.PointerNode:
		return Everything, json && n.Name == ""
	case *ast.ChainNode:
		return d.path(n.Node, json)
	case *ast.SliceNode:
		return d.path(n.Node, json)
	case *ast.MemberNode:
		of, ok := d.path(n.Node, json)
		if key, named := n.Property.(*ast.StringNode); ok && named {
			of = of.holding(inJSON(key.Value))
		}
		return of, ok
	case *ast.BuiltinNode:
		if n.Name == "fromJSON" {
			d.costly = true
			if isText(n.Arguments[0]) {
				return Everything, true
			}
			return d.path(n.Arguments[0], json)
		}
	}
	return Everything, false
}

// period returns what it needs that "time op v" is true.
func period(op string, v value) Need {
	out := Everything
	if v.kind != kindTime || v.number == math.MinInt64 || v.number == math.MaxInt64 {
		return out // the edges stand for all times beyond them
	}
	t := time.Unix(0, v.number).UTC()
	switch op {
	case "==":
		out.After, out.Before = t, t
	case ">", ">=":
		out.After = t
	case "<", "<=":
		out.Before = t
	}
	return out
}

// connections returns what it needs that "conn op v" is true.
func connections(op string, v value) Need {
	out := Everything
	add := func(v value) bool {
		if v.kind != kindInt || v.number < 0 || v.number == math.MaxInt64 || len(out.Conns) >= maxConns {
			return false
		}
		out.Conns = append(out.Conns, uint64(v.number))
		return true
	}
	switch op {
	case "==":
		if add(v) {
			return out
		}
	case "in":
		s := open(nil, nil, nil)
		defer s.close()
		e, ok := over(v)
		for ok = ok && e.left <= maxConns; ok && e.next(s, 0); {
			ok = add(e.value)
		}
		if ok && out.Conns != nil {
			return out
		}
	}
	return Everything
}
