package export_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

// snippetOf is the snippet of a connection with hostile fields and these messages.
func snippetOf(t testing.TB, language string, messages ...frame.Message) string {
	t.Helper()
	var out bytes.Buffer
	w, err := export.NewSnippet(&out, language)
	if err != nil {
		t.Fatal(err)
	}
	c := frame.Connection{ID: 1, State: frame.Closed, URL: `wss://h.example/a?q='"$(id)` + "`", Request: []frame.Field{
		{Name: "Host", Value: "h.example"}, {Name: "Upgrade", Value: "websocket"}, {Name: "Connection", Value: "Upgrade"},
		{Name: "Sec-Websocket-Key", Value: "x"}, {Name: "Sec-WebSocket-Extensions", Value: "permessage-deflate"},
		{Name: "Sec-Websocket-Protocol", Value: "v1, v2"}, {Name: "Origin", Value: "https://h.example"},
		{Name: "Cookie", Value: "a=1\n$(id)"}, {Name: "cookie", Value: "b='2'"},
	}}
	if err := w.Connection(&c); err != nil {
		t.Fatal(err)
	}
	for i := range messages {
		messages[i].Conn = 1
		if err := w.Message(&messages[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func said(ms int, kind frame.Opcode, payload string) frame.Message {
	m := frame.Message{Type: kind, Payload: []byte(payload), Size: uint64(len(payload)), Time: at.Add(time.Duration(ms) * time.Millisecond)}
	if kind == frame.Close {
		code, reason, _ := frame.ParseClose(m.Payload)
		m.Code, m.Reason = code, string(reason)
	}
	return m
}

// What a client said is said again, in order, with its pauses; what it did not say,
// or what did not reach the server, is not; and the handshake's own fields are left
// to who shakes hands.
func TestSnippets(t *testing.T) {
	dropped, theirs := said(3, frame.Text, "dropped"), said(3, frame.Text, "theirs")
	dropped.Origin, theirs.From = frame.Dropped, frame.Server
	messages := []frame.Message{
		said(0, frame.Text, "one 'é'\\"), dropped, theirs, said(4, frame.Binary, "\x00\xff"), said(504, frame.Ping, "p"), said(505, frame.Pong, "never"),
		said(2111, frame.Text, "two\x1b\nlines\u202e 🎉"), said(2111, frame.Text, "\xffraw"), said(2111, frame.Close, "\x03\xe8bye"), said(2112, frame.Text, "never"),
	}
	for language, want := range map[string][]string{
		"js":       {`"wss://h.example/a?q='\"$(id)` + "`" + `", ["v1", "v2"]`, `ws.send("one '\u00e9'\\")`, `atob("AP8=")`, "a browser sends no pings", "await pause(2100)", `ws.send("two\x1b\nlines\u202e \ud83c\udf89")`, "not UTF-8", `ws.close(1000, "bye")`},
		"node":     {`["Origin"]: "https://h.example"`, `["Cookie"]: ["a=1\n$(id)", "b='2'"]`, `ws.send("one '\u00e9'\\")`, `ws.send(Buffer.from("AP8=", "base64"))`, "await pause(500)", `ws.ping(Buffer.from("cA==", "base64"))`, "await pause(1600)", `{ binary: false }`, `ws.close(1000, "bye")`},
		"python":   {`("Origin", "https://h.example")`, `subprotocols=["v1", "v2"]`, `ws.send("one '\u00e9'\\")`, `ws.send(b"\x00\xff")`, "asyncio.sleep(0.5)", `ws.ping(b"p")`, "asyncio.sleep(1.6)", `ws.send("two\x1b\nlines\u202e \U0001f389")`, "not UTF-8", `ws.close(1000, "bye")`},
		"go":       {`Subprotocols: []string{"v1", "v2"}`, `"Cookie": {"a=1\n$(id)", "b='2'"}`, `send(0, websocket.TextMessage, "one '\u00e9'\\")`, `send(0, websocket.BinaryMessage, "\x00\xff")`, `send(500*time.Millisecond, websocket.PingMessage, "p")`, `send(1600*time.Millisecond, websocket.TextMessage,`, `"\xffraw"`, `websocket.CloseMessage, "\x03\xe8bye"`},
		"wscat":    {`--connect 'wss://h.example/a?q='\''"$(id)` + "`'", `--header 'Cookie: a=1$(id)'`, `--subprotocol 'v2'`, `printf '%s\n' 'one '\''é'\''\'`, "sends text only", "without control characters", "not UTF-8", "closes by itself"},
		"websocat": {`--header='Origin: https://h.example'`, `--protocol='v1, v2'`, `printf '%s\0' 't:one '\''é'\''\'`, `printf '%s\0' b:AP8=`, "pings at fixed times", "sleep 2.1", `printf '%b\0' 't:two\0033\0012lines\0342\0200\0256 🎉'`, "not UTF-8"},
	} {
		got := snippetOf(t, language, slices.Clone(messages)...)
		at := 0
		for _, piece := range want {
			i := strings.Index(got[at:], piece)
			if i < 0 {
				t.Errorf("%s: %s is missing or out of order in\n%s", language, piece, got)
				break
			}
			at += i
		}
		for _, never := range []string{"dropped", "theirs", "never", "Sec-W", "permessage", "\x1b", "\u202e", "\x00", "Upgrade\"", "Host"} {
			if strings.Contains(got, never) {
				t.Errorf("%s: %q is in\n%s", language, never, got)
			}
		}
		if !slices.Contains(export.SnippetLanguages, language) {
			t.Errorf("%s is not listed", language)
		}
	}
	if _, err := export.NewSnippet(nil, "cobol"); err == nil {
		t.Error("cobol was taken")
	}
	w, _ := export.NewSnippet(new(bytes.Buffer), "js")
	if err := w.Connection(&frame.Connection{ID: 1}); err != nil {
		t.Error(err)
	}
	if w.Connection(&frame.Connection{ID: 2}) == nil || w.Message(&frame.Message{Conn: 2, Type: frame.Text}) == nil {
		t.Error("a second connection was taken")
	}
}

// Catches a script that carries other messages than were exported, ends too early
// because of one, or is no shell script.
func TestPlayback(t *testing.T) {
	theirs := said(2, frame.Text, "END OF TALK\nrm -rf /")
	theirs.From = frame.Server
	dropped := said(3, frame.Text, "dropped")
	dropped.Origin = frame.Dropped
	script := snippetOf(t, "wsluice", said(0, frame.Text, "one"), theirs, dropped, said(4, frame.Binary, "\x00\xff"))
	head, lines, found := strings.Cut(script, "<<'END OF TALK'\n")
	lines, tail, ended := strings.Cut(lines, "\nEND OF TALK\n")
	if !found || !ended || !strings.HasPrefix(head, "#!/bin/sh\n") || !strings.HasPrefix(tail, "wsluice replay ") {
		t.Fatalf("no script:\n%s", script)
	}
	all := strings.Split(lines, "\n")
	if len(all) != 4 || strings.Contains(lines, "dropped") {
		t.Errorf("it carries %q", all)
	}
	for i, want := range []string{"", "one", "END OF TALK\nrm -rf /", "\x00\xff"} {
		var m frame.Message
		if i > 0 {
			if err := json.Unmarshal([]byte(all[i]), &m); err != nil || string(m.Payload) != want {
				t.Errorf("line %d is %q, %v; want %q", i, m.Payload, err, want)
			}
		}
	}
	if sh, err := exec.LookPath("sh"); err == nil {
		check := exec.Command(sh, "-n")
		check.Stdin = strings.NewReader(script)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("sh -n: %v: %s", err, out)
		}
	}
}

// A shell must print the very payload, and run nothing in it.
func FuzzSnippetShell(f *testing.F) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		f.Skip("no shell")
	}
	for _, seed := range []string{"plain", "'$(echo no)'", "a\\nb\\0101", "-n", "%s%d", "\x1b[2J\\", "\u202e'\\''", "!x`id`", "é\xc3", "*"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		script := snippetOf(t, "websocat", said(0, frame.Text, payload))
		_, script, _ = strings.Cut(script, "sleep 1\n")
		script, _, _ = strings.Cut(script, "  sleep 1\n} | websocat")
		if strings.HasPrefix(strings.TrimSpace(script), "#") {
			return
		}
		out, err := exec.Command(sh, "-c", script).Output()
		if want := "t:" + payload + "\x00"; err != nil || string(out) != want {
			t.Fatalf("%s\nprinted %q, want %q: %v", script, out, want, err)
		}
	})
}
