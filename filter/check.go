package filter

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
)

const (
	// maxText is the longest filter in bytes.
	maxText = 16 << 10
	// maxParts is how many parts an expression has at most. Those that expr looks
	// at more than once count as often: in 1 < x < 3 it is x, and what is nested
	// in such places can double with each level.
	maxParts = 4000
)

// language is what is known in filters of one subject.
type language struct {
	of        Subject
	fields    map[string]*field
	constants map[string]*constant
	// known are all names and functions, sorted.
	known []string
}

var languages = [...]*language{newLanguage(OfMessages), newLanguage(OfFrames), newLanguage(OfConnections)}

func newLanguage(of Subject) *language {
	l := &language{of: of, fields: make(map[string]*field), constants: make(map[string]*constant)}
	for i := range fieldTable {
		if f := &fieldTable[i]; f.get[of] != nil {
			l.fields[f.name] = f
		}
	}
	for i := range constantTable {
		if c := &constantTable[i]; slices.Contains(c.of, of) {
			l.constants[c.name] = c
		}
	}
	l.known = slices.Concat(slices.Collect(maps.Keys(l.fields)), slices.Collect(maps.Keys(l.constants)),
		slices.Collect(maps.Keys(functions)), slices.Collect(maps.Keys(loops)), []string{"now"})
	slices.Sort(l.known)
	return l
}

// config returns what expr is to know. It keeps what it learns while it checks,
// so each expression needs its own.
func (l *language) config() *conf.Config {
	names := make(types.Map, len(l.fields)+len(l.constants))
	for _, f := range l.fields {
		names[f.name] = typTable[f.typ].checked
	}
	for _, c := range l.constants {
		names[c.name] = typTable[c.typ()].checked
	}
	c := conf.CreateNew()
	c.WithEnv(names)
	c.MaxNodes = maxParts
	for name := range c.Builtins {
		if functions[name] == nil && loops[name] == nil && name != "now" {
			c.Disabled[name] = true
			delete(c.Builtins, name)
		}
	}
	return c
}

// checkExpression parses source and checks that it is a condition. Nothing is
// wrong with its types behind it, as far as they are known before a message is.
func (l *language) checkExpression(source string) (root ast.Node, err *Error) {
	defer func() {
		// A parser is given the worst there is to read; what it does not foresee
		// must not end the program.
		if r := recover(); r != nil {
			root, err = nil, fault(source, 0, "the expression cannot be understood")
		}
	}()
	config := l.config()
	tree, parseErr := parser.ParseWithConfig(source, config)
	if parseErr != nil {
		return nil, l.explain(source, parseErr)
	}
	v := survey{language: l, source: source}
	if v.visit(&tree.Node, 1); v.err != nil {
		return nil, v.err
	}
	if _, checkErr := checker.Check(tree, config); checkErr != nil {
		return nil, l.explain(source, checkErr)
	}
	if t := tree.Node.Type(); t != nil && t.Kind() != reflect.Bool && t.Kind() != reflect.Interface {
		return nil, fault(source, tree.Node.Location().From, "this is a %s, not a condition", plainType(t.String())).
			suggest("compare it with something, as in size > 100")
	}
	return tree.Node, nil
}

// survey looks at an expression before its types are checked: at what expr would
// take too long to check, and at what it would not find.
type survey struct {
	language  *language
	source    string
	variables []string
	parts     int
	err       *Error
}

// fail notes the first fault.
func (v *survey) fail(n ast.Node, format string, args ...any) *Error {
	e := fault(v.source, n.Location().From, format, args...)
	if v.err == nil {
		v.err = e
	}
	return e
}

