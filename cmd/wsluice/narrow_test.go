package main

import (
	"testing"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// TestNarrowed catches a filter that selects something else once a connection
// and a side are asked for beside it, in particular one that is no expression.
func TestNarrowed(t *testing.T) {
	payloads := []string{
		"", "order filled", "ORDER  filled", "Order Filled now", `say "order filled"`, "order.filled", `{"type":"trade"}`, `"type":"trade"`,
		"true) or (true", "true, false", "error", "42", "a\\b", "\xff\xfe", "größe", "GRÖẞE", "https://x.example/a", "it's", "/api/v1/users", "tick`s",
		`{"type":"error","order":42}`,
	}
	filters := []string{
		"order filled", "order.filled", "/order.filled/", "/order +filled/i", `"order filled"`, `'order filled'`, `"say \"order"`,
		`b"\xff\xfe"`, `json.type == "trade"`, `json.type == "trade" || json.order == 42`, "let x = json.type; x == 'error'", "true) or (true",
		"true, false", "error", "42", `a\b`, "größe", "https://x.example", "size > 3 // is long", "it's", "/api/v1/users", "tick`s", `"type":"trade"`,
		"compressed || true", "json.order", `/say "order/`, "/a\\\\b/", "  order filled  ", `"a" + "b"`,
	}
	server := frame.Server
	conn := &frame.Connection{ID: 3, State: frame.Open}
	for _, text := range filters {
		wide, err := filter.ParseMessages(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		joined, err := narrowed(text, 3, &server)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		narrow, err := filter.ParseMessages(joined)
		if err != nil {
			t.Errorf("%s became %s: %v", text, joined, err)
			continue
		}
		for _, payload := range payloads {
			m := &frame.Message{Conn: 3, From: frame.Server, Type: frame.Text, Size: uint64(len(payload)), Payload: []byte(payload)}
			if narrow.Match(m, conn) != wide.Match(m, conn) {
				t.Errorf("%s became %s: of %q that is %v instead of %v", text, joined, payload, narrow.Match(m, conn), wide.Match(m, conn))
			}
			m.From = frame.Client
			if narrow.Match(m, conn) {
				t.Errorf("%s became %s, which takes %q of the other side", text, joined, payload)
			}
			m.From, m.Conn = frame.Server, 4
			if narrow.Match(m, &frame.Connection{ID: 4}) {
				t.Errorf("%s became %s, which takes %q of another connection", text, joined, payload)
			}
		}
	}
	if _, err := narrowed("from = server", 3, nil); err == nil {
		t.Error("a wrong filter is accepted")
	}
	if alone, err := narrowed("order filled", 0, nil); err != nil || alone != "order filled" {
		t.Errorf("a filter alone became %q, %v", alone, err)
	}
	if all, err := narrowed("", 0, nil); err != nil || all != "" {
		t.Errorf("no filter became %q, %v", all, err)
	}
}
