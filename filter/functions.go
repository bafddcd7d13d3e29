package filter

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"
)

// arguments are what a function was called with; all were evaluated.
type arguments [3]value

// function is a function of the language that looks at its arguments only.
type function struct {
	name     string
	least    int // how many arguments it takes
	most     int
	usage    string
	meaning  string
	evaluate func(s *scope, a arguments) value
}

// functionTable is those functions of expr's that filters offer; expr checks how
// they are called.
var functionTable = []function{
	{"len", 1, 1, "len(x)", "characters of a text, elements of a list, keys of an object", lengthOf},
	{"lower", 1, 1, "lower(text)", "in small letters", ofText(func(s *scope, t string) value { return made(s, len(t), func() string { return strings.ToLower(t) }) })},
	{"upper", 1, 1, "upper(text)", "in capitals", ofText(func(s *scope, t string) value { return made(s, len(t), func() string { return strings.ToUpper(t) }) })},
	{"trim", 1, 2, "trim(text), trim(text, chars)", "without blanks or these characters at both ends", trim},
	{"trimPrefix", 2, 2, "trimPrefix(text, start)", "without this start", ofTexts(func(a, b string) value { return words(strings.TrimPrefix(a, b)) })},
	{"trimSuffix", 2, 2, "trimSuffix(text, end)", "without this end", ofTexts(func(a, b string) value { return words(strings.TrimSuffix(a, b)) })},
	{"hasPrefix", 2, 2, "hasPrefix(text, start)", "as startsWith", ofTexts(func(a, b string) value { return truth(strings.HasPrefix(a, b)) })},
	{"hasSuffix", 2, 2, "hasSuffix(text, end)", "as endsWith", ofTexts(func(a, b string) value { return truth(strings.HasSuffix(a, b)) })},
	{"indexOf", 2, 2, "indexOf(text, part)", "where the part begins in bytes from 0, -1 without it", ofTexts(func(a, b string) value { return whole(int64(strings.Index(a, b))) })},
	{"lastIndexOf", 2, 2, "lastIndexOf(text, part)", "where it begins last", ofTexts(func(a, b string) value { return whole(int64(strings.LastIndex(a, b))) })},
	{"split", 2, 3, "split(text, by), split(text, by, n)", "the parts as a list, n at most", split},
	{"int", 1, 1, "int(x)", "a number or text as a whole number", toInt},
	{"float", 1, 1, "float(x)", "a number or text as a number with a fraction", toFloat},
	{"string", 1, 1, "string(x)", "a number, yes or no as text", toText},
	{"abs", 1, 1, "abs(n)", "without its sign", abs},
	{"ceil", 1, 1, "ceil(n)", "rounded up", rounded(math.Ceil)},
	{"floor", 1, 1, "floor(n)", "rounded down", rounded(math.Floor)},
	{"round", 1, 1, "round(n)", "rounded to the nearest", rounded(math.Round)},
	{"min", 1, 3, "min(a, b), min(list)", "the smallest number", extreme(-1)},
	{"max", 1, 3, "max(a, b), max(list)", "the largest number", extreme(1)},
	{"first", 1, 1, "first(list)", "its first element, nil of an empty list", func(s *scope, a arguments) value { return nth(s, a[0], 0) }},
	{"last", 1, 1, "last(list)", "its last element", func(s *scope, a arguments) value { return nth(s, a[0], -1) }},
	{"get", 2, 2, "get(x, key)", "as x[key]", func(s *scope, a arguments) value { return member(s, a[0], a[1]) }},
	{"keys", 1, 1, "keys(object)", "its keys as a list", parts(0)},
	{"values", 1, 1, "values(object)", "its values as a list", parts(1)},
	{"fromJSON", 1, 1, "fromJSON(text)", "JSON within a text, nil when it is none", fromJSON},
	{"fromBase64", 1, 1, "fromBase64(text)", "what is in Base64", ofText(fromBase64)},
	{"date", 1, 2, "date(text), date(text, layout)", `a time: "2026-01-02", "2026-01-02 15:04:05" in UTC, "2026-01-02T15:04:05Z"`, date},
	{"duration", 1, 1, "duration(text)", `a duration, such as "1.5s" or "2h30m"`, ofText(duration)},
}

// functions is functionTable by name.
var functions = func() map[string]*function {
	m := make(map[string]*function, len(functionTable))
	for i := range functionTable {
		m[functionTable[i].name] = &functionTable[i]
	}
	return m
}()

// ofText makes a function of one text.
func ofText(f func(s *scope, t string) value) func(*scope, arguments) value {
	return func(s *scope, a arguments) value {
		if a[0].kind != kindText || !s.read(len(a[0].text)) {
			return unevaluated
		}
		return f(s, a[0].text)
	}
}

// ofTexts makes a function of two texts.
func ofTexts(f func(a, b string) value) func(*scope, arguments) value {
	return func(s *scope, a arguments) value {
		if a[0].kind != kindText || a[1].kind != kindText || !s.read(len(a[0].text)) {
			return unevaluated
		}
		return f(a[0].text, a[1].text)
	}
}

// made returns a text of so many bytes that has to be made.
func made(s *scope, bytes int, make func() string) value {
	if !s.take(bytes) {
		return unevaluated
	}
	return words(make())
}

func lengthOf(s *scope, a arguments) value {
	if a[0].kind == kindText {
		if !s.read(len(a[0].text)) {
			return unevaluated
		}
		return whole(int64(utf8.RuneCountInString(a[0].text)))
	}
	if n, ok := size(a[0]); ok {
		return whole(n)
	}
	return unevaluated
}

