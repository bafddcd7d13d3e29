package filter

// verdict is whether a condition is met.
type verdict uint8

const (
	undecided verdict = iota // it could not be evaluated
	unmet
	met
)

// condition evaluates a part of an expression that is true or false.
type condition func(s *scope) verdict

func decided(b bool) verdict {
	if b {
		return met
	}
	return unmet
}

// value returns v as a value.
func (v verdict) value() value {
	if v == undecided {
		return unevaluated
	}
	return truth(v == met)
}

// judging makes code of a condition.
func judging(test condition) code {
	return code{run: func(s *scope) value { return test(s).value() }, test: test}
}

// condition returns c as a condition. What is neither true nor false decides
// nothing.
func (c code) condition() condition {
	if c.test != nil {
		return c.test
	}
	run := c.run
	return func(s *scope) verdict {
		v := run(s)
		if v.kind != kindBool {
			return undecided
		}
		return decided(v.number != 0)
	}
}

func negation(of condition) condition {
	return func(s *scope) verdict {
		switch of(s) {
		case met:
			return unmet
		case unmet:
			return met
		}
		return undecided
	}
}

// conjunction is unmet as soon as one side is, whatever the other is; so what cannot be
// evaluated does not keep a condition from an answer that does not depend on it.
func conjunction(a, b condition) condition {
	return func(s *scope) verdict {
		x := a(s)
		if x == unmet {
			return unmet
		}
		y := b(s)
		if x == met || y == unmet {
			return y
		}
		return undecided
	}
}

// disjunction is met as soon as one side is.
func disjunction(a, b condition) condition {
	return func(s *scope) verdict {
		x := a(s)
		if x == met {
			return met
		}
		y := b(s)
		if x == unmet || y == met {
			return y
		}
		return undecided
	}
}

// containing searches for a text known beforehand.
func containing(in eval, sought string) condition {
	f := newFinder(sought, exactly)
	return func(s *scope) verdict {
		switch v := in(s); {
		case v.kind == kindNull:
			return unmet
		case v.kind != kindText || !s.read(len(v.text)):
			return undecided
		default:
			return decided(f.in(v.text))
		}
	}
}

// equalTo compares with a text known beforehand, and is met when the answer is
// the one that is asked for.
func equalTo(of eval, known string, equal bool) condition {
	return func(s *scope) verdict {
		switch v := of(s); v.kind {
		case kindText:
			return decided((v.text == known) == equal)
		case kindBad:
			return undecided
		}
		return decided(!equal)
	}
}

// relatedTo compares with a number or time known beforehand, in the common case
// of values of the same type; rest evaluates the others. It returns nil for other
// operators and values.
func relatedTo(op string, of eval, known value, rest binary) condition {
	if known.kind != kindInt && known.kind != kindTime && known.kind != kindSpan {
		return nil
	}
	var less, same, more verdict // what is said of a smaller, an equal, a larger one
	switch op {
	case "==":
		less, same, more = unmet, met, unmet
	case "!=":
		less, same, more = met, unmet, met
	case "<":
		less, same, more = met, unmet, unmet
	case "<=":
		less, same, more = met, met, unmet
	case ">":
		less, same, more = unmet, unmet, met
	case ">=":
		less, same, more = unmet, met, met
	default:
		return nil
	}
	kind, n := known.kind, known.number
	return func(s *scope) verdict {
		v := of(s)
		switch {
		case v.kind == kindBad:
			return undecided
		case v.kind != kind:
			v = rest(s, v, known)
			if v.kind != kindBool {
				return undecided
			}
			return decided(v.number != 0)
		case v.number < n:
			return less
		case v.number > n:
			return more
		}
		return same
	}
}
