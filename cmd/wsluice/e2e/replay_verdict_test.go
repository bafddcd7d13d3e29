//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// replayResult is a line of wsluice replay --json: of a message or, with Replayed,
// the verdict.
type replayResult struct {
	Outcome  string   `json:"outcome"`
	Recorded *message `json:"recorded"`
	Got      *message `json:"got"`
	Changes  []struct {
		Path     string `json:"path"`
		Recorded string `json:"recorded"`
		Got      string `json:"got"`
	} `json:"changes"`

	Passed   bool           `json:"passed"`
	Replayed int            `json:"replayed"`
	Conn     int            `json:"conn"`
	Sent     int            `json:"sent"`
	Skipped  int            `json:"skipped"`
	Outcomes map[string]int `json:"outcomes"`
	Broken   string         `json:"broken"`
}

// replayed replays a connection of a session, and returns what is told of the
// messages that are not same, the verdict, and the exit code.
func (r *recordedApp) replayed(t testing.TB, conn int, base string, flags ...string) (others []replayResult, verdict replayResult, code int) {
	t.Helper()
	args := append([]string{"replay", strconv.Itoa(conn), "--url", base + r.path, "--timeout", "3s", "--json"}, r.replay...)
	cmd := r.run(append(args, flags...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	exit, _ := errors.AsType[*exec.ExitError](err)
	if exit == nil && err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(&stdout)
	for {
		var line replayResult
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%q printed no JSON: %v\n%s", cmd.Args, err, stderr.String())
		}
		if line.Replayed != 0 {
			verdict = line
		} else if line.Outcome != "same" {
			others = append(others, line)
		}
	}
	if verdict.Replayed != conn || verdict.Broken != "" || verdict.Skipped > 0 {
		t.Errorf("%q: the verdict is %+v\n%s", cmd.Args, verdict, stderr.String())
	}
	return others, verdict, cmd.ProcessState.ExitCode()
}

// TestReplayedApplications would catch a replay that a real server does not take for
// its client, be it for ids that are not followed or for compression that is other
// than it was recorded; that tells a change where there is none, or another one than
// there is; or that is not recorded as what it was.
func TestReplayedApplications(t *testing.T) {
	for _, a := range apps {
		t.Run(a.name, func(t *testing.T) {
			r := recordApp(t, a)
			for _, test := range []struct {
				name, server string
				conn         int
			}{
				{"to the same server", "original", 1},
				{"to one without compression", "plain", 1},
				{"to one with compression", "original", 2},
			} {
				t.Run(test.name, func(t *testing.T) { r.same(t, test.conn, test.server) })
			}
			t.Run("to a changed server", r.changed)
		})
	}
}

// same replays a connection to a server that must be found to do the same again.
func (r *recordedApp) same(t *testing.T, conn int, server string) {
	recorded := r.conns(t)[conn-1]
	others, verdict, code := r.replayed(t, conn, r.bases[server])
	if code != 0 || !verdict.Passed || len(others) > 0 || verdict.Outcomes["same"] != judged(r.messages(t, conn)) {
		t.Errorf("exit code %d, %+v, not same %+v; want %d same", code, verdict, others, judged(r.messages(t, conn)))
	}
	var found struct {
		connection
		Source int `json:"source"`
	}
	for _, c := range read[struct {
		connection
		Source int `json:"source"`
	}](t, r.sluice, "conns") {
		if c.Conn == verdict.Conn {
			found = c
		}
	}
	if found.Source != conn || (found.Extensions != "") != (server == "original") {
		t.Errorf("the replay of connection %d to the %s server was recorded as %+v", conn, server, found)
	}
	if found.Messages.Server != recorded.Messages.Server {
		t.Errorf("%d messages of the server, recorded %d", found.Messages.Server, recorded.Messages.Server)
	}
	for _, m := range r.messages(t, verdict.Conn) {
		if want := map[string]string{"client": "replayed", "server": "observed"}[m.From]; m.Origin != want {
			t.Errorf("a message of the %s was recorded as %s: %+v", m.From, m.Origin, m)
		}
	}
	// diff must say of the two what the verdict says.
	diff := append([]string{"diff", strconv.Itoa(conn), strconv.Itoa(verdict.Conn), "--from", "server", "--window", "16", "--json",
		"--filter", `type == "text" || type == "binary"`}, r.replay...)
	cmd := r.run(diff...)
	out, _ := cmd.Output() // it ends with 1 where only the handshake or the end differs
	var summary struct {
		Of       string         `json:"of"`
		Messages map[string]int `json:"messages"`
	}
	if err := json.Unmarshal(out[bytes.LastIndexByte(bytes.TrimSpace(out), '\n')+1:], &summary); err != nil || summary.Of != "summary" {
		t.Fatalf("%q: exit code %d, %v: %s", cmd.Args, cmd.ProcessState.ExitCode(), err, out)
	}
	if m := summary.Messages; m["same"] == 0 || m["differs"]+m["left"]+m["right"] > 0 {
		t.Errorf("diff says %+v, the verdict was that all is the same:\n%s", m, out)
	}
}

// changed replays to the changed server: exactly the change is told.
func (r *recordedApp) changed(t *testing.T) {
	others, verdict, code := r.replayed(t, 1, r.bases["changed"])
	want := judged(r.messages(t, 1))
	var told []change
	for _, o := range others {
		m := o.Recorded
		if m == nil {
			m = o.Got
		} else if o.Outcome != "same" && o.Outcome != "unexpected" {
			want--
		}
		var changes []string
		for _, c := range o.Changes {
			changes = append(changes, fmt.Sprintf("%s: %s → %s", c.Path, c.Recorded, c.Got))
		}
		told = append(told, change{o.Outcome, string(m.payload()), strings.Join(changes, "; ")})
	}
	left := slices.Clone(told)
	for _, c := range r.change {
		at := slices.IndexFunc(left, func(o change) bool {
			return o.outcome == c.outcome && strings.Contains(o.message, c.message) && o.changes == c.changes
		})
		if at < 0 {
			t.Errorf("%+v is not told", c)
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	if len(left) > 0 || code != 5 || verdict.Passed || verdict.Outcomes["same"] != want {
		t.Errorf("exit code %d, %+v; besides the change %q is told", code, verdict, left)
	}
}

// judged counts the messages of the server that a verdict is about.
func judged(all []message) int {
	n := 0
	for _, m := range all {
		if m.From == "server" && m.Type != "ping" && m.Type != "pong" {
			n++
		}
	}
	return n
}
