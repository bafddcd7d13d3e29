package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

// shelf is a sink that keeps everything, frames as messages.
type shelf struct {
	conns []*volume
	limit int // of connections, 0 for none
}

type volume struct {
	frame.Connection
	end      frame.End
	ended    int
	seq      uint64
	cutters  [2]frame.Cutter
	joiner   frame.Assembler
	messages []frame.Message
	frames   []frame.Record
}

func (s *shelf) Open(c *frame.Connection) (export.Tape, error) {
	if s.limit > 0 && len(s.conns) == s.limit {
		return nil, errors.New("the shelf is full")
	}
	c.ID = uint64(len(s.conns) + 100)
	v := &volume{Connection: *c}
	v.joiner.Extensions = frame.ParseExtensions(c.Extensions)
	s.conns = append(s.conns, v)
	return v, nil
}

func (v *volume) Append(from frame.Side, at time.Time, wire []byte) {
	for p := bytes.Clone(wire); len(p) > 0; {
		piece, n, ok := v.cutters[from].Next(p)
		if p = p[n:]; !ok {
			return // half a frame, of a stream that was broken before
		}
		v.seq++
		r := frame.Record{
			Conn: v.ID, Seq: v.seq, Message: v.seq, Time: at, From: from, Header: piece.Header, Payload: bytes.Clone(piece.Data),
			Stored: uint64(len(piece.Data)), Opaque: piece.Opaque,
		}
		if piece.Header.Masked && !piece.Opaque {
			frame.Mask(r.Payload, piece.Header.Mask, 0)
		}
		v.frames = append(v.frames, r)
		for _, m := range v.joiner.Push(&r) {
			m.Payload = bytes.Clone(m.Payload)
			v.messages = append(v.messages, m)
		}
	}
}

func (v *volume) Close(end frame.End) { v.end, v.ended = end, v.ended+1 }

func (v *volume) String() string {
	var b strings.Builder
	for _, m := range v.messages {
		fmt.Fprintf(&b, "%s %s %s %q %d\n", m.Time.Sub(v.Start), m.From, m.Type, m.Payload, m.Frames)
	}
	return b.String()
}

// harOf is s as a HAR document, which must be valid.
func harOf(t *testing.T, s session) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := s.export(t, export.NewHAR(&out, "1.2.3")); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(out.Bytes()) {
		t.Fatalf("no JSON: %s", out.Bytes())
	}
	return out.Bytes()
}

// Pitfall S4: what other programs read: text as it is, binary in base64, the
// direction as the client sees it, seconds as a number, and nothing in the list
// that is no text or binary message.
func TestHARMessages(t *testing.T) {
	var doc struct {
		Log struct {
			Version string
			Creator struct{ Name, Version string }
			Entries []struct {
				StartedDateTime time.Time
				Time            float64
				Kind            string `json:"_resourceType"`
				Request         struct{ Method, URL string }
				Response        struct{ Status int }
				Messages        []struct {
					Type   string
					Time   float64
					Opcode int
					Data   string
				} `json:"_webSocketMessages"`
			}
		}
	}
	if err := json.Unmarshal(harOf(t, newSession()), &doc); err != nil {
		t.Fatal(err)
	}
	e := doc.Log.Entries[0]
	if doc.Log.Version != "1.2" || doc.Log.Creator.Version != "1.2.3" || len(doc.Log.Entries) != 1 || e.Kind != "websocket" ||
		e.Request.URL != newSession().conn.URL || e.Request.Method != "GET" || e.Response.Status != 101 || e.Time != 1000 || !e.StartedDateTime.Equal(at) {
		t.Errorf("%+v", doc.Log)
	}
	var got strings.Builder
	for _, m := range e.Messages {
		fmt.Fprintf(&got, "%s %.3f %d %s\n", m.Type, m.Time-float64(at.Unix()), m.Opcode, m.Data)
	}
	golden(t, got.String(), `send 0.007 1 {"hello":"wörld"}
receive 0.008 1 line one
line two	end
receive 0.011 1 Hello
send 0.012 2 G1sySv8=
send 0.015 1 half
`)
}

