package decode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

// read gives the readings of one whole message.
func read(typ frame.Opcode, payload string) ([]decode.Reading, string) {
	var s decode.Session
	return s.Read(decode.Input{Type: typ, Payload: []byte(payload), Whole: true})
}

// children returns all children of n.
func children(t testing.TB, n *decode.Node) (all []decode.Node) {
	t.Helper()
	for {
		kids, err := n.Children(len(all), 100)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, kids...); len(kids) < 100 {
			break
		}
	}
	if n.Count != len(all) {
		t.Fatalf("%d children, %d announced", len(all), n.Count)
	}
	return all
}

// outline writes a tree, a line a node: key, kind, value, note.
func outline(t testing.TB, b *strings.Builder, n *decode.Node, indent string) {
	t.Helper()
	kind := [...]string{"none", "object", "array", "string", "number", "literal", "bytes", "inside"}[n.Kind]
	fmt.Fprintf(b, "%s%s %s %s", indent, n.Key, kind, n.Value)
	if n.Cut {
		b.WriteString("…")
	}
	if n.Note != "" {
		fmt.Fprintf(b, " (%s)", n.Note)
	}
	b.WriteByte('\n')
	for _, kid := range children(t, n) {
		outline(t, b, &kid, indent+"  ")
	}
}

func TestJSON(t *testing.T) {
	for _, test := range []struct{ name, in, want, note string }{
		{"order, duplicates, numbers as they are", `{"b":1,"a":1e400,"b":-0.0,"":12345678901234567890}`, `
 object 
  b number 1
  a number 1e400
  b number -0.0
   number 12345678901234567890 (beyond 2^53: JavaScript rounds it)
`, ""},
		{"nested, spaces", " [ 1 , [ ] , { } , { \"k\" : [ true , null ] } ]\r\n", `
 array 
   number 1
   array 
   object 
   object 
    k array 
       literal true
       literal null
`, ""},
		{"escapes", `["\u0041\n\"\\\/\b","\ud83d\ude00","\ud800x","\u001b]0;x"]`, `
 array 
   string A\n"\/\x08
   string 😀
   string ` + "\ufffd" + `x (half a surrogate pair stands alone, shown as U+FFFD)
   string \x1b]0;x
`, ""},
		{"times", `[1763719331,1763719331123,"1763719331",1763719331.5,1763719331123456,99]`, `
 array 
   number 1763719331 (2025-11-21T10:02:11Z)
   number 1763719331123 (2025-11-21T10:02:11.123Z)
   string 1763719331 (2025-11-21T10:02:11Z)
   number 1763719331.5 (2025-11-21T10:02:11.5Z)
   number 1763719331123456 (2025-11-21T10:02:11.123456Z)
   number 99
`, ""},
		{"JSON in a string", `{"data":"{\"a\":[1]}"}`, `
 object 
  data string {"a":[1]}
    JSON object 
      a array 
         number 1
`, ""},
		{"texts in a row", "{\"a\":1}\n{\"a\":2}\n", `
 array  (2 JSON texts in a row)
   object 
    a number 1
   object 
    a number 2
`, ""},
		{"SignalR", "{\"type\":6}\x1e[]\x1e", `
 array  (2 JSON texts in a row)
   object 
    type number 6
   array 
`, ""},
		{"one with separator", "{\"type\":6}\x1e", "\n object \n  type number 6\n", ""},
		{"byte order mark", "\ufeff[7]", "\n array \n   number 7\n", ""},
		{"string alone", `"a\tb"`, "\n string a\\tb\n", ""},
		{"trailing comma", `{"a":1,}`, "\n object \n  a number 1\n", `breaks off: a key in quotes is missing at byte 7`},
		{"missing comma", `{"a":1 "b":2}`, "\n object \n  a number 1\n", `breaks off: a comma or } is missing at byte 7`},
		{"broken value", `{"a":1,"b":tru}`, "\n object \n  a number 1\n  b none  (the value is missing)\n", `breaks off: there is no JSON value at byte 11`},
		{"broken string", `{"a":1,"b":"xy`, "\n object \n  a number 1\n  b string xy (the end is missing)\n", `breaks off: the text ends within a string at byte 14`},
		{"bad escape", `{"a":1,"b":"\q"}`, "\n object \n  a number 1\n  b none  (the value is missing)\n", `breaks off: there is an escape JSON does not know at byte 12`},
		{"broken in the second text", "{\"a\":1}\n{\"a\"", `
 array  (2 JSON texts in a row)
   object 
    a number 1
   object 
`, `breaks off: the text ends too early at byte 12`},
		{"more than JSON", `{"a":1} x`, "\n object \n  a number 1\n", `breaks off: there is no JSON value at byte 8`},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", "\n object \n  a string \\xff\n", "not valid UTF-8"},
	} {
		readings, why := read(frame.Text, test.in)
		if len(readings) == 0 || readings[0].Decoder != "JSON" {
			t.Errorf("%s: %v, %s", test.name, readings, why)
			continue
		}
		var b strings.Builder
		outline(t, &b, &readings[0].Root, "")
		if got := "\n" + b.String(); got != test.want || readings[0].Note != test.note {
			t.Errorf("%s: %s%q; want %s%q", test.name, got, readings[0].Note, test.want, test.note)
		}
	}
}

