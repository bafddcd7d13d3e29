//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

// TestExportedSnippets runs exported snippets against a server, which must be sent
// the very handshake fields and messages that were captured, in order.
func TestExportedSnippets(t *testing.T) {
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	const odd = "quotes ' \" ` \\ $(id) ${x} %s\nline\ttab \u2028 \x01 \x7f é 世界 🎉 </script>"
	for _, test := range []struct {
		language, file string
		command        []string
		ping, headers  bool
	}{
		{"js", "s.mjs", []string{"node", "--experimental-websocket"}, false, false},
		{"node", "s.cjs", []string{"node"}, true, true},
		{"python", "s.py", []string{"/usr/bin/python3"}, true, true},
		{"go", "s.go", []string{"go", "run"}, true, true},
	} {
		t.Run(test.language, func(t *testing.T) {
			heard := make(chan string, 1)
			server := httptest.NewServer(listener(t, heard))
			defer server.Close()
			url := "ws" + strings.TrimPrefix(server.URL, "http") + "/a?q=%27%22"

			var out bytes.Buffer
			w, err := export.NewSnippet(&out, test.language)
			if err != nil {
				t.Fatal(err)
			}
			c := frame.Connection{ID: 1, URL: url, Request: []frame.Field{
				{Name: "Host", Value: "h.example"}, {Name: "Sec-Websocket-Key", Value: "x"}, {Name: "Sec-Websocket-Protocol", Value: "v1, v2"},
				{Name: "Origin", Value: "https://h.example"}, {Name: "X-Odd", Value: `a'b"c\d$(id)`},
			}}
			if err := w.Connection(&c); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			for i, m := range []frame.Message{
				{Type: frame.Text, Payload: []byte(odd)}, {Type: frame.Binary, Payload: []byte("\x00\xff'\"\\\n")}, {Type: frame.Ping, Payload: []byte("p\x00")},
				{Type: frame.Text}, {Type: frame.Close, Payload: frame.AppendClose(nil, 4001, "done \"it\""), Code: 4001, Reason: `done "it"`},
			} {
				m.Conn, m.Time = 1, began.Add(time.Duration(i)*20*time.Millisecond)
				if err := w.Message(&m); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), test.file)
			if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			command := exec.CommandContext(ctx, test.command[0], append(test.command[1:], path)...)
			command.Env = append(os.Environ(), "NODE_PATH="+modules)
			said, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s\n%s", err, said, &out)
			}
			want := "/a?q=%27%22 v1,v2"
			if test.headers {
				want += ` https://h.example a'b"c\d$(id)`
			}
			want += fmt.Sprintf("\n1 %q\n2 %q\n", odd, "\x00\xff'\"\\\n")
			if test.ping {
				want += fmt.Sprintf("ping %q\n", "p\x00")
			}
			want += "1 \"\"\nwebsocket: close 4001: done \"it\"\n"
			select {
			case got := <-heard:
				if got != want {
					t.Errorf("heard %s\nwant %s\nfrom %s", got, want, &out)
				}
			case <-ctx.Done():
				t.Fatal("the server heard no end")
			}
		})
	}
}

// listener writes down what one client says.
func listener(t *testing.T, heard chan<- string) http.HandlerFunc {
	upgrader := websocket.Upgrader{Subprotocols: []string{"v1"}, CheckOrigin: func(*http.Request) bool { return true }}
	return func(w http.ResponseWriter, r *http.Request) {
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s", r.URL, strings.ReplaceAll(r.Header.Get("Sec-Websocket-Protocol"), " ", ""))
		if r.Header.Get("X-Odd") != "" {
			fmt.Fprintf(&b, " %s %s", r.Header.Get("Origin"), r.Header.Get("X-Odd"))
		}
		b.WriteByte('\n')
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		pong := conn.PingHandler()
		conn.SetPingHandler(func(p string) error {
			fmt.Fprintf(&b, "ping %q\n", p)
			return pong(p)
		})
		for {
			kind, p, err := conn.ReadMessage()
			if err != nil {
				fmt.Fprintf(&b, "%v\n", err)
				heard <- b.String()
				return
			}
			fmt.Fprintf(&b, "%d %q\n", kind, p)
		}
	}
}
