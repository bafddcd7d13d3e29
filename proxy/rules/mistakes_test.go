package rules

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestMistakes catches a mistake that is let through, and one that is refused
// at another place than where it is. Each text is that of one rule unless it
// begins with a bar; ^ marks the place.
func TestMistakes(t *testing.T) {
	tests := []struct{ text, message, suggestion string }{
		// The text as a whole.
		{"|", "there are no rules", "rules: [] is a set without any"},
		{"|# nothing but this", "there are no rules", "rules: [] is a set without any"},
		{"|^- drop: true", "the text is a list", `write "rules:" above it`},
		{"|^rule: []", `the text has no "rule"`, "did you mean rules?"},
		{"|seed: 3", "there are no rules", "rules: [] is a set without any"},
		{"|seed: ^-1\nrules: []", "seed is -1, not from 0 to 2147483647", ""},
		{"|rules: ^7", `rules is "7", not a list`, `begin each rule with "- "`},
		{"|rules: []\n^---\nrules: []", "a second document begins", "write all rules into one"},
		{"|rules:\n- drop: \"true^", "this is not YAML: while scanning a quoted scalar: found unexpected end of stream", ""},
		{"|rules: []\n^rules: []", "rules is given twice in the text", ""},
		{"|# é\n# é^\xff", "the text is not UTF-8", ""},
		{"|rules: ^&x []", "anchors are not offered", "leave out &x"},
		{"|rules:\n- ^&a {drop: true}\n- *a", "anchors are not offered", "leave out &a"},
		{"|rules: ^!!set []", "tags are not offered", "a text that begins with ! needs quotes around it"},
		{"drop: true\n  when: ^!compressed", "tags are not offered", "a text that begins with ! needs quotes around it"},
		{"drop: true\n  when: json.a^: b", "this is not YAML: mapping values are not allowed in this context", "a text with : # [ ] { } or , in it may need quotes around it"},
		{"replace: {json: $.a^[0], set: 1}", "this is not YAML: while parsing a flow mapping: did not find expected ',' or '}'", ""},
		{"|rules:\n^\t- drop: true", "this is not YAML: while scanning for the next token: found character that cannot start any token", "YAML is indented by spaces, not by tabs"},
		{"|rules: [^3]", `a rule is "3", not a list of names and values`, ""},

		// A rule.
		{"^name: nothing", "the rule has no action", ""},
		{"^dorp: true", `a rule has no "dorp"`, "did you mean drop?"},
		{"drop: true\n  ^reset: true", "a rule has one action, this one has drop and reset", "make two rules of it"},
		{"drop: true\n  ^drop: true", "drop is given twice in a rule", ""},
		{"drop: ^false", "drop: false says nothing", "leave it out, or switch the rule off with off: true"},
		{"drop: ^maybe", `drop is "maybe", not true or false`, ""},
		{"drop: ^\"true\"", `drop is "true", not true or false`, ""},
		{"drop: ^[true]", "drop is a list, not true or false", ""},
		{"drop: true\n  off: ^3", `off is "3", not true or false`, ""},
		{"drop: true\n  name:^ ", "name is missing", `an empty text is written ""`},
		{"drop: true\n  name: ^''", "the name is empty", ""},
		{"drop: true\n  name: ^\"a\\tb\"", `the name has characters that do not print: a\tb`, ""},
		{"name: a\n  drop: true\n- drop: true\n  name: ^a", `the name "a" is that of the rule in line 2`, ""},
		{"name: rule 2\n  drop: true\n- ^drop: true", `the name "rule 2" is that of the rule in line 2`, ""},
		{"drop: true\n  count: ^0", "count is 0, not from 1 to 9007199254740992", ""},
		{"drop: true\n  count: ^many", `count is "many", not a whole number`, ""},
		{"drop: true\n  from: ^both", `from is "both", not client or server`, "leave it out for both"},
		{"drop: true\n  from: ^[client]", "from is a list, not client or server", "leave it out for both"},
		{"refuse: 503\n  from: ^client", "a rule with refuse is for handshakes, which have no direction", "leave out from"},

		// Filters.
		{"drop: true\n  when: json.type ^= 3", "unexpected =", "did you mean ==?"},
		{"{name: éé, when: json.a ^= 3, drop: true}", "unexpected =", ""},
		{"drop: true\n  when: 'json.type == ^foo(1)'", "unknown function foo", "to search for this text, put it in quotes"},
		{"drop: true\n  when: 'text == ''a'' && ^jsn.b == 2'", "unknown name jsn", "did you mean json?"},
		{"drop: true\n  when: \"text == \\\"é\\u00e9\\\" && ^jsn.b == 2\"", "unknown name jsn", "did you mean json?"},
		{"drop: true\n  when: |\n    json.a == 1 &&\n    jsn.b == 2", "unknown name jsn (at character 16 of the text)", "did you mean json?"},
		{"drop: true\n  when: ^''", "an empty filter selects nothing", "leave the filter out to see everything"},
		{"drop: true\n  when: ^type == ping", "rules are for text and binary messages that pass, and this selects none", ""},
		{"drop: true\n  when: ^origin == injected", "rules are for text and binary messages that pass, and this selects none", ""},
		{"drop: true\n  from: client\n  when: ^from == server", "this selects nothing of the side that from names", ""},
		{"refuse: 503\n  when: ^json.a == 3", "json is a name of messages, not of connections", "use it in a filter over messages"},
		{"throttle: 1KB\n  when: ^size > 3", "size is a name of messages, not of connections", "use it in a filter over messages"},

		// Actions over messages.
		{"replace: ^x", `replace is "x", not a list of names and values`, ""},
		{"replace: ^{}", "replace needs text, pattern or json, one of them", ""},
		{"replace: ^{text: a, pattern: b, with: c}", "replace needs text, pattern or json, one of them", ""},
		{"replace: ^{text: a}", "replace has no with", `with: "" replaces it by nothing`},
		{"replace: {text: ^'', with: c}", "the text to replace is empty", ""},
		{"replace: {text: a, set: ^c}", "set is for replace with json", "did you mean with?"},
		{"replace: {pattern: ^'a(', with: c}", `the pattern has a fault: missing closing ) in "a("`, ""},
		{"replace: {pattern: ^'((a{100}){100}){100}', with: c}", `the pattern has a fault: invalid repeat count in "{100}"`, ""},
		{"replace: {pattern: ^'(\\pL{50}){20}|(\\pL{50}){20}', with: c}", "the pattern is too large: its repetitions written out make more than 4000 steps", ""},
		{"replace: {pattern: 'a(b)', with: 'x ^$2'}", `the pattern has no group "2"`, "it has 1 groups; $$ stands for a $"},
		{"replace: {pattern: 'a(b)', with: ^$1x}", `the pattern has no group "1x"`, "did you mean ${1}x?"},
		{"replace: {pattern: 'a(b)', with: 5 ^$}", "there is no group behind the $", "$$ stands for a $"},
		{"replace: {pattern: 'a(?P<n>b)', with: '^${m}'}", `the pattern has no group "m"`, ""},
		{"replace: {json: ^a.b, set: 1}", `the path "a.b" does not begin with $`, `a path is written as $.a.b[0] or $["a b"]`},
		{"replace: {json: $.a.^.b, set: 1}", "a name is missing in the path", ""},
		{"replace: {json: '$.a^[x]', set: 1}", `this is neither an index nor a name in quotes: "[x]"`, ""},
		{"replace: {json: '$.a^ b', set: 1}", `unexpected " b" in the path`, ""},
		{"replace: {json: ^$.a}", "replace with json needs set or delete, one of them", ""},
		{"replace: {json: $.a, set: 1, all: ^true}", "all is for replace with text or pattern", "did you mean set?"},
		{"replace: {json: $.a, delete: ^false}", "delete: false says nothing", ""},
		{"replace: {json: ^$, delete: true}", "the whole of a message cannot be deleted", "keep it back with drop: true"},
		{"replace: {json: $.a, set: ^0x10}", `"0x10" is no number of JSON`, "put it in quotes if it is a text"},
		{"replace: {json: $.a, set: [1, ^.inf]}", `".inf" is no number of JSON`, ""},
		{"replace: {json: $.a, set: {b: 1, ^b: 2}}", `"b" is given twice in an object`, ""},
		{"replace: {json: $.a, set: {^<<: {c: 1}}}", "merging is not offered", "write the values out"},
		{"delay: ^200", `delay is "200", not a duration`, "did you mean 200ms or 200s?"},
		{"delay: ^soon", `delay is "soon", not a duration`, "write it as 200ms, 1.5s or 2m"},
		{"delay: ^-1s", "delay is -1s, not above 0 and up to 1h0m0s", ""},
		{"delay: ^{}", "delay has neither fixed nor jitter", ""},
		{"delay: {fixed: 1s, ^jiter: 1s}", `delay has no "jiter"`, "did you mean jitter?"},
		{"duplicate: ^1000", "duplicate is 1000, not from 1 to 100", ""},
		{"reorder: ^0", "reorder is 0, not from 1 to 100", ""},
		{"split: ^1", "split is 1, not from 2 to 10000", ""},
		{"truncate: ^1TB", `truncate is "1TB", not a size`, "write it as 500, 10KB or 1.5MB"},
		{"truncate: ^-1", "truncate is -1, not from 0 to 67108864 bytes", ""},
		{"corrupt: ^{}", "corrupt needs bits or bytes, one of them", "corrupt: {bits: 1} flips one bit"},
		{"corrupt: {bits: ^0}", "bits is 0, not from 1 to 10000", ""},
		{"throttle: ^0", "throttle is 0, not from 1 to 1073741824 bytes", ""},
		{"throttle: ^NaN", `throttle is "NaN", not a size`, ""},
		{"close: ^999", "code is 999, not from 1000 to 4999", ""},
		{"close: {code: ^1006}", "no close frame may carry 1006 (RFC 6455 section 7.4.1)", ""},
		{"close: {reason: ^bye}", "a close frame has no reason without a code (RFC 6455 section 5.5.1)", "add code: 1000"},
		{"close: {code: 1000, reason: ^" + strings.Repeat("é", 62) + "}", "the reason has 124 bytes, more than 123 (RFC 6455 section 5.5)", ""},
		{"reset: {after: ^{}}", "after has neither messages nor time", ""},
		{"silence: {after: {messages: ^0}}", "messages is 0, not from 1 to 2147483647", ""},
		{"silence: {after: {time: ^30}}", `time is "30", not a duration`, "did you mean 30ms or 30s?"},
		{"silence: ^later", `silence is "later", not true or false`, ""},
		{"answer: ^{}", "there is nothing to answer", "it can have text, json or base64"},
		{"answer: {text: a, json: ^b}", "a message is text or json, not both", "send several as a list under send"},
		{"answer: {json: a, text: ^b}", "a message is json or text, not both", ""},
		{"answer: {text: ^a, send: [{text: b}]}", "answer has both text and send", "write all there is to send into send"},
		{"answer: {send: ^[]}", "send is an empty list", ""},
		{"answer: {send: [{text: a}, ^{}]}", "there is nothing to answer", ""},
		{"answer: {base64: ^'a b'}", "base64 is not base64: illegal base64 data at input byte 1", ""},
		{"answer: {text: ^'" + strings.Repeat("{{json}}", 1001) + "'}", "there is too much to fill in: more than 1000 pieces", ""},
		{"answer: {json: ^[" + strings.Repeat("'{{json}}',", 501) + "]}", "there is too much to fill in: more than 1000 pieces", ""},
		{"answer: {text: 'id ^{{json.id'}", "{{ has no }} behind it", ""},
		{"answer: {text: 'id {{ ^jsn.id }}'}", `the path "jsn.id" does not begin with json`, `a path is written as json.a.b[0] or json["a b"]`},
		{"answer: {json: {id: '{{json^[a]}}'}}", "this is neither an index nor a name in quotes: \"[a]\"", ""},

		// Actions over handshakes.
		{"refuse: ^101", "status is 101, not from 300 to 599", ""},
		{"refuse: ^{body: no}", "refuse has no status", "add status: 503"},
		{"refuse: {status: 503, headers: {^Content-Length: 3}}", "rules do not change Content-Length: the length follows the body", ""},
		{"refuse: {status: 503, headers: {^'a b': 3}}", `"a b" is no name of a header field (RFC 9110 section 5.1)`, ""},
		{"refuse: {status: 503, headers: {a: ^\"b\\r\\nc: d\"}}", "the value of a has control characters", ""},
		{"refuse: {status: 503, headers: {a: 1, ^A: 2}}", "the header field A is given twice", "several values are a list: A: [a, b]"},
		{"headers: ^{}", "headers has neither request nor response", ""},
		{"headers: {request: ^{}}", "request has nothing to set and nothing to remove", ""},
		{"headers: {request: {set: ^[a]}}", "header fields are a list, not a list of names and values", ""},
		{"headers: {request: {set: {^Sec-Websocket-Key: a}}}", "rules do not change Sec-Websocket-Key: the handshake would only fail (RFC 6455 section 4)", ""},
		{"headers: {response: {remove: [Server, ^upgrade]}}", "rules do not change upgrade: the handshake would only fail (RFC 6455 section 4)", ""},
		{"headers: {request: {set: ^{Host: 'a b'}}}", `Host can be set in a request only, to one host with or without a port, not to "a b"`, ""},
		{"headers: {response: {set: ^{Host: a}}}", "Host can be set in a request only", ""},
		{"headers: {request: {set: ^{Host: [a, b]}}}", "Host can be set in a request only", ""},
		{"headers: {request: {remove: ^host}}", "a request cannot be without Host (RFC 9110 section 7.2)", ""},
		{"map: ^{}", "map needs to or host, one of them", ""},
		{"map: ^https://a/b", "map has the scheme https, not ws or wss", "did you mean wss://a/b?"},
		{"map: ^127.0.0.1", `map is "127.0.0.1", not a URL with the scheme ws or wss`, "write it as ws://127.0.0.1:9000"},
		{"map: ^ws://u:p@a/b", "map has a user name", "set the header field Authorization with headers"},
		{"map: ^'ws://a/b#c'", "map has a fragment, which is never sent (RFC 6455 section 3)", ""},
		{"map: ^ws://a:99999", "map names no host that can be asked", ""},
		{"map: {to: ^ws:///b}", "to names no host that can be asked", ""},
		{"map: {host: ^a/b}", `host is "a/b", not a host with or without a port`, ""},
	}
	for _, test := range tests {
		text, whole := strings.CutPrefix(test.text, "|")
		if !whole {
			text = "rules:\n- " + text
		}
		before, after, marked := strings.Cut(text, "^")
		line, column := 1, 1
		if marked {
			line += strings.Count(before, "\n")
			column += len([]rune(before[strings.LastIndex(before, "\n")+1:]))
		}
		s, err := Parse("my.yaml", []byte(before+after))
		fault, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("%s: %v, %v", test.text, s, err)
			continue
		}
		at := ""
		if marked {
			at = fmt.Sprintf("my.yaml:%d:%d: ", line, column)
		}
		if !strings.HasPrefix(fault.Error(), at) || !strings.Contains(fault.Message, test.message) {
			t.Errorf("%s\n got %v\nwant %s%s", test.text, fault, at, test.message)
		}
		if test.suggestion != "" && fault.Suggestion != test.suggestion {
			t.Errorf("%s\n got suggestion %q\nwant %q", test.text, fault.Suggestion, test.suggestion)
		}
	}
}

// TestBounds catches a text that is too much and is read all the same.
func TestBounds(t *testing.T) {
	many := strings.Repeat("- drop: true\n", MaxRules)
	if _, err := Parse("", []byte("rules:\n"+many)); err != nil {
		t.Errorf("%d rules: %v", MaxRules, err)
	}
	for name, text := range map[string]string{
		"rules:1002:3: there are 1001 rules, more than 1000":       "rules:\n" + many + "- drop: true\n",
		"rules:1:1: the text has 1048577 bytes, more than 1048576": strings.Repeat("#", MaxText+1),
		"rules:1:97: the text is nested deeper than 64":            "rules: [{replace: {json: $.a, set: " + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}}]",
	} {
		if _, err := Parse("", []byte(text)); err == nil || err.Error() != name {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}
