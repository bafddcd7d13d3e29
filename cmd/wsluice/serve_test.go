package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// serving is a command that serves within the test.
type serving struct {
	address string
	said    []string // on stderr, before it was ready
	stdout  bytes.Buffer
	log     []string          // all it said, when it has ended
	end     func() (code int) // ends it
}

// startServing runs a command until end is called.
func startServing(t *testing.T, args ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	s := new(serving)
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, args, strings.NewReader(""), &s.stdout, write)
		write.Close()
	}()
	ready, done := make(chan []string, 1), make(chan []string, 1)
	go func() {
		var log []string
		for lines := bufio.NewScanner(read); lines.Scan(); {
			log = append(log, lines.Text())
			if strings.HasPrefix(lines.Text(), "wsluice: listening on ") {
				ready <- slices.Clone(log)
			}
		}
		close(ready)
		done <- log
	}()
	ended := -1
	s.end = func() int {
		if ended < 0 {
			cancel()
			ended, s.log = <-code, <-done
		}
		return ended
	}
	t.Cleanup(func() { s.end() })
	if s.said = <-ready; s.said == nil {
		t.Fatalf("wsluice %q exits with %d: %q", args, s.end(), s.log)
	}
	s.address = strings.TrimPrefix(s.said[len(s.said)-1], "wsluice: listening on ")
	return s
}

// talkFile writes a capture with one connection and returns its path.
func talkFile(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	lines := `{"conn":1,"url":"wss://chat.example/room?id=7","from":"server","text":"welcome"}
{"conn":1,"from":"client","text":"{\"id\":1,\"op\":\"join\"}"}
{"conn":1,"from":"server","text":"{\"id\":1,\"ok\":true}"}
{"conn":1,"from":"client","text":"bye"}
{"conn":1,"from":"server","code":1000,"reason":"so long"}
`
	if err := os.WriteFile(filepath.Join(dir, "talk.jsonl"), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "talk.db")
	if code := run(t.Context(), []string{"import", filepath.Join(dir, "talk.jsonl"), "--capture", path}, strings.NewReader(""), io.Discard, io.Discard); code != 0 {
		t.Fatalf("wsluice import exits with %d", code)
	}
	return path
}

// It catches a server that does not do what wsluice replay finds in the capture,
// over TLS, and clients that are not recorded, also into the capture it serves from.
func TestServeIsReplayed(t *testing.T) {
	t.Setenv("WSLUICE_HOME", t.TempDir())
	path := talkFile(t)
	for _, to := range []string{filepath.Join(t.TempDir(), "served.db"), path} {
		s := startServing(t, "serve", "1", "--capture", path, "--tls", "--strict", "--record", to)
		var verdict bytes.Buffer
		mine := filepath.Join(t.TempDir(), "replay.db")
		args := []string{"replay", "1", "--capture", path, "--url", "wss://" + s.address + "/room?id=7", "--upstream-ca", os.Getenv("WSLUICE_HOME") + "/ca.pem", "--record", mine}
		if to == path {
			// Nobody else can read what is being recorded without its door.
			args[3] = talkFile(t)
		}
		if code := run(t.Context(), args, strings.NewReader(""), &verdict, &verdict); code != 0 {
			t.Errorf("wsluice replay exits with %d: %s\n%q", code, &verdict, s.log)
		}
		if code := s.end(); code != 0 {
			t.Errorf("wsluice serve exits with %d: %q", code, s.log)
		}
		var conns, messages bytes.Buffer
		run(t.Context(), []string{"conns", "--capture", to, "--last", "1", "--json"}, strings.NewReader(""), &conns, &conns)
		var c struct {
			Conn, Source uint64
			URL          string
			EndedBy      string `json:"ended_by"`
		}
		if err := json.Unmarshal(conns.Bytes(), &c); err != nil {
			t.Fatalf("%v: %s", err, &conns)
		}
		want := c
		want.URL, want.EndedBy, want.Source = "wss://"+s.address+"/room?id=7", "server", 0
		if to == path {
			want.Conn, want.Source = 2, 1
		}
		if c != want {
			t.Errorf("recorded %+v, want %+v", c, want)
		}
		run(t.Context(), []string{"messages", "2", "--capture", to, "--filter", "origin == \"replayed\""}, strings.NewReader(""), &messages, &messages)
		if to == path && strings.Count(messages.String(), "[replayed]") != 3 {
			t.Errorf("recorded:\n%s", &messages)
		}
	}
}