func trim(s *scope, a arguments) value {
	if a[0].kind != kindText || !s.read(len(a[0].text)) {
		return unevaluated
	}
	switch a[1].kind {
	case kindBad:
		return words(strings.TrimSpace(a[0].text))
	case kindText:
		if len(a[1].text) > 64 {
			return unevaluated // Trim takes time by both lengths.
		}
		return words(strings.Trim(a[0].text, a[1].text))
	}
	return unevaluated
}

func split(s *scope, a arguments) value {
	if a[0].kind != kindText || a[1].kind != kindText {
		return unevaluated
	}
	n := int64(-1)
	if a[2].kind == kindInt {
		n = a[2].number
	}
	in, by := a[0].text, a[1].text
	most := strings.Count(in, by) + 1
	if !s.take(len(in)) || !s.takeList(int64(most)) {
		return unevaluated
	}
	found := strings.SplitN(in, by, int(max(-1, min(n, int64(most)))))
	out := make([]value, len(found))
	for i := range found {
		out[i] = words(found[i])
	}
	return items(out)
}

func toInt(_ *scope, a arguments) value {
	switch v := a[0]; v.kind {
	case kindInt:
		return v
	case kindFloat:
		if f := v.float(); f >= -1<<63 && f < 1<<63 {
			return whole(int64(f))
		}
	case kindText:
		if len(v.text) <= 64 {
			if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
				return whole(n)
			}
		}
	}
	return unevaluated
}

func toFloat(_ *scope, a arguments) value {
	switch v := a[0]; v.kind {
	case kindInt, kindFloat:
		return floating(v.float())
	case kindText:
		if len(v.text) <= 512 {
			if f, err := strconv.ParseFloat(v.text, 64); err == nil {
				return floating(f)
			}
		}
	}
	return unevaluated
}

func toText(s *scope, a arguments) value {
	if !s.take(32) {
		return unevaluated
	}
	switch v := a[0]; v.kind {
	case kindText:
		return v
	case kindInt:
		return words(strconv.FormatInt(v.number, 10))
	case kindFloat:
		return words(strconv.FormatFloat(v.float(), 'g', -1, 64))
	case kindBool:
		return words(strconv.FormatBool(v.isTrue()))
	}
	return unevaluated
}

func abs(_ *scope, a arguments) value {
	if v := a[0]; v.kind == kindInt && v.number < 0 || v.kind == kindFloat && v.float() < 0 {
		return negative(v)
	}
	if !a[0].isNumber() {
		return unevaluated
	}
	return a[0]
}

func rounded(round func(float64) float64) func(*scope, arguments) value {
	return func(_ *scope, a arguments) value {
		if !a[0].isNumber() {
			return unevaluated
		}
		return floating(round(a[0].float()))
	}
}

// extreme makes min, with a sign of -1, and max, with 1.
func extreme(sign int) func(*scope, arguments) value {
	return func(s *scope, a arguments) value {
		best := unevaluated
		better := func(v value) bool {
			if !v.isNumber() {
				return false
			}
			if best.kind == kindBad || orderNumbers(v, best) == sign {
				best = v
			}
			return true
		}
		for i, v := range a {
			if i > 0 && v.kind == kindBad {
				break // there are no more
			}
			if e, ok := over(v); ok {
				for e.next(s, 0) {
					if !better(e.value) {
						return unevaluated
					}
				}
			} else if !better(v) {
				return unevaluated
			}
		}
		return best
	}
}

// parts makes keys, with 0, and values, with 1.
func parts(which uint32) func(*scope, arguments) value {
	return func(s *scope, a arguments) value {
		if a[0].kind != kindObject {
			return unevaluated
		}
		d, self := a[0].ref.(*document), uint32(a[0].number)
		if !s.takeList(int64(d.nodes[self].end)) {
			return unevaluated
		}
		out := make([]value, 0, d.nodes[self].end)
		for at := self + 1; at < d.nodes[self].next; at = d.nodes[at+1].next {
			out = append(out, d.value(s, at+which))
		}
		return items(out)
	}
}

func fromJSON(s *scope, a arguments) value {
	if a[0].kind == kindNull {
		return none
	}
	if a[0].kind != kindText || !s.spend(1+len(a[0].text)>>2) {
		return unevaluated
	}
	const nodeSize = int(unsafe.Sizeof(node{}))
	d := new(document)
	if !d.parse(a[0].text, s.room/nodeSize) {
		if d.full && d.limit < maxNodes {
			s.room = -1
		}
		return none
	}
	if !s.take(cap(d.nodes) * nodeSize) {
		return unevaluated
	}
	return d.value(s, 0)
}

func fromBase64(s *scope, t string) value {
	if !s.take(len(t)) {
		return unevaluated
	}
	out, err := base64.StdEncoding.DecodeString(t)
	if err != nil {
		return unevaluated
	}
	return words(view(out))
}

// layouts are the forms of a date, the ones without a zone in UTC.
var layouts = []string{time.RFC3339, time.DateOnly, time.DateTime, time.RFC1123Z, time.RFC1123, time.RFC850, time.RFC822}

func date(s *scope, a arguments) value {
	const longest = 128
	if a[0].kind != kindText || len(a[0].text) > longest || !s.take(longest) || !s.spend(100) {
		return unevaluated
	}
	try := layouts
	if a[1].kind == kindText && len(a[1].text) <= longest {
		try = []string{a[1].text}
	}
	for _, layout := range try {
		if t, err := time.Parse(layout, a[0].text); err == nil {
			return at(t)
		}
	}
	return unevaluated
}

func duration(_ *scope, t string) value {
	if len(t) <= 64 {
		if d, err := time.ParseDuration(t); err == nil {
			return lasting(int64(d))
		}
	}
	return unevaluated
}
