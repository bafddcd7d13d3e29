package filter

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// tree makes of a value what package json makes of its text.
func tree(s *scope, v value) any {
	switch v.kind {
	case kindNull:
		return nil
	case kindBool:
		return v.isTrue()
	case kindInt, kindFloat:
		return v.float()
	case kindText:
		return v.text
	case kindArray:
		out := []any{}
		for e, _ := over(v); e.next(s, 0); {
			out = append(out, tree(s, e.value))
		}
		return out
	case kindObject:
		out := map[string]any{}
		d, self := v.ref.(*document), uint32(v.number)
		for at := self + 1; at < d.nodes[self].next; at = d.nodes[at+1].next {
			key := d.value(s, at).text
			out[key] = tree(s, d.member(s, self, key))
		}
		return out
	}
	return "not a JSON value"
}

// checkJSON holds a document against package json.
func checkJSON(t *testing.T, text string) {
	t.Helper()
	var want any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	valid := json.Valid([]byte(text)) && deepest(text) <= maxDepth
	if valid {
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
	}
	var got document
	if ok := got.parse(text, maxNodes); ok != valid {
		t.Fatalf("%q is JSON: %v", text, ok)
	}
	if !valid || !utf8.ValidString(text) {
		return
	}
	s := open(nil, nil, nil)
	defer s.close()
	if got := tree(s, got.value(s, 0)); !reflect.DeepEqual(got, floats(want)) {
		t.Fatalf("%q is %#v, not %#v", text, got, want)
	}
}

// floats replaces numbers by float64s, also those too large for one.
func floats(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil && !math.IsInf(f, 0) {
			return err
		}
		return f
	case []any:
		for i := range v {
			v[i] = floats(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = floats(v[k])
		}
	}
	return v
}

// deepest returns how deep a JSON text is nested.
func deepest(text string) (deepest int) {
	depth := 0
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	for {
		t, err := d.Token()
		if err != nil {
			return deepest
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
			deepest = max(deepest, depth)
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}

var documents = []string{
	`{}`, `[]`, `null`, `true`, `false`, `0`, `-0`, `-1.5e+10`, `1E400`, `9007199254740993`, `123456789012345678901234567890`, `""`,
	` { "a" : [ 1 , 2 , { } ] , "b" : null } `, "\t\r\n1\n", `{"a":1,"a":2}`, `"\u00e9\ud83d\ude00\ud800x\udc00\"\\\/\b\f\n\r\t"`,
	`{"\u0061":1}`, `[[[[]]]]`, `"caf` + "\xe9" + `"`, `{"a":{"b":[{"c":"d"}]}}`,
	`"\ud83d\u0041"`, `"\ud83d\ud83d\ude00"`, `"\ud83d"`,
	``, ` `, `{`, `[`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[,1]`, `{a:1}`, `'a'`, `01`, `1.`, `.5`, `+1`, `1e`, `--1`, `"`, `"\x"`, `"\u12"`,
	`"\u12g4"`, "\"\n\"", "\"\x00\"", `nul`, `truee`, `1 2`, `{} {}`, `[1}`, `{]`, `NaN`, `"\`, `"a\`, `-`, "\ufeff{}", `//`, `[1 2]`, `{"a" 1}`, `{1:2}`,
}

// TestJSON catches text that is taken for JSON and is none, or the reverse, and
// values that come out as others.
func TestJSON(t *testing.T) {
	for _, text := range documents {
		checkJSON(t, text)
	}
}

// TestJSONBounds catches a document over a bound, or one within that is refused.
func TestJSONBounds(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for text, want := range map[string]bool{
		nested(maxDepth):                               true,
		nested(maxDepth + 1):                           false,
		strings.Repeat("[", 1<<20):                     false,
		strings.Repeat(`{"a":`, 1<<20):                 false,
		`"` + strings.Repeat("a", maxDocument-2) + `"`: true,
		`"` + strings.Repeat("a", maxDocument-1) + `"`: false,
		"[" + strings.Repeat("1,", maxNodes-2) + "1]":  true,
		"[" + strings.Repeat("1,", maxNodes-1) + "1]":  false,
	} {
		var d document
		if got := d.parse(text, maxNodes); got != want {
			t.Errorf("%d bytes %.12q… are JSON: %v", len(text), text, got)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, text := range documents {
		f.Add(text)
	}
	f.Fuzz(checkJSON)
}