// visit looks at a part that expr will look at so many times.
func (v *survey) visit(at *ast.Node, times int) {
	if v.parts += times; v.parts > maxParts {
		v.fail(*at, "the expression has more than %d parts", maxParts)
	}
	if v.err != nil {
		return
	}
	switch n := (*at).(type) {
	case *ast.BytesNode:
		// Bytes are text here, so that they can be searched for.
		ast.Patch(at, &ast.StringNode{Value: string(n.Value)})
	case *ast.BinaryNode:
		v.binary(n)
	case *ast.IdentifierNode:
		switch {
		case n.Value == "$env":
			v.fail(n, "$env is not offered in filters")
		case functions[n.Value] != nil:
			v.fail(n, "the function %s is not called", n.Value).suggest("it is written %s", functions[n.Value].usage)
		case loops[n.Value] != nil:
			v.fail(n, "the function %s is not called", n.Value).suggest("it is written %s", loops[n.Value].usage)
		}
	case *ast.BuiltinNode:
		if functions[n.Name] == nil && loops[n.Name] == nil && n.Name != "now" {
			v.fail(n, "the function %s is not offered in filters", n.Name)
		}
		times *= forms(n.Name)
	case *ast.VariableDeclaratorNode:
		v.variables = append(v.variables, n.Name)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			v.unknownFunction(n, callee.Value)
		} else {
			v.fail(n, "values have no functions of their own")
		}
	case *ast.SequenceNode:
		v.fail(n.Nodes[1], "a filter is one condition").suggest("join conditions with && or ||")
	case *ast.MapNode:
		v.fail(n, "an object cannot be written in a filter").suggest("compare its members one by one, as in json.a == 1")
	}
	for _, child := range children(*at) {
		v.visit(child, times)
	}
}

// forms returns how many forms of a call expr tries, looking at the arguments
// for each.
func forms(name string) int {
	if i, ok := builtin.Index[name]; ok {
		return max(1, len(builtin.Builtins[i].Types))
	}
	return 1
}

func (v *survey) unknownFunction(n ast.Node, name string) {
	if _, isField := v.language.fields[name]; isField {
		v.fail(n, "%s is a name, not a function", name)
		return
	}
	if _, isExpr := builtin.Index[name]; isExpr {
		v.fail(n, "the function %s is not offered in filters", name)
		return
	}
	e := v.fail(n, "unknown function %s", name)
	if like, ok := nearest(name, slices.Concat(slices.Collect(maps.Keys(functions)), slices.Collect(maps.Keys(loops)))); ok {
		e.suggest("did you mean %s?", like)
	}
}

func (v *survey) binary(n *ast.BinaryNode) {
	switch n.Operator {
	case "==", "!=":
		v.oneOf(n.Left, n.Right)
		v.oneOf(n.Right, n.Left)
	case "in":
		if a, ok := n.Right.(*ast.ArrayNode); ok {
			for _, item := range a.Nodes {
				v.oneOf(n.Left, item)
			}
		}
	case "matches":
		pattern, ok := n.Right.(*ast.StringNode)
		if !ok {
			v.fail(n.Right, "a regular expression must be written as a text in quotes")
			return
		}
		// Expr compiles it while it checks types.
		if _, err := newPattern(pattern.Value, exactly); err != nil {
			v.fail(n.Right, "%v", err)
		}
	}
}

// oneOf checks what a field of limited values is compared with.
func (v *survey) oneOf(left, right ast.Node) {
	name, ok := left.(*ast.IdentifierNode)
	if !ok {
		return
	}
	f := v.language.fields[name.Value]
	if f == nil || f.values == nil {
		return
	}
	word := ""
	switch r := right.(type) {
	case *ast.StringNode:
		word = r.Value
		if slices.Contains(f.values, word) {
			return
		}
	case *ast.IdentifierNode:
		word = r.Value
		if c := v.language.constants[word]; c != nil {
			word = c.value.text
			if slices.Contains(f.values, word) {
				return
			}
		} else if slices.Contains(v.variables, word) {
			return
		} else if v.language.fields[word] != nil {
			if slices.Contains(f.values, word) {
				v.fail(right, "%s is another field here, not a value of %s", word, f.name).suggest("did you mean %q?", word)
			}
			return
		}
	default:
		return
	}
	e := v.fail(right, "%s is never %s", f.name, v.language.spell(word))
	if like, ok := nearest(word, f.values); ok {
		e.suggest("did you mean %s?", v.language.spell(like))
	} else {
		e.suggest("it is one of %s", strings.Join(quoted(f.values), ", "))
	}
}

