package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// shop is a server that gives each client a session and prices for it.
type shop struct {
	*httptest.Server
	price, session atomic.Int64
	header         atomic.Pointer[http.Header]
}

func openShop(t *testing.T, secure bool) *shop {
	s := new(shop)
	s.price.Store(100)
	s.session.Store(10_000)
	upgrader := websocket.Upgrader{EnableCompression: true, Subprotocols: []string{"shop.v1"}, CheckOrigin: func(*http.Request) bool { return true }}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.header.Store(&r.Header)
		if r.Header.Get("Authorization") != "Bearer good" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		session := fmt.Sprintf("s-%d", s.session.Add(1))
		_ = c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"welcome","session":%q}`, session))
		for {
			var ask struct{ Session, Of string }
			if c.ReadJSON(&ask) != nil {
				return
			}
			answer := fmt.Appendf(nil, `{"type":"price","of":%q,"price":%d}`, ask.Of, s.price.Load())
			if ask.Session != session {
				answer = []byte(`{"type":"error","text":"no such session"}`)
			}
			_ = c.WriteMessage(websocket.TextMessage, answer)
		}
	})
	if secure {
		s.Server = httptest.NewTLSServer(handler)
	} else {
		s.Server = httptest.NewServer(handler)
	}
	t.Cleanup(s.Close)
	return s
}

// recordShopping writes a capture in which a client has asked a shop for a price,
// as connection 1, and returns its path.
func recordShopping(t *testing.T, s *shop) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	recorder, err := store.Create(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tape, err := recorder.Open(&frame.Connection{
		State: frame.Open, URL: "ws" + strings.TrimPrefix(s.URL, "http") + "/prices?of=all", Start: start, Status: 101,
		Extensions: "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
		Request: []frame.Field{
			{Name: "Host", Value: strings.TrimPrefix(strings.TrimPrefix(s.URL, "https://"), "http://")}, {Name: "Connection", Value: "Upgrade"}, {Name: "Upgrade", Value: "websocket"},
			{Name: "Authorization", Value: "Bearer good"}, {Name: "Cookie", Value: "a=b"}, {Name: "Sec-WebSocket-Key", Value: "AAAAAAAAAAAAAAAAAAAAAA=="},
			{Name: "Sec-WebSocket-Version", Value: "13"}, {Name: "Sec-WebSocket-Extensions", Value: "permessage-deflate; client_no_context_takeover; server_no_context_takeover"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	deflater, err := frame.NewDeflater(false, 15)
	if err != nil {
		t.Fatal(err)
	}
	add := func(ms int, from frame.Side, text string) {
		d := frame.Draft{From: from, Type: frame.Text, Payload: deflater.Append(nil, []byte(text)), Header: "rsv=4"}
		wire, err := d.Wire()
		if err != nil {
			t.Fatal(err)
		}
		tape.Append(from, start.Add(time.Duration(ms)*time.Millisecond), wire)
	}
	add(1, frame.Server, `{"type":"welcome","session":"s-77777"}`)
	add(2, frame.Client, `{"session":"s-77777","of":"tea"}`)
	add(3, frame.Server, `{"type":"price","of":"tea","price":100}`)
	add(4, frame.Client, `{"session":"s-77777","of":"milk"}`)
	add(5, frame.Server, `{"type":"price","of":"milk","price":100}`)
	tape.Append(frame.Client, start.Add(6*time.Millisecond), []byte{0x88, 0x82, 0, 0, 0, 0, 3, 0xe8})
	tape.Close(frame.End{Time: start.Add(7 * time.Millisecond), EndedBy: frame.ByClient, How: frame.ByClose})
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// replayed runs wsluice replay.
func runReplay(t *testing.T, path string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"replay", "1", "--capture", path}, args...), strings.NewReader("\n\n\n"), &out, &errs)
	return code, out.String(), errs.String()
}

// A session must play again with the ids of this time, be recorded with a link to
// what it replays, and be found the same.
func TestReplaySame(t *testing.T) {
	s := openShop(t, false)
	path := recordShopping(t, s)
	for i, pace := range []string{"reactive", "recorded", "2x", "step"} {
		code, out, errs := runReplay(t, path, "--pace", pace, "--ignore", "$.session", "--timeout", "5s")
		if code != exitDone || !strings.Contains(out, "3 messages sent; of the server 3 same") {
			t.Errorf("%s: exit %d\n%s%s", pace, code, out, errs)
		}
		if !strings.Contains(errs, "s-77777 of message 1 is now s-1000") || !strings.Contains(errs, fmt.Sprintf("recorded as connection %d\n", i+2)) {
			t.Errorf("%s: said %s", pace, errs)
		}
	}
	header := *s.header.Load()
	if header.Get("Cookie") != "a=b" || header.Get("Sec-WebSocket-Key") == "AAAAAAAAAAAAAAAAAAAAAA==" {
		t.Errorf("the handshake had %v", header)
	}
	r, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c, err := r.Conn(t.Context(), 2)
	if err != nil || c.Source != 1 || c.State != frame.Closed || c.Code != 1000 {
		t.Errorf("recorded %+v, %v", c, err)
	}
	var got []string
	messages := r.Messages(t.Context(), store.Query{Conn: 2})
	defer messages.Close()
	for messages.Next() {
		m := messages.Message()
		got = append(got, fmt.Sprintf("%s %s %s", m.Origin, m.From, m.Payload))
	}
	want := []string{
		`observed server {"type":"welcome","session":"s-10001"}`, `replayed client {"session":"s-10001","of":"tea"}`,
		`observed server {"type":"price","of":"tea","price":100}`, `replayed client {"session":"s-10001","of":"milk"}`,
		`observed server {"type":"price","of":"milk","price":100}`, "replayed client \x03\xe8",
	}
	if len(got) < len(want) || strings.Join(got[:len(want)], "\n") != strings.Join(want, "\n") {
		t.Errorf("recorded\n%s", strings.Join(got, "\n"))
	}
}

// A changed server must be reported, by exit code, for people and as JSON.
func TestReplayChanged(t *testing.T) {
	s := openShop(t, false)
	path := recordShopping(t, s)
	s.price.Store(120)
	code, out, errs := runReplay(t, path, "--ignore", "$.session")
	if code != exitUnexpected || !strings.Contains(out, "$.price: 100 → 120\n") || !strings.Contains(errs, "otherwise") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	other := filepath.Join(t.TempDir(), "other.db")
	code, out, _ = runReplay(t, path, "--ignore", "$.session", "--json", "--record", other,
		"--assert", `json.price == 120`, "--assert", "json.price == 7", "--refute", `json.type == "welcome"`)
	var last verdictJSON
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if code != exitUnexpected || last.Passed || last.Outcomes["differs"] != 2 || last.Outcomes["same"] != 1 || last.Conn != 1 || last.Sent != 3 {
		t.Errorf("exit %d: %+v", code, last)
	}
	if a := last.Asserts; len(a) != 3 || !a[0].Passed || a[0].Matched != 2 || a[1].Passed || a[2].Passed || a[2].Matched != 1 {
		t.Errorf("asserts %+v", a)
	}
	if code, out, errs := runReplay(t, path, "--ignore", "$.session", "--ignore", "$.price"); code != exitDone {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

// Handshakes that fail have exit codes of their own, and headers can be changed.
func TestReplayHandshake(t *testing.T) {
	s := openShop(t, false)
	path := recordShopping(t, s)
	if code, _, errs := runReplay(t, path, "--remove-header", "authorization"); code != exitRefused || !strings.Contains(errs, "401") {
		t.Errorf("exit %d: %s", code, errs)
	}
	t.Setenv("SHOP_TOKEN", "good")
	code, out, errs := runReplay(t, path, "--header", "authorization: Bearer {{env:SHOP_TOKEN}}", "--header", "X-Try: 1", "--subprotocol", "shop.v1", "--ignore", "$.session")
	if header := *s.header.Load(); code != exitDone || header.Get("X-Try") != "1" || header.Get("Sec-WebSocket-Protocol") != "shop.v1" {
		t.Errorf("exit %d\n%s%s%v", code, out, errs, header)
	}
	secure := openShop(t, true)
	url := "wss" + strings.TrimPrefix(secure.URL, "https")
	if code, _, errs := runReplay(t, path, "--url", url); code != exitTLS {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, _, errs := runReplay(t, path, "--url", url, "--insecure", "--ignore", "$.session"); code != exitDone || !strings.Contains(errs, "not verified") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// Many clients must each be judged by itself, with the ids of its own, and timed.
func TestReplayCrowd(t *testing.T) {
	s := openShop(t, false)
	path := recordShopping(t, s)
	code, out, errs := runReplay(t, path, "--ignore", "$.session", "--clients", "20", "--repeat", "3", "--ramp", "50ms", "--json")
	var last crowdJSON
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatalf("%v in %s%s", err, out, errs)
	}
	if code != exitDone || !last.Passed || last.Replays.Passed != 60 || last.Sent != 180 || last.Outcomes["same"] != 180 ||
		last.Answers.Count != 120 || last.Handshakes.Count != 60 || last.Answers.Max < last.Answers.P50 {
		t.Errorf("exit %d: %+v\n%s", code, last, errs)
	}
	if r, err := store.Open(path); err != nil {
		t.Error(err)
	} else {
		if conns, err := r.Conns(t.Context(), 0, 10); err != nil || len(conns) != 1 {
			t.Errorf("recorded %d connections, %v", len(conns), err)
		}
		r.Close()
	}
	code, out, _ = runReplay(t, path, "--remove-header", "Authorization", "--clients", "5")
	if code != exitFailed || !strings.Contains(out, "5 × the server answered 401") {
		t.Errorf("exit %d\n%s", code, out)
	}
	s.price.Store(1)
	code, out, _ = runReplay(t, path, "--ignore", "$.session", "--clients", "2")
	if code != exitUnexpected || !strings.Contains(out, "0 passed, 2 otherwise") || strings.Count(out, "$.price: 100 → 1\n") != 4 {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// Reports must be what build servers and browsers read, with all that happened in
// them and nothing that is run.
func TestReplayReports(t *testing.T) {
	s := openShop(t, false)
	path := recordShopping(t, s)
	s.price.Store(120)
	dir := t.TempDir()
	read := func(format string, args ...string) []byte {
		t.Helper()
		file := filepath.Join(dir, format)
		args = append(args, "--report", format, "--report-file", file, "--ignore", "$.session", "--assert", `text contains "<script>"`)
		if code, out, errs := runReplay(t, path, args...); code != exitUnexpected {
			t.Errorf("exit %d\n%s%s", code, out, errs)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var suites junitSuites
	if err := xml.Unmarshal(read("junit"), &suites); err != nil {
		t.Fatal(err)
	}
	if suite := suites.Suite; suite.Tests != 5 || suite.Failures != 4 || len(suite.Cases) != 5 || suite.Cases[0].Failure != nil ||
		suite.Cases[1].Name != "message 3" || !strings.Contains(suite.Cases[1].Failure.Text, "$.price: 100 → 120") {
		t.Errorf("junit says %+v", suite)
	}
	var report replayReport
	if err := json.Unmarshal(read("json"), &report); err != nil || report.Passed || len(report.Results) != 3 || report.Results[2].Outcome != "differs" {
		t.Errorf("json says %+v, %v", report, err)
	}
	page := string(read("html", "--clients", "2"))
	if !strings.Contains(page, "$.price: 100 → 120") || strings.Contains(page, "<script") || strings.Contains(page, "http://") {
		t.Errorf("html says %s", page)
	}
}
