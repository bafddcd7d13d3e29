package filter_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// TestSearches catches a text people paste that is taken for an expression, or
// refused: each is to be found as it is, whatever its case.
func TestSearches(t *testing.T) {
	for _, text := range []string{
		"foo", "hello world", "user-42", "size-42", "code-review", "don't", "50% of users", "foo@bar.example",
		`"type":"trade"`, `{"type":"trade"}`, `{"a": 1, "b": "x == y"}`, `["a","b"]`, "42", "3.14", "-5", "2026-01-02", "1..5",
		"json", "text", "error", "close", "server", "ping", "len", "now", "nil", "in", "or", "and",
		"not found", "buy or sell", "key: value", "error: timeout", "a.b.c", "foo(bar)", "https://example.com/x?y",
		"/api/v1/users", "/api", "<div>", "<br/>", "what?", "a|b", "!important", "->", "==", "a ->b", "from server",
		"host.example", "日本語", "#", "(", "`", "'", "\x00\x01", "// nothing", "fin", "messages",
	} {
		f, err := filter.ParseMessages(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		there := message(frame.Text, frame.Client, "··"+strings.Map(unicode.ToUpper, text)+"··")
		elsewhere := message(frame.Text, frame.Client, "~~~")
		if !f.Match(there, nil) || f.Match(elsewhere, nil) {
			t.Errorf("%q is not searched for as it is", text)
		}
	}
}

// TestQuotes catches quotes that do not force a search.
func TestQuotes(t *testing.T) {
	for text, sought := range map[string]string{
		`"a == b"`:        "a == b",
		`'compressed'`:    "compressed",
		"`size > 3`":      "size > 3",
		` "spaced " `:     "spaced ",
		`"say \"hi\""`:    `say "hi"`,
		`b"\x00\x01"`:     "\x00\x01",
		`"/not a re/"`:    "/not a re/",
		`"\u00e9t\u00e9"`: "ÉTÉ",
	} {
		f := mustMessages(t, text)
		if !f.Match(message(frame.Text, frame.Client, "x"+sought+"x"), nil) || f.Match(message(frame.Text, frame.Client, "x"), nil) {
			t.Errorf("%s does not search for %q", text, sought)
		}
	}
}

// TestBytes catches a search for bytes that takes them for characters.
func TestBytes(t *testing.T) {
	f := mustMessages(t, `b"\xa9A"`)
	if !f.Match(message(frame.Binary, frame.Client, "\u00e9A"), nil) || f.Match(message(frame.Binary, frame.Client, "\xa9a"), nil) {
		t.Error("bytes are not searched for as they are")
	}
}

// TestExpressions catches a condition that is taken for a search.
func TestExpressions(t *testing.T) {
	m := message(frame.Text, frame.Client, "nothing")
	m.Compressed = true
	for _, text := range []string{"compressed", " compressed ", "(compressed)", "true", "!fragmented", "not fragmented", "compressed and true", "size>1", "!json.ok || true"} {
		if !mustMessages(t, text).Match(m, nil) {
			t.Errorf("%q is no condition", text)
		}
	}
}

// TestErrors catches a fault that is let pass, that is said to be elsewhere, or
// that leaves people without a way on.
func TestErrors(t *testing.T) {
	tests := []struct {
		of         filter.Subject
		text       string
		column     int
		message    string
		suggestion string
	}{
		{filter.OfMessages, "", 1, "empty", "leave"},
		{filter.OfMessages, " \t\n", 1, "empty", "leave"},
		{filter.OfMessages, `""`, 1, "nothing between", ""},
		{filter.OfMessages, "from = server", 6, "unexpected =", "=="},
		{filter.OfMessages, "from === server", 8, "unexpected =", "=="},
		{filter.OfMessages, "from == server AND size > 3", 16, "unexpected AND", "and"},
		{filter.OfMessages, "sizee > 3", 1, "unknown name sizee", "did you mean size?"},
		{filter.OfMessages, "1 < sizee", 5, "unknown name sizee", "did you mean size?"},
		{filter.OfMessages, "from == sever", 9, "from is never", "did you mean server?"},
		{filter.OfMessages, `from == "clinet"`, 9, "from is never", "did you mean client?"},
		{filter.OfMessages, `"Client" == from`, 1, "from is never", "did you mean client?"},
		{filter.OfMessages, `from in ["client", "srever"]`, 20, "from is never", "did you mean server?"},
		{filter.OfMessages, `type == "txt"`, 9, "type is never", `did you mean "text"?`},
		{filter.OfMessages, `type != "zzz"`, 9, "type is never", `it is one of "continuation", "text"`},
		{filter.OfMessages, "type == text", 9, "text is another field", `did you mean "text"?`},
		{filter.OfMessages, `origin == "inject"`, 11, "origin is never", "did you mean injected?"},
		{filter.OfMessages, `violation == "unmasked client frame"`, 14, "violation is never", "RFC 6455 section 5.1"},
		{filter.OfMessages, `size == "x"`, 6, "between number and text", "quotes"},
		{filter.OfMessages, `time > "2026-01-02"`, 6, "between time and text", "date("},
		{filter.OfMessages, "text contains foo", 15, "unknown name foo", "quotes"},
		{filter.OfMessages, `text contains "abc`, 19, "not terminated", "quotes"},
		{filter.OfMessages, "size >", 7, "something is missing", "quotes"},
		{filter.OfMessages, "fin && size > 3", 1, "fin is a name of frames, not of messages", "frames"},
		{filter.OfFrames, "state == \"open\"", 1, "state is a name of connections", "connections"},
		{filter.OfConnections, "size >", 7, "something is missing", ""},
		{filter.OfConnections, "size > 3", 1, "size is a name of messages", ""},
		{filter.OfConnections, "state == open", 10, "open is another field", `did you mean "open"?`},
		{filter.OfConnections, "state == close", 10, "state is never", `did you mean "closed"?`},
		{filter.OfConnections, "how == error", 8, "error is another field", `did you mean "error"?`},
		{filter.OfConnections, `lasted > "5m"`, 8, "between duration and text", "duration("},
		{filter.OfMessages, "now()", 1, "this is a time, not a condition", "compare"},
		{filter.OfMessages, `request["origin"]`, 8, "this is a text, not a condition", "compare"},
		{filter.OfMessages, "time.Hour() > 3", 6, "no functions of their own", ""},
		{filter.OfMessages, "time.x == 1", 6, "", ""},
		{filter.OfMessages, "json.f() == 1", 6, "no functions of their own", ""},
		{filter.OfMessages, `lenn(text) > 3 && size > 1`, 1, "unknown function lenn", "did you mean len?"},
		{filter.OfMessages, `size("x") > 3`, 1, "size is a name, not a function", ""},
		{filter.OfMessages, `repeat(text, 9) == text`, 1, "repeat is not offered", ""},
		{filter.OfMessages, `len(sortBy(json, .a)) > 1`, 5, "sortBy is not offered", ""},
		{filter.OfMessages, `reduce(json, #acc + #) > 1`, 1, "reduce is not offered", ""},
		{filter.OfMessages, `$env.size > 1`, 1, "$env is not offered", ""},
		{filter.OfMessages, `json == {"a": 1}`, 9, "object cannot be written", "json.a"},
		{filter.OfMessages, `size > 1; size > 2`, 16, "one condition", "&&"},
		{filter.OfMessages, `text matches json.re`, 19, "in quotes", ""},
		{filter.OfMessages, `text matches "("`, 14, "missing closing )", ""},
		{filter.OfMessages, `date("nope") < time`, 1, "date has no value", ""},
		{filter.OfMessages, `trim() == "a"`, 1, "not enough arguments", ""},
		{filter.OfMessages, `len == 3`, 1, "len is not called", "len(x)"},
		{filter.OfMessages, `json[foo:] == 1`, 6, "unknown name foo", ""},
		{filter.OfMessages, "/(/", 2, "missing closing )", "quotes"},
		{filter.OfMessages, "/a{1001}/", 2, "invalid repeat count", ""},
		{filter.OfMessages, "größer == 1 && sizee > 3", 1, "unknown name größer", ""},
		{filter.OfMessages, `text == "größer" && sizee > 3`, 21, "unknown name sizee", "size"},
		{filter.OfMessages, "size > 1 &&\nsizee > 3", 13, "unknown name sizee", "size"},
		{filter.OfMessages, "text == \"\x1b[2J", 14, "not terminated", ""},
		{filter.OfMessages, `from == "` + "\x1b[2J" + `"`, 9, `\x1b[2J`, ""},
	}
	parse := func(of filter.Subject, text string) error {
		var err error
		switch of {
		case filter.OfMessages:
			_, err = filter.ParseMessages(text)
		case filter.OfFrames:
			_, err = filter.ParseFrames(text)
		default:
			_, err = filter.ParseConnections(text)
		}
		return err
	}
	for _, test := range tests {
		e, ok := errors.AsType[*filter.Error](parse(test.of, test.text))
		if !ok {
			t.Errorf("%q is taken for a filter", test.text)
			continue
		}
		if e.Column != test.column || e.Text != test.text || !strings.Contains(e.Message, test.message) || !strings.Contains(e.Suggestion, test.suggestion) {
			t.Errorf("%q\nhas  %d %q %q\nnot  %d %q %q", test.text, e.Column, e.Message, e.Suggestion, test.column, test.message, test.suggestion)
		}
		if strings.ContainsFunc(e.Error()+e.Suggestion, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q: %q could harm a terminal", test.text, e.Error())
		}
	}
}

// TestNames catches a name without a line for people or with an example that is
// no filter.
func TestNames(t *testing.T) {
	for _, of := range []filter.Subject{filter.OfMessages, filter.OfFrames, filter.OfConnections} {
		seen := make(map[string]bool)
		for _, n := range filter.Names(of) {
			if seen[n.Name] || n.Meaning == "" || n.Type == "" || !strings.Contains(n.Example, n.Name) {
				t.Errorf("%v: %+v", of, n)
			}
			seen[n.Name] = true
		}
		if len(seen) < 30 {
			t.Errorf("%v have %d names", of, len(seen))
		}
	}
}
