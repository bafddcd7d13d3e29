package filter_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// environment is what expr's own machine is to know of a message.
func environment(m *frame.Message) map[string]any {
	env := map[string]any{
		"from": m.From.String(), "type": m.Type.String(), "opcode": int(m.Type) & 15, "size": int(m.Size), "frames": m.Frames,
		"text": "", "payload": string(m.Payload), "reason": m.Reason, "code": int(m.Code), "conn": int(m.Conn), "time": m.Time,
		"origin": m.Origin.String(), "compressed": m.Compressed, "json": nil, "host": "",
		"client": "client", "server": "server", "binary": "binary", "ping": "ping", "close": "close", "opaque": "opaque",
		"observed": "observed", "injected": "injected", "edited": "edited", "dropped": "dropped", "KB": 1024,
	}
	switch m.Type {
	case frame.Text, frame.Ping, frame.Pong:
		env["text"] = string(m.Payload)
	case frame.Close:
		env["text"] = m.Reason
	}
	if m.Type.Data() && json.Valid(m.Payload) {
		var v any
		_ = json.Unmarshal(m.Payload, &v)
		env["json"] = integers(v)
	}
	return env
}

// integers makes ints of the float64s that are whole, as filters read them.
func integers(v any) any {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) {
			return int(v)
		}
	case []any:
		for i := range v {
			v[i] = integers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = integers(v[k])
		}
	}
	return v
}

// operations returns a condition that computes something. It has no findLast and
// findLastIndex, which leave something behind on the stack of expr's machine.
func operations(r *rand.Rand, depth int) string {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	var number, word, list func(depth int) string
	number = func(depth int) string {
		if depth == 0 {
			return pick("0", "1", "2", "-3", "7", "2.5", "size", "opcode", "frames", "json.a", "len(text)", "len(json)", "code")
		}
		a, b := number(depth-1), number(depth-1)
		return pick("("+a+" + "+b+")", "("+a+" - "+b+")", "("+a+" * "+b+")", "("+a+" / "+b+")", "("+a+" % "+b+")", "("+a+" ** 2)", "-("+a+")",
			"abs("+a+")", "ceil("+a+")", "floor("+a+")", "round("+a+")", "int("+number(0)+")", "float("+a+")", "min("+a+", "+b+")", "max("+a+", "+b+")",
			"sum("+list(depth-1)+")", "count("+list(depth-1)+", # > 1)", "len("+list(depth-1)+")", "findIndex("+list(depth-1)+", # == 1)",
			"indexOf("+word(depth-1)+", "+word(0)+")", "lastIndexOf("+word(depth-1)+", \"a\")")
	}
	word = func(depth int) string {
		if depth == 0 {
			return pick(`"a"`, `"trade"`, `"A/b"`, `"é"`, `""`, "text", "from", "type", "payload", "json.b", "json.s", "origin")
		}
		a, b := word(depth-1), word(depth-1)
		return pick("("+a+" + "+b+")", "lower("+a+")", "upper("+a+")", "trim("+a+`, "a")`, "trimPrefix("+a+", "+b+")", "trimSuffix("+a+", "+b+")",
			"("+a+")[1:]", "("+a+")[:-1]", "("+a+")[0:2]", "string(size)", "split("+a+`, "a")[0]`, "(size > 3 ? "+a+" : "+b+")", "(json.l ?? "+a+")")
	}
	list = func(depth int) string {
		if depth == 0 {
			return pick("[1, 2, 3]", "[]", "[1, size]", "1..3", "json.l")
		}
		a := list(depth - 1)
		return pick("filter("+a+", # != 1)", "map("+a+", #)", "map("+a+", # == 1)", "("+a+")[1:]", "split("+word(depth-1)+`, "")`, "["+number(depth-1)+"]")
	}
	if depth > 0 && r.IntN(2) == 0 {
		return "(" + operations(r, depth-1) + pick(" && ", " || ", " == ", " != ") + operations(r, depth-1) + ")"
	}
	switch r.IntN(6) {
	case 0, 1:
		return number(r.IntN(3)) + pick(" == ", " != ", " < ", " <= ", " > ", " >= ") + number(r.IntN(3))
	case 2:
		return word(r.IntN(3)) + pick(" == ", " != ", " < ", " >= ", " contains ", " startsWith ", " endsWith ") + word(r.IntN(3))
	case 3:
		return pick("any", "all", "none", "one") + "(" + list(r.IntN(3)) + ", # " + pick("== 1", "!= nil", "in [1, 2]", "> 1") + ")"
	case 4:
		return pick(number(0), word(1)) + " in " + list(r.IntN(2))
	}
	return list(r.IntN(2)) + " == " + list(r.IntN(2))
}

// quirk reports whether expr could take something in text for what it is not:
// texts and objects for lists, or nil for the text "" in a list; or it is a search
// to filters.
func quirk(text string) bool {
	return text == "json" || strings.Contains(text, "(json.b, ") || strings.Contains(text, "(json, ") || strings.Contains(text, " in [") && strings.Contains(text, `""`)
}

// listed reports whether member l, if there is one, is a list.
func listed(object map[string]any) bool {
	switch object["l"].(type) {
	case nil, []any:
		return len(object) > 0
	}
	return false
}

// TestAgreesWithExpr catches an evaluation with another answer than expr's own
// machine gives where it gives one.
func TestAgreesWithExpr(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	known := types.Map{"json": types.Any}
	for name, v := range environment(message(frame.Text, frame.Client, "")) {
		if name != "json" {
			known[name] = types.TypeOf(v)
		}
	}
	agreed := 0
	for i := range 6000 {
		text := operations(r, 2)
		if i%2 == 0 {
			text = condition(r, 2)
		}
		f, err := filter.ParseMessages(text)
		if err != nil || quirk(text) {
			continue
		}
		compiled, err := expr.Compile(text, expr.Env(known), expr.AsBool())
		if err != nil {
			continue
		}
		for range 10 {
			m := anything(r)
			m.Origin %= 5
			if m.Type > 15 {
				m.Type = frame.Binary
			}
			env := environment(m)
			if object, ok := env["json"].(map[string]any); m.Time.Year() != 2026 || ok && !listed(object) {
				continue
			}
			want, err := expr.Run(compiled, env)
			if err != nil {
				continue
			}
			agreed++
			if got := f.Match(m, nil); got != want {
				t.Fatalf("%s\non %v %q\nis %v, to expr %v", text, m.Type, m.Payload, got, want)
			}
		}
	}
	if agreed < 5000 {
		t.Errorf("%d answers say too little", agreed)
	}
}