// It catches lines of JSON that do not say what happened, and an exit code that
// does not tell of what was not recorded.
func TestServeTells(t *testing.T) {
	t.Setenv("WSLUICE_HOME", t.TempDir())
	s := startServing(t, "serve", "1", "--capture", talkFile(t), "--pace", "fastest", "--json", "--strict")
	if _, r, err := websocket.DefaultDialer.Dial("ws://"+s.address+"/other", nil); err == nil || r.StatusCode != http.StatusNotFound {
		t.Errorf("another path got %v, %v", r, err)
	}
	c, _, err := websocket.DefaultDialer.Dial("ws://"+s.address+"/room?id=7", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, text := range []string{"what?", `{"id":"mine","op":"join"}`, "bye"} {
		if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for {
		_, p, err := c.ReadMessage()
		if err != nil {
			break
		}
		got = append(got, string(p))
	}
	if want := `welcome, {"id":"mine","ok":true}`; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if code := s.end(); code != exitFailed {
		t.Errorf("the exit code is %d", code)
	}
	if log := strings.Join(s.log, "\n"); !strings.Contains(log, "wsluice: error: 2 messages or requests came that were not recorded") ||
		!strings.Contains(log, "wsluice: serving ws://"+s.address+"/room?id=7") {
		t.Errorf("the log is\n%s", log)
	}
	told := make(map[string]int)
	for line := range strings.Lines(s.stdout.String()) {
		var e struct {
			What    string
			Message struct{ Text string }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		told[strings.TrimSpace(e.What+" "+e.Message.Text)]++
	}
	for _, what := range []string{"unserved", "connected", "unknown what?", "matched bye", "sent", "ended"} {
		if told[what] == 0 {
			t.Errorf("nothing was told of %q: %v", what, told)
		}
	}
}

// It catches a rule that does not do what serve says it does.
func TestServeStandsForAHost(t *testing.T) {
	t.Setenv("WSLUICE_HOME", t.TempDir())
	s := startServing(t, "serve", "1", "--capture", talkFile(t), "--pace", "fastest")
	var rule string
	for _, line := range s.said {
		if _, text, ok := strings.Cut(line, "through the proxy: "); ok {
			rule = text
		}
	}
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, []byte("rules:\n- "+rule+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := startServing(t, "proxy", "--listen", "127.0.0.1:0", "--rules", rules, "--capture", filepath.Join(t.TempDir(), "proxy.db"))
	through := &websocket.Dialer{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: proxy.address})}
	c, _, err := through.Dial("ws://chat.example/room?id=7", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, p, err := c.ReadMessage(); err != nil || string(p) != "welcome" {
		t.Errorf("got %q: %v", p, err)
	}
	c.Close()
	if code := proxy.end(); code != 0 {
		t.Errorf("wsluice proxy exits with %d: %q", code, proxy.log)
	}
}

// It catches messages that do not reach the server of --else, or another path of it.
func TestServePassesOn(t *testing.T) {
	t.Setenv("WSLUICE_HOME", t.TempDir())
	real := startServing(t, "serve", "1", "--capture", talkFile(t), "--pace", "fastest", "--json")
	s := startServing(t, "serve", "1", "--capture", talkFile(t), "--pace", "fastest", "--match", "exact", "--else", "ws://"+real.address)
	c, _, err := websocket.DefaultDialer.Dial("ws://"+s.address+"/room?id=7", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// Exactly matched, the id is another one; the server that is asked takes it.
	if err := c.WriteMessage(websocket.TextMessage, []byte(`{"id":2,"op":"join"}`)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"welcome", "welcome", `{"id":2,"ok":true}`} {
		if _, p, err := c.ReadMessage(); err != nil || string(p) != text {
			t.Fatalf("got %q, %v; want %q", p, err, text)
		}
	}
}
