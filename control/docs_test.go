package control

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/proxy/rules"
	"github.com/wsluice/wsluice/store"
)

const docs = "../docs/control-api.md"

// example is a request as the page has it: a line with curl, and the lines it
// prints.
type example struct {
	method, target, body string
	binary, endless      bool
	prints               []string
}

var quoted = regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`)

// parseExample reads a curl command line.
func parseExample(t *testing.T, line string) (e example) {
	words := quoted.FindAllString(line, -1)
	e.method = http.MethodGet
	var filter string
	for i := 1; i < len(words); i++ {
		word := strings.Trim(words[i], `'"`)
		switch {
		case word == "--unix-socket":
			i++
		case word == "-d":
			i++
			e.method, e.body = http.MethodPost, strings.Trim(words[i], `'`)
		case word == "--data-urlencode":
			i++
			filter = strings.TrimPrefix(strings.Trim(words[i], `'`), "filter=")
		case word == "--output":
			i++
			e.binary = true
		case strings.HasPrefix(word, "http://wsluice"):
			e.target = strings.TrimPrefix(word, "http://wsluice")
		case !strings.HasPrefix(word, "-"):
			t.Fatalf("%q: what is %q?", line, word)
		}
	}
	if filter != "" {
		separator := "?"
		if strings.Contains(e.target, "?") {
			separator = "&"
		}
		e.target += separator + "filter=" + url.QueryEscape(filter)
	}
	e.endless = strings.Contains(e.target, "follow") || strings.Contains(e.target, "every") || e.target == "/v1/hold"
	return e
}

