package filter

import (
	"math"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// elements goes through a list, whatever the list is made of.
type elements struct {
	of   value
	at   int64 // index of the next element
	node uint32
	// value is the element next moved to.
	value value
	left  int64
}

// over returns the elements of v. ok is false when v is no list.
func over(v value) (e elements, ok bool) {
	n, ok := size(v)
	if !ok || v.kind == kindObject || v.kind == kindHeaders {
		return elements{}, false
	}
	return elements{of: v, left: n, node: uint32(v.number) + 1}, true
}

// next moves to the next element, for which the caller does work steps of work.
// It returns false behind the last one and when the scope has nothing left.
func (e *elements) next(s *scope, work int) bool {
	if e.left <= 0 || !s.spend(1+work) {
		return false
	}
	switch e.of.kind {
	case kindList:
		e.value = (*e.of.ref.(*[]value))[e.at]
	case kindRange:
		e.value = whole(e.of.ref.(*interval).first + e.at)
	case kindArray:
		d := e.of.ref.(*document)
		e.value = d.value(s, e.node)
		e.node = d.nodes[e.node].next
	}
	e.at++
	e.left--
	return true
}

// size returns how many elements, keys or header fields v has.
func size(v value) (n int64, ok bool) {
	switch v.kind {
	case kindList:
		return int64(len(*v.ref.(*[]value))), true
	case kindRange:
		r := v.ref.(*interval)
		if r.last < r.first {
			return 0, true
		}
		return int64(min(uint64(r.last)-uint64(r.first), math.MaxInt64-1)) + 1, true
	case kindArray, kindObject:
		return int64(v.ref.(*document).nodes[v.number].end), true
	case kindHeaders:
		return int64(len(*v.ref.(*[]frame.Field))), true
	}
	return 0, false
}

// member returns what v holds under key: an element by its number, from the end
// when it is negative, a member of an object by its name, a header field by its
// name in any case. It is nil when there is no such thing or v has no parts.
func member(s *scope, v, key value) value {
	switch {
	case v.kind == kindBad || key.kind == kindBad:
		return unevaluated
	case v.kind == kindObject && key.kind == kindText:
		return v.ref.(*document).member(s, uint32(v.number), key.text)
	case v.kind == kindHeaders && key.kind == kindText:
		return header(s, *v.ref.(*[]frame.Field), key.text)
	case key.kind == kindInt:
		return nth(s, v, key.number)
	}
	return none
}

// nth returns element i of v.
func nth(s *scope, v value, i int64) value {
	if v.kind == kindText {
		if i < 0 {
			i += int64(len(v.text))
		}
		if i < 0 || i >= int64(len(v.text)) {
			return none
		}
		return whole(int64(v.text[i]))
	}
	n, ok := size(v)
	if i < 0 {
		i += n
	}
	if !ok || i < 0 || i >= n {
		return none
	}
	switch v.kind {
	case kindList:
		return (*v.ref.(*[]value))[i]
	case kindRange:
		return whole(v.ref.(*interval).first + i)
	case kindArray:
		if !s.spend(int(i)) {
			return unevaluated
		}
		d := v.ref.(*document)
		at := uint32(v.number) + 1
		for range i {
			at = d.nodes[at].next
		}
		return d.value(s, at)
	}
	return none
}

// header returns the value of a header field, those of several fields of one
// name joined by commas (RFC 9110 section 5.3), nil when there is none.
func header(s *scope, fields []frame.Field, name string) value {
	found := none
	for i := range fields {
		if !s.read(len(name)) {
			return unevaluated
		}
		if !strings.EqualFold(fields[i].Name, name) {
			continue
		}
		if found.kind == kindNull {
			found = words(fields[i].Value)
			continue
		}
		if !s.take(len(found.text) + len(fields[i].Value)) {
			return unevaluated
		}
		found.text += ", " + fields[i].Value
	}
	return found
}

// contains reports whether v has an element equal to x, or x as a key.
func contains(s *scope, v, x value) value {
	switch v.kind {
	case kindNull:
		return no
	case kindObject:
		if x.kind != kindText {
			return no
		}
		return truth(v.ref.(*document).find(s, uint32(v.number), x.text) != 0)
	case kindHeaders:
		if x.kind != kindText {
			return no
		}
		return truth(header(s, *v.ref.(*[]frame.Field), x.text).kind == kindText)
	case kindRange:
		r := v.ref.(*interval)
		if x.kind == kindFloat && orderMixed(int64(x.float()), x.float()) == 0 {
			x = whole(int64(x.float()))
		}
		return truth(x.kind == kindInt && r.first <= x.number && x.number <= r.last)
	}
	e, ok := over(v)
	if !ok {
		return unevaluated
	}
	for e.next(s, 0) {
		if same := equal(s, e.value, x); same.isTrue() {
			return yes
		}
	}
	return no
}

// slice returns the part of a text or list from one place to before another,
// both counted from the end when negative; to may be nil.
func slice(s *scope, v, from, to value) value {
	n, ok := size(v)
	if v.kind == kindText {
		n, ok = int64(len(v.text)), true
	}
	if to.kind == kindNull {
		to = whole(n)
	}
	if !ok || v.kind == kindObject || v.kind == kindHeaders || from.kind != kindInt || to.kind != kindInt {
		return unevaluated
	}
	first, last := place(from.number, n), place(to.number, n)
	first = min(first, last)
	if v.kind == kindText {
		return words(v.text[first:last])
	}
	if !s.takeList(last-first) || !s.spend(int(min(last, maxSteps+1))) {
		return unevaluated
	}
	out := make([]value, 0, last-first)
	for e, _ := over(v); e.at < last && e.next(s, 0); {
		if e.at > first {
			out = append(out, e.value)
		}
	}
	return items(out)
}

// place returns where index i is in n elements.
func place(i, n int64) int64 {
	if i < 0 {
		i += n
	}
	return max(0, min(i, n))
}
