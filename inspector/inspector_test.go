package inspector

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/inspector/keys"
)

func options(c *capture) Options { return Options{Source: c, Actions: c} }

// TestConnections would catch a connection that is not listed, a fact of it that
// is not told, and a filter that does not filter.
func TestConnections(t *testing.T) {
	r := use(t, options(chat(t)), 100, 40)
	r.see("connections 4", "wss://chat.example/room", "ws://mixed.example/", "refused", "failed", "dial gone.example:443")
	r.press("down", "enter")
	r.see("refused: the server answered 401 instead of 101", "who are you?")
	r.press("esc", "G")
	r.see("#1", "the server reset the TCP connection", "TLS 1.3", "certificate verified", "CN=chat.example", "Origin: https://app.example")
	r.press("tab", "G")
	r.see("chat.v2", "50 messages in 50 frames")
	r.press("esc")
	r.press("up")
	r.see("the client closed it with a close frame", "1001 going away", "The")
	r.press("/", "state == ")
	r.see("at 9")
	r.press(`"refused"`, "enter")
	r.see("connections 1 match", `filter: state == "refused"`)
	r.press("esc")
	r.see("connections 4")
	r.press("?")
	r.see("help: connections", "FILTER", "filter the list")
	r.press("q", ":", "9", "enter", "/", "nothing like this", "enter")
	r.see("no connection matches; esc shows all")
}

// TestMessages would catch a list that shows other messages than there are, keys
// that do nothing, and marks that rest on colour.
func TestMessages(t *testing.T) {
	r := use(t, options(chat(t)), 130, 44)
	r.see("connections 4")
	r.press("G", "up", "enter")
	shown := r.see("#2 ws://mixed.example/", "messages", "subscribe", "first part, second part", "alive?",
		"00 01 fe ff", `1001 going away: "going"`, `red \x1b[31malert\x1b[0m [red]tag[::b:https://x.example] \u202e`, "FOLLOW")
	for _, sign := range []string{"!", "+"} {
		if !strings.Contains(shown, " "+sign+" ") {
			t.Errorf("no row has the sign %s:\n%s", sign, shown)
		}
	}
	r.press("g")
	if got := r.selected(); len(got) != 1 || !strings.Contains(got[0], "subscribe") {
		t.Errorf("the first row is not selected but %q", got)
	}
	r.see("#1 → text 25 B", `"op"`, "JSON")
	r.press("p")
	r.until(func(s string) bool { return !strings.Contains(s, "alive?") && strings.Contains(s, "no pings") }, "hides pings")
	r.press("c")
	r.until(func(s string) bool {
		return !strings.Contains(s, "going away") && strings.Contains(s, "no control frames")
	}, "hides control frames")
	r.press("c", "<")
	r.until(func(s string) bool { return !strings.Contains(s, "subscribe") && strings.Contains(s, "from server") }, "shows what the server sent")
	r.press("<")
	r.see("subscribe")
	r.press("g", "down", "down", "down")
	r.see("#2 ← text 23 B", "2 frames")
	r.press("enter")
	r.see("  └     2", "  └     5", "cont")
	r.press("enter")
	r.until(func(s string) bool { return !strings.Contains(s, "└     5") }, "folds")
	r.press("/", "size > ")
	r.see("at ")
	r.press("esc")
	r.press("/", "second", "enter")
	r.see("filter: second", "1 / 1")
	r.press("esc", "esc")
	r.see("connections 4")
}

// TestDetail would catch a form of the payload that is missing, and a search that
// finds nothing.
func TestDetail(t *testing.T) {
	c := chat(t)
	r := use(t, options(c), 110, 44)
	r.see("connections 4")
	r.press("G", "enter", ":", "42", "enter")
	r.see("#42 ← text", `"hello 41"`)
	r.press("tab", "v")
	r.see("[hex]", "7b 22 6e 22")
	r.press("v")
	r.see("[header]", "FIN", "opcode")
	r.press("V", "V")
	r.press("/", "hello", "enter")
	r.see("1 of 1")
	r.press("y")
	r.see("copied")
	r.press("m", "a")
	r.see("mark a")
	r.press("M", "look here", "enter")
	r.see(`"look here"`)
	if m := c.marks[place{1, 42}]; m.Label != "a" || m.Note != "look here" {
		t.Errorf("the mark kept is %+v", m)
	}
	r.press("esc", "esc", "G", "'", "a")
	r.see("#42 ← text")
	r.press("]")
	r.see("#2 ws://mixed.example/")
	r.press("'", "a")
	r.see("#1 wss://chat.example/room", "#42 ← text")
	r.press("2")
	r.see("conn", "#2")
	r.press("'", "a")
	r.see("#42 ← text")
	r.press("S")
	r.see("statistics of #1", "mean rate")
	r.press("q", "6")
	r.see("nothing happened")
}

