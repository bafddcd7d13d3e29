package filter

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

var update = flag.Bool("update", false, "write docs/filters.md")

const page = "../docs/filters.md"

// example is a filter people use, with a payload that it matches and one that it
// does not.
type example struct {
	filter, what string
	kind         frame.Opcode
	from         frame.Side
	url          string
	with         string
	without      string
}

var examples = []example{
	{`from == server && json.type == "trade" && json.price > 60000`, "trades over a price", frame.Text, frame.Server, "",
		`{"type":"trade","price":60001.5}`, `{"type":"trade","price":59000}`},
	{`json.e in ["trade", "aggTrade"] && float(json.q) >= 1.5`, "numbers that an exchange sends as texts", frame.Text, frame.Server, "",
		`{"e":"aggTrade","q":"2.25"}`, `{"e":"trade","q":"0.1"}`},
	{`any(json.asks, float(#[1]) > 100)`, "an order book with a large order in it", frame.Text, frame.Server, "",
		`{"asks":[["64000.1","3"],["64000.2","250.5"]]}`, `{"asks":[["64000.1","3"]]}`},
	{`json.id == 42 || json.params.request_id == 42`, "one JSON-RPC call and what refers to it", frame.Text, frame.Client, "",
		`{"jsonrpc":"2.0","method":"cancel","params":{"request_id":42}}`, `{"jsonrpc":"2.0","id":7,"result":{}}`},
	{`json.error != nil && json.error.code < -32000`, "JSON-RPC errors of the protocol", frame.Text, frame.Server, "",
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32601}}`, `{"jsonrpc":"2.0","id":1,"result":{}}`},
	{`json.type == "subscribe" && json.payload.query matches "subscription\\s+OnMessage"`, "a GraphQL subscription", frame.Text, frame.Client, "",
		`{"id":"1","type":"subscribe","payload":{"query":"subscription OnMessage { message { id } }"}}`, `{"id":"1","type":"complete"}`},
	{`json.type == "next" && len(json.payload.errors ?? []) > 0`, "GraphQL answers with errors", frame.Text, frame.Server, "",
		`{"id":"1","type":"next","payload":{"errors":[{"message":"no"}]}}`, `{"id":"1","type":"next","payload":{"data":{}}}`},
	{`text startsWith "42" && fromJSON(text[2:])[0] == "chat message"`, "one event of Socket.IO", frame.Text, frame.Client, "",
		`42["chat message",{"text":"hi"}]`, `42["typing",{}]`},
	{`path startsWith "/socket.io/" && text in ["2", "3"]`, "pings of Engine.IO, which are messages", frame.Text, frame.Server, "wss://chat.example/socket.io/?EIO=4",
		`2`, `40{"sid":"x"}`},
	{`text startsWith "SEND" && text contains "destination:/queue/orders"`, "STOMP to one queue", frame.Text, frame.Client, "",
		"SEND\ndestination:/queue/orders\n\nhi\x00", "SUBSCRIBE\ndestination:/queue/orders\n\n\x00"},
	{`type == binary && payload startsWith b"\x10"`, "an MQTT CONNECT", frame.Binary, frame.Client, "",
		"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c", "\x30\x05\x00\x01ahi"},
	{`json.topic matches "^room:[0-9]+$" && json.event == "phx_reply" && json.payload.status != "ok"`, "failed joins of Phoenix channels", frame.Text, frame.Server, "",
		`{"topic":"room:7","event":"phx_reply","payload":{"status":"error"}}`, `{"topic":"room:7","event":"phx_reply","payload":{"status":"ok"}}`},
	{`fromJSON(json.Data).kind == "nested"`, "JSON within a text of JSON", frame.Text, frame.Server, "",
		`{"Data":"{\"kind\":\"nested\"}"}`, `{"Data":"plain"}`},
	{`size > 64*KB || (compressed && wire_size > size)`, "messages that are large, or that compression made larger", frame.Text, frame.Server, "",
		strings.Repeat("x", 65<<10), "x"},
	{`host endsWith ".example.com" && request["user-agent"] contains "Firefox"`, "what one browser sends to one domain", frame.Text, frame.Client, "wss://eu.example.com/",
		`hello`, ""},
	{`type == close && code not in [1000, 1001]`, "connections that did not end well", frame.Close, frame.Server, "",
		"\x03\xf3overloaded", "\x03\xe8bye"},
	{`violation != "" || error != "" || incomplete != ""`, "whatever is wrong", frame.Text, frame.Client, "",
		"caf\xe9", "café"},
	{`time > date("2026-01-02T15:04:05Z") && time < date("2026-01-02T15:05:00Z")`, "a minute of it", frame.Text, frame.Client, "",
		"hello", ""},
	{`json.type not in ["ping", "pong", "heartbeat"]`, "all but the noise", frame.Text, frame.Server, "",
		`{"type":"order"}`, `{"type":"heartbeat"}`},
}

// TestExamples catches an example that does not do what it says.
func TestExamples(t *testing.T) {
	for _, e := range examples {
		p, fault := languages[OfMessages].read(e.filter)
		if fault != nil {
			t.Errorf("%s: %v", e.filter, fault)
			continue
		}
		if p.test == nil {
			t.Errorf("%s is a search", e.filter)
		}
		m, c := e.message(e.with)
		if f := (&Messages{p}); !f.Match(m, c) {
			t.Errorf("%s does not match %.60q", e.filter, e.with)
		}
		m, c = e.message(e.without)
		if e.without == "" { // what counts is around the payload
			m.Time, c = time.Time{}, nil
		}
		if f := (&Messages{p}); f.Match(m, c) {
			t.Errorf("%s matches %.60q", e.filter, e.without)
		}
	}
}

func (e *example) message(payload string) (*frame.Message, *frame.Connection) {
	m := &frame.Message{Conn: 1, Type: e.kind, From: e.from, Payload: []byte(payload), Size: uint64(len(payload)), Frames: 1}
	m.Time = time.Date(2026, 1, 2, 15, 4, 30, 0, time.UTC)
	if m.Type == frame.Close {
		code, reason, _ := frame.ParseClose(m.Payload)
		m.Code, m.Reason = code, string(reason)
	}
	if m.Type == frame.Text && !utf8.Valid(m.Payload) {
		m.Violation = frame.InvalidUTF8
	}
	return m, &frame.Connection{URL: e.url, Request: []frame.Field{{Name: "User-Agent", Value: "Mozilla/5.0 Firefox/140.0"}}}
}

// TestDocumentation catches docs/filters.md when it no longer says what the
// tables say. With -update it writes the page.
func TestDocumentation(t *testing.T) {
	pages, err := template.New("filters.md.tmpl").Funcs(template.FuncMap{
		"table":     fieldRows,
		"constants": constantRows,
		"functions": functionRows,
		"examples":  exampleRows,
	}).ParseFiles("testdata/filters.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := pages.Execute(&want, nil); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want.Bytes()) {
		t.Errorf("%s is stale: go test ./filter -run TestDocumentation -update", page)
	}
}

// cell writes text into a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func fieldRows(subject string) string {
	var b strings.Builder
	fmt.Fprintln(&b, "| name | is | example |\n|---|---|---|")
	for _, of := range []Subject{OfMessages, OfFrames, OfConnections} {
		if of.String() != subject {
			continue
		}
		for _, n := range Names(of) {
			if !n.Constant && (of != OfFrames || languages[OfMessages].fields[n.Name] == nil) {
				fmt.Fprintf(&b, "| `%s` | %s: %s | `%s` |\n", n.Name, n.Type, cell(n.Meaning), cell(n.Example))
			}
		}
	}
	return b.String()
}

func constantRows() string {
	var b strings.Builder
	fmt.Fprintln(&b, "| constant | is | example |\n|---|---|---|")
	for _, c := range constantTable {
		fmt.Fprintf(&b, "| `%s` | %s | `%s` |\n", c.name, cell(c.meaning), cell(c.example))
	}
	return b.String()
}

func functionRows() string {
	var b strings.Builder
	fmt.Fprintln(&b, "| function | gives |\n|---|---|")
	row := func(usage, meaning string) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", cell(usage), cell(meaning))
	}
	for _, l := range loopTable {
		row(l.usage, l.meaning)
	}
	row("now()", "the time now")
	for _, f := range functionTable {
		row(f.usage, f.meaning)
	}
	return b.String()
}

func exampleRows() string {
	var b strings.Builder
	fmt.Fprintln(&b, "| filter | finds |\n|---|---|")
	for _, e := range examples {
		fmt.Fprintf(&b, "| `%s` | %s |\n", cell(e.filter), cell(e.what))
	}
	return b.String()
}

// TestTableExamples catches an example in the table of names that is no
// expression where its name is known.
func TestTableExamples(t *testing.T) {
	for _, l := range languages {
		for _, n := range Names(l.of) {
			if p, err := l.read(n.Example); err == nil && p.test == nil {
				t.Errorf("%v: the example of %s is a search: %s", l.of, n.Name, n.Example)
			} else if err != nil && !slices.ContainsFunc(languages[:], func(other *language) bool {
				p, err := other.read(n.Example)
				return err == nil && p.test != nil
			}) {
				t.Errorf("%v: %s: %v", l.of, n.Example, err)
			}
		}
	}
}
