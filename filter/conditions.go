package filter

// and is false as soon as one side is, whatever the other is; so what cannot be
// evaluated does not keep a condition from an answer that does not depend on it.
func and(s *scope, a, b eval) value {
	x := a(s)
	if x.isFalse() {
		return no
	}
	y := b(s)
	switch {
	case y.isFalse():
		return no
	case x.kind != kindBool || y.kind != kindBool:
		return unevaluated
	}
	return yes
}

// or is true as soon as one side is.
func or(s *scope, a, b eval) value {
	x := a(s)
	if x.isTrue() {
		return yes
	}
	y := b(s)
	switch {
	case y.isTrue():
		return yes
	case x.kind != kindBool || y.kind != kindBool:
		return unevaluated
	}
	return no
}

// containing searches for a text known beforehand.
func containing(in eval, sought string) eval {
	f := newFinder(sought, exactly)
	return func(s *scope) value {
		switch v := in(s); {
		case v.kind == kindNull:
			return no
		case v.kind != kindText || !s.read(len(v.text)):
			return unevaluated
		default:
			return truth(f.in(v.text))
		}
	}
}

// equalTo compares with a text known beforehand. What is the same is told by
// equal, so that != needs no evaluation of its own.
func equalTo(of eval, known string, equal bool) eval {
	return func(s *scope) value {
		switch v := of(s); v.kind {
		case kindText:
			return truth((v.text == known) == equal)
		case kindBad:
			return unevaluated
		}
		return truth(!equal)
	}
}

// relatedTo compares with a number or time known beforehand, in the common case
// of values of the same type; rest evaluates the others. It returns nil for other
// operators and values.
func relatedTo(op string, of eval, known value, rest binary) eval {
	if known.kind != kindInt && known.kind != kindTime && known.kind != kindSpan {
		return nil
	}
	kind, n := known.kind, known.number
	var less, same, more bool // when the relation holds
	switch op {
	case "==":
		same = true
	case "!=":
		less, more = true, true
	case "<":
		less = true
	case "<=":
		less, same = true, true
	case ">":
		more = true
	case ">=":
		same, more = true, true
	default:
		return nil
	}
	return func(s *scope) value {
		v := of(s)
		switch {
		case v.kind == kind:
			return truth(v.number < n && less || v.number == n && same || v.number > n && more)
		case v.kind == kindBad:
			return unevaluated
		}
		return rest(s, v, known)
	}
}
