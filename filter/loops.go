package filter

// loop is a function of the language that evaluates a predicate for the elements
// of a list. An element for which the predicate cannot be evaluated does not
// meet it.
type loop struct {
	name, usage, meaning string
	// bare is whether the predicate can be left out.
	bare bool
	// make makes the evaluation of a loop; each is nil when the predicate was
	// left out.
	make func(l looping) eval
}

var loopTable = []loop{
	{"any", "any(list, test)", "some element meets it", false, makeAny},
	{"all", "all(list, test)", "every element meets it", false, makeAll},
	{"none", "none(list, test)", "no element meets it", false, makeNone},
	{"one", "one(list, test)", "exactly one element meets it", false, makeOne},
	{"count", "count(list, test)", "how many elements meet it", true, makeCount},
	{"filter", "filter(list, test)", "the elements that meet it", false, makeFilter},
	{"find", "find(list, test)", "the first that meets it, nil without one", false, makeFind},
	{"findIndex", "findIndex(list, test)", "the number of that from 0, nil without one", false, makeFindIndex},
	{"findLast", "findLast(list, test)", "the last that meets it", false, makeFindLast},
	{"findLastIndex", "findLastIndex(list, test)", "the number of that", false, makeFindLastIndex},
	{"map", "map(list, x)", "x of each element", false, makeMap},
	{"sum", "sum(list), sum(list, x)", "the sum of the elements, or of x of each", true, makeSum},
}

var loops = func() map[string]*loop {
	m := make(map[string]*loop, len(loopTable))
	for i := range loopTable {
		m[loopTable[i].name] = &loopTable[i]
	}
	return m
}()

// looping is one loop of an expression.
type looping struct {
	list eval
	each eval // nil: the element itself
	work int  // steps each takes
}

// run calls body with every element of the list and what each made of it, until
// body returns false. It reports whether the list was one and went through within
// the scope's bounds.
func (l *looping) run(s *scope, body func(e, of value, index int64) bool) bool {
	e, ok := over(l.list(s))
	if !ok {
		return false
	}
	depth := len(s.elements)
	s.elements = append(s.elements, element{})
	for i := int64(0); e.next(s, l.work); i++ {
		of := e.value
		if l.each != nil {
			s.elements[depth] = element{e.value, i}
			of = l.each(s)
		}
		if !body(e.value, of, i) {
			break
		}
	}
	s.elements = s.elements[:depth]
	return !s.spent()
}

// search finds the first element that meets the predicate, or the last.
func (l *looping) search(s *scope, last bool) (found value, index int64, ok bool) {
	found, index = none, -1
	ok = l.run(s, func(e, of value, i int64) bool {
		if of.isTrue() {
			found, index = e, i
			return last
		}
		return true
	})
	return found, index, ok
}

// result returns v when ok.
func result(v value, ok bool) value {
	if !ok {
		return unevaluated
	}
	return v
}

func makeAny(l looping) eval {
	return func(s *scope) value {
		_, i, ok := l.search(s, false)
		return result(truth(i >= 0), ok)
	}
}

func makeNone(l looping) eval {
	return func(s *scope) value {
		_, i, ok := l.search(s, false)
		return result(truth(i < 0), ok)
	}
}

func makeAll(l looping) eval {
	return func(s *scope) value {
		all := true
		ok := l.run(s, func(_, of value, _ int64) bool {
			all = of.isTrue()
			return all
		})
		return result(truth(all), ok)
	}
}

func (l *looping) count(s *scope, most int64) (n int64, ok bool) {
	ok = l.run(s, func(_, of value, _ int64) bool {
		if of.isTrue() {
			n++
		}
		return n < most
	})
	return n, ok
}

func makeOne(l looping) eval {
	return func(s *scope) value {
		n, ok := l.count(s, 2)
		return result(truth(n == 1), ok)
	}
}

func makeCount(l looping) eval {
	return func(s *scope) value {
		n, ok := l.count(s, maxSteps)
		return result(whole(n), ok)
	}
}

func makeFind(l looping) eval {
	return func(s *scope) value {
		found, _, ok := l.search(s, false)
		return result(found, ok)
	}
}

func makeFindLast(l looping) eval {
	return func(s *scope) value {
		found, _, ok := l.search(s, true)
		return result(found, ok)
	}
}

// numbered returns the number of an element, nil for -1.
func numbered(i int64) value {
	if i < 0 {
		return none
	}
	return whole(i)
}

func makeFindIndex(l looping) eval {
	return func(s *scope) value {
		_, i, ok := l.search(s, false)
		return result(numbered(i), ok)
	}
}

func makeFindLastIndex(l looping) eval {
	return func(s *scope) value {
		_, i, ok := l.search(s, true)
		return result(numbered(i), ok)
	}
}

func makeFilter(l looping) eval {
	return func(s *scope) value {
		var out []value
		ok := l.run(s, func(e, of value, _ int64) bool {
			if of.isTrue() && s.takeList(1) {
				out = append(out, e)
			}
			return !s.spent()
		})
		return result(items(out), ok)
	}
}

func makeMap(l looping) eval {
	return func(s *scope) value {
		var out []value
		ok := l.run(s, func(_, of value, _ int64) bool {
			if s.takeList(1) {
				out = append(out, of)
			}
			return !s.spent()
		})
		return result(items(out), ok)
	}
}

func makeSum(l looping) eval {
	return func(s *scope) value {
		total := whole(0)
		ok := l.run(s, func(_, of value, _ int64) bool {
			total = add(s, total, of)
			return total.kind != kindBad
		})
		return result(total, ok)
	}
}
