package compare_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

func text(payload string) *frame.Message {
	return &frame.Message{Type: frame.Text, Payload: []byte(payload)}
}

func binary(payload string) *frame.Message {
	return &frame.Message{Type: frame.Binary, Payload: []byte(payload)}
}

// rules reads rules such as "ignore=$.ts mask=\d+ detect".
func rules(t *testing.T, text string) *compare.Rules {
	t.Helper()
	r := &compare.Rules{}
	for _, word := range strings.Fields(text) {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "ignore":
			p, err := compare.ParsePath(value)
			if err != nil {
				t.Fatal(err)
			}
			r.Ignore = append(r.Ignore, p)
		case "mask":
			r.Mask = append(r.Mask, regexp.MustCompile(value))
		case "detect":
			r.Detect = true
		default:
			t.Fatalf("no rule %q", word)
		}
	}
	return r
}

// list writes a difference as its changes, such as "$.a 1>2".
func list(d compare.Difference) string {
	var out []string
	for _, c := range d.Changes {
		left, right := string(c.Left.Bytes)+c.Left.Text, string(c.Right.Bytes)+c.Right.Text
		switch c.Kind {
		case compare.Added:
			out = append(out, fmt.Sprintf("%s +%s", c.Path, right))
		case compare.Removed:
			out = append(out, fmt.Sprintf("%s -%s", c.Path, left))
		default:
			out = append(out, fmt.Sprintf("%s %s>%s", c.Path, left, right))
		}
	}
	if d.More > 0 {
		out = append(out, fmt.Sprintf("and %d", d.More))
	}
	return strings.Join(out, "; ")
}

