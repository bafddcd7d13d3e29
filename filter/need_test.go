package filter_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// meets reports whether a message meets a need as a store asks it: alone, and
// within a block of other bytes.
func meets(n *filter.Need, m *frame.Message) bool {
	op := m.Type
	if op > 15 {
		op = 0
	}
	block := slices.Concat([]byte("before\x00"), m.Payload, []byte("\x00after"))
	return n.Sides&(1<<m.From) != 0 && n.Opcodes&(1<<op) != 0 && n.Origins&(1<<min(m.Origin, 7)) != 0 &&
		(n.After.IsZero() || !m.Time.Before(n.After)) && (n.Before.IsZero() || !m.Time.After(n.Before)) &&
		(n.Conns == nil || slices.Contains(n.Conns, m.Conn)) &&
		n.Payload(m.Payload) && n.Payload(block)
}

// TestNeed catches a need that does not follow from its filter where it should.
func TestNeed(t *testing.T) {
	const everyOpcode = 1<<16 - 1
	data := uint16(1<<frame.Text | 1<<frame.Binary)
	closing := uint16(1 << frame.Close)
	day := func(s string) time.Time { d, _ := time.Parse(time.DateOnly, s); return d }
	tests := []struct {
		filter string
		want   filter.Need
		// with and without are payloads that may and may not match.
		with, without string
	}{
		{"size > 3", filter.Need{}, "", ""},
		{"from == server", filter.Need{Sides: 2}, "", ""},
		{"!(from == server)", filter.Need{Sides: 1}, "", ""},
		{"from in [client]", filter.Need{Sides: 1}, "", ""},
		{"from == server || size > 3", filter.Need{}, "", ""},
		{"from == server || from == client && size > 3", filter.Need{}, "", ""},
		{"from == server && from != server", filter.Need{Sides: 4}, "", ""},
		{"type in [ping, pong]", filter.Need{Opcodes: 1<<frame.Ping | 1<<frame.Pong}, "", ""},
		{"opcode >= 8", filter.Need{Opcodes: 0xff00}, "", ""},
		{`type startsWith "p"`, filter.Need{Opcodes: 1<<frame.Ping | 1<<frame.Pong}, "", ""},
		{`type == opaque`, filter.Need{Opcodes: 1}, "", ""},
		{"code == 1001", filter.Need{Opcodes: closing}, "", ""},
		{"code != 1001", filter.Need{}, "", ""},
		{`reason contains "bye"`, filter.Need{Opcodes: closing}, "\x03\xe8bye", "\x03\xe8by"},
		{"json != nil", filter.Need{Opcodes: data}, "", ""},
		{"json == nil", filter.Need{}, "", ""},
		{"origin == edited", filter.Need{Origins: 1 << frame.Edited}, "", ""},
		{"origin != observed", filter.Need{Origins: 0xfe}, "", ""},
		{`time > date("2026-01-02") && time <= date("2026-01-03")`, filter.Need{After: day("2026-01-02"), Before: day("2026-01-03")}, "", ""},
		{`date("2026-01-02") < time`, filter.Need{After: day("2026-01-02")}, "", ""},
		{`!(time > date("2026-01-02"))`, filter.Need{Before: day("2026-01-02")}, "", ""},
		{`time < date("2026-01-02") || time > date("2026-01-03")`, filter.Need{}, "", ""},
		{`time < date("2026-01-02") || time < date("2026-01-03")`, filter.Need{Before: day("2026-01-03")}, "", ""},
		{`time > date("2026-01-02") || time > date("2026-01-03")`, filter.Need{After: day("2026-01-02")}, "", ""},
		{`time > date("2026-01-03") || time > date("2026-01-02")`, filter.Need{After: day("2026-01-02")}, "", ""},
		{"conn == 3", filter.Need{Conns: []uint64{3}}, "", ""},
		{"conn in [3, 5] || conn == 9", filter.Need{Conns: []uint64{3, 5, 9}}, "", ""},
		{"conn in 3..5 && conn in [4, 7]", filter.Need{Conns: []uint64{4}}, "", ""},
		{"conn in 1..100000", filter.Need{}, "", ""},
		{"from == client ? type == ping : type == pong", filter.Need{Opcodes: 1<<frame.Ping | 1<<frame.Pong}, "", ""},

		{"Hello World", filter.Need{}, "say HELLO WORLD!", "hello, world"},
		{"größe", filter.Need{}, "GRÖßE", "grösse"},
		{"/need(le)? in/", filter.Need{}, "a need in", "a ned in"},
		{"/needle|HAY/i", filter.Need{}, "hay", "stack"},
		{"/k/i", filter.Need{}, "\u212a", "x"},
		{"/a*/", filter.Need{}, "", ""},
		{`/caf\x{FFFD}!/`, filter.Need{}, "caf\xe9!", "cof"},
		{`text contains "abc"`, filter.Need{Opcodes: 1<<frame.Text | 1<<frame.Ping | 1<<frame.Pong | closing}, "xabcx", "xABCx"},
		{`payload == "abc" || payload endsWith "xyz"`, filter.Need{}, "xyz", "xy"},
		{`payload in ["abc", "def"]`, filter.Need{}, "def", "de"},
		{`payload[0:3] == "abc"`, filter.Need{}, "abcd", "abxd"},
		{`!(payload contains "abc")`, filter.Need{}, "", ""},
		{`payload contains "abc" && payload contains "def"`, filter.Need{}, "def abc", "abc"},
		{`json.type == "trade"`, filter.Need{Opcodes: data}, `{"type":"trade"}`, `{"type":"tick"}`},
		{`json.type == "trade"`, filter.Need{Opcodes: data}, `{"type":"tr\u0061de"}`, `{"kind":"trade"}`},
		{`json.price > 3`, filter.Need{Opcodes: data}, `{"price":4}`, `{"cost":4}`},
		{`json.kind == 1`, filter.Need{Opcodes: data}, `{"k\u0069nd":1}`, `{"kin":1}`},
		{`3 < json.price`, filter.Need{Opcodes: data}, `{"price":4}`, `{"cost":4}`},
		{`json.path == "a/b\"cde"`, filter.Need{Opcodes: data}, `{"path":"a\/b\"cde"}`, `{"path":"a\/b\"cd"}`},
		{`json.a.b in ["one", "two"]`, filter.Need{Opcodes: data}, `{"a":{"b":"two"}}`, `{"a":{"b":"three"}}`},
		{`json.a in ["one", nil]`, filter.Need{}, "", ""},
		{`json.a in [1, nil]`, filter.Need{}, "", ""},
		{`json.a == nil`, filter.Need{}, "", ""},
		{`json.a == json.b`, filter.Need{}, "", ""},
		{`json.a != "x"`, filter.Need{}, "", ""},
		{`json.name matches "^(foo|bar)"`, filter.Need{Opcodes: data}, `{"name":"barx"}`, `{"name":"baz"}`},
		{`any(json.items, .sku == "A-1")`, filter.Need{Opcodes: data}, `{"items":[{"sku":"A-1"}]}`, `{"items":[{"sku":"A-2"}]}`},
		{`any(json.items, .sku == "A-1" || .n > 1)`, filter.Need{Opcodes: data}, `{"items":[{"n":2}]}`, `{"items":[{"x":2}]}`},
		{`all(json.items, .sku == "A-1")`, filter.Need{Opcodes: data}, `{"items":[]}`, `{"sku":"A-1"}`},
		{`fromJSON(json.data).kind == "nested"`, filter.Need{Opcodes: data}, `{"data":"{\"kind\":\"nested\"}"}`, `{"data":"{\"kind\":\"other\"}"}`},
		{`json.a == "xyz" || size > 3`, filter.Need{}, "", ""},
		{`let x = from == server; x && type == ping`, filter.Need{}, "", ""},
	}
	for _, test := range tests {
		got := mustMessages(t, test.filter).Need()
		want := test.want
		if want.Sides == 0 {
			want.Sides = 3
		}
		want.Sides &= 3
		if want.Opcodes == 0 {
			want.Opcodes = everyOpcode
		}
		if want.Origins == 0 {
			want.Origins = 255
		}
		if got.Sides != want.Sides || got.Opcodes != want.Opcodes || got.Origins != want.Origins ||
			!got.After.Equal(want.After) || !got.Before.Equal(want.Before) || !slices.Equal(got.Conns, want.Conns) {
			t.Errorf("%s\nneeds %+v\nnot   %+v", test.filter, got, want)
		}
		if !got.Payload([]byte(test.with)) || test.with != test.without && got.Payload([]byte(test.without)) {
			t.Errorf("%s: does not tell %q from %q", test.filter, test.with, test.without)
		}
	}
}

