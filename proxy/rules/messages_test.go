package rules

import (
	"bytes"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// TestMessages catches an action that does something else to a message than it
// says. A payload with b: before it is binary, all are from the server.
func TestMessages(t *testing.T) {
	tests := []struct{ rules, payload, want string }{
		{"drop: true", "x", "drop; by rule 1"},
		{"drop: true\n  name: no x", "x", "drop; by no x"},
		{"drop: true\n  off: true", "x", "pass"},
		{"drop: true\n  when: json.a == 1", `{"a":1}`, "drop; by rule 1"},
		{"drop: true\n  when: json.a == 1", `{"a":2}`, "pass"},
		{"drop: true\n  when: host == 'api.example.com' && from == server", "x", "drop; by rule 1"},
		{"drop: true\n  when: from == client", "x", "pass"},
		{"drop: true\n  from: client", "x", "pass"},
		{"drop: true\n  from: server", "x", "drop; by rule 1"},
		{"drop: true\n  when: type == binary", "x", "pass"},
		{"drop: true\n  when: type == binary", "b:x", "drop; by rule 1"},

		{"replace: {text: cat, with: dog}", "cat cat", `edited "dog cat"; by rule 1`},
		{"replace: {text: cat, with: dog, all: true}", "cat cat", `edited "dog dog"; by rule 1`},
		{"replace: {text: cat, with: dog, all: false}", "cat cat", `edited "dog cat"; by rule 1`},
		{"replace: {text: cat, with: ''}", "cat cat", `edited " cat"; by rule 1`},
		{"replace: {text: cat, with: dog}", "Cat", "pass"},
		{"replace: {text: cat, with: cat}", "cat", "pass"},
		{"replace: {text: 4, with: 5}", "4", `edited "5"; by rule 1`},
		{"replace: {text: a, with: $1}", "a", `edited "$1"; by rule 1`},
		{`replace: {text: "\x01", with: "\x02\xe9"}`, "b:\x01\xff", "edited \"\\x02é\\xff\"; by rule 1"},

		{"replace: {pattern: '([a-z]+)=(\\d+)', with: '$2=$1'}", "a=1 b=2", `edited "1=a b=2"; by rule 1`},
		{"replace: {pattern: '([a-z]+)=(\\d+)', with: '$2=$1', all: true}", "a=1 b=2 c", `edited "1=a 2=b c"; by rule 1`},
		{"replace: {pattern: '(?P<k>[a-z])(x)?', with: '<${k}$2$$>', all: true}", "axb", `edited "<ax$><b$>"; by rule 1`},
		{"replace: {pattern: '^a', with: b, all: true}", "aaa", `edited "baa"; by rule 1`},
		{"replace: {pattern: 'b*', with: '-', all: true}", "abc", `edited "-a-c-"; by rule 1`},
		{"replace: {pattern: a, with: b}", "x", "pass"},
		{"replace: {pattern: a, with: '{{json.a}}'}", "a", `edited "{{json.a}}"; by rule 1`},
		{"replace: {pattern: ., with: x, all: true}", "b:\xff\x00é", `edited "xxx"; by rule 1`},

		{"replace: {json: $.a, set: 2}", `{ "a" : 1 }`, `edited "{ \"a\" : 2 }"; by rule 1`},
		{"replace: {json: $.a, set: 1}", `{ "a" : 1 }`, "pass"},
		{"replace: {json: $.b.c, set: 1}", `{"a":1}`, "pass"},
		{"replace: {json: $.a, delete: true}", `{"a":1,"b":2}`, `edited "{\"b\":2}"; by rule 1`},
		{"replace: {json: $.a, set: 2}", `{"a":1`, "pass"},
		{"replace: {json: $.a, set: 2}", "b:{\"a\":1}", `edited "{\"a\":2}"; by rule 1`},
		{"replace: {json: $.a, set: '{{json.b}} $1'}", `{"a":1}`, `edited "{\"a\":\"{{json.b}} $1\"}"; by rule 1`},

		{"delay: 200ms", "x", "delay 200ms; by rule 1"},
		{"delay: {fixed: 1.5s}", "x", "delay 1.5s; by rule 1"},
		{"duplicate: 2", "x", "copies 2; by rule 1"},
		{"reorder: 1", "x", "behind 1; by rule 1"},
		{"split: 3", "x", "fragments 3; by rule 1"},

		{"truncate: 2", "abc", `edited "ab"; by rule 1`},
		{"truncate: 3", "abc", "pass"},
		{"truncate: 0", "abc", `edited ""; by rule 1`},
		{"truncate: 2", "aé", `edited "a"; by rule 1`},
		{"truncate: 3", "😀", `edited ""; by rule 1`},
		{"truncate: 2", "b:aé", `edited "a\xc3"; by rule 1`},
		{"truncate: 1KB", strings.Repeat("a", 1025), `edited "` + strings.Repeat("a", 1024) + `"; by rule 1`},

		{"answer: {text: pong}", "ping", `drop; answer text "pong"; by rule 1`},
		{"answer: {text: pong, pass: true}", "ping", `answer text "pong"; by rule 1`},
		{"answer: {text: 'costs $5 {{json.id}} {{json.n}}'}", `{"id":"a\"b","n":1e2}`, `drop; answer text "costs $5 a\"b 1e2"; by rule 1`},
		{"answer: {base64: AAH/}", "x", `drop; answer binary "\x00\x01\xff"; by rule 1`},
		{"answer: {pattern: '\"id\":(\\d+)', text: 'id $1'}", `{"id":42}`, `drop; answer text "id 42"; by rule 1`},
		{"answer: {pattern: '\"id\":(\\d+)', text: 'id $1'}", `{"id":"x"}`, "pass"},
		{"answer: {pattern: '(.)', text: 'got $1'}", "b:\xff", `drop; answer text "got ` + "\uFFFD" + `"; by rule 1`},
		{`answer: {json: {id: "{{json.id}}", all: "{{ json }}", s: "<{{json.s}}>", l: [1.50, true, null, x]}}`, `{"id":123456789012345678901, "s":"\u00e9\""}`,
			`drop; answer text "{\"id\":123456789012345678901,\"all\":{\"id\":123456789012345678901, \"s\":\"\\u00e9\\\"\"},\"s\":\"<é\\\">\",\"l\":[1.50,true,null,\"x\"]}"; by rule 1`},
		{`answer: {pattern: '(.*)', json: {s: "$1"}}`, "a\"b\\", `drop; answer text "{\"s\":\"a\\\"b\\\\\"}"; by rule 1`},
		{"answer: {text: 'a {{json.id}}'}", `{"ID":1}`, "pass"},
		{"answer: {text: 'a {{json.id}}'}", `no JSON`, "pass"},
		{"answer: {send: [{text: a}, {json: 1}, {base64: Yg==}]}", "x", `drop; answer text "a"; answer text "1"; answer binary "b"; by rule 1`},
		{`answer: {text: '{{json["a b"][1].c}}'}`, `{"a b":[0,{"c":"deep"}]}`, `drop; answer text "deep"; by rule 1`},

		{"close: 1011", "x", `close 1011 ""; by rule 1`},
		{"close: true", "x", `close 0 ""; by rule 1`},
		{"close: {code: 4000, reason: go}", "x", `close 4000 "go"; by rule 1`},
		{"reset: true", "x", "reset; by rule 1"},
		{"silence: true", "x", "silence; by rule 1"},

		// One after the other.
		{"replace: {text: a, with: b}\n- replace: {text: b, with: c}", "a", `edited "c"; by rule 1, rule 2`},
		{"replace: {text: a, with: b}\n- drop: true\n  when: '\"b\"'", "a", "drop; by rule 1, rule 2"},
		{"replace: {text: a, with: bb}\n- drop: true\n  when: size == 1", "a", `edited "bb"; by rule 1`},
		{"drop: true\n- delay: 1s", "a", "drop; by rule 1"},
		{"delay: 1s\n- delay: 2s\n- duplicate: 1\n- duplicate: 1\n- split: 2", "a", "delay 3s; copies 2; fragments 2; by rule 1, rule 2, rule 3, rule 4, rule 5"},
		{"delay: 1h\n- delay: 1h", "a", "delay 1h0m0s; by rule 1, rule 2"},
		{"close: 1000\n- replace: {text: a, with: b}", "a", `close 1000 ""; by rule 1`},
		{"replace: {text: a, with: b}\n- close: 1000", "a", `edited "b"; close 1000 ""; by rule 1, rule 2`},
		{"answer: {text: x, pass: true}\n- drop: true", "a", `drop; answer text "x"; by rule 1, rule 2`},
		{"answer: {text: x, pass: true}\n- answer: {text: y}\n- answer: {text: z}", "a", `drop; answer text "x"; answer text "y"; by rule 1, rule 2`},
	}
	for _, test := range tests {
		m := text(frame.Server, test.payload)
		if data, ok := strings.CutPrefix(test.payload, "b:"); ok {
			m = binary(frame.Server, data)
		}
		before := string(m.Payload)
		got := "pass"
		if c := parse(t, test.rules).Open(connection(1)); c != nil && c.Wants(frame.Server) {
			got = say(c.Apply(m, noon))
		}
		if got != test.want {
			t.Errorf("%s\non %q\n got %s\nwant %s", test.rules, test.payload, got, test.want)
		}
		if string(m.Payload) != before {
			t.Errorf("%s changed the message it was shown", test.rules)
		}
	}
}

// TestWhole catches an edit of a message of which something is missing, which
// would be lost, and a rule that says nothing about it.
func TestWhole(t *testing.T) {
	for _, rule := range []string{
		"replace: {text: a, with: b}", "replace: {pattern: a, with: b}", "replace: {json: $.a, set: b}",
		"truncate: 1", "corrupt: {bits: 1}", "corrupt: {bytes: 1}", "split: 2",
	} {
		for name, spoil := range map[string]func(*frame.Message){
			"truncated":  func(m *frame.Message) { m.Truncated = true },
			"in error":   func(m *frame.Message) { m.Error = "no deflate" },
			"incomplete": func(m *frame.Message) { m.Incomplete = frame.Unfinished },
		} {
			s := parse(t, rule)
			m := text(frame.Client, `{"a":1}`)
			spoil(m)
			if got := say(s.Open(connection(1)).Apply(m, noon)); got != "pass" {
				t.Errorf("%s on a message that is %s: %s", rule, name, got)
			}
			if got := s.Rules()[0]; got.Failed != 1 || got.Failure == "" || got.Hits != 0 {
				t.Errorf("%s on a message that is %s: %+v", rule, name, got)
			}
		}
	}
	s := parse(t, "drop: true")
	m := text(frame.Client, "x")
	m.Truncated = true
	if got := say(s.Open(connection(1)).Apply(m, noon)); got != "drop; by rule 1" {
		t.Errorf("a message that is cut short is not dropped: %s", got)
	}
}

// TestLarge catches results above the limit, and hostile messages that keep a
// rule busy for minutes.
func TestLarge(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	for _, test := range []struct{ rule, payload, why string }{
		{"replace: {text: a, with: " + strings.Repeat("b", 100) + ", all: true}", long, tooLarge},
		{"replace: {pattern: a, with: " + strings.Repeat("b", 1000) + ", all: true}", long[:1<<12], ""},
		{"replace: {pattern: a, with: b, all: true}", long, tooMany + ", " + tooSlow},
		{"replace: {pattern: 'x{1000}', with: b}", long, tooLong},
		{"replace: {pattern: 'a.*b|a', with: c, all: true}", long[:1<<17], tooSlow},
		{"answer: {json: [" + strings.Repeat("'{{json}}',", 400) + "]}", "[" + strings.Repeat(" ", 2<<20) + "]", tooFar},
		{"replace: {json: $" + strings.Repeat(".a", 60) + ", set: 1}", strings.Repeat(" ", 10<<20) + "[]", tooFar},
	} {
		s := parse(t, test.rule)
		o := s.Open(connection(1)).Apply(text(frame.Client, test.payload), noon)
		if len(o.Payload) > MaxResult {
			t.Errorf("%.60s makes %d bytes", test.rule, len(o.Payload))
		}
		if got := s.Rules()[0]; !strings.Contains(test.why, got.Failure) || got.Failed == 0 != (test.why == "") {
			t.Errorf("%.60s: %d failed, %q, want %q", test.rule, got.Failed, got.Failure, test.why)
		}
	}
}

// TestFill catches a template that makes more than it may, or that much memory
// before it is noticed.
func TestFill(t *testing.T) {
	payload := bytes.Repeat([]byte("a"), MaxResult/2+1)
	s := source{payload: payload, places: []int{0, len(payload)}}
	once := piece{kind: fromGroup}
	if out, why := (template{once}).fill(nil, &s); why != "" || len(out) != len(payload) {
		t.Errorf("%d bytes: %s", len(out), why)
	}
	if out, why := (template{once, once}).fill(nil, &s); why != tooLarge || len(out) != len(payload) {
		t.Errorf("%d bytes: %s", len(out), why)
	}
}