// TestSame catches a difference that is not seen, one that is none, and one that is
// told at the wrong place.
func TestSame(t *testing.T) {
	const id, other = "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "9b2fae6c-7d2a-4c1e-8a1d-2f4c0d9e8b77"
	for _, c := range []struct{ rules, left, right, want string }{
		{"", `{"a":1}`, `{ "a" : 1 }`, ""},
		{"", `{"a":1,"b":"x"}`, `{"b":"x","a":1}`, ""},
		{"", `{"a":1.0,"b":"A"}`, `{"a":1,"b":"\u0041"}`, ""},
		{"", `{"a":1e2}`, `{"a":100}`, ""},
		{"", `{"a":-0}`, `{"a":0}`, ""},
		{"", `{"a":12345678901234567890}`, `{"a":12345678901234567891}`, "$.a 12345678901234567890>12345678901234567891"},
		{"", `{"a":1}`, `{"a":"1"}`, `$.a 1>"1"`},
		{"", `{"a":null}`, `{}`, `$.a -null`},
		{"", `{"a":{"b c":[1,2]}}`, `{"a":{"b c":[1,3]}}`, `$.a["b c"][1] 2>3`},
		{"", `[1,2,3,4]`, `[1,3,4]`, `$[1] -2`},
		{"", `[1,2,3]`, `[0,1,2,3,4]`, `$[0] +0; $[4] +4`},
		{"", `[{"a":1},{"a":2}]`, `[{"a":1},{"a":3}]`, `$[1].a 2>3`},
		{"", `{"a":1,"a":2}`, `{"a":1,"a":3}`, `$.a 2>3`},
		{"", `{"a":[]}`, `{"a":{}}`, `$.a []>{}`},
		{"", `{"a":1}{"b":2}`, "{\"a\":1}\n{\"b\":3}", `$[1].b 2>3`},
		{"", `42["chat",{"n":1}]`, `42["chat",{"n":2}]`, `$[1].n 1>2`},
		{"", `421["chat"]`, `422["chat"]`, `prefix 421>422`},
		{"ignore=$.ts", `{"a":1,"ts":1}`, `{"ts":2,"a":1}`, ""},
		{"ignore=$.ts", `{"a":1,"ts":1}`, `{"a":1}`, ""},
		{"ignore=$.ts", `{"b":{"ts":1}}`, `{"b":{"ts":2}}`, "$.b.ts 1>2"},
		{"ignore=$..ts", `{"b":[{"ts":1}]}`, `{"b":[{"ts":2}]}`, ""},
		{"ignore=$.items[*].at", `{"items":[{"at":1,"n":1},{"at":2,"n":2}]}`, `{"items":[{"at":3,"n":1},{"at":4,"n":3}]}`, "$.items[1].n 2>3"},
		{"ignore=$[0]", `[1,2]`, `[3,4]`, `$[1] 2>4`},
		{"ignore=$['a.b']", `{"a.b":1}`, `{"a.b":2}`, ""},
		{"ignore=$", `{"a.b":1}`, `[]`, ""},
		{`mask=\d+`, `{"a":12,"b":"n7"}`, `{"a":3,"b":"n88"}`, ""},
		{`mask="ts":\d+`, `{"ts":1,"b":2}`, `{"ts":3,"b":3}`, "$.b 2>3"},
		{`mask=\[.*\]`, `{"a":[1,2]}`, `{"a":[3]}`, ""},
		{`mask=\d+`, `took 12 ms`, `took 345 ms`, ""},
		{`mask=\d+`, `took 12 ms`, `took 345 s`, "line 1 ms>s"},
		{"", `{"id":"` + id + `"}`, `{"id":"` + other + `"}`, `$.id "` + id + `">"` + other + `"`},
		{"detect", `{"id":"` + id + `"}`, `{"id":"` + other + `"}`, ""},
		{"detect", `{"u":"/x/` + id + `/y"}`, `{"u":"/x/` + other + `/y"}`, ""},
		{"detect", `{"u":"/x/` + id + `/y"}`, `{"u":"/x/` + other + `/z"}`, `$.u "/x/` + id + `/y">"/x/` + other + `/z"`},
		{"detect", `at 2026-01-02T03:04:05Z ok`, `at 2027-11-12T13:14:15.123+02:00 ok`, ""},
		{"detect", `{"ts":1700000000000}`, `{"ts":1710000000123}`, ""},
		{"detect", `{"time":1700000000}`, `{"time":1710000000.25}`, ""},
		{"detect", `{"price":1700000000}`, `{"price":1710000000}`, `$.price 1700000000>1710000000`},
		{"detect", `{"t":"aGVsbG8gd29Y9bGQxMjM0"}`, `{"t":"Zx81kQp0wMv7Rt5LyB2c"}`, ""},
		{"detect", `{"n":"internationalization"}`, `{"n":"internationalisation"}`, `$.n "internationalization">"internationalisation"`},
		{"", `{"a":1,"a":2,"b":1}`, `{"b":1,"a":1,"a":3}`, "$.a 2>3"},
		{"mask=ab+ mask=b+c", "abbc", "ab", ""},
		{"detect", `{"n":"f` + id + `"}`, `{"n":"f` + other + `"}`, `$.n "f` + id + `">"f` + other + `"`},
		{"", "a\nb\nc\n", "a\nc\n", "line 2 -b\n"},
		{"", "hello world", "hello there", "line 1 world>there"},
		{"", "one two three four", "one 2 three 4", "line 1 two>2; line 1 four>4"},
		{"", "", "x", "line 1 +x"},
		{"", `{"a":1}`, `{"a":1`, "line 1 -}"},
	} {
		d, same := rules(t, c.rules).Same(text(c.left), text(c.right))
		if got := list(d); got != c.want || same != (c.want == "") {
			t.Errorf("%s: %s and %s: same %t, %q, want %q", c.rules, c.left, c.right, same, got, c.want)
		}
		if key := rules(t, c.rules).Matches(compare.Exactly, text(c.left), text(c.right)); key != same {
			t.Errorf("%s: %s and %s: keys equal %t, same %t", c.rules, c.left, c.right, key, same)
		}
	}
}

// TestSameBinary catches ranges of bytes that are wrong.
func TestSameBinary(t *testing.T) {
	for _, c := range []struct{ left, right, want string }{
		{"\x00abcdefgh", "\x00abcdefgh", ""},
		{"\x00abcdefgh", "\x00abXdefgh", "byte 3 c>X"},
		{"\x00abcdefgh", "\x00XbcYefgh", "byte 1 abcd>XbcY"},
		{"\x00abcdefgh", "\x00abcdeINfgh", "byte 6 +IN"},
		{"\x00abcdefgh", "\x00abfgh", "byte 3 -cde"},
		{"\x00abcdefgh", "\x00aXcYYefgh", "byte 2 bcd>XcYY"},
		{"\x00ab", "\x01ab", "byte 0 \x00>\x01"},
		{"\x00ab", "", "byte 0 -\x00ab"},
	} {
		d, same := (&compare.Rules{}).Same(binary(c.left), binary(c.right))
		if got := list(d); got != c.want || same != (c.want == "") {
			t.Errorf("%q and %q: same %t, %q, want %q", c.left, c.right, same, got, c.want)
		}
	}
}

