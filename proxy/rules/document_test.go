package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// TestDocument catches an edit of JSON that changes anything else than what its
// path leads to: order, blanks, digits, escapes.
func TestDocument(t *testing.T) {
	tests := []struct{ text, path, value, set, removed string }{
		{`{"a":1}`, "$.a", "2", `{"a":2}`, `{}`},
		{`{ "a" : 1 , "b" : 2 }`, "$.a", `"x"`, `{ "a" : "x" , "b" : 2 }`, `{ "b" : 2 }`},
		{`{ "a" : 1 , "b" : 2 }`, "$.b", `[]`, `{ "a" : 1 , "b" : [] }`, `{ "a" : 1 }`},
		{`{"a":1, "b":2, "c":3}`, "$.b", "0", `{"a":1, "b":0, "c":3}`, `{"a":1, "c":3}`},
		{`{"big":12345678901234567890123, "f":1.0e+05}`, "$.f", "1", `{"big":12345678901234567890123, "f":1}`, `{"big":12345678901234567890123}`},
		{"{\r\n\t\"a\": {\"b\": [1, [2, 3], {\"c\": null}]}\r\n}", "$.a.b[2].c", "true", "{\r\n\t\"a\": {\"b\": [1, [2, 3], {\"c\": true}]}\r\n}", "{\r\n\t\"a\": {\"b\": [1, [2, 3], {}]}\r\n}"},
		{`[1,2,3]`, "$[0]", "9", `[9,2,3]`, `[2,3]`},
		{`[1, 2, 3]`, "$[2]", "9", `[1, 2, 9]`, `[1, 2]`},
		{`[1,2,3]`, "$[3]", "9", `[1,2,3,9]`, ""},
		{`[1,2,3]`, "$[4]", "9", "", ""},
		{`[ ]`, "$[0]", "9", `[9 ]`, ""},
		{`{}`, "$.a", "9", `{"a":9}`, ""},
		{` {"a" : {} } `, "$.a.b", "9", ` {"a" : {"b":9} } `, ""},
		{`{"a":{"x":1}}`, `$.a["b\"c"]`, "9", `{"a":{"x":1,"b\"c":9}}`, ""},
		{`{"a":{"x":1}}`, "$.b.c", "9", "", ""},
		{`{"a":[1]}`, "$.a.b", "9", "", ""},
		{`{"a":{"b":1}}`, "$.a[0]", "9", "", ""},
		{`{"a":1}`, "$.a.b", "9", "", ""},
		{`{"a":1}`, "$.a[0]", "9", "", ""},
		{`"text"`, "$.a", "9", "", ""},
		{` "text" `, "$", "9", ` 9 `, ""},
		{`-1.5e3`, "$", "{}", `{}`, ""},
		{`{"a":1,"b":2,"a":3}`, "$.a", "9", `{"a":1,"b":2,"a":9}`, `{"b":2}`},
		{`{"a":1,"a":3}`, "$.a", "9", `{"a":1,"a":9}`, `{}`},
		{`{"\u0061\/":{"b":1}}`, `$["a/"].b`, "9", `{"\u0061\/":{"b":9}}`, `{"\u0061\/":{}}`},
		{`{"a\"]}":1,"b":"}\\\"","c":[]}`, "$.c", "9", `{"a\"]}":1,"b":"}\\\"","c":9}`, `{"a\"]}":1,"b":"}\\\""}`},
		{`{"":1}`, `$[""]`, "9", `{"":9}`, `{}`},
		{`{"$.a":1}`, "$.$", "9", `{"$.a":1,"$":9}`, ""},
		{`{"é":1}`, "$.é", "9", `{"é":9}`, `{}`},
		{`{"a":"\ud800"}`, "$.a", "9", `{"a":9}`, `{}`},
	}
	for _, test := range tests {
		r := &reader{file: "x"}
		p := r.pathIn(nil, test.path, 0, test.path, "$")
		if r.fault != nil {
			t.Errorf("%s: %v", test.path, r.fault)
			continue
		}
		d, _ := open([]byte(test.text), 1)
		if got, ok := d.set(p, []byte(test.value)); string(got) != test.set || ok != (test.set != "") {
			t.Errorf("%s with %s as %s\n got %s, %t\nwant %s", test.text, test.path, test.value, got, ok, test.set)
		}
		if len(p) == 0 {
			continue
		}
		if got, ok := d.remove(p); ok != (test.removed != "") || ok && string(got) != test.removed {
			t.Errorf("%s without %s\n got %s, %t\nwant %s", test.text, test.path, got, ok, test.removed)
		}
	}
	for _, text := range []string{"", " ", "{", `{"a":1,}`, "01", `{"a" 1}`, "[1 2]", `"a`, "nul", "{}{}", "\xff", strings.Repeat("[", 20000)} {
		if d, _ := open([]byte(text), 1); d != nil {
			t.Errorf("%.40q was taken for JSON", text)
		}
	}
}

