package filter_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// TestMessages catches a name with another value than documented, and an
// operator or function that does not do what it says.
func TestMessages(t *testing.T) {
	const all = "all"
	tests := []struct{ filter, match string }{
		// Searches and regular expressions.
		{"order filled", "hello"},
		{"ORDER Filled", "hello"},
		{`"type":"trade"`, "trade"},
		{`"hello, world"`, "hello"},
		{"beat", "ping pong"},
		{"bye", "close"},
		{"/order [A-Z]+$/", "hello"},
		{"/ORDER/", ""},
		{"/ORDER/i", "hello"},
		{`/^\d+$/`, "number"},

		// Fields.
		{"from == client && type == \"text\"", "broken hello number"},
		{"type in [ping, pong]", "ping pong"},
		{`type == "reserved-5"`, "strange"},
		{`type == opaque`, "opaque"},
		{"type == continuation", "stray"},
		{"opcode == 0", "opaque stray"},
		{"opcode >= 8", "close nocode ping pong"},
		{"size > 1*KB", "long"},
		{"size == 2 && wire_size == 4", "number stuck"},
		{"wire_size < size", "cut packed"},
		{`text == "beat"`, "ping pong"},
		{`text contains "bye"`, "close"},
		{`text == "" && type != binary`, "nocode opaque strange stray"},
		{`payload endsWith b"\x00\xff"`, "long"},
		{`payload contains "tail" or payload == "?"`, "strange stray"},
		{"code == 1001", "close"},
		{`reason == "bye now"`, "close"},
		{`time == date("2026-01-02T12:00:00.123456789Z")`, all},
		{`time > date("2026-01-02") && time < date("2026-01-02 12:00:01")`, all},
		{`time > date("2026-01-03")`, ""},
		{`date("2026-01-03") - time > duration("11h59m")`, all},
		{`now() - duration("5m") < time`, ""},
		{"seq == 17 and conn == 3", all},
		{"seq in 1..16", ""},
		{"conn in [1, 3, 5]", all},
		{"origin == injected", "long"},
		{"frames > 1", "long"},
		{"fragmented", "long"},
		{"compressed", "packed stuck"},
		{`incomplete == "cut"`, "cut"},
		{"truncated", "cut"},
		{`violation startsWith "text not UTF-8"`, "broken"},
		{`error contains "inflate"`, "stuck"},

		// The connection.
		{`host == "api.example.com" && port == "8443" && path == "/ws/v2" && query startsWith "token="`, all},
		{`url endsWith "x=1" && scheme == "wss" && tls`, all},
		{`subprotocol matches "^graphql-(transport-)?ws$"`, all},
		{`client_addr startsWith "127." && server_addr endsWith ":8443"`, all},
		{`request["ORIGIN"] == "https://app.example.com" && "origin" in request`, all},
		{`request["x-trace"] == "one, two"`, all},
		{`"set-cookie" in response && !("cookie" in request)`, all},
		{`request.Host == "x"`, ""},

		// JSON.
		{`json.type == "trade"`, "trade"},
		{`json.type in ["trade", "tick"]`, "packed trade"},
		{`json.price > 64123 && json.price < 64124`, "trade"},
		{`json.id == 9007199254740993`, "trade"},
		{`json.id == 9007199254740992`, ""},
		{`json.ok`, "trade"},
		{`json == 42`, "number"},
		{`json != nil`, "number packed trade"},
		{`json == nil && type == "text"`, "broken cut hello socket stuck"},
		{`json.deep.a.b == 1`, "trade"},
		{`json?.deep?.a["b"] == 1`, "trade"},
		{`json.legs[1].side == "sell" && json.legs[-1].qty == 7`, "trade"},
		{`len(json.tags) == 2 && "hot" in json.tags && "symbol" in json`, "trade"},
		{`json.tags == ["hot", "new"]`, "trade"},
		{`json["esc\"aped"] == "líne\n"`, "trade"},
		{`fromJSON(json.inner).kind == "nested"`, "trade"},
		{`fromJSON(text[2:])[0] == "message"`, "socket"},
		{`any(json.legs, .qty > 4)`, "trade"},
		{`all(json.legs, .qty > 2) && none(json.legs, .qty > 7) && one(json.legs, .side == "buy")`, "trade"},
		{`count(json.legs, .side != nil) == 2`, "trade"},
		{`sum(json.legs, .qty) == 15 && max(map(json.legs, .qty)) == 7`, "trade"},
		{`find(json.legs, .qty > 3).side == "sell" && findIndex(json.legs, .qty > 3) == 1`, "trade"},
		{`findLast(json.legs, .qty > 3).qty == 7 && findLastIndex(json.legs, .qty < 4) == 0`, "trade"},
		{`len(filter(json.legs, #.qty >= 5)) == 2`, "trade"},
		{`sum(map(json.legs, #index)) == 3`, "trade"},
		{`json.legs | filter(.qty > 4) | len() == 2`, "trade"},
		{`first(json.tags) == "hot" && last(json.tags) == "new" && get(json, "ok")`, "trade"},
		{`"deep" in keys(json) && "trade" in values(json)`, "trade"},

		// Operators and functions.
		{"100 < size <= 8192", "long trade"},
		{"not (size > 2) && !compressed", "nocode number strange"},
		{`size % 2 == 1 && opcode ** 2 == 1`, "packed socket trade"},
		{`size / 4 == 0.5`, "number stuck"},
		{`-size < -8000`, "long"},
		{`lower(text) == "hello, world: order filled" && upper(text) startsWith "HELLO"`, "hello"},
		{`len(text) == 4 && indexOf(text, "a") == 1`, "broken"},
		{`indexOf(text, "at") == 2 && lastIndexOf(text, "b") == 0`, "ping pong"},
		{`split(text, ", ")[0] == "Hello"`, "hello"},
		{`trim(text, "H") startsWith "ello" && trimPrefix(text, "Hello") startsWith "," && trimSuffix(text, "D") endsWith "E"`, "hello"},
		{`hasPrefix(text, "4") && hasSuffix(text, "2")`, "number"},
		{`int(text) == 42 && float(text) == 42.0 && string(size) == "2"`, "number"},
		{`abs(-size) == 2 && ceil(size / 4) == 1 && floor(0.5) == 0 && round(1.5) == 2 && min(size, 3) == 2`, "number stuck"},
		{`fromBase64("YmVhdA==") == text`, "ping pong"},
		{`text not contains "e" && type == "text"`, "number stuck broken"},
		{`size > 1000 ? origin == injected : code == 1001`, "close long"},
		{`let q = json.price; q > 1 && q < 100000`, "trade"},
		{`(json.missing ?? 7) == 7 && type == ping`, "ping"},
		{`type matches "^p[io]ng$"`, "ping pong"},
		{`true`, all},
		{`false`, ""},
	}
	messages := samples()
	names := slices.Sorted(maps.Keys(messages))
	for _, test := range tests {
		want := strings.Fields(test.match)
		if test.match == all {
			want = names
		}
		slices.Sort(want)
		f := mustMessages(t, test.filter)
		var got []string
		for _, name := range names {
			if f.Match(messages[name], connection()) {
				got = append(got, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s\nmatches %v\nnot     %v", test.filter, got, want)
		}
		if f.String() != test.filter || f.GaveUp() != 0 {
			t.Errorf("%s: String %q, GaveUp %d", test.filter, f.String(), f.GaveUp())
		}
	}
}

// TestUnevaluated catches a part without a value that spoils an answer it has no
// say in, or that makes one it has no right to.
func TestUnevaluated(t *testing.T) {
	m := samples()["trade"]
	tests := []struct {
		filter string
		want   bool
	}{
		{"json.nope.x == 1 || size > 10", true},
		{"json.nope > 3 || size > 10", true},
		{"size > 10 || json.nope > 3", true},
		{"json.nope > 3 && size > 10", false},
		{"!(json.nope > 3)", false},
		{"!(json.nope > 3 && size == 0)", true},
		{"json.nope > 3", false},
		{"json.nope < 3", false},
		{"json.nope != 3", true},
		{"json.nope == nil", true},
		{"json.type > 3", false},
		{"json.type.x.y == nil", true},
		{"json.type[0] == 116", true},
		{"json.tags[9] == nil", true},
		{"json.tags.x == nil", true},
		{"json.price", false},
		{"!json.price", false},
		{"json.price || true", true},
		{"any(json.nope, .x == 1)", false},
		{"!any(json.nope, .x == 1)", false},
		{"any(json.type, .x == 1)", false},
		{`any(json.legs, .side startsWith "s")`, true},
		{"all(json.legs, .side > 1)", false},
		{"len(json.nope) > 0", false},
		{"json.nope + 1 > 0", false},
		{"size % (size - size) == 0", false},
		{"json.id * json.id != 0", false},
		{"json.id + 9223372036854775807 != 0", false},
		{"-2 - json.id * 1000 != 0", true},
		{"-9 - 9223372036854775807 != 0", false},
		{"-(-9223372036854775807 - 1) != 0", false},
		{`json.none contains "x"`, false},
		{`json.price contains "6"`, false},
		{`int(json.type) == 0 || json.ok`, true},
		{`"x" in json.type`, false},
		{`fromJSON("{") == nil`, true},
		{`(json.nope > 3 ? 1 : 2) == 2`, false},
		{`-json.type == 1`, false},
		{`sum(json.tags) == 0`, false},
	}
	for _, test := range tests {
		if got := mustMessages(t, test.filter).Match(m, nil); got != test.want {
			t.Errorf("%s: %v", test.filter, got)
		}
	}
}

// TestUnknownConnection catches a filter that fails where nothing is known of the
// connection.
func TestUnknownConnection(t *testing.T) {
	m := samples()["hello"]
	for text, want := range map[string]bool{
		`url == "" && host == "" && !tls && len(request) == 0`: true,
		`host == "api.example.com"`:                            false,
		`request["origin"] == nil`:                             true,
		`conn == 3`:                                            true,
	} {
		if got := mustMessages(t, text).Match(m, nil); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// TestFrames catches names of frames with another value than their JSON.
func TestFrames(t *testing.T) {
	first := &frame.Record{Conn: 3, Seq: 4, Message: 4, Time: noon, From: frame.Client, Payload: []byte(`{"a":`), Stored: 5}
	first.Header = frame.Header{Opcode: frame.Text, Length: 5, Masked: true, Mask: [4]byte{0xde, 0xad, 0xbe, 0xef}}
	rest := &frame.Record{Conn: 3, Seq: 6, Message: 4, Time: noon, From: frame.Client, Payload: []byte("1}"), Stored: 2}
	rest.Header = frame.Header{Opcode: frame.Continuation, Fin: true, Length: 2, Masked: true}
	whole := &frame.Record{Conn: 3, Seq: 7, Message: 7, Time: noon, From: frame.Server, Payload: []byte(`{"a":1}`), Stored: 7}
	whole.Header = frame.Header{Opcode: frame.Text, Fin: true, Length: 7}
	packed := &frame.Record{Conn: 3, Seq: 8, Message: 8, Time: noon, From: frame.Server, Payload: []byte("1"), Stored: 100}
	packed.Header = frame.Header{Opcode: frame.Text, Fin: true, Length: 100, RSV: frame.RSV1 | frame.RSV3}
	closing := &frame.Record{Conn: 3, Seq: 9, Message: 9, Time: noon, From: frame.Server, Payload: []byte("\x03\xe8bye"), Stored: 5, Violation: frame.MaskedServer}
	closing.Header = frame.Header{Opcode: frame.Close, Fin: true, Length: 5, Masked: true}
	opaque := &frame.Record{Conn: 3, Seq: 10, Message: 10, Time: noon, From: frame.Client, Payload: []byte("junk"), Stored: 4, Opaque: true, Incomplete: frame.Cut}
	records := map[string]*frame.Record{"first": first, "rest": rest, "whole": whole, "packed": packed, "close": closing, "opaque": opaque}

	for text, match := range map[string]string{
		"JUNK":                            "opaque",
		"/^.bye/":                         "",
		"/(?s)^..bye/":                    "close",
		"fin":                             "close packed rest whole",
		"!fin && !opaque":                 "first",
		"fragmented":                      "first rest",
		"compressed":                      "packed",
		"rsv == 5 && rsv1 && !rsv2":       "packed",
		"rsv3":                            "packed",
		"masked && from == server":        "close",
		`mask == "deadbeef"`:              "first",
		"length > 7":                      "packed",
		"size == 4 && length == 4":        "opaque",
		"wire_size == 11":                 "close first",
		"message != seq":                  "rest",
		"message == 4":                    "first rest",
		"opaque":                          "opaque",
		`type == "opaque" && opcode == 0`: "opaque",
		`type == continuation`:            "rest",
		`text == "{\"a\":1}"`:             "whole",
		`text contains "a"`:               "first whole",
		`json.a == 1`:                     "whole",
		`json == 1`:                       "",
		`code == 1000 && reason == "bye"`: "close",
		`text == "bye"`:                   "close",
		`payload == "1}"`:                 "rest",
		"truncated":                       "packed",
		`violation != ""`:                 "close",
		`incomplete == "cut"`:             "opaque",
		`host == "api.example.com"`:       "close first opaque packed rest whole",
	} {
		f, err := filter.ParseFrames(text)
		if err != nil {
			t.Errorf("ParseFrames(%q): %v", text, err)
			continue
		}
		var got []string
		for _, name := range slices.Sorted(maps.Keys(records)) {
			if f.Match(records[name], connection()) {
				got = append(got, name)
			}
		}
		if !slices.Equal(got, strings.Fields(match)) {
			t.Errorf("%s matches %v, not %v", text, got, match)
		}
	}
}

// TestConnections catches names of connections with another value than their
// JSON, and searches that look elsewhere than they say.
func TestConnections(t *testing.T) {
	for text, want := range map[string]bool{
		"API.example":   true,
		"127.0.0.1:501": true,
		"192.0.2.7":     true,
		"graphql":       true,
		"bye":           true,
		"quota":         false,
		"/ws/v[0-9]/":   true,
		"/WS/":          false,
		"7:8443graphql": false,
		`state == "closed" && !open && how == close && ended_by == server`:         true,
		`conn == 3 && status == 101 && code == 1001 && reason == "bye"`:            true,
		`lasted == duration("2m") && end - start == lasted`:                        true,
		`start < date("2026-01-02 12:00:00") && end > date("2026-01-02 12:00:00")`: true,
		"messages == 13 && messages_client == 4 && messages_server == 9":           true,
		"frames == 14 && frames_client == 5 && frames_server == 9":                 true,
		"bytes == 3*MB + 1*KB && bytes_client == 1*KB && bytes_server > 2.9*MB":    true,
		`extensions contains "deflate" && body == "quota used up" && error == ""`:  true,
		`client_addr startsWith "127." && server_addr startsWith "192."`:           true,
		`scheme == "wss" && path == "/ws/v2" && tls`:                               true,
		`request.Origin endsWith "example.com"`:                                    true,
		"status in 400..599":                                                       false,
		`ended_by == proxy`:                                                        false,
		`how in ["fin", "reset"]`:                                                  false,
	} {
		f, err := filter.ParseConnections(text)
		if err != nil {
			t.Errorf("ParseConnections(%q): %v", text, err)
		} else if got := f.Match(connection()); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	f, err := filter.ParseConnections(`end == nil && !(lasted > duration("0s")) || open`)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Match(&frame.Connection{State: frame.Open, Start: noon}) {
		t.Error("an open connection has an end")
	}
}

// TestURLs catches a URL taken apart elsewhere than it is put together.
func TestURLs(t *testing.T) {
	for url, want := range map[string]string{
		"ws://host":                             "ws host 80  ",
		"wss://host/":                           "wss host 443 / ",
		"wss://user:p@ss@host:1/a?b?c#d":        "wss host 1 /a b?c",
		"ws://[::1]/x":                          "ws ::1 80 /x ",
		"ws://[fe80::1%25eth0]:8080?q":          "ws fe80::1%25eth0 8080  q",
		"tunnel://host:443":                     "tunnel host 443  ",
		"ws://host:8080?redirect=http://x:1/@y": "ws host 8080  redirect=http://x:1/@y",
		"":                                      "    ",
	} {
		f, err := filter.ParseConnections(fmt.Sprintf(`scheme + " " + host + " " + port + " " + path + " " + query == %q`, want))
		if err != nil {
			t.Fatal(err)
		}
		if !f.Match(&frame.Connection{URL: url}) {
			t.Errorf("%s is not %s", url, want)
		}
	}
}

// TestConcurrent catches anything that evaluations share.
func TestConcurrent(t *testing.T) {
	f := mustMessages(t, `from == server && any(json.legs, .qty > 4) && json["esc\"aped"] startsWith "l" && text matches "BTC|ETH"`)
	messages := samples()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				for name, m := range messages {
					if got := f.Match(m, nil); got != (name == "trade") {
						t.Errorf("%s: %v", name, got)
					}
				}
			}
		})
	}
	wg.Wait()
}