// words are what random messages and conditions are made of.
var words = []string{"a", "b", "trade", "tick", "A/b", "é", "k", "\u212a", "x\"y", "\n", "1", "server", ""}

// condition returns a random condition.
func condition(r *rand.Rand, depth int) string {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	word := func() string { return fmt.Sprintf("%q", pick(words...)) }
	if depth > 0 && r.IntN(3) > 0 {
		a, b := condition(r, depth-1), condition(r, depth-1)
		switch r.IntN(8) {
		case 0:
			return "!(" + a + ")"
		case 1, 2, 3:
			return "(" + a + " && " + b + ")"
		case 4, 5, 6:
			return "(" + a + " || " + b + ")"
		}
		return "(" + a + " ? " + b + " : " + condition(r, depth-1) + ")"
	}
	relation := pick("==", "!=", "<", "<=", ">", ">=")
	path := pick("json", "json.a", "json.b.a", "json.l[0]", "json.l[1].a", "json?.b", `json["x\"y"]`, "fromJSON(json.s).a", "fromJSON(text).b", "json.a[0:2]")
	part := pick("text", "payload", "reason", "text[1:]", path)
	element := pick("#", ".a", ".b", "#.a.b")
	switch r.IntN(16) {
	case 0:
		return pick("from == client", "from != client", "server == from", "from in [client, server]", `from startsWith "s"`, `from > "d"`)
	case 1:
		return pick(`type == "text"`, "type == ping", "type != binary", "type in [close, opaque]", `type contains "o"`, "opcode < 8", "opcode == 0", "opcode in 1..2", `type matches "^p"`)
	case 2:
		return pick("code", "code % 1001", "opcode + code") + " " + relation + " " + pick("0", "1000", "1001")
	case 3:
		return pick("origin == edited", "origin != observed", `origin endsWith "ed"`, "origin in [injected, dropped]")
	case 4:
		when := pick(`date("2026-01-02")`, `date("2026-01-02 12:00:00")`, `date("1700-01-01")`, `date("2200-01-01")`, `date("0500-01-01")`, `date("9000-01-01")`)
		if r.IntN(2) == 0 {
			return when + " " + relation + " time"
		}
		return "time " + relation + " " + when
	case 5:
		return pick("conn == 3", "conn in [1, 3]", "conn in 2..4", "conn > 2", "3 == conn", "conn in []", "conn == -1")
	case 6, 7:
		return part + " " + pick("==", "!=", "contains", "startsWith", "endsWith") + " " + word()
	case 8:
		return part + " " + pick("in", "not in") + " [" + word() + ", " + pick(word(), "1", "nil", "true") + "]"
	case 9:
		return part + ` matches "` + pick("a", "tr?a", "(?i)K", "(?i)é", "(trade|tick)", "a|", "^.$", "(a/|b)", "[[:alpha:]]k", "a{2}", "\uFFFD") + `"`
	case 10:
		return path + " " + relation + " " + pick("1", "1.0", "nil", "true", path, word())
	case 11:
		return pick(path, "!"+path, path+` ?? true`, `"a" in `+path, `len(`+path+`) > 0`)
	case 12:
		return "any(" + pick("json.l", "json", "json.b", "keys(json)") + ", " + element + " " + pick("==", "contains", ">") + " " + pick(word(), "1") + pick("", " || from == client", " && #.a != nil") + ")"
	case 13:
		return pick("all", "none", "one") + "(json.l, " + element + " == " + pick(word(), "1", "nil") + ")"
	case 14:
		return pick("compressed", "size > 3", "frames == 1", "true", "false", `host == "api.example.com"`)
	}
	return "lower(" + part + ") contains " + word()
}