// TestDocumentModel catches an edit that means something else than the same edit
// of what the standard library reads of the text.
func TestDocumentModel(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var b strings.Builder
		paths := []path{}
		write(&b, dice, nil, &paths, 0)
		text := []byte(b.String())
		d, _ := open(text, 1)
		if d == nil {
			t.Fatalf("%s is no JSON", text)
		}
		p := paths[dice.IntN(len(paths))]
		old, ok := d.at(p)
		if !ok {
			t.Fatalf("%s has no %s", text, p)
		}
		set, ok := d.set(p, []byte(`{"new":[1]}`))
		if want := with(decoded(text), p, map[string]any{"new": []any{json.Number("1")}}); !ok || !reflect.DeepEqual(decoded(set), want) {
			t.Fatalf("%s with %s\n got %s\nwant %v", text, p, set, want)
		}
		// What is around it is still there, byte for byte.
		at := bytes.Index(set, []byte(`{"new":[1]}`))
		if got := string(set[:at]) + string(old) + string(set[at+11:]); got != string(text) {
			t.Fatalf("%s\nbecame %s", text, set)
		}
		if len(p) == 0 {
			continue
		}
		removed, ok := d.remove(p)
		if want := without(decoded(text), p); !ok || !reflect.DeepEqual(decoded(removed), want) {
			t.Fatalf("%s without %s\n got %s\nwant %v", text, p, removed, want)
		}
	}
}

// write writes JSON at random, and notes the paths of all there is in it.
func write(b *strings.Builder, dice *rand.Rand, at path, paths *[]path, depth int) {
	*paths = append(*paths, append(path{}, at...))
	blank := func() { b.WriteString([]string{"", "", " ", "\n\t", "\r\n"}[dice.IntN(5)]) }
	scalars := []string{"0", "-1.5e+10", "12345678901234567890", "true", "null", `"a"`, `"\"}]\\"`, `"\u00e9, :"`, `""`}
	kind := dice.IntN(4)
	if depth > 4 || kind > 1 {
		b.WriteString(scalars[dice.IntN(len(scalars))])
		return
	}
	b.WriteByte("[{"[kind])
	for i := range dice.IntN(4) {
		if i > 0 {
			b.WriteByte(',')
		}
		blank()
		next := step{index: i}
		if kind == 1 {
			next = step{fmt.Sprintf(`k"\%d`, i), -1}
			b.Write(appendQuoted(nil, []byte(next.key)))
			blank()
			b.WriteByte(':')
			blank()
		}
		write(b, dice, append(at, next), paths, depth+1)
		blank()
	}
	b.WriteByte("]}"[kind])
}

func decoded(text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err
	}
	return v
}

func with(v any, p path, value any) any {
	if len(p) == 0 {
		return value
	}
	switch v := v.(type) {
	case map[string]any:
		v[p[0].key] = with(v[p[0].key], p[1:], value)
	case []any:
		v[p[0].index] = with(v[p[0].index], p[1:], value)
	}
	return v
}

func without(v any, p path) any {
	switch v := v.(type) {
	case map[string]any:
		if len(p) == 1 {
			delete(v, p[0].key)
			return v
		}
		v[p[0].key] = without(v[p[0].key], p[1:])
		return v
	case []any:
		i := p[0].index
		if len(p) == 1 {
			return append(v[:i:i], v[i+1:]...)
		}
		v[i] = without(v[i], p[1:])
		return v
	}
	return v
}