// Strings are looked through eight bytes at a time: what ends or breaks one is
// found at each place among them.
func TestJSONStringsAtEachPlace(t *testing.T) {
	for pad := range 20 {
		before, after := strings.Repeat("x", pad), strings.Repeat("y", 20)
		for tail, valid := range map[string]bool{`\"`: true, `\\`: true, `\u00e9`: true, `é`: true, `\q`: false, "\x1f": false, `\u00g0`: false, `"`: false} {
			text := `["` + before + tail + after + `"]`
			readings, why := read(frame.Text, text)
			if good := len(readings) > 0 && readings[0].Note == ""; good != valid {
				t.Errorf("%s: %v, %s", text, good, why)
			}
		}
	}
}

// A guess that is not earned hides the text behind a tree that says less.
func TestNotJSON(t *testing.T) {
	for _, test := range []struct{ in, why string }{
		{"", "text, 0 bytes"},
		{"2", "text, 1 byte, no known format"},
		{"1763719331", "text, 10 bytes, no known format"},
		{"true", "text, 4 bytes, no known format"},
		{"hello", "text, 5 bytes, no known format"},
		{"[INFO] up", "text, 9 bytes, as JSON it breaks off: there is no JSON value at byte 1"},
		{"[1] is the first of many footnotes", "text, 34 bytes, as JSON it breaks off: there is no JSON value at byte 4"},
		{"{x}", "text, 3 bytes, as JSON it breaks off: a key in quotes is missing at byte 1"},
		{"\"yes\" she said", "text, 14 bytes, as JSON it breaks off: there is no JSON value at byte 6"},
		{"[[wiki]] text", "text, 13 bytes, as JSON it breaks off: there is no JSON value at byte 2"},
	} {
		if readings, why := read(frame.Text, test.in); len(readings) != 0 || why != test.why {
			t.Errorf("%q: %v, %q", test.in, readings, why)
		}
	}
}

// Where a value is written is what the hex view shows of it, and what is copied.
func TestNodePlaces(t *testing.T) {
	payload := `{"a": "x\ny", "b": [10]}`
	readings, _ := read(frame.Text, payload)
	kids := children(t, &readings[0].Root)
	for i, want := range []struct{ raw, data string }{{`"x\ny"`, "x\ny"}, {"[10]", "[10]"}} {
		n := &kids[i]
		if string(n.Raw()) != want.raw || string(n.Data()) != want.data || payload[n.Offset:n.Offset+n.Size] != want.raw {
			t.Errorf("%s: %q, %q, at %d+%d", n.Key, n.Raw(), n.Data(), n.Offset, n.Size)
		}
	}
}

// TestJSONLarge reaches into containers the index knows, at every edge of its
// marks.
func TestJSONLarge(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`[`)
	for i := range 3000 {
		if i > 0 {
			b.WriteString(",\n")
		}
		switch {
		case i%1000 == 500:
			fmt.Fprintf(&b, `{"i":%d,"big":[%s0]}`, i, strings.Repeat("0,", 5000))
		default:
			fmt.Fprintf(&b, `{"i":%d}`, i)
		}
	}
	b.WriteString(`]`)
	readings, _ := read(frame.Text, b.String())
	root := &readings[0].Root
	if root.Count != 3000 {
		t.Fatalf("%d children", root.Count)
	}
	for _, from := range []int{0, 1, 255, 256, 257, 499, 500, 501, 511, 512, 1500, 2559, 2560, 2998, 2999} {
		kids, err := root.Children(from, 1)
		if err != nil || len(kids) != 1 {
			t.Fatalf("%d: %d, %v", from, len(kids), err)
		}
		members := children(t, &kids[0])
		if members[0].Value != fmt.Sprint(from) {
			t.Errorf("child %d is %s", from, members[0].Value)
		}
		if from%1000 == 500 && (members[1].Count != 5001 || len(children(t, &members[1])) != 5001) {
			t.Errorf("child %d has %d", from, members[1].Count)
		}
	}
	if kids, err := root.Children(3000, 1); len(kids) != 0 || err != nil {
		t.Errorf("beyond the end: %v, %v", kids, err)
	}
	if kids, _ := root.Children(0, 1<<30); len(kids) != decode.MaxChildren {
		t.Errorf("%d children at once", len(kids))
	}
}

