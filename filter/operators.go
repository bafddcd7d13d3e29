package filter

import (
	"math"
	"math/bits"
	"strings"
)

// binary evaluates an operator both operands of which were evaluated.
type binary func(s *scope, a, b value) value

// binaries are the operators whose operands are always both needed.
var binaries = map[string]binary{
	"==": equal,
	"!=": func(s *scope, a, b value) value { return not(equal(s, a, b)) },
	"<":  func(s *scope, a, b value) value { return ordered(s, a, b, func(o int) bool { return o == -1 }) },
	"<=": func(s *scope, a, b value) value { return ordered(s, a, b, func(o int) bool { return o <= 0 }) },
	">":  func(s *scope, a, b value) value { return ordered(s, a, b, func(o int) bool { return o == 1 }) },
	">=": func(s *scope, a, b value) value {
		return ordered(s, a, b, func(o int) bool { return o == 0 || o == 1 })
	},
	"in":         func(s *scope, a, b value) value { return contains(s, b, a) },
	"contains":   func(s *scope, a, b value) value { return inText(s, a, b, strings.Contains) },
	"startsWith": func(s *scope, a, b value) value { return inText(s, a, b, strings.HasPrefix) },
	"endsWith":   func(s *scope, a, b value) value { return inText(s, a, b, strings.HasSuffix) },
	"+":          add,
	"-":          subtract,
	"*":          multiply,
	"/":          divide,
	"%":          modulo,
	"**":         power,
	"^":          power,
	"..":         upTo,
}

func not(v value) value {
	if v.kind != kindBool {
		return unevaluated
	}
	return truth(v.number == 0)
}

// equal compares values of all types. Values of different types are not equal,
// but numbers are by what they are worth.
func equal(s *scope, a, b value) value {
	if a.isNumber() && b.isNumber() {
		return truth(orderNumbers(a, b) == 0)
	}
	switch {
	case a.kind == kindBad || b.kind == kindBad:
		return unevaluated
	case isList(a) && isList(b):
		return equalLists(s, a, b)
	case a.kind == kindObject && b.kind == kindObject:
		return equalObjects(s, a, b)
	case a.kind != b.kind || a.kind == kindHeaders:
		return no
	case a.kind == kindText:
		if len(a.text) != len(b.text) {
			return no
		}
		if !s.spend(len(a.text) >> 6) {
			return unevaluated
		}
		return truth(a.text == b.text)
	}
	return truth(a.number == b.number)
}

func isList(v value) bool {
	return v.kind == kindList || v.kind == kindArray || v.kind == kindRange
}

func equalLists(s *scope, a, b value) value {
	x, _ := over(a)
	y, _ := over(b)
	if x.left != y.left {
		return no
	}
	for x.next(s, 0) && y.next(s, 0) {
		if same := equal(s, x.value, y.value); !same.isTrue() {
			return same
		}
	}
	return truth(!s.spent())
}

// equalObjects takes objects for equal that have the same keys with equal
// values.
func equalObjects(s *scope, a, b value) value {
	x, y := a.ref.(*document), b.ref.(*document)
	i, j := uint32(a.number), uint32(b.number)
	if x.nodes[i].end != y.nodes[j].end {
		return no
	}
	for at := i + 1; at < x.nodes[i].next; at = x.nodes[at+1].next {
		key := x.value(s, at)
		other := y.find(s, j, key.text)
		switch {
		case s.spent():
			return unevaluated
		case other == 0:
			return no
		}
		if same := equal(s, x.value(s, at+1), y.value(s, other)); !same.isTrue() {
			return same
		}
	}
	return yes
}

func ordered(s *scope, a, b value, holds func(int) bool) value {
	if a.kind == kindText && !s.spend(min(len(a.text), len(b.text))>>6) {
		return unevaluated
	}
	o, ok := order(a, b)
	if !ok {
		return unevaluated
	}
	return truth(o != unordered && holds(o))
}

