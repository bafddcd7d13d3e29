package filter

import (
	"reflect"
	"time"

	"github.com/expr-lang/expr/ast"
)

// code is a compiled part of an expression.
type code struct {
	run eval
	// test is run for parts that are true or false, without a value to carry
	// around; nil for others.
	test condition
	// fixed is the value when it is the same for everything.
	fixed *value
}

func constantly(v value) code {
	return code{run: func(*scope) value { return v }, fixed: &v}
}

// compiler makes closures of an expression whose types were checked.
type compiler struct {
	language  *language
	source    string
	variables []string // by slot
	now       value
	parts     int
	err       *Error
}

func (l *language) compile(source string, root ast.Node, now time.Time) (code, *Error) {
	c := compiler{language: l, source: source, now: at(now)}
	out := c.compile(root)
	return out, c.err
}

func (c *compiler) fail(n ast.Node, format string, args ...any) code {
	if c.err == nil {
		c.err = fault(c.source, n.Location().From, format, args...)
	}
	return constantly(unevaluated)
}

func (c *compiler) compile(n ast.Node) code {
	c.parts++
	switch n := n.(type) {
	case *ast.NilNode:
		return constantly(none)
	case *ast.BoolNode:
		return constantly(truth(n.Value))
	case *ast.IntegerNode:
		return constantly(whole(int64(n.Value)))
	case *ast.FloatNode:
		return constantly(floating(n.Value))
	case *ast.StringNode:
		return constantly(words(n.Value))
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ChainNode:
		return c.compile(n.Node)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.SliceNode:
		return c.slice(n)
	case *ast.ArrayNode:
		return c.array(n)
	case *ast.BuiltinNode:
		return c.call(n)
	case *ast.PredicateNode:
		return c.compile(n.Node)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.VariableDeclaratorNode:
		return c.variable(n)
	}
	return c.fail(n, "this is not offered in filters")
}

func (c *compiler) identifier(n *ast.IdentifierNode) code {
	for slot := len(c.variables) - 1; slot >= 0; slot-- {
		if c.variables[slot] == n.Value {
			return code{run: func(s *scope) value {
				if slot < len(s.variables) {
					return s.variables[slot]
				}
				return unevaluated
			}}
		}
	}
	if f := c.language.fields[n.Value]; f != nil {
		return code{run: f.get[c.language.of]}
	}
	if k := c.language.constants[n.Value]; k != nil {
		return constantly(k.value)
	}
	// Expr does not look everywhere into what is only known when it is there.
	e := c.language.unknownName(c.source, n.Location().From, n.Value)
	if c.err == nil {
		c.err = e
	}
	return constantly(unevaluated)
}

// fold evaluates what does not depend on a message once and for all.
func fold(run eval, operands ...code) code { return code{run: run}.fold(operands...) }

func (c code) fold(operands ...code) code {
	for _, o := range operands {
		if o.fixed == nil {
			return c
		}
	}
	s := open(nil, nil, nil)
	defer s.close()
	v := c.run(s)
	if s.spent() {
		return c
	}
	return constantly(v)
}

func (c *compiler) unary(n *ast.UnaryNode) code {
	of := c.compile(n.Node)
	run := of.run
	switch n.Operator {
	case "!", "not":
		return judging(negation(of.condition())).fold(of)
	case "-":
		return fold(func(s *scope) value { return negative(run(s)) }, of)
	}
	return fold(func(s *scope) value {
		if v := run(s); v.isNumber() {
			return v
		}
		return unevaluated
	}, of)
}

func (c *compiler) binary(n *ast.BinaryNode) code {
	if n.Operator == "matches" {
		return c.matches(n)
	}
	left, right := c.compile(n.Left), c.compile(n.Right)
	a, b := left.run, right.run
	switch n.Operator {
	case "&&", "and":
		return judging(conjunction(left.condition(), right.condition())).fold(left, right)
	case "||", "or":
		return judging(disjunction(left.condition(), right.condition())).fold(left, right)
	case "??":
		return fold(func(s *scope) value {
			if v := a(s); v.kind != kindNull {
				return v
			}
			return b(s)
		}, left, right)
	case "contains":
		if right.fixed != nil && right.fixed.kind == kindText {
			return judging(containing(a, right.fixed.text)).fold(left)
		}
	case "==", "!=":
		if right.fixed != nil && right.fixed.kind == kindText {
			return judging(equalTo(a, right.fixed.text, n.Operator == "==")).fold(left)
		}
	}
	evaluate := binaries[n.Operator]
	if right.fixed != nil {
		if test := relatedTo(n.Operator, a, *right.fixed, evaluate); test != nil {
			return judging(test).fold(left)
		}
	}
	if evaluate == nil {
		return c.fail(n, "the operator %s is not offered in filters", n.Operator)
	}
	return fold(func(s *scope) value {
		x := a(s)
		if x.kind == kindBad {
			return x
		}
		y := b(s)
		if y.kind == kindBad {
			return y
		}
		return evaluate(s, x, y)
	}, left, right)
}