// The schema of HAR 1.2 demands these fields, of these kinds; readers refuse a
// document without one. No capture may lack any, whatever became of a connection.
func TestHARSchema(t *testing.T) {
	var out bytes.Buffer
	w := export.NewHAR(&out, "1")
	for i, c := range []frame.Connection{
		{State: frame.Failed, URL: "wss://gone/", Error: "no route"}, {State: frame.Bypassed, URL: "tunnel://h:443"}, {URL: "://\x00%zz?&=&%", State: frame.Open},
		{State: frame.Refused, URL: "ws://h/?a=%20b&c", Status: 403, Start: at, End: at.Add(-time.Hour), Server: "[::1]:80", Body: []byte("\xff"), Request: []frame.Field{{Name: "Cookie", Value: "a=b; c"}, {Name: "cookie", Value: "d=e"}}, Response: []frame.Field{
			{Name: "Set-Cookie", Value: "a=b; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly"}, {Name: "Set-Cookie", Value: ";;"}, {Name: "Content-Type", Value: "text/html"}}},
	} {
		c.ID = uint64(i)
		if err := w.Connection(&c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var doc struct{ Log map[string]any }
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	number, text, list, object := 0.0, "", []any(nil), map[string]any(nil)
	for _, e := range doc.Log["entries"].([]any) {
		entry := e.(map[string]any)
		request, response := entry["request"].(map[string]any), entry["response"].(map[string]any)
		for _, part := range []struct {
			in     map[string]any
			fields map[string]any
		}{
			{entry, map[string]any{"startedDateTime": text, "time": number, "cache": object, "timings": object, "_webSocketMessages": list}},
			{entry["timings"].(map[string]any), map[string]any{"send": number, "wait": number, "receive": number}},
			{request, map[string]any{"method": text, "url": text, "httpVersion": text, "cookies": list, "headers": list, "queryString": list, "headersSize": number, "bodySize": number}},
			{response, map[string]any{"status": number, "statusText": text, "httpVersion": text, "cookies": list, "headers": list, "redirectURL": text, "headersSize": number, "bodySize": number}},
			{response["content"].(map[string]any), map[string]any{"size": number, "mimeType": text}},
		} {
			for name, kind := range part.fields {
				if got := part.in[name]; fmt.Sprintf("%T", got) != fmt.Sprintf("%T", kind) {
					t.Errorf("%s is %T, want %T", name, got, kind)
				}
			}
		}
		if entry["time"].(float64) < 0 {
			t.Errorf("an entry took %v", entry["time"])
		}
	}
	last := doc.Log["entries"].([]any)[3].(map[string]any)
	got, _ := json.Marshal([]any{last["serverIPAddress"], last["request"].(map[string]any)["cookies"], last["request"].(map[string]any)["queryString"], last["response"].(map[string]any)["cookies"], last["response"].(map[string]any)["content"]})
	golden(t, string(got), `["::1",[{"name":"d","value":"e"}],[{"name":"a","value":" b"},{"name":"c","value":""}],`+
		`[{"expires":"2026-10-21T07:28:00Z","httpOnly":true,"name":"a","path":"/","secure":false,"value":"b"}],{"encoding":"base64","mimeType":"text/html","size":1,"text":"/w=="}]`)
}

// What HAR can hold, and the private fields beside it, comes back as it was: the
// connection, and every message with its time, side, type, bytes and fragments.
func TestHARRoundTrip(t *testing.T) {
	s := newSession()
	var kept shelf
	tally, err := export.ReadHAR(t.Context(), bytes.NewReader(harOf(t, s)), &kept)
	if err != nil {
		t.Fatal(err)
	}
	v := kept.conns[0]
	for _, r := range v.frames {
		if r.Header.Masked != (r.From == frame.Client) {
			t.Errorf("%+v", r.Header)
		}
	}
	if v.URL != s.conn.URL || v.State != frame.Open || !v.Start.Equal(s.conn.Start) || v.Subprotocol != s.conn.Subprotocol ||
		v.Extensions != s.conn.Extensions || v.Client != s.conn.Client || !slices.Equal(v.Request, s.conn.Request) {
		t.Errorf("%+v", v.Connection)
	}
	if want := (frame.End{Time: s.conn.End, EndedBy: frame.ByServer, How: frame.ByClose}); v.end != want || v.ended != 1 {
		t.Errorf("%+v, %d times", v.end, v.ended)
	}
	golden(t, v.String(), `1ms client text "{\"hello\":\"wörld\"}" 1
3ms server ping "\x00\x01" 1
2ms server text "line one\nline two\tend" 2
5ms server text "Hello" 1
6ms client binary "\x1b[2J\xff" 1
8ms server reserved-3 "r" 1
9ms client text "half" 1
10ms server close "\x03\xe9bye" 1
11ms server close "" 1
`)
	want := export.Tally{Connections: 1, Messages: 9, Notes: []export.Note{
		{What: "messages that had been injected, edited or replayed are kept as if they had passed", Count: 1},
		{What: "messages that could not be inflated are left out", Count: 1},
		{What: "messages of which a part is missing are kept without it", Count: 1},
		{What: "bytes that were no frames are left out", Count: 1},
	}}
	if fmt.Sprint(tally) != fmt.Sprint(want) {
		t.Errorf("%+v", tally)
	}
}

// What tools do to JSON, sorting its fields and setting it in lines, must not
// change what is read.
func TestHARSorted(t *testing.T) {
	plain := harOf(t, newSession())
	var doc any
	if err := json.Unmarshal(plain, &doc); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.MarshalIndent(doc, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	var one, other shelf
	a, err := export.ReadHAR(t.Context(), bytes.NewReader(plain), &one)
	if err != nil {
		t.Fatal(err)
	}
	b, err := export.ReadHAR(t.Context(), bytes.NewReader(append([]byte("\xEF\xBB\xBF"), sorted...)), &other)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%v, sorted %v", a, b)
	}
	// The decimals of seconds are fewer after a program took them for a float64.
	round := func(v *volume) string {
		for i := range v.messages {
			v.messages[i].Time = v.messages[i].Time.Round(time.Millisecond)
		}
		return v.String()
	}
	golden(t, round(other.conns[0]), round(one.conns[0]))
}

// A format that cannot hold two connections at a time must not mix them.
func TestHARInterleaved(t *testing.T) {
	w := export.NewHAR(io.Discard, "")
	m := &frame.Message{Conn: 4, Type: frame.Text}
	if err := w.Message(m); err == nil {
		t.Error("a message without its connection was taken")
	}
	if err := w.Connection(&frame.Connection{ID: 3}); err != nil {
		t.Error(err)
	}
	if err := w.Message(m); err == nil {
		t.Error("a message of another connection was taken")
	}
}

// How others write HAR, each in its own order and with its own fields.
func TestHAROfOthers(t *testing.T) {
	for _, test := range []struct{ name, har, want, notes string }{
		{
			"chrome: sorted fields, so that messages come before the request", `{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"pages":[],"entries":[
{"_resourceType":"document","request":{"method":"GET","url":"https://h.example/"},"response":{"status":200}},
{"_initiator":{"type":"script","stack":{"callFrames":[{"url":"[{\"}"}]}},"_priority":"High","_resourceType":"websocket","_webSocketMessages":[
{"type":"send","time":1784689445.0071237,"opcode":1,"data":"h\u00e9 \"quoted\""},{"type":"receive","time":1784689445.25,"opcode":2,"data":"AP8="},
{"type":"error","time":1784689445.5,"opcode":-1,"data":"Invalid frame header"}],"cache":{},"connection":"443",
"request":{"method":"GET","url":"wss://h.example/live?x=1","httpVersion":"HTTP/1.1","headers":[{"name":"Host","value":"h.example"}],"queryString":[],"cookies":[],"headersSize":-1,"bodySize":0},
"response":{"status":101,"statusText":"Switching Protocols","headers":[{"name":"Sec-WebSocket-Protocol","value":"v1"}],"content":{"size":0,"mimeType":"x-unknown"}},
"serverIPAddress":"[::1]","startedDateTime":"2026-07-22T03:04:05.000Z","time":1500.5,"timings":{"send":0,"wait":0,"receive":1}}]}}`,
			"wss://h.example/live?x=1 101 v1 [::1]:443\n7.1237ms client text \"hé \\\"quoted\\\"\" 1\n250ms server binary \"\\x00\\xff\" 1\n1.5005s\n",
			"1 entries that are no WebSocket are left out; 1 notices that are neither sent nor received messages are left out",
		}, {
			"mitmproxy: an http URL, microseconds", `{"log":{"creator":{"name":"mitmproxy"},"entries":[{"startedDateTime":"2026-07-22T03:04:05.000000+00:00","time":3,
"request":{"method":"GET","url":"https://h.example/w","headers":[]},"response":{"status":101,"headers":[]},"cache":{},"timings":{},
"_resourceType":"websocket","_webSocketMessages":[{"type":"receive","time":1784689445.000042,"opcode":1,"data":""}]}]}}`,
			"wss://h.example/w 101  \n42µs server text \"\" 1\n3ms\n", "",
		}, {
			"http toolkit: a close without its sender", `{"log":{"creator":{"name":"HTTP Toolkit"},"entries":[{"startedDateTime":"2026-07-22T03:04:05Z","time":-1,
"request":{"method":"GET","url":"ws://h.example/"},"response":{"status":101},"_resourceType":"websocket",
"_webSocketMessages":[{"type":"send","opcode":2,"data":"/+8=","time":1784689446}],"_webSocketClose":{"code":1000,"reason":"bye","timestamp":1784689447}}]}}`,
			"ws://h.example/ 101  \n1s client binary \"\\xff\\xef\" 1\n1s closed with code 1000 bye\n",
			"1 closes of which the file does not tell whose they were are kept as a remark",
		}, {
			"gori: base64 by its own field, control frames in the list, CONNECT over HTTP/2", `{"log":{"creator":{"name":"gori"},"entries":[{"startedDateTime":"2026-07-22T03:04:05Z",
"request":{"method":"CONNECT","url":"https://h.example/"},"response":{"status":200},"_resourceType":"websocket",
"_webSocketMessages":[{"type":"send","opcode":9,"data":"cGluZw==","encoding":"base64","time":1784689446},{"type":"receive","opcode":2,"data":"abcd","time":1784689446.001},
{"type":"receive","opcode":8,"data":"A+g=","encoding":"base64"}]}]}}`,
			"wss://h.example/ 200  \n1s client ping \"ping\" 1\n1.001s server binary \"abcd\" 1\n1.001s server close \"\\x03\\xe8\" 1\n1.001s\n",
			"1 messages without a time are kept with that of the one before",
		}, {
			"firefox: a connection without messages", `{"log":{"creator":{"name":"Firefox"},"entries":[{"startedDateTime":"2026-07-22T05:04:05.000+02:00","time":9,
"request":{"method":"GET","url":"wss://h.example/","headers":[{"name":"Upgrade","value":"websocket"}]},"response":{"status":101}}]}}`,
			"wss://h.example/ 101  \n9ms\n", "1 connections are kept without messages, as the file has none of them",
		}, {
			"binary that is no base64, fields of the wrong kind", `{"log":{"entries":[{"startedDateTime":7,"time":"x","request":{"method":3,"url":"ws://h.example/"},"response":{"status":101},
"_webSocketMessages":[{"type":"send","opcode":2,"data":"not base64!","time":1784689446000},null,{"type":"send","opcode":99,"data":""}]}]}}`,
			"ws://h.example/ 101  \n495747h4m6s client binary \"not base64!\" 1\n495747h4m6s\n",
			"1 connections without a time are kept as of 1970; 1 binary messages that are not in base64 are kept as they are written; 1 notices that are neither sent nor received messages are left out; 1 messages with an opcode that is none are left out",
		},
	} {
		var kept shelf
		tally, err := export.ReadHAR(t.Context(), strings.NewReader(test.har), &kept)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var got strings.Builder
		for _, v := range kept.conns {
			fmt.Fprintf(&got, "%s %d %s %s\n%s%s %s", v.URL, v.Status, v.Subprotocol, v.Server, v, v.end.Time.Sub(v.Start), v.end.Error)
		}
		if got := strings.TrimSuffix(got.String(), " "); strings.TrimRight(got, " \n") != strings.TrimRight(test.want, "\n") {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
		var notes []string
		for _, n := range tally.Notes {
			notes = append(notes, fmt.Sprint(n.Count, " ", n.What))
		}
		if got := strings.Join(notes, "; "); got != test.notes {
			t.Errorf("%s: noted %s, want %s", test.name, got, test.notes)
		}
	}
}

// A file that was cut off, a full disk and an impatient person leave what was
// read, the connection under way ended with a word of it.
func TestHARCut(t *testing.T) {
	whole := harOf(t, newSession())
	for n := range len(whole) - 8 {
		var kept shelf
		if _, err := export.ReadHAR(t.Context(), bytes.NewReader(whole[:n]), &kept); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		for _, v := range kept.conns {
			if v.ended != 1 || !strings.HasPrefix(v.end.Error, "the import ended here") && n < len(whole)-12 {
				t.Fatalf("%d bytes: %+v", n, v.end)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := export.ReadHAR(ctx, bytes.NewReader(whole), new(shelf)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	two := strings.Replace(string(whole), `"entries":[`, `"entries":[{"request":{"url":"ws://a/"}},`, 1)
	if _, err := export.ReadHAR(t.Context(), strings.NewReader(two), &shelf{limit: 1}); err == nil || !strings.Contains(err.Error(), "shelf is full") {
		t.Error(err)
	}
	for _, bad := range []string{"", "[]", "{}", `{"log":{}}`, "PNG", `{"log":{"entries":[}}`, `{"log":{"entries":[{"a":1,,}]}}`} {
		if _, err := export.ReadHAR(t.Context(), strings.NewReader(bad), new(shelf)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// Whatever the file: no panic, whole frames, every connection ended once.
func FuzzReadHAR(f *testing.F) {
	f.Add([]byte(`{"log":{"entries":[{"_webSocketMessages":[{"type":"send","data":"x","_wsluice":{"frames":3,"then":[{"type":"ping","from":"server","text":"y"}]}}],"request":{"url":"ws://a/"}}]}}`))
	f.Add([]byte(`{"log":{"creator":{"name":"gori"},"entries":[{"request":{},"response":{},"startedDateTime":"2026-01-01","_wsluice":{"connection":{"url":"wss://b/"},"before":[{"type":"close","base64":"AA=="}]}}]}}`))
	f.Fuzz(func(t *testing.T, p []byte) {
		var kept shelf
		_, _ = export.ReadHAR(t.Context(), bytes.NewReader(p), &kept)
		for _, v := range kept.conns {
			if v.State == frame.Open && v.ended != 1 {
				t.Fatalf("ended %d times", v.ended)
			}
		}
	})
}
