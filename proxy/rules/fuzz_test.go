package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// everything has every action over messages, and several ways of each.
const everything = `seed: 1
rules:
- {name: text, replace: {text: "a", with: "bb", all: true}, when: size % 2 == 0}
- {name: pattern, replace: {pattern: '"([^"]*)":(\d+)', with: '"$2":$1$$', all: true}, when: '"swap"'}
- {name: first, replace: {pattern: '(?i)(x|y)+$', with: '<$0>'}}
- {name: set, replace: {json: '$.a["b c"][1]', set: {x: [1, "y", null]}}}
- {name: delete, replace: {json: $.d, delete: true}}
- {name: root, replace: {json: $, set: 1}, when: json == 7}
- {name: delay, delay: {fixed: 1ms, jitter: 1ms}}
- {name: duplicate, duplicate: 2}
- {name: reorder, reorder: 5}
- {name: split, split: 3}
- {name: truncate, truncate: 300}
- {name: bytes, corrupt: {bytes: 2}, when: json.corrupt != nil}
- {name: pass, answer: {pass: true, send: [{text: "{{json.id}}"}, {json: {id: "{{json.id}}", all: ["<{{json.a[0]}}>"]}}, {base64: AA==}]}}
- {name: groups, answer: {pattern: 'id=(.+)', json: ["$1", "{{json}}"], pass: true}}
- {name: count, silence: {after: {messages: 100}}, from: client}
- {name: close, close: {code: 1001, reason: bye}, when: json.close == true}
- {name: drop, drop: true, when: text startsWith "drop"}
- {name: refuse, refuse: 503, when: "/refuse/"}
- {name: headers, headers: {request: {set: {A: b}, remove: Cookie}}}
- {name: map, map: {host: a.example}}
`

// FuzzParse catches a text that breaks the parser, and a fault without a place.
func FuzzParse(f *testing.F) {
	f.Add(everything)
	f.Add("rules: [{drop: true, when: \"a\\u00e9\\\n  b == \"}]")
	f.Add("rules:\n- &a {drop: true}\n- *a\n- ? [x]\n  : {<<: *a}\n- !!set {}")
	f.Add("rules: [{replace: {json: '$[\"a', set: {a: 0x1, 1: ~}}}]\r\n---\r\n")
	f.Add("%YAML 1.1\n---\nrules: |\n x")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("x", []byte(text))
		if err != nil {
			fault, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("%T is no *Error", err)
			}
			lines := strings.FieldsFunc(text+"\n.", func(c rune) bool { return strings.ContainsRune("\r\n\u0085\u2028\u2029", c) })
			all := strings.Count(text, "\n") + strings.Count(text, "\r") + len(lines) + 1
			if fault.Line < 1 || fault.Line > all || fault.Column < 1 || fault.Column > utf8.RuneCountInString(text)+2 || fault.Message == "" {
				t.Fatalf("%+v", fault)
			}
			for _, said := range []string{fault.Message, fault.Suggestion} {
				if harmless(said) != said {
					t.Fatalf("%q can harm a terminal", said)
				}
			}
			return
		}
		for _, r := range s.Rules() {
			if r.Name == "" || r.Does == "" || harmless(r.Does) != r.Does || r.Line < 1 {
				t.Fatalf("%+v", r)
			}
		}
		again, err := Parse("x", []byte(s.Text()))
		if err != nil {
			t.Fatalf("parsed again: %v", err)
		}
		again.Inherit(s)
		s.Handshake(connection(1))
		if c := s.Open(connection(1)); c != nil {
			c.Apply(binary(frame.Client, text), noon)
			c.Expire(noon.Add(time.Hour))
		}
	})
}

// FuzzApply catches a message that breaks a rule, is changed itself, becomes
// more than it may, or stops being the text or the JSON it was.
func FuzzApply(f *testing.F) {
	for _, payload := range []string{
		`{"a":{"b c":[1,2]},"d":[],"id":"x"}`, `{"a":1,"swap":2,"id":{"deep":[1]},"corrupt":1}`, "drop", "id=1xX", "7", `{"close":true}`,
		"\xff\xfe", strings.Repeat("[", 2000), strings.Repeat("a", 2000), `{"id":"\ud800\u0000","a":["\""]}`, "{\"a\":1}\x00",
	} {
		f.Add([]byte(payload), true)
		f.Add([]byte(payload), false)
	}
	f.Fuzz(func(t *testing.T, payload []byte, asText bool) {
		s := parse(t, everything)
		c := s.Open(connection(1))
		m := binary(frame.Server, string(payload))
		if asText {
			m.Type = frame.Text
		}
		o := c.Apply(m, noon)
		if string(m.Payload) != string(payload) {
			t.Fatal("the message was changed")
		}
		if asText && o.Edited && utf8.Valid(payload) && !utf8.Valid(o.Payload) {
			t.Fatalf("%q became %q", payload, o.Payload)
		}
		if o.Edited == (o.Payload == nil) && len(o.Payload) > 0 || len(o.Payload) > MaxResult {
			t.Fatalf("edited %t, %d bytes", o.Edited, len(o.Payload))
		}
		for _, a := range o.Answers {
			if a.Type == frame.Text && !utf8.Valid(a.Payload) {
				t.Fatalf("answered by %q", a.Payload)
			}
		}
		for i, a := range o.Answers {
			if (i == 1 || i == 0 && len(o.Answers) == 1) && len(o.Answers) != 3 && !json.Valid(a.Payload) {
				t.Fatalf("answered by %q", a.Payload)
			}
		}
		if d, _ := open(payload, 1); d != nil {
			for _, p := range []path{nil, {{"a", -1}}, {{"a", -1}, {"", 0}}, {{"", 1}}} {
				if text, ok := d.set(p, []byte("[1]")); ok && !json.Valid(text) {
					t.Fatalf("%s became %s", payload, text)
				}
				if len(p) == 0 {
					continue
				}
				if text, ok := d.remove(p); ok && !json.Valid(text) {
					t.Fatalf("%s became %s", payload, text)
				}
			}
		}
		_ = fmt.Sprint(s.Rules())
	})
}