// anything returns a random message; most are made of the same words as
// conditions are.
func anything(r *rand.Rand) *frame.Message {
	types := []frame.Opcode{frame.Text, frame.Text, frame.Text, frame.Text, frame.Binary, frame.Ping, frame.Close, frame.Continuation, 5, frame.Opaque}
	t := types[r.IntN(len(types))]
	payload := random(r, 3)
	switch {
	case t == frame.Close:
		payload = [...]string{"", "\x03", "\x03\xe8", "\x03\xe9" + words[r.IntN(len(words))]}[r.IntN(4)]
	case r.IntN(4) == 0:
		payload = words[r.IntN(len(words))] + words[r.IntN(len(words))]
	}
	m := message(t, frame.Side(r.IntN(2)), payload)
	m.Conn, m.Origin = uint64(r.IntN(6)), frame.Origin(r.IntN(9))
	m.Time = []time.Time{noon, {}, noon.AddDate(0, 0, -1), noon.AddDate(-400, 0, 0), noon.AddDate(500, 0, 0)}[r.IntN(5)]
	return m
}

var quoting = strings.NewReplacer(`"`, `\"`, "\n", `\n`)

// random returns a random JSON text, some of it escaped.
func random(r *rand.Rand, depth int) string {
	text := func(s string) string {
		quoted := quoting.Replace(s)
		switch r.IntN(4) {
		case 0:
			quoted = strings.ReplaceAll(quoted, "a", `\u0061`)
		case 1:
			quoted = strings.ReplaceAll(quoted, "/", `\/`)
		}
		return `"` + quoted + `"`
	}
	if depth == 0 || r.IntN(3) == 0 {
		switch r.IntN(5) {
		case 0:
			return []string{"1", "1.0", "2", "-1", "null", "true", "false"}[r.IntN(7)]
		case 1:
			return text(random(r, 0))
		}
		return text(words[r.IntN(len(words))])
	}
	if r.IntN(3) == 0 {
		return "[" + random(r, depth-1) + "," + random(r, depth-1) + "]"
	}
	var members []string
	for _, key := range []string{"a", "b", "l", "s", `x"y`} {
		if r.IntN(2) == 0 {
			members = append(members, text(key)+":"+random(r, depth-1))
		}
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// TestNeedProperty catches a need that is stronger than its filter: random
// conditions on random messages, each of which matches only if it is needed.
func TestNeedProperty(t *testing.T) {
	matched, held := 0, 0
	r := rand.New(rand.NewPCG(5, 6))
	for range 4000 {
		text := condition(r, 3)
		f, err := filter.ParseMessages(text)
		if err != nil {
			continue // types that do not go together
		}
		need := f.Need()
		for range 40 {
			m := anything(r)
			match, met := f.Match(m, nil), meets(&need, m)
			if match {
				matched++
			}
			if !met {
				held++
			}
			if match && !met {
				t.Fatalf("%s\nmatches %v %v conn %d origin %v %v %q\nwhich its need holds back: %+v", text, m.From, m.Type, m.Conn, m.Origin, m.Time, m.Payload, need)
			}
		}
	}
	if matched < 10_000 || held < 10_000 {
		t.Errorf("%d matches and %d held back say too little", matched, held)
	}
}