// A payload of which only the beginning was kept still shows it.
func TestJSONCutOff(t *testing.T) {
	whole := `{"list":[{"a":1},{"b":"text"}],"n":12}`
	for n := 8; n < len(whole); n++ {
		var s decode.Session
		readings, why := s.Read(decode.Input{Type: frame.Text, Payload: []byte(whole[:n])})
		if len(readings) != 1 || !strings.HasPrefix(readings[0].Note, "only the first") {
			t.Fatalf("%s: %v, %s", whole[:n], readings, why)
		}
		var b strings.Builder
		outline(t, &b, &readings[0].Root, "")
	}
}

// Long text is shown from its beginning, never with part of a character or escape,
// and all of it can be had.
func TestLongText(t *testing.T) {
	for _, piece := range []string{"a", "世", "e\u0301\u0302\u0303", "\U0001F600", "\x1b", "\\"} {
		text := strings.Repeat(piece, 40_000)
		quoted, _ := json.Marshal(text)
		readings, _ := read(frame.Text, `{"k":`+string(quoted)+`,`+string(quoted)+`:1}`)
		kids := children(t, &readings[0].Root)
		for _, shown := range []string{kids[0].Value, strings.TrimSuffix(kids[1].Key, "…")} {
			if got := unescape(t, shown); !strings.HasPrefix(text, got) || !utf8.ValidString(got) || len(shown) < 1000 {
				t.Errorf("%q: shown as %.20q…%q", piece, shown, shown[len(shown)-20:])
			}
		}
		if !kids[0].Cut || string(kids[0].Data()) != text || !strings.HasSuffix(kids[1].Key, "…") {
			t.Errorf("%q: cut %v, %d bytes", piece, kids[0].Cut, len(kids[0].Data()))
		}
	}
}

func TestSummary(t *testing.T) {
	for in, want := range map[string]string{
		"{ \"a\" : 1,\n\"b\":[true, \"x\\n\"] }": `{"a":1,"b":[true,"x\n"]}`,
		`[[[[[[[[[[[1]]]]]]]]]]]`:                `[[[[[[[[[…]]]]]]]]]`,
		`["` + strings.Repeat("世", 200) + `"]`:   `["` + strings.Repeat("世", 98) + "…",
	} {
		readings, _ := read(frame.Text, in)
		if got := readings[0].Summary; got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

// FuzzJSON holds the tree against encoding/json: the same texts are valid, and
// the values are the same.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5e3,"x\u00e9\n",true,null,{}],"b":"{\"c\":1}"}`, `[`, `{"a":1,}`, `["\ud83d\ude00"]`, `{"a":1}{"b":2}`,
		`[1,2,3`, "\"\\", `[-0,-]`, `{"":{"":[]}}`, `["eyJhIjoxLCJiIjoyfQ=="]`,
	} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, payload []byte, whole bool) {
		var s decode.Session
		readings, _ := s.Read(decode.Input{Type: frame.Text, Payload: payload, Whole: whole})
		checkReadings(t, payload, readings)
		var value any
		numbers := json.NewDecoder(bytes.NewReader(payload))
		numbers.UseNumber()
		if !utf8.Valid(payload) || len(payload) > decode.MaxText || !json.Valid(payload) || numbers.Decode(&value) != nil {
			return
		}
		switch value.(type) {
		case map[string]any, []any:
		default:
			return
		}
		if len(readings) == 0 || readings[0].Decoder != "JSON" {
			t.Fatalf("%q is JSON", payload)
		}
		if got, want := fmt.Sprint(plainJSON(t, &readings[0].Root)), fmt.Sprint(value); got != want {
			t.Fatalf("%q: %s, want %s", payload, got, want)
		}
	})
}

// plainJSON returns what encoding/json would make of n.
func plainJSON(t *testing.T, n *decode.Node) any {
	switch n.Kind {
	case decode.Object:
		m := map[string]any{}
		for _, kid := range children(t, n) {
			m[unescape(t, kid.Key)] = plainJSON(t, &kid)
		}
		return m
	case decode.Array:
		list := []any{}
		for _, kid := range children(t, n) {
			list = append(list, plainJSON(t, &kid))
		}
		return list
	case decode.String:
		return string(n.Data())
	case decode.Number:
		return json.Number(n.Raw())
	}
	return map[string]any{"true": true, "false": false, "null": nil}[n.Value]
}
