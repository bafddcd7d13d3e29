package export_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

// keeping is a Writer that keeps what it is given.
type keeping struct {
	conns    []frame.Connection
	messages []frame.Message
}

func (k *keeping) Connection(c *frame.Connection) error { k.conns = append(k.conns, *c); return nil }
func (k *keeping) Message(m *frame.Message) error       { k.messages = append(k.messages, *m); return nil }
func (k *keeping) Frame(*frame.Record) error            { return nil }
func (k *keeping) Flush() error                         { return nil }
func (k *keeping) Close() error                         { return nil }

func redactor(t testing.TB, r export.Redaction) *export.Redactor {
	t.Helper()
	d, err := export.NewRedactor(r)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// redacted is what is left of a message, and how many values went.
func redacted(t testing.TB, r export.Redaction, m frame.Message) (frame.Message, uint64) {
	t.Helper()
	d := redactor(t, r)
	var k keeping
	if err := d.Writer(&k).Message(&m); err != nil {
		t.Fatal(err)
	}
	return k.messages[0], d.Count()
}

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

// Secrets go; every other byte stays as it is, odd spacing and broken JSON too.
func TestRedactPayload(t *testing.T) {
	own := export.Redaction{JSON: []string{"pin", "user.name", "items[*].id", "[1].key", "a.*.z"}, Patterns: []*regexp.Regexp{regexp.MustCompile(`\d{4}-\d{4}`), regexp.MustCompile(`id=(\w+)`)}}
	none := export.Redaction{}
	std := export.DefaultRedaction()
	for _, test := range []struct {
		rules    export.Redaction
		in, want string
	}{
		{std, `{ "user" :"eve",  "Access-Token":"abc\"d" , "n":1.0e5}`, `{ "user" :"eve",  "Access-Token":"[redacted]" , "n":1.0e5}`},
		{std, `{"password":12345,"token":{"a":["]",1]},"secret":null,"jwt":true,"cookie":[]}`, `{"password":"[redacted]","token":"[redacted]","secret":null,"jwt":true,"cookie":"[redacted]"}`},
		{std, `42["login",{"apiKey":"k","room":7}]`, `42["login",{"apiKey":"[redacted]","room":7}]`},
		{std, `{"a":{"token":"x`, `{"a":{"token":"[redacted]"`},
		{std, `{"token":}`, `{"token":}`},
		{std, `{"data":"{\"password\":\"pw\",\"n\":[1]}","x":"\/"}`, `{"data":"{\"password\":\"[redacted]\",\"n\":[1]}","x":"\/"}`},
		{std, `hello ` + jwt + `, bye`, `hello [redacted], bye`},
		{std, "SEND\nauthorization:Bearer abcdefghijklmnop\nid:7\n\nbody\x00", "SEND\nauthorization:[redacted]\nid:7\n\nbody\x00"},
		{std, `{"u":"wss://eve:pw@h.example/x?id=1&access_token=abc#f"}`, `{"u":"wss://[redacted]@h.example/x?id=1&access_token=[redacted]#f"}`},
		{std, `{"u":"/x?id=1\u0026token=abc"}`, `{"u":"/x?id=1\u0026token=[redacted]"}`},
		{std, "password=a&user=b&pwd=c", "password=[redacted]&user=b&pwd=[redacted]"},
		{std, `no secrets here, "key": "value", tokens or passwords`, `no secrets here, "key": "value", tokens or passwords`},
		{std, "\xff\x00" + jwt + "\xfe", "\xff\x00[redacted]\xfe"},
		{std, `{"token":"[redacted]"}`, `{"token":"[redacted]"}`},
		{none, `{"password":"x"} ` + jwt, `{"password":"x"} ` + jwt},
		{own, `{"PIN":1,"user":{"name":[1,2],"pin":"x"},"name":"y"}`, `{"PIN":"[redacted]","user":{"name":"[redacted]","pin":"[redacted]"},"name":"y"}`},
		{own, `{"items":[{"id":1,"n":2},{"id":{}}, 7],"id":3}`, `{"items":[{"id":"[redacted]","n":2},{"id":"[redacted]"}, 7],"id":3}`},
		{own, `[{"key":1},{"key":2}]`, `[{"key":1},{"key":"[redacted]"}]`},
		{own, `{"a":{"b":{"z":1},"c":{"y":1}},"z":1}`, `{"a":{"b":{"z":"[redacted]"},"c":{"y":1}},"z":1}`},
		{own, "card 1234-5678 id=me id=", "card [redacted] id=[redacted] id="},
	} {
		m, n := redacted(t, test.rules, frame.Message{Type: frame.Text, Payload: []byte(test.in)})
		if got := string(m.Payload); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.in, got, test.want)
		}
		if gone := strings.Count(test.want, export.Redacted) - strings.Count(test.in, export.Redacted); n != uint64(gone) || m.Size != uint64(len(test.want)) {
			t.Errorf("%s: %d were counted of %d, size %d", test.in, n, gone, m.Size)
		}
	}
	for path, want := range map[string]string{"scalars[1]": `{"scalars":[1,"[redacted]",3]}`, "$.scalars[*]": `{"scalars":["[redacted]","[redacted]","[redacted]"]}`} {
		m, _ := redacted(t, export.Redaction{JSON: []string{path}}, frame.Message{Type: frame.Text, Payload: []byte(`{"scalars":[1,"two",3]}`)})
		if string(m.Payload) != want {
			t.Errorf("%s: %s", path, m.Payload)
		}
	}
	for _, path := range []string{"", "a..b", "a[", "a[x]", "a[-1]", "a.b[1"} {
		if _, err := export.NewRedactor(export.Redaction{JSON: []string{path}}); err == nil {
			t.Errorf("path %q was taken", path)
		}
	}
}