// inText evaluates an operator between texts. Nil holds no text.
func inText(s *scope, a, b value, holds func(in, sought string) bool) value {
	switch {
	case a.kind == kindNull || b.kind == kindNull:
		return no
	case a.kind != kindText || b.kind != kindText || !s.read(len(a.text)):
		return unevaluated
	}
	return truth(holds(a.text, b.text))
}

func add(s *scope, a, b value) value {
	switch {
	case a.kind == kindInt && b.kind == kindInt:
		return sum(kindInt, a.number, b.number)
	case a.isNumber() && b.isNumber():
		return floating(a.float() + b.float())
	case a.kind == kindText && b.kind == kindText:
		if !s.take(len(a.text) + len(b.text)) {
			return unevaluated
		}
		return words(a.text + b.text)
	case a.kind == kindTime && b.kind == kindSpan, a.kind == kindSpan && b.kind == kindTime:
		return sum(kindTime, a.number, b.number)
	case a.kind == kindSpan && b.kind == kindSpan:
		return sum(kindSpan, a.number, b.number)
	}
	return unevaluated
}

// sum adds integers. One that an int64 cannot hold was not evaluated.
func sum(k kind, a, b int64) value {
	c := a + b
	if (c > a) != (b > 0) && b != 0 {
		return unevaluated
	}
	return value{kind: k, number: c}
}

func subtract(_ *scope, a, b value) value {
	switch {
	case a.kind == kindInt && b.kind == kindInt:
		return difference(kindInt, a.number, b.number)
	case a.isNumber() && b.isNumber():
		return floating(a.float() - b.float())
	case a.kind == kindTime && b.kind == kindSpan:
		return difference(kindTime, a.number, b.number)
	case a.kind == kindTime && b.kind == kindTime, a.kind == kindSpan && b.kind == kindSpan:
		return difference(kindSpan, a.number, b.number)
	}
	return unevaluated
}

func difference(k kind, a, b int64) value {
	c := a - b
	if (c < a) != (b > 0) && b != 0 {
		return unevaluated
	}
	return value{kind: k, number: c}
}

func multiply(_ *scope, a, b value) value {
	switch {
	case a.kind == kindInt && b.kind == kindInt:
		return product(kindInt, a.number, b.number)
	case a.isNumber() && b.isNumber():
		return floating(a.float() * b.float())
	case a.kind == kindSpan && b.kind == kindInt, a.kind == kindInt && b.kind == kindSpan:
		return product(kindSpan, a.number, b.number)
	case a.kind == kindSpan && b.kind == kindFloat:
		return scaled(a.number, b.float())
	case a.kind == kindFloat && b.kind == kindSpan:
		return scaled(b.number, a.float())
	}
	return unevaluated
}

func product(k kind, a, b int64) value {
	high, low := bits.Mul64(magnitude(a), magnitude(b))
	if high != 0 || low > math.MaxInt64 {
		return unevaluated
	}
	return value{kind: k, number: a * b}
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func scaled(n int64, by float64) value {
	f := float64(n) * by
	if f >= -1<<63 && f < 1<<63 {
		return lasting(int64(f))
	}
	return unevaluated
}

func divide(_ *scope, a, b value) value {
	if !a.isNumber() || !b.isNumber() {
		return unevaluated
	}
	return floating(a.float() / b.float())
}

func modulo(_ *scope, a, b value) value {
	if a.kind != kindInt || b.kind != kindInt || b.number == 0 {
		return unevaluated
	}
	if b.number == -1 {
		return whole(0)
	}
	return whole(a.number % b.number)
}

func power(_ *scope, a, b value) value {
	if !a.isNumber() || !b.isNumber() {
		return unevaluated
	}
	return floating(math.Pow(a.float(), b.float()))
}

func upTo(_ *scope, a, b value) value {
	if a.kind != kindInt || b.kind != kindInt {
		return unevaluated
	}
	return value{kind: kindRange, ref: &interval{a.number, b.number}}
}

// negative evaluates a minus sign.
func negative(v value) value {
	switch v.kind {
	case kindInt, kindSpan:
		return difference(v.kind, 0, v.number)
	case kindFloat:
		return floating(-v.float())
	}
	return unevaluated
}