// fixture records what the examples show.
func fixture(t *testing.T) (*recording, *http.Client) {
	path := capturePath(t)
	f := &fakeProxy{conn: 3}
	r := record(t, path, Options{Address: "127.0.0.1:8080", Version: "0.2.0", actions: f})
	at := func(ms int) time.Time {
		return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
	}
	chat := &frame.Connection{
		State: frame.Open, URL: "wss://chat.example/room?id=7", Client: "127.0.0.1:50001", Server: "192.0.2.7:443", Start: at(0), Status: 101,
		Request: []frame.Field{{Name: "Host", Value: "chat.example"}}, Response: []frame.Field{{Name: "Upgrade", Value: "websocket"}},
	}
	tape, err := r.Open(chat)
	if err != nil {
		t.Fatal(err)
	}
	say := func(ms int, from frame.Side, op frame.Opcode, payload string) {
		tape.Append(from, at(ms), wire(from, frame.Header{Fin: true, Opcode: op}, []byte(payload)))
	}
	say(1, frame.Client, frame.Text, `{"say":"hello"}`)
	say(2, frame.Server, frame.Text, `{"say":"hello","from":"eve"}`)
	for i := range 8 {
		say(3+i, frame.Server, frame.Ping, "still there")
	}
	say(20, frame.Server, frame.Text, `{"say":"bye","from":"eve"}`)
	say(21, frame.Server, frame.Binary, strings.Repeat("a long payload, ", 20_000))
	tape.Close(frame.End{Time: at(30), EndedBy: frame.ByServer, How: frame.ByFIN})
	refused := &frame.Connection{State: frame.Refused, URL: "ws://chat.example/private", Client: "127.0.0.1:50002", Start: at(40), End: at(41), Status: 401}
	if _, err := r.Open(refused); err != nil {
		t.Fatal(err)
	}
	quiet := &frame.Connection{State: frame.Open, URL: "wss://chat.example/room?id=8", Client: "127.0.0.1:50003", Start: at(50), Status: 101}
	if _, err := r.Open(quiet); err != nil {
		t.Fatal(err)
	}
	r.Log(store.Event{Time: at(50), Level: store.LevelInfo, Message: "connection opened", Attrs: []store.Attr{{Key: "conn", Value: "3"}, {Key: "url", Value: quiet.URL}}})
	r.sync(t)
	if err := r.SetMark(t.Context(), store.Mark{Conn: 1, Seq: 2, Label: "a", Note: "why does eve greet herself?", Time: at(3_000_000)}); err != nil {
		t.Fatal(err)
	}
	// Sync does not wait for events; a commit with both does.
	r.sync(t)
	for {
		events, err := r.server.source.Events(t.Context(), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) > 0 {
			break
		}
		if _, err := r.server.source.Wait(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	f.play(t)
	for len(r.server.meter.history()) == 0 {
		time.Sleep(time.Millisecond)
	}
	return r, knock(t, path)
}

// play has messages held and rules in force, and holds to come hold one message,
// which expires.
func (f *fakeProxy) play(t *testing.T) {
	filter, err := filter.ParseMessages("conn == 3")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Hold(proxy.Hold{Filter: filter, Limit: 10 * time.Minute, Expired: proxy.Release})
	order := func(text string) frame.Message {
		m := said(3, text)
		m.Time = epoch
		return m
	}
	for i := range 4 {
		f.offer(order(fmt.Sprintf(`{"order":%d}`, 27+i)))
	}
	set, err := rules.Parse("rules.yaml", []byte("rules:\n  - name: no ads\n    when: json.type == \"ad\"\n    from: server\n    drop: true\n"))
	if err != nil {
		t.Fatal(err)
	}
	f.SetRules(set)
	f.opened = func(q *fakeQueue) {
		h := proxy.Held{ID: 5, Queue: q.id, Message: order(`{"order":31}`), Since: epoch, Expired: proxy.Drop, Why: q.order.Filter.String()}
		h.Until = h.Since.Add(q.order.Limit)
		q.events <- proxy.HoldEvent{Held: &h}
		q.events <- proxy.HoldEvent{Fate: &proxy.Fate{ID: 5, Action: proxy.Drop, Cause: "expired"}}
	}
}

// answer makes the request of an example. Of an endless answer it reads so many
// lines.
func (e *example) answer(t *testing.T, c *http.Client, lines int) []string {
	request, err := http.NewRequestWithContext(t.Context(), e.method, "http://wsluice"+e.target, strings.NewReader(e.body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		t.Fatalf("%s: %v", e.target, err)
	}
	defer response.Body.Close()
	var out []string
	if e.binary {
		if n, err := io.Copy(io.Discard, response.Body); err != nil || n == 0 || response.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d, %d bytes, %v", e.target, response.StatusCode, n, err)
		}
		return nil
	}
	in := bufio.NewScanner(response.Body)
	in.Buffer(nil, 1<<20)
	for (!e.endless || len(out) < lines) && in.Scan() {
		if text := strings.TrimSpace(in.Text()); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// volatile matches what differs from one recording to the next.
var volatile = regexp.MustCompile(`"(pid|disk_free|file_size|file_used|commits|slowest_commit|version|frames_per_second|bytes_per_second|readers|bytes|queued)":[0-9.e+-]+|"(time|since|oldest|capture|socket|does)":"[^"]*"|,"history":\[.*\]`)

func stable(target string, lines []string) string {
	text := strings.Join(lines, "\n")
	for _, path := range []string{"/v1/status", "/v1/stats", "/v1/wait", "/v1/prune", "/v1/delete", "/v1/rule"} {
		if strings.HasPrefix(target, path) {
			return volatile.ReplaceAllString(text, "$1$2")
		}
	}
	if target == "/v1/" {
		return volatile.ReplaceAllString(text, "$2")
	}
	return text
}

// TestDocs makes every request on the page and compares what comes with what the
// page shows. It would catch a page that has gone stale, and a route that is not
// on it. With UPDATE set, it writes what comes into the page.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	r, c := fixture(t)
	named := strings.NewReplacer(r.server.options.Path, "/home/eve/.local/state/wsluice/capture.db", r.server.socket, "/tmp/wsluice-1000/fe00-98a83d.sock")
	var fresh []string
	shown := make(map[string]bool)
	lines := strings.Split(string(page), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		fresh = append(fresh, line)
		if heading, ok := strings.CutPrefix(line, "### "); ok {
			shown[heading] = true
		}
		if !strings.HasPrefix(line, "$ curl") {
			continue
		}
		e := parseExample(t, strings.TrimPrefix(line, "$ "))
		for i+1 < len(lines) && !strings.HasPrefix(lines[i+1], "$ ") && lines[i+1] != "```" {
			i++
			e.prints = append(e.prints, lines[i])
		}
		came := e.answer(t, c, max(1, len(e.prints)))
		for i := range came {
			came[i] = named.Replace(came[i])
		}
		fresh = append(fresh, came...)
		if os.Getenv("UPDATE") == "" && stable(e.target, came) != stable(e.target, e.prints) {
			t.Errorf("%s prints\n%s\nthe page shows\n%s", e.target, strings.Join(came, "\n"), strings.Join(e.prints, "\n"))
		}
	}
	for _, r := range routes() {
		if !shown[fmt.Sprintf("%s %s", r.method, r.path)] {
			t.Errorf("%s has no %s %s", docs, r.method, r.path)
		}
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(docs, []byte(strings.Join(fresh, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
