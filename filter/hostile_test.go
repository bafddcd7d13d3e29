package filter_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// TestHostileText catches a text that is not refused though it would take long
// to read, compile or check: several double the work with every few letters.
func TestHostileText(t *testing.T) {
	nest := func(n int, open, inner, shut string) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	for name, text := range map[string]string{
		"long":             "text contains \"" + strings.Repeat("a", 17<<10) + "\"",
		"many parts":       "size > 1" + strings.Repeat(" || size > 1", 1300),
		"chained":          nest(200, "1 < (", "size", " < 2 ? 1 : 2) < 3"),
		"short conditions": "size > 1 && " + nest(1000, "(", "json", " ?: json)"),
		"overloads":        nest(500, "trim(", "text", ", \"a\")") + " == text",
		"split":            nest(400, "split(", "text", ",\"a\")[0]") + " == text",
		"big pattern":      `text matches "` + strings.Repeat("a{1000}", 500) + `"`,
		"long pattern":     `text matches "` + strings.Repeat("(a|b)", 1000) + `"`,
		"nested pattern":   `text matches "((a{100}){100}){100}"`,
		"slashed pattern":  "/" + strings.Repeat("\\pL{100}", 400) + "/",
	} {
		if f, err := filter.ParseMessages(text); err == nil {
			t.Errorf("%s: %.40s… is taken", name, f)
		}
	}
	// These are long or deep but harmless.
	for name, text := range map[string]string{
		"parentheses": nest(3000, "(", "size > 1", ")"),
		"negations":   strings.Repeat("!", 3000) + "compressed",
		"conditions":  nest(300, "(size > 1 ? compressed : ", "compressed", ")"),
		"conditioned": nest(300, "(", "compressed", " ? compressed : fragmented)"),
		"alternation": `text matches "` + strings.Repeat("word|", 300) + `end"`,
		"words":       strings.Repeat("a", 16<<10),
		"list":        "size in [" + strings.Repeat("1,", 3000) + "1]",
	} {
		f, err := filter.ParseMessages(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f.Match(message(frame.Text, frame.Client, trade), nil)
		f.Need()
	}
}

// TestHostileEvaluation catches an evaluation without an end, or one that ends
// but passes a guess off as an answer.
func TestHostileEvaluation(t *testing.T) {
	numbers := message(frame.Text, frame.Client, "["+strings.Repeat("1,", 1<<20)+"1]")
	texts := message(frame.Text, frame.Client, "["+strings.Repeat(`"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",`, 1<<17)+`"b"]`)
	escaped := message(frame.Text, frame.Client, `{"a":"`+strings.Repeat(`\n`, 4<<20)+`"}`)
	long := message(frame.Text, frame.Client, strings.Repeat("a", 12<<20))
	object := message(frame.Text, frame.Client, `{"x":1`+strings.Repeat(`,"k":1`, 1<<20)+`}`)
	for _, test := range []struct {
		m      *frame.Message
		filter string
	}{
		{numbers, "all(json, all(json, # > 0))"},
		{numbers, "!any(json, any(json, # > 1))"},
		{numbers, "none(json, none(json, # > 1) && # > 1)"},
		{numbers, "count(json, # + 1 in json) >= 0"},
		{numbers, "all(json, # in json[1:])"},
		{numbers, "all(json, json == json)"},
		{numbers, "all(json, json[-1] == 1)"},
		{numbers, "all(json, len(map(json, #)) > 0)"},
		{numbers, "all(json, sum(json) > 0)"},
		{numbers, "all(json, max(json) == 1)"},
		{numbers, "len(map(json, map(json, #))) > 0"},
		{numbers, "all(json, fromJSON(text)[0] == 1)"},
		{numbers, `all(json, len(split(text, ",")) > 1)`},
		{numbers, `all(json, lower(text) == text)`},
		{numbers, `all(json, text + text != "")`},
		{numbers, `all(json, len(text) > 1)`},
		{numbers, `all(json, text contains "x" || true)`},
		{numbers, `all(json, text matches "1,1,2" || true)`},
		{numbers, `all(json, lastIndexOf(text, "2") == -1)`},
		{numbers, `all(json, trim(text, "x") == text)`},
		{numbers, `all(json, text <= text)`},
		{long, "all(1..100000, all(1..100000, # > 0))"},
		{long, "all(-9223372036854775807..9223372036854775807, # < 9223372036854775807)"},
		{long, "len(map(0..9223372036854775807, #)) > 0"},
		{long, "sum(0..9223372036854775807) > 0"},
		{long, "(0..9223372036854775807)[9000000000000000000:] != [] && all(1..100000000, true)"},
		{long, "(1..100000000) == (1..100000000)"},
		{long, "len((0..9223372036854775807)[0:9223372036854775807]) > 0 || len((0..9223372036854775807)[0:9223372036854775807]) > 0 || true"},
		{long, `len(split(text, "")) > 0`},
		{long, `text matches "((a?){100}){9}[^a]"`},
		{texts, `all(json, any(json, # == "b"))`},
		{texts, `all(json, # matches "^(a|aa|aaa|aaaa|aaaaa)*$" && # not contains "c" && all(json, # != "c"))`},
		{escaped, "all(1..100, len(json.a) > 0)"},
		{escaped, "all(1..100, json.a == json.a)"},
		{object, "all(1..1000, json.x == 1)"},
		{object, "all(1..1000, json == json)"},
		{object, `all(1..1000, "x" in json && len(keys(json)) > 0)`},
	} {
		f := mustMessages(t, test.filter)
		if f.Match(test.m, nil) || f.GaveUp() != 1 {
			t.Errorf("%s: GaveUp %d", test.filter, f.GaveUp())
		}
	}
	// An evaluation that was given up leaves nothing behind for the next.
	f := mustMessages(t, "all(json, all(json, # > 0))")
	if !f.Match(message(frame.Text, frame.Client, "[1,2,3]"), nil) || f.Match(numbers, nil) || !f.Match(message(frame.Text, frame.Client, "[1,2,3]"), nil) {
		t.Error("an evaluation is not like the one before it")
	}
}

// TestLargeAnswers catches bounds in the way of ordinary filters on large
// messages.
func TestLargeAnswers(t *testing.T) {
	var b strings.Builder
	for i := range 5_000 {
		fmt.Fprintf(&b, `{"id":%d,"side":"buy","symbol":"BTC-USD","price":%d.25},`, i, i)
	}
	m := message(frame.Text, frame.Server, `{"type":"book","levels":[`+b.String()+`{"side":"sell"}]}`)
	for _, text := range []string{
		`any(json.levels, .side == "sell")`,
		`count(json.levels, .price > 3000) > 1000 && json.type == "book"`,
		`text matches "\"side\":\"s[a-z]+\""`,
		`/"symbol":"(ETH|BTC)-USD"/i`,
		`sum(map(filter(json.levels, .price != nil), .id)) == 12497500`,
		`json.levels[-1].side == "sell"`,
	} {
		if f := mustMessages(t, text); !f.Match(m, nil) || f.GaveUp() != 0 {
			t.Errorf("%s: GaveUp %d", text, f.GaveUp())
		}
	}
}

// FuzzParse catches a text that panics, or a filter that does not end or differs
// from itself on the samples.
func FuzzParse(f *testing.F) {
	for _, text := range corpus() {
		f.Add(text)
	}
	messages := samples()
	f.Fuzz(func(t *testing.T, text string) {
		if m, err := filter.ParseMessages(text); err == nil {
			need := m.Need()
			for name, sample := range messages {
				got := m.Match(sample, connection())
				if got && !meets(&need, sample) {
					t.Errorf("%q matches %s, which its need holds back", text, name)
				}
				if m.GaveUp() > 0 {
					return
				}
			}
		}
		if r, err := filter.ParseFrames(text); err == nil {
			r.Match(&frame.Record{Payload: []byte(trade), Header: frame.Header{Opcode: frame.Text, Fin: true}}, nil)
		}
		if c, err := filter.ParseConnections(text); err == nil {
			c.Match(connection())
		}
	})
}

// corpus is filters of every kind, and faulty ones.
func corpus() []string {
	out := []string{"", "foo", "/re/i", `"a == b"`, "from = server", "1 < size < 3", "let x = json; x.a[0]?.b ?? 1 == #", "b'\\xff' in [1,.5,0x1]"}
	for _, of := range []filter.Subject{filter.OfMessages, filter.OfFrames, filter.OfConnections} {
		for _, n := range filter.Names(of) {
			out = append(out, n.Example)
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		out = append(out, condition(random, 3))
	}
	return out
}