// TestCopy would catch something else in the clipboard than was asked for, and a
// copy that goes nowhere without a word.
func TestCopy(t *testing.T) {
	c := chat(t)
	o := options(c)
	r := use(t, o, 110, 44)
	r.see("connections 4")
	r.press("G", "y")
	r.see("copied the URL, 23 B")
	r.press("enter", ":", "42", "enter")
	r.see("#42 ← text")
	for keys, want := range map[string]string{
		"y": `{"n":41,"say":"hello 41"}`, "Yt": `{"n":41,"say":"hello 41"}`, "Yh": "7b226e223a34312c22736179223a2268656c6c6f203431227d",
		"Yb": "eyJuIjo0MSwic2F5IjoiaGVsbG8gNDEifQ==", "Yc": "wsluice messages 1 --filter 'seq == 42' --json",
		"Yj": `{"conn":1,"seq":42,"time":"2026-01-02T03:04:05.042Z","from":"server","type":"text","size":25,"text":"{\"n\":41,\"say\":\"hello 41\"}","origin":"observed","frames":1,"compressed":false,"wire_size":27}`,
	} {
		for _, key := range keys {
			r.press(string(key))
		}
		r.see("copied")
		if got := string(r.screen.GetClipboardData()); got != want {
			t.Errorf("%s copies %s, want %s", keys, got, want)
		}
	}
	o.NoClipboard = true
	r = use(t, o, 110, 44)
	r.see("connections 4")
	r.press("y")
	r.see("this terminal has no clipboard: s saves to a file")
}

// TestFiles would catch a file that holds something else than what was asked for,
// and one that is replaced without a question.
func TestFiles(t *testing.T) {
	c := chat(t)
	r := use(t, options(c), 110, 44)
	r.see("connections 4")
	r.press("G", "enter", ":", "42", "enter")
	r.see("#42 ← text")
	r.press("s")
	r.see("save the payload to: conn1-42.txt")
	r.press("enter")
	r.see("wrote ")
	r.press("s", "enter")
	r.see("conn1-42.txt exists. Replace it? y/n")
	r.press("n", "/", "hello 4", "enter")
	r.see("filter: hello 4")
	r.press("x")
	r.see("the filtered messages of connection #1", "conn1-filtered.jsonl")
	r.press("enter")
	r.see("wrote ", "11 messages")
	text, err := os.ReadFile(filepath.Join(c.dir, "conn1-filtered.jsonl"))
	if lines := strings.Count(string(text), "\n"); err != nil || lines != 11 {
		t.Errorf("the export has %d lines (%v), want 11 messages:\n%s", lines, err, text)
	}
	text, err = os.ReadFile(filepath.Join(c.dir, "conn1-42.txt"))
	if err != nil || string(text) != `{"n":41,"say":"hello 41"}` {
		t.Errorf("the payload saved is %q (%v)", text, err)
	}
}

// TestSizes would catch a size at which a screen cannot be drawn, and a selection
// that a change of size loses.
func TestSizes(t *testing.T) {
	r := use(t, options(chat(t)), 100, 30)
	r.see("connections 4")
	r.press("G", "enter", ":", "42", "enter")
	r.see("#42 ← text")
	for _, size := range [][2]int{{200, 60}, {80, 24}, {60, 16}, {40, 10}, {30, 8}, {1, 1}, {100, 30}} {
		r.resize(size[0], size[1])
		if size[0] < leastWidth || size[1] < leastHeight {
			continue
		}
		if got := r.selected(); len(got) != 1 || !strings.HasPrefix(strings.TrimSpace(got[0]), "42") {
			t.Errorf("at %v the selection is %q, not message 42", size, got)
		}
	}
	for _, screen := range []string{"1", "2", "3", "6", "7", "?"} {
		for _, size := range [][2]int{{200, 60}, {100, 30}, {80, 24}, {60, 16}, {40, 10}} {
			r.resize(size[0], size[1])
		}
		r.press(screen)
	}
}

// TestEveryKey presses every key of the table on every screen. It would catch one
// that panics, waits for ever or leaves the inspector without a way back.
func TestEveryKey(t *testing.T) {
	for _, on := range []struct {
		name string
		keys []string
		of   keys.Screen
	}{
		{"connections", nil, keys.Connections},
		{"messages", []string{"G", "enter"}, keys.Messages},
		{"message", []string{"G", "enter", "tab"}, keys.Message},
		{"all", []string{"2"}, keys.Messages},
		{"statistics", []string{"G", "S"}, keys.Statistics},
		{"events", []string{"6"}, keys.Events},
		{"help", []string{"?"}, keys.Help},
		{"queue", []string{"3"}, keys.Queue},
		{"rules", []string{"7"}, keys.Rules},
	} {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			c := chat(t)
			ruled(c.Interventions.(*tap))
			r := use(t, options(c), 100, 30)
			for _, b := range keys.Table() {
				if b.On&on.of == 0 || b.Action == keys.Quit {
					continue
				}
				r.see("connections 4")
				r.press(on.keys...)
				for _, k := range b.Keys {
					r.press(string(k))
				}
				r.press("esc", "esc", "esc", "esc", "1", "esc", "g")
			}
		})
	}
}
