package inspector

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/rows"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares lines with a file.
func golden(t *testing.T, name string, lines []draw.Line) {
	t.Helper()
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	goldenText(t, name, b.String())
}

// goldenText compares a text, such as a whole screen, with a file.
func goldenText(t *testing.T, name, text string) {
	t.Helper()
	path := "testdata/" + name + ".golden"
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != text {
		t.Errorf("%s: the lines are\n%s\nwant (%v)\n%s", name, text, err, want)
	}
}

// fit fails for a line wider than its place.
func fit(t *testing.T, lines []draw.Line, width int) {
	t.Helper()
	for _, l := range lines {
		if l.Width() > width {
			t.Errorf("%q takes %d cells of %d", l.String(), l.Width(), width)
		}
	}
}

// TestConnectionRow would catch a column that is missing, out of line, or there at
// a width where it takes the room of others.
func TestConnectionRow(t *testing.T) {
	conns := []frame.Connection{
		{ID: 12345, State: frame.Open, URL: "wss://feed.example/ws?token=abc", Start: epoch, Messages: [2]uint64{412, 47898}, Bytes: [2]uint64{31_200, 18_400_000}},
		{ID: 2, State: frame.Closed, URL: "ws://127.0.0.1:8080/\x1b[31m", Start: epoch, End: epoch.Add(3723 * time.Second), Code: 1001, How: frame.ByClose, EndedBy: frame.ByServer},
		{ID: 3, State: frame.Refused, URL: "ws://x.example/", Start: epoch, Status: 401},
		{ID: 4, State: frame.Failed, URL: "wss://gone.example/", Start: epoch, Error: "connection refused"},
		{ID: 5, State: frame.Bypassed, URL: "tunnel://pinned.example:443", Start: epoch},
		{ID: 6, State: frame.Closed, URL: "wss://日本.example/", Start: epoch, End: epoch.Add(time.Second), How: frame.ByReset, EndedBy: frame.ByClient},
	}
	for _, width := range []int{198, 98, 78, 58, 38} {
		lines := []draw.Line{connectionHead(width)}
		for i := range conns {
			lines = append(lines, connectionRow(&conns[i], width, ofDay, time.UTC))
		}
		fit(t, lines[1:], width)
		golden(t, fmt.Sprintf("connections-%d", width), lines)
	}
}

