package filter_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 123456789, time.UTC)

// connection is the connection of all samples.
func connection() *frame.Connection {
	return &frame.Connection{
		ID: 3, State: frame.Closed, URL: "wss://api.example.com:8443/ws/v2?token=abc&x=1",
		Client: "127.0.0.1:50112", Server: "192.0.2.7:8443",
		Start: noon.Add(-time.Minute), End: noon.Add(time.Minute), Status: 101,
		Subprotocol: "graphql-transport-ws", Extensions: "permessage-deflate",
		Request: []frame.Field{
			{Name: "Origin", Value: "https://app.example.com"},
			{Name: "X-Trace", Value: "one"}, {Name: "X-Trace", Value: "two"},
		},
		Response: []frame.Field{{Name: "Set-Cookie", Value: "s=1"}},
		TLS:      &frame.TLS{},
		Messages: [2]uint64{4, 9}, Frames: [2]uint64{5, 9}, Bytes: [2]uint64{1 << 10, 3 << 20},
		Code: frame.GoingAway, Reason: "bye", EndedBy: frame.ByServer, How: frame.ByClose,
		Body: []byte("quota used up"),
	}
}

// message returns a whole message as a capture has it.
func message(t frame.Opcode, from frame.Side, payload string) *frame.Message {
	m := &frame.Message{
		Conn: 3, Seq: 17, Global: 170, Time: noon, From: from, Type: t, Payload: []byte(payload),
		Size: uint64(len(payload)), WireSize: uint64(len(payload)) + 2, Frames: 1,
	}
	if t == frame.Close {
		code, reason, _ := frame.ParseClose(m.Payload)
		m.Code, m.Reason = code, string(reason)
	}
	return m
}

const trade = `{"type":"trade","symbol":"BTC-USD","price":64123.5,"id":9007199254740993,"ok":true,"none":null,` +
	`"tags":["hot","new"],"legs":[{"side":"buy","qty":3},{"side":"sell","qty":5},{"qty":7}],"deep":{"a":{"b":1}},` +
	`"esc\"aped":"l\u00edne\n","inner":"{\"kind\":\"nested\"}"}`

// samples are messages of many kinds by name.
func samples() map[string]*frame.Message {
	long := message(frame.Binary, frame.Client, strings.Repeat("\x00\xff", 4096))
	long.Frames, long.WireSize, long.Origin = 3, 9000, frame.Injected
	packed := message(frame.Text, frame.Server, `{"type":"tick"}`)
	packed.Compressed, packed.WireSize = true, 9
	packed.Code, packed.Reason = frame.GoingAway, "no close frame, no reason"
	broken := message(frame.Text, frame.Client, "caf\xe9")
	broken.Violation = frame.InvalidUTF8
	cut := message(frame.Text, frame.Server, "half a mess")
	cut.Incomplete, cut.Truncated, cut.Size = frame.Cut, true, 40
	stuck := message(frame.Text, frame.Server, "\x01\x02")
	stuck.Error, stuck.Compressed = "inflate: corrupt", true
	return map[string]*frame.Message{
		"trade":   message(frame.Text, frame.Server, trade),
		"hello":   message(frame.Text, frame.Client, "Hello, World: order FILLED"),
		"socket":  message(frame.Text, frame.Server, `42["message",{"text":"hi"}]`),
		"number":  message(frame.Text, frame.Client, "42"),
		"packed":  packed,
		"long":    long,
		"broken":  broken,
		"cut":     cut,
		"stuck":   stuck,
		"ping":    message(frame.Ping, frame.Client, "beat"),
		"pong":    message(frame.Pong, frame.Server, "beat"),
		"close":   message(frame.Close, frame.Server, "\x03\xe9bye now"),
		"nocode":  message(frame.Close, frame.Client, ""),
		"stray":   message(frame.Continuation, frame.Client, "tail"),
		"strange": message(frame.Opcode(5), frame.Client, "?"),
		"opaque":  message(frame.Opaque, frame.Client, "GET / HTTP/1.1"),
	}
}

func mustMessages(t testing.TB, text string) *filter.Messages {
	t.Helper()
	f, err := filter.ParseMessages(text)
	if err != nil {
		t.Fatalf("ParseMessages(%q): %v", text, err)
	}
	return f
}