// spell returns how the value of a field is written: as a constant where there is
// one, otherwise in quotes.
func (l *language) spell(word string) string {
	if c := l.constants[word]; c != nil && c.value.text == word {
		return word
	}
	return fmt.Sprintf("%q", word)
}

func quoted(values []string) []string {
	var out []string
	for _, v := range values {
		if v != "" {
			out = append(out, fmt.Sprintf("%q", v))
		}
	}
	return out
}

// explain makes an Error of what expr says.
func (l *language) explain(source string, err error) *Error {
	e, ok := errors.AsType[*file.Error](err)
	if !ok {
		return fault(source, 0, "%s", firstLine(err.Error()))
	}
	if name, ok := strings.CutPrefix(e.Message, "unknown name "); ok {
		return l.unknownName(source, e.From, name)
	}
	if what, ok := strings.CutPrefix(e.Message, "unexpected token "); ok {
		return unexpected(source, e.From, what)
	}
	out := fault(source, e.From, "%s", plain(e.Message))
	switch {
	case strings.Contains(e.Message, "time.Time and string"), strings.Contains(e.Message, "string and time.Time"):
		out.suggest(`write a time as date("2026-01-02T15:04:05Z")`)
	case strings.Contains(e.Message, "time.Duration"):
		out.suggest(`write a duration as duration("1.5s")`)
	case strings.Contains(e.Message, "types int and string"), strings.Contains(e.Message, "types string and int"):
		out.suggest("write numbers without quotes, text with them")
	}
	return out
}

func (l *language) unknownName(source string, from int, name string) *Error {
	e := fault(source, from, "unknown name %s", name)
	for _, other := range languages {
		if other.fields[name] != nil {
			e.Message = fmt.Sprintf("%s is a name of %v, not of %v", name, other.of, l.of)
			return e.suggest("use it in a filter over %v", other.of)
		}
	}
	if like, ok := nearest(name, l.known); ok {
		return e.suggest("did you mean %s?", like)
	}
	return e.suggest("if it is a text, put it in quotes: %q", name)
}

// operators people know from elsewhere, and those of filters.
var elsewhere = map[string]string{"=": "==", "===": "==", "!==": "!=", "<>": "!=", "=~": "matches", "~": "matches", "!~": "not … matches", "&": "&&", "AND": "and", "OR": "or", "NOT": "not", "LIKE": "contains"}

// unexpected explains a token that expr did not expect, such as
// Operator("=") or EOF.
func unexpected(source string, from int, token string) *Error {
	if token == "EOF" {
		return fault(source, len([]rune(strings.TrimRight(source, " \t\n"))), "something is missing")
	}
	word := token
	if _, inner, ok := strings.Cut(token, "("); ok {
		word = strings.Trim(strings.TrimSuffix(inner, ")"), `"`)
	}
	e := fault(source, from, "unexpected %s", word)
	if ours, ok := elsewhere[word]; ok {
		e.suggest("did you mean %s?", ours)
	}
	return e
}

// plain says a message of expr's in the words of the documentation.
func plain(message string) string {
	message = firstLine(message)
	return replaceTypes.Replace(message)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

var replaceTypes = strings.NewReplacer("mismatched types", "between", "mismatched type", "of", "map[string]string", "header fields",
	"time.Time", "time", "time.Duration", "duration", "[]interface {}", "list", "interface {}", "anything", "builtin ", "",
	" int", " number", " string", " text", " bool", " yes/no", "array", "list")

func plainType(t string) string {
	switch t {
	case "int", "float64":
		return "number"
	case "string":
		return "text"
	case reflect.TypeFor[time.Time]().String():
		return "time"
	case reflect.TypeFor[time.Duration]().String():
		return "duration"
	case "map[string]string":
		return "list of header fields"
	}
	return "list"
}