// TestConnectionFacts would catch a fact of a connection that is not told, or told
// in other words than people know.
func TestConnectionFacts(t *testing.T) {
	c := frame.Connection{
		ID: 7, State: frame.Closed, URL: "wss://feed.example/ws", Client: "127.0.0.1:5001", Server: "192.0.2.1:443",
		Start: epoch, End: epoch.Add(90 * time.Second), Status: 101, Subprotocol: "v2.json", Extensions: "permessage-deflate; client_max_window_bits=15",
		Request:  []frame.Field{{Name: "Host", Value: "feed.example"}, {Name: "Cookie", Value: strings.Repeat("long ", 30)}},
		Response: []frame.Field{{Name: "Upgrade", Value: "websocket"}, {Name: "Server", Value: "edge"}},
		TLS: &frame.TLS{
			Client: &frame.TLSLeg{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", ServerName: "feed.example"},
			Server: &frame.TLSLeg{Version: "TLS 1.2", Cipher: "ECDHE", ALPN: "http/1.1", Subject: "CN=feed.example", Issuer: "CN=Some CA", NotAfter: epoch},
		},
		Messages: [2]uint64{1, 2}, Frames: [2]uint64{3, 4}, Bytes: [2]uint64{5, 6000}, Missing: 2,
		Code: 1008, Reason: "no \x1b[31mtoken", EndedBy: frame.ByServer, How: frame.ByClose,
	}
	for _, width := range []int{198, 98, 78, 38} {
		golden(t, fmt.Sprintf("facts-%d", width), connectionFacts(&c, width, time.UTC))
	}
	for _, test := range []struct {
		c    frame.Connection
		want string
	}{
		{frame.Connection{State: frame.Refused, Status: 403}, "refused: the server answered 403 instead of 101"},
		{frame.Connection{State: frame.Failed, Error: "no route"}, "no route"},
		{frame.Connection{State: frame.Bypassed}, "passed as a tunnel, not looked at"},
		{frame.Connection{State: frame.Closed, EndedBy: frame.ByClient, How: frame.ByFIN}, "the client ended the stream without a close frame"},
		{frame.Connection{State: frame.Closed, EndedBy: frame.ByProxy, How: frame.ByShutdown}, "wsluice was stopped"},
		{frame.Connection{State: frame.Closed, EndedBy: frame.ByProxy, How: frame.ByError}, "by the proxy, after an error"},
	} {
		var all strings.Builder
		for _, l := range connectionFacts(&test.c, 100, time.UTC) {
			all.WriteString(l.String() + "\n")
		}
		if !strings.Contains(all.String(), test.want) {
			t.Errorf("%+v does not say %q:\n%s", test.c, test.want, all.String())
		}
	}
}

// messageRows are rows of every kind.
func messageRows() []rows.Row {
	before := &frame.Message{Time: epoch}
	message := func(m frame.Message) rows.Row {
		m.Conn, m.Time, m.Global = 3, epoch.Add(13*time.Millisecond), m.Seq+1000
		if m.Size == 0 {
			m.Size = uint64(len(m.Payload))
		}
		m.Frames = max(m.Frames, 1)
		return rows.Row{Kind: rows.Message, Message: &m, Before: before}
	}
	return []rows.Row{
		message(frame.Message{Seq: 1204, Type: frame.Text, Payload: []byte(`{"op":"sub","ch":"book.BTC"}`)}),
		message(frame.Message{Seq: 1205, From: frame.Server, Type: frame.Text, Size: 412, Payload: []byte(strings.Repeat("日本語 ", 40))}),
		message(frame.Message{Seq: 1206, From: frame.Server, Type: frame.Binary, Size: 8192, Payload: []byte("\x1f\x8b\x08\x00\x00\x00")}),
		message(frame.Message{Seq: 1207, Type: frame.Binary, Payload: []byte("plain text")}),
		message(frame.Message{Seq: 1208, Type: frame.Ping}),
		message(frame.Message{Seq: 1209, From: frame.Server, Type: frame.Pong, Payload: []byte{0, 1}}),
		message(frame.Message{Seq: 1210, Type: frame.Text, Payload: []byte("x"), Origin: frame.Injected}),
		message(frame.Message{Seq: 1211, Type: frame.Text, Payload: []byte("x"), Origin: frame.Edited}),
		message(frame.Message{Seq: 1212, Type: frame.Text, Payload: []byte("x"), Origin: frame.Dropped}),
		message(frame.Message{Seq: 1213, Type: frame.Text, Payload: []byte("x"), Origin: frame.Replayed}),
		message(frame.Message{Seq: 1214, Type: frame.Text, Payload: []byte("x"), Incomplete: frame.Cut}),
		message(frame.Message{Seq: 1215, Type: frame.Text, Payload: []byte("x"), Error: "corrupt \x1b[31mdata"}),
		message(frame.Message{Seq: 1216, From: frame.Server, Type: frame.Text, Payload: []byte("two frames"), Frames: 2}),
		{Kind: rows.Frame, Frame: &frame.Record{Seq: 1216, Global: 2216, Message: 1216, From: frame.Server, Time: epoch, Header: frame.Header{Opcode: frame.Text, Length: 4}, Payload: []byte("two "), Stored: 4}},
		{Kind: rows.Frame, Frame: &frame.Record{Seq: 1218, Global: 2218, Message: 1216, From: frame.Server, Time: epoch, Header: frame.Header{Fin: true, Length: 6}, Payload: []byte("frames"), Stored: 6}},
		{Kind: rows.Rest, Rest: 17},
		message(frame.Message{Seq: 1219, From: frame.Server, Type: frame.Close, Payload: []byte("\x03\xe9shut \x1b[2Jdown")}),
		message(frame.Message{Seq: 1220, From: frame.Server, Type: frame.Close}),
		message(frame.Message{Seq: 1221, From: frame.Server, Type: frame.Close, Payload: []byte{3}}),
		message(frame.Message{Seq: 1222, Type: frame.Text, Payload: []byte("two\nlines\tand a tab")}),
		{Kind: rows.Pending},
	}
}

// TestMessageRow would catch a row whose columns are out of line, a mark that is a
// colour alone, and captured text that is not made harmless.
func TestMessageRow(t *testing.T) {
	for _, look := range []rowLook{
		{width: 198, number: 9}, {width: 98, number: 6, conn: true}, {width: 78, number: 6, clock: sinceStart, start: epoch},
		{width: 58, number: 6, clock: sinceBefore}, {width: 38, number: 6}, {width: 98, number: 6, side: 8},
	} {
		look.zone = time.UTC
		lines := []draw.Line{messageHead(look)}
		for i, row := range messageRows() {
			var mark Mark
			switch i {
			case 0:
				mark.Label = "a"
			case 1:
				mark.Note = "see here"
			}
			lines = append(lines, messageRow(row, look, mark))
		}
		golden(t, fmt.Sprintf("messages-%d-%d-%d", look.width, look.clock, look.side), lines)
	}
}

// FuzzMessageRow would catch text that is not made harmless on its way into a row.
func FuzzMessageRow(f *testing.F) {
	f.Add([]byte("a\x1b]8;;x\a\u202e\n"), byte(1), 60)
	f.Fuzz(func(t *testing.T, payload []byte, kind byte, width int) {
		m := frame.Message{Seq: 1, Time: epoch, Type: frame.Opcode(kind & 15), Payload: payload, Size: uint64(len(payload)), Frames: 1}
		l := messageRow(rows.Row{Kind: rows.Message, Message: &m}, rowLook{width: min(max(width, 0), 300), number: 6, zone: time.UTC}, Mark{Label: string(payload)})
		for _, span := range l {
			for _, r := range span.Text {
				if r < ' ' || r >= 0x7F && r < 0xA0 || r == '\u202e' || r == '\ufffd' && span.Style == draw.Plain && !strings.Contains(string(payload), "\ufffd") {
					t.Fatalf("%q gives %q", payload, span.Text)
				}
			}
		}
	})
}