func (c *compiler) matches(n *ast.BinaryNode) code {
	left := c.compile(n.Left)
	p, err := newPattern(n.Right.(*ast.StringNode).Value, exactly)
	if err != nil {
		return c.fail(n.Right, "%v", err)
	}
	in := left.run
	return judging(func(s *scope) verdict {
		switch v := in(s); v.kind {
		case kindText:
			return p.match(s, v.text)
		case kindNull:
			return unmet
		}
		return undecided
	}).fold(left)
}

func (c *compiler) member(n *ast.MemberNode) code {
	if t := n.Node.Type(); t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[time.Duration]() {
		return c.fail(n, "a %s has no parts", plainType(t.String()))
	}
	of, key := c.compile(n.Node), c.compile(n.Property)
	a, b := of.run, key.run
	if of.fixed != nil && key.fixed != nil {
		return fold(func(s *scope) value { return member(s, a(s), b(s)) }, of, key)
	}
	if key.fixed != nil {
		k := *key.fixed
		return code{run: func(s *scope) value { return member(s, a(s), k) }}
	}
	return code{run: func(s *scope) value { return member(s, a(s), b(s)) }}
}

func (c *compiler) slice(n *ast.SliceNode) code {
	of := c.compile(n.Node)
	from, to := constantly(whole(0)), constantly(none)
	if n.From != nil {
		from = c.compile(n.From)
	}
	if n.To != nil {
		to = c.compile(n.To)
	}
	in, first, last := of.run, from.run, to.run
	return fold(func(s *scope) value { return slice(s, in(s), first(s), last(s)) }, of, from, to)
}

func (c *compiler) array(n *ast.ArrayNode) code {
	parts := make([]code, len(n.Nodes))
	for i := range n.Nodes {
		parts[i] = c.compile(n.Nodes[i])
	}
	return fold(func(s *scope) value {
		if !s.takeList(int64(len(parts))) {
			return unevaluated
		}
		out := make([]value, len(parts))
		for i := range parts {
			if out[i] = parts[i].run(s); out[i].kind == kindBad {
				return unevaluated
			}
		}
		return items(out)
	}, parts...)
}

func (c *compiler) pointer(n *ast.PointerNode) code {
	index := n.Name == "index"
	if n.Name != "" && !index {
		return c.fail(n, "#%s is not offered in filters", n.Name)
	}
	return code{run: func(s *scope) value {
		if len(s.elements) == 0 {
			return unevaluated
		}
		e := &s.elements[len(s.elements)-1]
		if index {
			return whole(e.index)
		}
		return e.value
	}}
}

func (c *compiler) conditional(n *ast.ConditionalNode) code {
	cond, one, other := c.compile(n.Cond), c.compile(n.Exp1), c.compile(n.Exp2)
	test := cond.condition()
	return fold(func(s *scope) value {
		switch test(s) {
		case met:
			return one.run(s)
		case unmet:
			return other.run(s)
		}
		return unevaluated
	}, cond, one, other)
}

func (c *compiler) variable(n *ast.VariableDeclaratorNode) code {
	of := c.compile(n.Value).run
	slot := len(c.variables)
	c.variables = append(c.variables, n.Name)
	body := c.compile(n.Expr).run
	// The name is out of sight from here on, its slot stays taken.
	c.variables[slot] = ""
	return code{run: func(s *scope) value {
		s.set(slot, of(s))
		return body(s)
	}}
}

func (c *compiler) call(n *ast.BuiltinNode) code {
	if l := loops[n.Name]; l != nil {
		return c.loop(n, l)
	}
	if n.Name == "now" {
		return constantly(c.now)
	}
	f := functions[n.Name]
	if f == nil {
		return c.fail(n, "the function %s is not offered in filters", n.Name)
	}
	if len(n.Arguments) < f.least || len(n.Arguments) > f.most {
		return c.fail(n, "%s is written %s", f.name, f.usage)
	}
	parts := make([]code, len(n.Arguments))
	for i := range parts {
		parts[i] = c.compile(n.Arguments[i])
	}
	out := fold(func(s *scope) value {
		var a arguments
		for i := range parts {
			if a[i] = parts[i].run(s); a[i].kind == kindBad {
				return unevaluated
			}
		}
		if !s.spend(1) {
			return unevaluated
		}
		return f.evaluate(s, a)
	}, parts...)
	if out.fixed != nil && out.fixed.kind == kindBad {
		return c.fail(n, "%s has no value for this", f.name)
	}
	return out
}

func (c *compiler) loop(n *ast.BuiltinNode, l *loop) code {
	before := c.parts
	made := looping{list: c.compile(n.Arguments[0]).run}
	switch {
	case len(n.Arguments) == 2:
		before = c.parts
		made.each = c.compile(n.Arguments[1]).run
	case len(n.Arguments) != 1 || !l.bare:
		return c.fail(n, "%s is written %s", l.name, l.usage)
	}
	made.work = c.parts - before
	return code{run: l.make(made)}
}
