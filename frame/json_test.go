package frame_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

var at = time.Date(2026, 11, 21, 3, 4, 5, 60, time.FixedZone("", 3600))

// The field names and their order are a promise to every script that reads them.
func TestMessageJSON(t *testing.T) {
	base := frame.Message{Conn: 3, Seq: 17, Time: at, From: frame.Client, Type: frame.Text, Size: 2, Frames: 1, WireSize: 8}
	const head = `{"conn":3,"seq":17,"time":"2026-11-21T02:04:05.00000006Z","from":"client",`
	for _, test := range []struct {
		name   string
		change func(*frame.Message)
		want   string
	}{
		{"text", func(m *frame.Message) { m.Payload = []byte("hi") },
			head + `"type":"text","size":2,"text":"hi","origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"no HTML escaping", func(m *frame.Message) { m.Payload = []byte("<a href='&'>\"\\/") },
			head + `"type":"text","size":2,"text":"<a href='&'>\"\\/","origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"controls, separators and marks", func(m *frame.Message) {
			m.Payload = []byte("\x00\b\n\r\t\x1b[2J\x7f\u009b\u2028\u2029\u202e\u200b\ufeff\U0001F600é")
		},
			head + `"type":"text","size":2,"text":"\u0000\u0008\n\r\t\u001b[2J\u007f\u009b\u2028\u2029\u202e\u200b\ufeff😀é","origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"F7 text that is not UTF-8", func(m *frame.Message) { m.Payload, m.Violation = []byte("\xff"), frame.InvalidUTF8 },
			head + `"type":"text","size":2,"base64":"/w==","origin":"observed","frames":1,"compressed":false,"wire_size":8,"violation":"text not UTF-8 (RFC 6455 section 8.1)"}`},
		{"F7 lone surrogate", func(m *frame.Message) { m.Payload = []byte("\xed\xa0\x80") },
			head + `"type":"text","size":2,"base64":"7aCA","origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"binary that reads as text", func(m *frame.Message) { m.Type, m.Payload = frame.Binary, []byte("hi") },
			head + `"type":"binary","size":2,"base64":"aGk=","origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"ping", func(m *frame.Message) { m.Type, m.Payload = frame.Ping, []byte("hi") },
			head + `"type":"ping","size":2,"text":"hi","origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"pong of bytes", func(m *frame.Message) { m.Type, m.Payload = frame.Pong, []byte{0xFE} },
			head + `"type":"pong","size":2,"base64":"/g==","origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"X1 close", func(m *frame.Message) {
			m.Type, m.Payload, m.Code, m.Reason = frame.Close, []byte("\x03\xe9bye"), 1001, "bye"
		}, head + `"type":"close","size":2,"code":1001,"reason":"bye","origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"X2 close without code", func(m *frame.Message) { m.Type = frame.Close },
			head + `"type":"close","size":2,"origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"X4 close with code 0", func(m *frame.Message) { m.Type, m.Payload = frame.Close, []byte{0, 0} },
			head + `"type":"close","size":2,"code":0,"reason":"","origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"X4 close of one byte", func(m *frame.Message) { m.Type, m.Payload = frame.Close, []byte{3} },
			head + `"type":"close","size":2,"base64":"Aw==","origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"X4 close with a reason that is not UTF-8", func(m *frame.Message) {
			m.Type, m.Payload, m.Code, m.Reason = frame.Close, []byte("\x03\xe8\xff"), 1000, "\xff"
		}, head + `"type":"close","size":2,"base64":"A+j/","code":1000,"origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
		{"all that is set only when there is something to say", func(m *frame.Message) {
			m.Payload, m.Compressed, m.Origin, m.Recoded = []byte("h"), true, frame.Dropped, true
			m.Incomplete, m.Violation, m.Error, m.Truncated = frame.Cut, frame.UnmaskedClient, "boo", true
		}, head + `"type":"text","size":2,"text":"h","origin":"dropped","recoded":true,"frames":1,"compressed":true,"wire_size":8,` +
			`"incomplete":"cut","violation":"unmasked client frame (RFC 6455 section 5.1)","error":"boo","truncated":true}`},
		{"opaque", func(m *frame.Message) { m.Type, m.Payload = frame.Opaque, []byte("?") },
			head + `"type":"opaque","size":2,"base64":"Pw==","origin":"observed","frames":1,"compressed":false,"wire_size":8}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := base
			test.change(&m)
			got := m.AppendJSON(nil)
			if string(got) != test.want {
				t.Errorf("%s\nwant\n%s", got, test.want)
			}
			var again frame.Message
			if err := json.Unmarshal(got, &again); err != nil {
				t.Fatal(err)
			}
			m.Time = m.Time.UTC()
			if m.Payload == nil {
				m.Payload = again.Payload[:0]
			}
			if !reflect.DeepEqual(again, m) {
				t.Errorf("read back as %+v, want %+v", again, m)
			}
		})
	}
}

// Frames are exported to the last bit: what is not in their JSON cannot be
// imported again.
func TestRecordJSON(t *testing.T) {
	base := frame.Record{
		Conn: 3, Seq: 17, Message: 16, Time: at, From: frame.Client,
		Header:  frame.Header{Opcode: frame.Text, RSV: frame.RSV1, Masked: true, Mask: [4]byte{0, 0xAB, 1, 2}, Length: 2},
		Payload: []byte("hi"), Stored: 2,
	}
	const head = `{"conn":3,"seq":17,"time":"2026-11-21T02:04:05.00000006Z","from":"client",`
	for _, test := range []struct {
		name   string
		wire   bool
		change func(*frame.Record)
		want   string
	}{
		{"masked", false, func(*frame.Record) {},
			head + `"type":"text","fin":false,"rsv":4,"opcode":1,"masked":true,"mask":"00ab0102","length":2,"payload":"aGk=","origin":"observed","message":16}`},
		{"wire, non-minimal", true, func(r *frame.Record) {
			r.Header = frame.Header{Fin: true, Extended: 2, Length: 2}
			r.Violation = frame.StrayContinuation
		}, head + `"type":"continuation","fin":true,"rsv":0,"opcode":0,"masked":false,"length":2,"payload":"aGk=","origin":"observed","message":16,` +
			`"violation":"continuation without a message (RFC 6455 section 5.4)","wire":"gH4AAmhp"}`},
		{"recoded", false, func(r *frame.Record) { r.Recoded = true },
			head + `"type":"text","fin":false,"rsv":4,"opcode":1,"masked":true,"mask":"00ab0102","length":2,"payload":"aGk=","origin":"observed","recoded":true,"message":16}`},
		{"cut", false, func(r *frame.Record) { r.Header.Length, r.Incomplete = 1<<63-1, frame.Cut },
			head + `"type":"text","fin":false,"rsv":4,"opcode":1,"masked":true,"mask":"00ab0102","length":9223372036854775807,"payload":"aGk=","origin":"observed","message":16,"incomplete":"cut"}`},
		{"opaque", true, func(r *frame.Record) { r.Header, r.Opaque, r.Violation = frame.Header{}, true, frame.ImpossibleLength },
			head + `"type":"opaque","fin":false,"rsv":0,"opcode":0,"masked":false,"length":2,"payload":"aGk=","origin":"observed","message":16,` +
				`"violation":"impossible length (RFC 6455 section 5.2)","opaque":true,"wire":"aGk="}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := base
			test.change(&r)
			got := r.AppendJSON(nil, test.wire)
			if string(got) != test.want {
				t.Errorf("%s\nwant\n%s", got, test.want)
			}
			var again frame.Record
			if err := json.Unmarshal(got, &again); err != nil {
				t.Fatal(err)
			}
			r.Time = r.Time.UTC()
			if !reflect.DeepEqual(again, r) {
				t.Errorf("read back as %+v, want %+v", again, r)
			}
		})
	}
	t.Run("preview", func(t *testing.T) {
		r := base
		r.Stored, r.Header.Length = 100, 100
		if got := string(r.AppendJSON(nil, false)); !strings.HasSuffix(got, `"message":16,"truncated":true}`) {
			t.Error(got)
		}
	})
}

