package filter

import "github.com/expr-lang/expr/ast"

// children returns where the parts of n are.
func children(n ast.Node) (out []*ast.Node) {
	add := func(parts ...*ast.Node) {
		for _, p := range parts {
			if *p != nil {
				out = append(out, p)
			}
		}
	}
	addAll := func(parts []ast.Node) {
		for i := range parts {
			add(&parts[i])
		}
	}
	switch n := n.(type) {
	case *ast.UnaryNode:
		add(&n.Node)
	case *ast.BinaryNode:
		add(&n.Left, &n.Right)
	case *ast.ChainNode:
		add(&n.Node)
	case *ast.MemberNode:
		add(&n.Node, &n.Property)
	case *ast.SliceNode:
		add(&n.Node, &n.From, &n.To)
	case *ast.CallNode:
		add(&n.Callee)
		addAll(n.Arguments)
	case *ast.BuiltinNode:
		addAll(n.Arguments)
	case *ast.PredicateNode:
		add(&n.Node)
	case *ast.ConditionalNode:
		add(&n.Cond, &n.Exp1, &n.Exp2)
	case *ast.VariableDeclaratorNode:
		add(&n.Value, &n.Expr)
	case *ast.SequenceNode:
		addAll(n.Nodes)
	case *ast.ArrayNode:
		addAll(n.Nodes)
	case *ast.MapNode:
		addAll(n.Pairs)
	case *ast.PairNode:
		add(&n.Key, &n.Value)
	}
	return out
}