// A token in a URL, a header or a subprotocol leaks as well as one in a payload.
func TestRedactConnection(t *testing.T) {
	c := frame.Connection{
		URL:         "wss://eve:pw@h.example/a?x=1&token=abc&Key=k",
		Subprotocol: "base64url.bearer.authorization.k8s.io.dG9rZW4",
		Request: []frame.Field{
			{Name: "Host", Value: "h.example"}, {Name: "cookie", Value: "sid=1"}, {Name: "Origin", Value: "https://h.example"},
			{Name: "Sec-Websocket-Protocol", Value: "v1, access_token, secret-value,base64url.bearer.authorization.k8s.io.dG9rZW4, " + jwt},
			{Name: "X-Mine", Value: "Bearer abcdefghijklmnop"}, {Name: "X-Api-Key", Value: ""}, {Name: "Referer", Value: "https://h.example/?sig=abc"},
		},
		Response: []frame.Field{{Name: "Set-Cookie", Value: "a=b"}},
		Body:     []byte(`{"token":"abc"}`), Error: "dial wss://u:p@h.example", Reason: "password=x",
	}
	before := string(c.AppendJSON(nil))
	d := redactor(t, export.DefaultRedaction())
	var k keeping
	if err := d.Writer(&k).Connection(&c); err != nil {
		t.Fatal(err)
	}
	got := k.conns[0]
	want := frame.Connection{
		URL:         "wss://[redacted]@h.example/a?x=1&token=[redacted]&Key=[redacted]",
		Subprotocol: "base64url.bearer.authorization.k8s.io.[redacted]",
		Request: []frame.Field{
			{Name: "Host", Value: "h.example"}, {Name: "cookie", Value: "[redacted]"}, {Name: "Origin", Value: "https://h.example"},
			{Name: "Sec-Websocket-Protocol", Value: "v1, access_token, [redacted],base64url.bearer.authorization.k8s.io.[redacted], [redacted]"},
			{Name: "X-Mine", Value: "Bearer [redacted]"}, {Name: "X-Api-Key", Value: ""}, {Name: "Referer", Value: "https://h.example/?sig=[redacted]"},
		},
		Response: []frame.Field{{Name: "Set-Cookie", Value: "[redacted]"}},
		Body:     []byte(`{"token":"[redacted]"}`), Error: "dial wss://[redacted]@h.example", Reason: "password=[redacted]",
	}
	golden(t, string(got.AppendJSON(nil)), string(want.AppendJSON(nil)))
	if after := string(c.AppendJSON(nil)); after != before {
		t.Errorf("the connection itself was changed: %s", after)
	}
	if d.Count() != 14 {
		t.Errorf("%d were counted", d.Count())
	}
}

// Control frames stay within 125 bytes, and what cannot be looked into is no way
// around.
func TestRedactOddMessages(t *testing.T) {
	std := export.DefaultRedaction()
	m, _ := redacted(t, std, frame.Message{Type: frame.Close, Code: 1000, Payload: []byte("\x03\xe8token=abc"), Reason: "token=abc"})
	if string(m.Payload) != "\x03\xe8token=[redacted]" || m.Reason != "token=[redacted]" {
		t.Errorf("%q, %q", m.Payload, m.Reason)
	}
	long := strings.Repeat("&key=a", 20)
	m, _ = redacted(t, std, frame.Message{Type: frame.Ping, Payload: []byte(long)})
	if string(m.Payload) != export.Redacted {
		t.Errorf("%q", m.Payload)
	}
	m, n := redacted(t, std, frame.Message{Type: frame.Text, Compressed: true, Error: "inflate: no", Payload: []byte("\xf2\x48")})
	if string(m.Payload) != export.Redacted || n != 1 {
		t.Errorf("%q, %d", m.Payload, n)
	}
	if err := redactor(t, std).Writer(new(keeping)).Frame(&frame.Record{}); err == nil {
		t.Error("a frame was taken")
	}
}

// Whatever the payload: JSON stays JSON, and without rules nothing changes.
func FuzzRedact(f *testing.F) {
	f.Add([]byte(`{"token":"a","b":["{\"token\":1}",{"pin":{}}],"u":"?key=x"}`))
	f.Add([]byte("42[\"a\",{\"password\":-1}"))
	rules := export.DefaultRedaction()
	rules.JSON = append(rules.JSON, "b[*].pin", "[0]", "*.x")
	f.Fuzz(func(t *testing.T, p []byte) {
		before := slices.Clone(p)
		once, _ := redacted(t, rules, frame.Message{Type: frame.Binary, Payload: p})
		if !bytes.Equal(p, before) {
			t.Fatalf("the payload itself was changed")
		}
		if json.Valid(p) && !json.Valid(once.Payload) {
			t.Fatalf("%q became %q", p, once.Payload)
		}
		if same, n := redacted(t, export.Redaction{}, frame.Message{Type: frame.Text, Payload: p}); n != 0 || !bytes.Equal(same.Payload, p) {
			t.Fatalf("%q became %q", p, same.Payload)
		}
	})
}