// A connection's JSON must hold the whole handshake and be readable back.
func TestConnectionJSON(t *testing.T) {
	full := frame.Connection{
		ID: 3, State: frame.Closed, Source: 2, URL: "wss://h.example/a?b=<c>&d", Client: "127.0.0.1:5", Server: "192.0.2.1:443",
		Start: at.UTC(), End: at.Add(time.Second).UTC(), Status: 101, Subprotocol: "v1", Extensions: "permessage-deflate",
		Request:  []frame.Field{{Name: "Host", Value: "h.example"}, {Name: "X", Value: `"`}, {Name: "X", Value: ""}},
		Response: []frame.Field{{Name: "Upgrade", Value: "websocket"}},
		TLS: &frame.TLS{
			Client: &frame.TLSLeg{Version: "TLS 1.3", Cipher: "C"},
			Server: &frame.TLSLeg{Version: "TLS 1.2", Cipher: "D", ServerName: "h", ALPN: "http/1.1", Verified: true, Subject: "CN=h", Issuer: "A&B", NotAfter: at.UTC(), SHA256: "ab"},
		},
		Messages: [2]uint64{1, 2}, Frames: [2]uint64{3, 4}, Bytes: [2]uint64{5, 6}, Missing: 7,
		Code: 1001, Reason: "bye", EndedBy: frame.ByServer, How: frame.ByClose,
	}
	refused := frame.Connection{ID: 4, State: frame.Refused, URL: "ws://h/", Start: at.UTC(), Status: 403, Body: []byte("no\n")}
	failed := frame.Connection{ID: 5, State: frame.Failed, URL: "ws://h/", Start: at.UTC(), Error: "dial h:80: refused", Body: []byte{0xFF}}
	for _, test := range []struct {
		conn frame.Connection
		want string
	}{
		{full, `{"conn":3,"state":"closed","url":"wss://h.example/a?b=<c>&d","source":2,"client":"127.0.0.1:5","start":"2026-11-21T02:04:05.00000006Z","end":"2026-11-21T02:04:06.00000006Z",` +
			`"status":101,"subprotocol":"v1","extensions":"permessage-deflate","messages":{"client":1,"server":2},"frames":{"client":3,"server":4},"bytes":{"client":5,"server":6},"missing":7,` +
			`"code":1001,"reason":"bye","ended_by":"server","how":"close","request":[["Host","h.example"],["X","\""],["X",""]],"response":[["Upgrade","websocket"]],` +
			`"tls":{"client":{"version":"TLS 1.3","cipher":"C","verified":false},"server":{"version":"TLS 1.2","cipher":"D","server_name":"h","alpn":"http/1.1","verified":true,"subject":"CN=h","issuer":"A&B","not_after":"2026-11-21T02:04:05.00000006Z","sha256":"ab"}},` +
			`"server":"192.0.2.1:443"}`},
		{refused, `{"conn":4,"state":"refused","url":"ws://h/","start":"2026-11-21T02:04:05.00000006Z","status":403,"messages":{"client":0,"server":0},"frames":{"client":0,"server":0},"bytes":{"client":0,"server":0},"request":[],"response":[],"body":"no\n"}`},
		{failed, `{"conn":5,"state":"failed","url":"ws://h/","start":"2026-11-21T02:04:05.00000006Z","messages":{"client":0,"server":0},"frames":{"client":0,"server":0},"bytes":{"client":0,"server":0},"request":[],"response":[],"error":"dial h:80: refused","body_base64":"/w=="}`},
	} {
		got := test.conn.AppendJSON(nil)
		if string(got) != test.want {
			t.Errorf("%s\nwant\n%s", got, test.want)
		}
		var again frame.Connection
		if err := json.Unmarshal(got, &again); err != nil {
			t.Fatal(err)
		}
		if len(again.Request) == 0 {
			again.Request, again.Response = nil, nil
		}
		if !reflect.DeepEqual(again, test.conn) {
			t.Errorf("read back as %+v, want %+v", again, test.conn)
		}
	}
}

