//go:build unix

package main

import (
	"bufio"
	"io"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/gorilla/websocket"
)

// TestHoldOnTerminal catches a hold that talks JSON to people, or does not do what
// they type.
func TestHoldOnTerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	path := filepath.Join(t.TempDir(), "capture.db")
	r, stop := recordHere(t, path)
	defer stop()
	client, server := talkThrough(t, r.address())
	person, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer person.Close()
	defer terminal.Close()
	if err := pty.Setsize(person, &pty.Winsize{Rows: 24, Cols: 300}); err != nil {
		t.Fatal(err)
	}
	if err := person.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan int, 1)
	go func() {
		ended <- run(t.Context(), []string{"hold", "order", "--from", "client", "--drop", "--capture", path}, terminal, terminal, terminal)
	}()
	lines := bufio.NewScanner(person)
	sees := func(want string) {
		t.Helper()
		for lines.Scan() {
			if regexp.MustCompile(want).MatchString(lines.Text()) {
				return
			}
			t.Logf("passed over %q", lines.Text())
		}
		t.Fatalf("%q was not seen: %v", want, lines.Err())
	}
	says := func(text string) {
		t.Helper()
		if err := client.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	gets := func(want string) {
		t.Helper()
		if _, got, err := server.ReadMessage(); err != nil || string(got) != want {
			t.Fatalf("the server got %q, %v, want %q", got, err, want)
		}
	}
	types := func(text string) {
		t.Helper()
		if _, err := io.WriteString(person, text); err != nil {
			t.Fatal(err)
		}
	}
	sees("^wsluice: holding what matches order from the client, each for 30s at most, then it is dropped\r?$")
	sees("^wsluice: decide with release ID…, .*; Ctrl-D releases everything\r?$")
	says("order \x1b[31m1")
	sees("^   1  held  .*#1 .*text +12  order .x1b.31m1\r?$")
	types("edit 1 something else\n")
	sees("^   1  edited \\(verdict\\)\r?$")
	gets("something else")
	says("order 2")
	sees("^   2  held  ")
	types("let go\n")
	sees(`^wsluice: error: verdict "let go": action "let" is none of release, drop and edit`)
	types("drop all\n")
	sees("^   2  dropped \\(verdict\\)\r?$")
	says("order 3")
	sees("^   3  held  ")
	types("\x04")
	if status := <-ended; status != exitDone {
		t.Errorf("it ended with %d", status)
	}
	gets("order 3")
}
