//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestBusyCapture would catch a capture in use answered with anything but one
// clear error and a hint.
func TestBusyCapture(t *testing.T) {
	s := record(t)
	for _, args := range [][]string{
		{"conns"}, {"messages", "1"}, {"frames", "1"}, {"export"}, {"verify"},
		{"proxy", "--listen", "127.0.0.1:0"},
	} {
		cmd := s.run(args...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		exit, _ := errors.AsType[*exec.ExitError](err)
		lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		if exit == nil || exit.ExitCode() != 2 || stdout.Len() > 0 || len(lines) != 2 ||
			!strings.HasPrefix(lines[0], "wsluice: error: ") || !strings.HasPrefix(lines[1], "wsluice: hint: ") {
			t.Errorf("%v: %v, stdout %q, stderr %q; want exit code 2, an error and a hint", args, err, stdout.String(), stderr.String())
		}
	}
	s.stop(t)
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