// Header fields and URLs are bytes: their JSON must be valid all the same.
func TestJSONOfBytesThatAreNotUTF8(t *testing.T) {
	c := frame.Connection{URL: "ws://h/\xff\xc3(", Start: at}
	if got := string(c.AppendJSON(nil)); !strings.Contains(got, `"url":"ws://h/\ufffd\ufffd("`) || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}

// A value marshalled by encoding/json, inside something larger or not, must have
// the same form as everywhere.
func TestJSONThroughEncodingJSON(t *testing.T) {
	m := frame.Message{Type: frame.Text, Payload: []byte("x"), Time: at}
	r := frame.Record{Payload: []byte("x"), Time: at}
	c := frame.Connection{URL: "ws://h/", Start: at, Request: []frame.Field{{Name: "A", Value: "b"}}}
	got, err := json.Marshal([]any{m, &m, r, &r, c, &c, c.Request})
	if err != nil {
		t.Fatal(err)
	}
	mj, rj, cj := string(m.AppendJSON(nil)), string(r.AppendJSON(nil, false)), string(c.AppendJSON(nil))
	if want := "[" + strings.Join([]string{mj, mj, rj, rj, cj, cj, `[["A","b"]]`}, ",") + "]"; string(got) != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// Input of an import is as hostile as any: an error, never a panic.
func TestJSONOfOthers(t *testing.T) {
	for _, in := range []string{
		`{"from":"both"}`, `{"type":"song"}`, `{"time":"now"}`, `{"conn":-1}`, `{"origin":""}`,
		`{"violation":"rude"}`, `{"incomplete":"half"}`, `[]`, `"x"`, `{"base64":"?"}`,
	} {
		if err := json.Unmarshal([]byte(in), new(frame.Message)); err == nil || !strings.HasPrefix(err.Error(), "message: ") {
			t.Errorf("message %s: %v", in, err)
		}
	}
	for _, in := range []string{`{"masked":true}`, `{"masked":true,"mask":"zz"}`, `{"masked":true,"mask":"0011223344"}`, `{"rsv":300}`, `{"payload":1}`} {
		if err := json.Unmarshal([]byte(in), new(frame.Record)); err == nil || !strings.HasPrefix(err.Error(), "frame: ") {
			t.Errorf("frame %s: %v", in, err)
		}
	}
	for _, in := range []string{`{"request":[["a"]]}`, `{"request":[{"a":"b"}]}`, `{"status":"ok"}`} {
		if err := json.Unmarshal([]byte(in), new(frame.Connection)); err == nil || !strings.HasPrefix(err.Error(), "connection: ") {
			t.Errorf("connection %s: %v", in, err)
		}
	}
}

// Whatever a text holds, its JSON is one line, harmless, and reads back the same.
func FuzzMessageJSON(f *testing.F) {
	f.Add([]byte("plain"), uint8(1))
	f.Add([]byte("\x1b]0;title\a\u2028\u202e\U000E0041"), uint8(9))
	f.Add([]byte("\x03\xe8\xff"), uint8(8))
	f.Fuzz(func(t *testing.T, payload []byte, opcode uint8) {
		m := frame.Message{Type: frame.Opcode(opcode & 0xF), Payload: payload, Time: at.UTC(), From: frame.Server}
		if m.Type == frame.Close {
			code, reason, _ := frame.ParseClose(payload)
			m.Code, m.Reason = code, string(reason)
		}
		line := m.AppendJSON(nil)
		if !utf8.Valid(line) {
			t.Fatalf("%q is not UTF-8", line)
		}
		for _, r := range string(line) {
			if r < ' ' || r >= 0x7F && r < 0xA0 || r >= 0x2028 && r <= 0x202E {
				t.Fatalf("%q holds %U", line, r)
			}
		}
		var again frame.Message
		if err := json.Unmarshal(line, &again); err != nil {
			t.Fatal(err)
		}
		if string(again.Payload) != string(payload) || again.Code != m.Code || again.Reason != m.Reason || again.Type != m.Type {
			t.Fatalf("%q was read back as %q", payload, again.Payload)
		}
	})
}

func BenchmarkMessageJSON(b *testing.B) {
	m := frame.Message{Conn: 3, Seq: 17, Time: at, Type: frame.Text, Payload: []byte(strings.Repeat(`{"k":"v é"}`, 9)), Size: 99, Frames: 1}
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		line = m.AppendJSON(line[:0])
	}
}
