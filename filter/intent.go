package filter

import (
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// read makes a program of a text, having decided what it is meant as.
//
//   - /re/ and /re/i are regular expressions.
//   - A text that is one string in quotes is a search for what is in them, one
//     of bytes, as in b"\xff", a search for these bytes.
//   - A condition over known names is an expression. A single word is one only
//     when it is a yes/no field.
//   - What is no condition but shows that it was meant as one is an error: see
//     meant.
//   - All else is a search for the text as it is.
func (l *language) read(text string) (*program, *Error) {
	trimmed := strings.TrimSpace(text)
	switch {
	case len(text) > maxText:
		return nil, fault(text, 0, "a filter of %d bytes is longer than %d", len(text), maxText)
	case trimmed == "":
		return nil, fault(text, 0, "an empty filter selects nothing").suggest("leave the filter out to see everything")
	}
	if re, how, ok := slashes(trimmed); ok {
		p, err := newPattern(re, how)
		if err != nil {
			return nil, fault(text, strings.IndexByte(text, '/')+1, "%v", err).suggest("to search for this text, put it in quotes")
		}
		return &program{pattern: p, need: Everything.holding(p.need)}, nil
	}
	tokens := tokensOf(text)
	if len(tokens) == 2 && tokens[1].Kind == lexer.EOF && (tokens[0].Kind == lexer.String || tokens[0].Kind == lexer.Bytes) {
		if tokens[0].Value == "" {
			return nil, fault(text, 0, "there is nothing between the quotes")
		}
		if tokens[0].Kind == lexer.Bytes {
			return searching(tokens[0].Value, exactly), nil
		}
		return searching(tokens[0].Value, ignoringCase), nil
	}
	now := time.Now()
	var whole code
	root, fault := l.checkExpression(text)
	if fault == nil {
		whole, fault = l.compile(text, root, now)
	}
	switch {
	case fault == nil && !l.word(root):
		d := deriver{language: l, source: text, now: now}
		return &program{test: whole.condition(), need: d.need(root, true, false), costly: d.costly}, nil
	case fault != nil && l.meant(tokens):
		if fault.Suggestion == "" {
			fault.suggest("to search for this text, put it in quotes")
		}
		return nil, fault
	}
	return searching(trimmed, ignoringCase), nil
}

// searching makes a program that searches for a text.
func searching(sought string, how folding) *program {
	f := newFinder(sought, how)
	return &program{find: f, need: Everything.holding(clause{f})}
}

// slashes takes /re/ and /re/i apart.
func slashes(text string) (re string, how folding, ok bool) {
	if inner, found := strings.CutSuffix(text, "/i"); found && len(inner) > 1 && inner[0] == '/' {
		return inner[1:], ignoringCase, true
	}
	if len(text) > 2 && text[0] == '/' && text[len(text)-1] == '/' {
		return text[1 : len(text)-1], exactly, true
	}
	return "", exactly, false
}

// word reports whether an expression is a single word that says nothing by
// itself.
func (l *language) word(root ast.Node) bool {
	switch n := root.(type) {
	case *ast.NilNode:
		return true
	case *ast.IdentifierNode:
		f := l.fields[n.Value]
		return f == nil || f.typ != typBool
	}
	return false
}

// tokensOf returns the tokens of text, as far as it has any.
func tokensOf(text string) (tokens []lexer.Token) {
	lex := lexer.New()
	lex.Reset(file.NewSource(text))
	for {
		t, err := lex.Next()
		if err != nil {
			return tokens
		}
		tokens = append(tokens, t)
	}
}

// The operators that show that an expression is meant: those between two
// operands of any kind, and those behind a known name.
var (
	relations = []string{"==", "!=", "<=", ">=", "<", ">", "&&", "||", "="}
	relating  = []string{"in", "contains", "matches", "startsWith", "endsWith", "and", "or"}
)

// meant reports whether a text that is no condition was meant as one: it has
//
//   - a relation such as == or && with something on both sides of it,
//   - a name known in some filter before a relation, or before a word such as
//     contains or and,
//   - a name with parts, such as json, before a dot or bracket,
//   - a known function before a parenthesis, or a known name behind a not.
func (l *language) meant(tokens []lexer.Token) bool {
	for i := range tokens {
		t := tokens[i]
		var before, after lexer.Token
		if i > 0 {
			before = tokens[i-1]
		}
		if i+1 < len(tokens) {
			after = tokens[i+1]
		}
		if t.Is(lexer.Operator, relations...) && (named(before) || operand(before, ")]}") && operand(after, "([{")) {
			return true
		}
		if t.Kind == lexer.Operator && slices.Contains(relating, t.Value) && named(before) {
			return true
		}
		if t.Is(lexer.Operator, "not", "!") && named(after) {
			return true
		}
		if t.Kind == lexer.Identifier {
			switch {
			case after.Is(lexer.Bracket, "(") && (functions[t.Value] != nil || loops[t.Value] != nil || t.Value == "now"):
				return true
			case (after.Is(lexer.Operator, ".", "?.") || after.Is(lexer.Bracket, "[")) && l.hasParts(t.Value):
				return true
			}
		}
	}
	return false
}

// operand reports whether t is or ends an operand; brackets are those that do.
func operand(t lexer.Token, brackets string) bool {
	switch t.Kind {
	case lexer.Identifier, lexer.Number, lexer.String, lexer.Bytes:
		return true
	case lexer.Bracket:
		return strings.Contains(brackets, t.Value)
	}
	return false
}

// named reports whether t is a field or constant of some language.
func named(t lexer.Token) bool {
	if t.Kind != lexer.Identifier {
		return false
	}
	return slices.ContainsFunc(languages[:], func(l *language) bool {
		return l.fields[t.Value] != nil || l.constants[t.Value] != nil
	})
}

func (l *language) hasParts(name string) bool {
	f := l.fields[name]
	return f != nil && (f.typ == typJSON || f.typ == typHeaders)
}