// TestSameBesides catches what differs besides the payload.
func TestSameBesides(t *testing.T) {
	closing := func(code frame.CloseCode, reason string) *frame.Message {
		return &frame.Message{Type: frame.Close, Code: code, Reason: reason}
	}
	cut := text("a")
	cut.Truncated = true
	for _, c := range []struct {
		left, right *frame.Message
		want        string
	}{
		{closing(1000, ""), closing(1000, ""), ""},
		{closing(1000, ""), closing(1001, "bye"), "code 1000>1001; reason >bye"},
		{text("a"), binary("a"), "type text>binary"},
		{text("a"), cut, "completeness complete>truncated"},
	} {
		d, same := (&compare.Rules{}).Same(c.left, c.right)
		if got := list(d); got != c.want || same != (c.want == "") {
			t.Errorf("same %t, %q, want %q", same, got, c.want)
		}
	}
}

// TestMatches catches a match that is too close or too loose.
func TestMatches(t *testing.T) {
	for _, c := range []struct {
		left, right          string
		exactly, byID, shape bool
	}{
		{`{"id":1,"method":"sum","n":2}`, `{"n":2,"method":"sum","id":1}`, true, true, true},
		{`{"id":1,"method":"sum","n":2}`, `{"id":7,"method":"sum","n":2}`, false, true, true},
		{`{"id":1,"method":"sum","n":2}`, `{"id":7,"method":"sum","n":3}`, false, false, true},
		{`{"id":1,"method":"sum","n":2}`, `{"id":1,"method":"del","n":2}`, false, false, false},
		{`{"id":1,"n":2}`, `{"id":"x","n":2}`, false, true, false},
		{`{"n":[1,2]}`, `{"n":[3]}`, false, false, true},
		{`{"\u0061":{"\u0062":1}}`, `{"a":{"b":2}}`, false, false, true},
		{`{"n":[1,2]}`, `{"n":["3"]}`, false, false, false},
		{`{"n":1}`, `{"n":1,"m":1}`, false, false, false},
		{`425["add",{"n":1}]`, `4211["add",{"n":1}]`, false, true, true},
		{`42["add",1]`, `42["del",1]`, false, false, false},
		{`SEND 12`, `SEND 7`, false, false, true},
		{`SEND 12`, `RECV 12`, false, false, false},
	} {
		r := &compare.Rules{}
		for by, want := range map[compare.Match]bool{compare.Exactly: c.exactly, compare.ByID: c.byID, compare.ByShape: c.shape} {
			if got := r.Matches(by, text(c.left), text(c.right)); got != want {
				t.Errorf("%s and %s by %d: %t", c.left, c.right, by, got)
			}
		}
	}
}

// TestFindID catches an id that is not found or wrongly placed.
func TestFindID(t *testing.T) {
	for payload, want := range map[string]string{
		`{"a":{"id":1},"id":2}`:         "id=2",
		`{"seq":1,"request_id":"x"}`:    `request_id="x"`,
		`{"Id":[1],"ref":"4"}`:          `ref="4"`,
		`{"invocationId":"3"}` + "\x1e": `invocationId="3"`,
		`4217["x"]`:                     "=17",
		`43/admin,17["x"]`:              "=17",
		`{"id":1,"id":2}`:               "id=1",
		`42["x"]`:                       "",
		`{"a":1}`:                       "",
		`[1]`:                           "",
		`id`:                            "",
		`{"id":1}{"id":2}`:              "",
		`{"id":"` + strings.Repeat("x", 300) + `"}`: "",
	} {
		m := text(payload)
		id, ok := compare.FindID(m)
		got := ""
		if ok {
			got = id.Key + "=" + string(id.Value)
			if at := payload[id.Offset:]; !strings.HasPrefix(at, string(id.Value)) {
				t.Errorf("%s: the offset %d is not that of the id", payload, id.Offset)
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", payload, got, want)
		}
	}
}

// TestParsePath catches paths that are taken for others, and errors without a word.
func TestParsePath(t *testing.T) {
	for path, want := range map[string]string{
		"a":                            "begin with $",
		"$a":                           "neither",
		"$.":                           "name is missing",
		"$[":                           "] is missing",
		"$[x]":                         "no index",
		"$['a":                         "no end",
		"$['a'":                        "] is missing",
		"$[-1]":                        "no index",
		"$...a":                        "name is missing",
		"$" + strings.Repeat(".a", 61): "more than",
	} {
		if _, err := compare.ParsePath(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if p, err := compare.ParsePath(`$..a[*]['b\'c'][3].*`); err != nil || p.String() != `$..a[*]['b\'c'][3].*` {
		t.Errorf("%v, %v", p, err)
	}
}
