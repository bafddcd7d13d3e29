//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"
)

// recordApps records a session of every application into one capture, which has
// ended.
func recordApps(t *testing.T) *sluice {
	t.Helper()
	s := record(t)
	for i, a := range apps {
		t.Run("record "+a.name, func(t *testing.T) {
			newAppClient(t, a.name).talk(t, appServer(t, a.name)["original"], s.url())
		})
		s.stderr.await(t, "end of the connection", func(log string) bool {
			return strings.Count(log, "connection ended conn=") == i+1
		})
	}
	s.stop(t)
	return s
}

// imported imports a file into a capture of its own.
func imported(t *testing.T, file string) *sluice {
	t.Helper()
	s := &sluice{home: t.TempDir()}
	s.capture = s.home + "/imported.db"
	if out, err := s.run("import", file).CombinedOutput(); err != nil {
		t.Fatalf("wsluice import %s: %v\n%s", file, err, out)
	}
	s.verify(t)
	return s
}

// exported exports a capture into a file with a name.
func (s *sluice) exported(t *testing.T, format, name string) string {
	t.Helper()
	file := t.TempDir() + "/" + name
	if out, err := s.run("export", "--format", format, "--output", file).CombinedOutput(); err != nil {
		t.Fatalf("wsluice export --format %s: %v\n%s", format, err, out)
	}
	return file
}

// sameMessages compares two captures, message by message: what was said, by whom and
// when. How it was framed is not compared.
func sameMessages(t *testing.T, got, want *sluice) {
	t.Helper()
	a, b := got.conns(t), want.conns(t)
	if len(a) != len(b) {
		t.Fatalf("%d connections, want %d", len(a), len(b))
	}
	for i, c := range b {
		if x := a[i]; x.URL != c.URL || x.Status != c.Status || x.Subprotocol != c.Subprotocol || x.Messages != c.Messages ||
			x.Code != c.Code || x.Reason != c.Reason || x.EndedBy != c.EndedBy || x.How != c.How {
			t.Errorf("connection %d is %+v, want %+v", c.Conn, x, c)
		}
		x, y := got.messages(t, a[i].Conn), want.messages(t, c.Conn)
		if len(x) != len(y) {
			t.Errorf("connection %d has %d messages, want %d", c.Conn, len(x), len(y))
			continue
		}
		for j, m := range y {
			if unframed(x[j]) != unframed(m) {
				t.Errorf("message %d of connection %d is %+v\nwant %+v", m.Seq, c.Conn, x[j], m)
			}
		}
	}
}

// said is a message without its frames.
type said struct {
	at                            int64 // microseconds
	from, kind, payload, reason   string
	size, code                    int
	origin, incomplete, violation string
}

func unframed(m message) said {
	return said{
		m.Time.UnixMicro(), m.From, m.Type, string(m.payload()), m.Reason, m.Size, m.Code, m.Origin, m.Incomplete, m.Violation,
	}
}

// TestCarriedApplications would catch an export of real sessions that other tools do
// not take for what it is, or that loses a message on the way there and back.
func TestCarriedApplications(t *testing.T) {
	s := recordApps(t)
	t.Run("jsonl", func(t *testing.T) {
		sameMessages(t, imported(t, s.exported(t, "jsonl", "apps.jsonl")), s)
	})
	t.Run("har", func(t *testing.T) {
		file := s.exported(t, "har", "apps.har")
		if out, err := exec.Command("node", "peers/carry_har.mjs", file).CombinedOutput(); err != nil {
			t.Errorf("by the schema of HAR 1.2 the archive is not valid: %v\n%s", err, out)
		}
		sameMessages(t, imported(t, file), s)
	})
	t.Run("pcapng", func(t *testing.T) {
		file := exportPackets(t, s.capture)
		flawless(t, file)
		sameFrames(t, s.capture, file)
		sameMessages(t, imported(t, file), s)
	})
	t.Run("html", func(t *testing.T) { readable(t, s) })
}
