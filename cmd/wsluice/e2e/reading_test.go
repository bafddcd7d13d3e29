//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestBusyCapture would catch a second recorder in a capture, or one that is not
// told apart from other trouble.
func TestBusyCapture(t *testing.T) {
	s := record(t)
	cmd := s.run("proxy", "--listen", "127.0.0.1:0")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	exit, _ := errors.AsType[*exec.ExitError](err)
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	if exit == nil || exit.ExitCode() != 2 || stdout.Len() > 0 || len(lines) != 2 ||
		!strings.HasPrefix(lines[0], "wsluice: error: ") || !strings.HasPrefix(lines[1], "wsluice: hint: ") {
		t.Errorf("%v, stdout %q, stderr %q; want exit code 2, an error and a hint", err, stdout.String(), stderr.String())
	}
	s.stop(t)
}

// TestLiveReading would catch a command that says something else of a capture
// while it is recorded than afterwards, and a follower that misses or repeats
// something, or is not told the end.
func TestLiveReading(t *testing.T) {
	pki := newAuthority(t)
	srv := gorillaServer(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	via := door{proxy: s.url(), authority: s.authority()}
	converse(t, "early", gorillaClient, via, srv, srv.base["wss/fresh"], "wss/fresh")

	commands := [][]string{
		{"conns", "--json"},
		{"messages", "--json"},
		{"messages", "1"},
		{"messages", "--json", "--filter", `from == server && size > 100`},
		{"messages", "--last", "7"},
		{"frames", "--json", "--wire"},
		{"frames", "--filter", "!fin || masked", "--last", "5"},
		{"export", "--format", "text"},
		{"export", "--filter", `type == "text"`},
	}
	followed := make([]*transcript, len(commands))
	followers := make([]*process, len(commands))
	// What can be read is what is durable, a moment after it happened.
	closed := func(n int) {
		followed[0].await(t, "end of the connection", func(conns string) bool {
			return strings.Count(conns, `"state":"closed"`) == n
		})
	}
	for i, args := range commands {
		if slices.Contains(args, "--last") {
			continue
		}
		followed[i] = newTranscript()
		followers[i] = start(t, s.env(), func(p []byte) { followed[i].Write(p) }, wsluice,
			append(slices.Clone(args), "--follow", "--capture", s.capture)...)
		if i == 0 {
			closed(1)
		}
	}
	converse(t, "late", gorillaClient, via, srv, srv.base["wss/fresh"], "wss/fresh")
	closed(2)

	live := make([]string, len(commands))
	for i, args := range commands {
		live[i] = string(output(t, s.run(args...)))
	}
	s.stop(t)
	for i, args := range commands {
		rest := string(output(t, s.run(args...)))
		if live[i] != rest {
			t.Errorf("%v: %d bytes while it was recorded, %d at rest", args, len(live[i]), len(rest))
		}
		if followers[i] == nil || args[0] == "conns" || args[0] == "export" {
			continue
		}
		followed[i].await(t, fmt.Sprint("the end of ", args), func(s string) bool { return len(s) >= len(rest) })
		if followed[i].String() != rest {
			t.Errorf("%v: a follower saw something else than there is", args)
		}
	}
	for i, f := range followers {
		if f == nil {
			continue
		}
		f.signal(t, syscall.SIGINT)
		if code := f.wait(t); code != 0 {
			t.Errorf("%v --follow ended with %d after SIGINT, want 0; stderr:\n%s", commands[i], code, f.stderr.tail())
		}
	}
}

// TestExport would catch an export that differs from what messages and frames
// print, or from what the ends sent.
func TestExport(t *testing.T) {
	pki := newAuthority(t)
	srv := gorillaServer(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	via := door{proxy: s.url(), authority: s.authority()}
	converse(t, "export", gorillaClient, via, srv, srv.base["wss/fresh"], "wss/fresh")
	s.stop(t)
	conn := s.conn(t, "export").Conn

	want := output(t, s.run("messages", fmt.Sprint(conn), "--json"))
	got := output(t, s.run("export", "--format", "jsonl"))
	head, messages, _ := bytes.Cut(got, []byte("\n"))
	sameBytes(t, "messages in the jsonl export and as messages prints them", messages, want)
	var first connection
	if err := json.Unmarshal(head, &first); err != nil || first.Conn != conn || first.State != "closed" {
		t.Errorf("the jsonl export begins with %s, %v; want the connection", head, err)
	}

	for _, from := range []string{"client", "server"} {
		var payloads []byte
		for _, m := range s.messages(t, conn) {
			if m.From == from && (m.Type == "text" || m.Type == "binary") {
				payloads = append(payloads, m.payload()...)
			}
		}
		raw := []string{"export", fmt.Sprint(conn), "--format", "raw", "--from", from}
		sameBytes(t, "raw export and messages of the "+from, output(t, s.run(raw...)), payloads)
		sameBytes(t, "raw export of the wire and frames of the "+from,
			output(t, s.run(append(raw, "--wire")...)), wireOf(s.frames(t, conn), from))
	}
	if text := output(t, s.run("export", "--format", "text")); !bytes.Contains(text, []byte("hello")) {
		t.Errorf("the text export lacks a message: %s", text)
	}
}

// output runs a command that must succeed and returns its standard output.
func output(t testing.TB, cmd *exec.Cmd) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	got, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, stderr.String())
	}
	return got
}
